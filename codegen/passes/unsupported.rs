//! Operations that the client cannot send or read, reported by name before progenitor panics on them.

use std::borrow::Cow;

use openapiv3::{
    MediaType, ObjectType, OpenAPI, Operation, ReferenceOr, Schema, SchemaKind, StatusCode, StringFormat, Type, VariantOrUnknownOrEmpty,
};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::Metadata;
use crate::codegen::pointer::{step, to_component};
use crate::codegen::spec::{item_mut, operations, operations_mut, resolved};

const JSON: &str = "application/json";

/// Takes the JSON of request bodies that servers accept in several formats, and rejects operations that have no JSON to send or read.
pub fn require_json(spec: &mut OpenAPI) -> Result<(), Diagnostic> {
    for (_, operation) in operations_mut(spec) {
        let body = operation.request_body.as_mut().and_then(item_mut);
        if let Some(body) = body.filter(|body| body.content.contains_key(JSON)) {
            body.content.retain(|kind, _| kind == JSON);
        }
    }
    for (pointer, operation) in operations(spec) {
        check_body(spec, &pointer, operation)?;
        check_responses(&pointer, operation)?;
    }
    Ok(())
}

fn unsupported(pointer: String, operation: &Operation, problem: &str) -> Diagnostic {
    let id = operation.operation_id.as_deref().unwrap_or("an operation without an id");
    let help = "remove the operation from `operations` in openapi/upstream.toml, and send it with an HTTP client";
    Diagnostic::new(pointer, format!("`{id}` is not supported: {problem}"), help)
}

fn check_body(spec: &OpenAPI, pointer: &str, operation: &Operation) -> Result<(), Diagnostic> {
    let Some(ReferenceOr::Item(body)) = &operation.request_body else { return Ok(()) };
    let pointer = step(&step(pointer, "requestBody"), "content");
    for (kind, media) in &body.content {
        if kind != JSON || has_files(spec, media) {
            return Err(unsupported(step(&pointer, kind), operation, "its request uploads files, or is not JSON"));
        }
    }
    Ok(())
}

/// Whether a property of a body is a file.
fn has_files(spec: &OpenAPI, media: &MediaType) -> bool {
    let properties = body(spec, media).map(|(_, object)| &object.properties).into_iter().flatten();
    properties.filter_map(|(_, property)| resolved(spec, property)).any(|property| {
        let binary = VariantOrUnknownOrEmpty::Item(StringFormat::Binary);
        matches!(&property.schema.schema_kind, SchemaKind::Type(Type::String(string)) if string.format == binary)
    })
}

/// The object that a body is, and its component.
fn body<'a>(spec: &'a OpenAPI, media: &'a MediaType) -> Option<(Option<Cow<'a, str>>, &'a ObjectType)> {
    let body = resolved(spec, media.schema.as_ref()?)?;
    match &body.schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => Some((body.component, object)),
        _ => None,
    }
}

/// Notes bodies with read-only properties. The type of a component is the same in requests and responses, so callers see these
/// properties, and have to set those that are required. Upstream has a component of its own for each body, without them.
pub fn note_read_only_bodies(spec: &OpenAPI, metadata: &mut Metadata) {
    for (_, operation) in operations(spec) {
        let media = operation.request_body.iter().filter_map(ReferenceOr::as_item).filter_map(|body| body.content.get(JSON));
        for (component, object) in media.filter_map(|media| body(spec, media)) {
            let is_read_only = |property: &ReferenceOr<Box<Schema>>| property.as_item().is_some_and(|schema| schema.schema_data.read_only);
            let properties = object.properties.iter().filter(|(_, property)| is_read_only(property)).map(|(name, _)| format!("`{name}`"));
            let properties = properties.collect::<Vec<_>>();
            if let (Some(component), false) = (component, properties.is_empty()) {
                metadata.read_only_in_bodies.insert(to_component("schemas", &component), properties);
            }
        }
    }
}

fn check_responses(pointer: &str, operation: &Operation) -> Result<(), Diagnostic> {
    let pointer = step(pointer, "responses");
    let mut first = None;
    for (status, response) in &operation.responses.responses {
        let is_success = matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2));
        let ReferenceOr::Item(response) = response else { continue };
        if !is_success {
            continue;
        }
        let pointer = step(&pointer, &status.to_string());
        if let Some(kind) = response.content.keys().find(|kind| *kind != JSON) {
            return Err(unsupported(step(&step(&pointer, "content"), kind), operation, "its response is not JSON"));
        }
        let schema = response.content.get(JSON).map(|media| &media.schema);
        if first.is_some_and(|first| first != schema) {
            return Err(unsupported(pointer, operation, "it has several kinds of success responses"));
        }
        first = Some(schema);
    }
    Ok(())
}
