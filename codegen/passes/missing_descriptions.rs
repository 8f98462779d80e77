//! Finds missing descriptions: every part of the document appears in the documentation of the crate.

use openapiv3::OpenAPI;

use crate::codegen::metadata::Metadata;
use crate::codegen::pointer::child;
use crate::codegen::queries::{components, operations, operations_mut, parameters, visit_schema};

/// The JSON pointers of everything that lacks a description.
pub fn undescribed(spec: &OpenAPI, metadata: &Metadata) -> Vec<String> {
    let mut missing = Vec::new();
    let mut check = |pointer: String, description: Option<&String>| {
        if description.is_none_or(|text| text.trim().is_empty()) {
            missing.push(pointer);
        }
    };
    check("#/info".into(), spec.info.description.as_ref());
    for (pointer, operation) in operations(spec) {
        check(pointer.clone(), operation.description.as_ref());
        for parameter in parameters(operation) {
            check(child(&child(&pointer, "parameters"), &parameter.name), parameter.description.as_ref());
        }
    }
    metadata.undescribed_responses.iter().for_each(|pointer| check(pointer.clone(), None));
    for (name, schema) in components(spec) {
        let root = metadata.pointer(name);
        visit_schema(&root, &mut schema.clone(), &mut |pointer, schema| {
            // Only components and properties become documented items. The parts of an `allOf` and the items of an array do not.
            if pointer == root || pointer.rsplit('/').nth(1) == Some("properties") {
                check(pointer.to_owned(), schema.schema_data.description.as_ref());
            }
        });
    }
    for open_enum in &metadata.enums {
        let pointer = child(&metadata.pointer(&open_enum.component), "x-enum-descriptions");
        open_enum.values.iter().for_each(|value| check(child(&pointer, &value.value), value.description.as_ref()));
    }
    missing
}

/// Records which responses have no description, before the error responses are removed.
pub fn note_undescribed_responses(spec: &mut OpenAPI, metadata: &mut Metadata) {
    for (pointer, operation) in operations_mut(spec) {
        for (status, response) in &operation.responses.responses {
            if response.as_item().is_some_and(|response| response.description.trim().is_empty()) {
                metadata.undescribed_responses.push(child(&child(&pointer, "responses"), &status.to_string()));
            }
        }
    }
}
