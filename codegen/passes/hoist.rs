//! Moves inline objects and enums into components, named after the path to them, so that passes over components process them too.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::iter;

use heck::ToUpperCamelCase;
use openapiv3::{OpenAPI, ParameterSchemaOrContent, ReferenceOr, Schema, SchemaKind, StatusCode, Type};

use crate::codegen::metadata::Metadata;
use crate::codegen::names::{enum_name, type_name};
use crate::codegen::pointer::child;
use crate::codegen::queries::{SchemaSlot, components, enum_values, inner_schemas, item_mut, operations_mut, parameters_mut};

/// Schemas that become components.
struct Hoist {
    /// Each schema with its name and its original JSON pointer.
    found: Vec<(String, String, Schema)>,
    /// Rust names of other components.
    taken: BTreeSet<String>,
}

impl Hoist {
    fn new(spec: &OpenAPI) -> Self {
        let schemas = spec.components.iter().flat_map(|components| components.schemas.keys());
        Self { found: Vec::new(), taken: schemas.flat_map(|name| [type_name(name), enum_name(name)]).collect() }
    }

    /// Moves a schema to a component of this name; if the name is taken, a number is appended.
    fn move_out(&mut self, name: &str, pointer: &str, slot: &mut dyn SchemaSlot) {
        let Some(schema) = slot.schema_mut().map(|schema| schema.clone()) else { return };
        let names = iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}{number}")));
        let Some(free) = names.into_iter().find(|name| !self.taken.contains(&type_name(name))) else { return };
        self.taken.insert(type_name(&free));
        slot.refer_to(&free);
        self.found.push((free, pointer.to_owned(), schema));
    }

    fn add_to(self, spec: &mut OpenAPI, metadata: &mut Metadata) {
        for (name, pointer, schema) in self.found {
            metadata.origins.insert(name.clone(), pointer);
            spec.components.get_or_insert_default().schemas.insert(name, ReferenceOr::Item(schema));
        }
    }
}

/// Hoists the inline objects of successful responses.
pub fn hoist_responses(spec: &mut OpenAPI, metadata: &mut Metadata) {
    let mut hoist = Hoist::new(spec);
    for (pointer, operation) in operations_mut(spec) {
        let Some(id) = operation.operation_id.as_deref().map(ToUpperCamelCase::to_upper_camel_case) else { continue };
        for (status, response) in &mut operation.responses.responses {
            let success = matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2));
            let Some(response) = item_mut(response).filter(|_| success) else { continue };
            for (media_type, media) in &mut response.content {
                let Some(schema) = &mut media.schema else { continue };
                let path = ["responses", &status.to_string(), "content", media_type, "schema"];
                let pointer = path.into_iter().fold(pointer.clone(), |pointer, key| child(&pointer, key));
                hoist_object(&format!("{id}Response"), &pointer, schema, &mut hoist);
            }
        }
    }
    hoist.add_to(spec, metadata);
}

fn hoist_object(name: &str, pointer: &str, slot: &mut dyn SchemaSlot, hoist: &mut Hoist) {
    let Some(schema) = slot.schema_mut() else { return };
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Array(array)) => {
            if let Some(items) = &mut array.items {
                hoist_object(&format!("{name}Item"), &child(pointer, "items"), items, hoist);
            }
        }
        SchemaKind::Type(Type::Object(object)) if !object.properties.is_empty() => {
            hoist.move_out(name, pointer, slot);
        }
        _ => {}
    }
}

/// Hoists the `pagination` of a page. Up to 2023.1 upstream repeats it inline in every page; later releases have the component, and
/// `src/pagination` relies on its name.
pub fn hoist_pagination(spec: &mut OpenAPI, metadata: &mut Metadata) {
    const NAME: &str = "Pagination";
    let mut found = None;
    for (page, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        let Some(Schema { schema_kind: SchemaKind::Type(Type::Object(object)), .. }) = item_mut(schema) else { continue };
        let Some(slot) = object.properties.get_mut("pagination") else { continue };
        if let Some(inline) = slot.schema_mut().filter(|schema| counts_pages(schema)) {
            let pointer = ["properties", "pagination"].into_iter().fold(metadata.pointer(page), |pointer, key| child(&pointer, key));
            found.get_or_insert((pointer, inline.clone()));
            slot.refer_to(NAME);
        }
    }
    let schemas = &mut spec.components.get_or_insert_default().schemas;
    if let Some((pointer, schema)) = found.filter(|_| !schemas.contains_key(NAME)) {
        metadata.origins.insert(NAME.into(), pointer);
        schemas.insert(NAME.into(), ReferenceOr::Item(schema));
    }
}

fn counts_pages(schema: &Schema) -> bool {
    matches!(&schema.schema_kind, SchemaKind::Type(Type::Object(object)) if object.properties.contains_key("total_pages"))
}

/// Hoists inline enums, named after the path to them.
pub fn hoist_enums(spec: &mut OpenAPI, metadata: &mut Metadata) {
    let mut hoist = Hoist::new(spec);
    enums_of_filters(spec, &mut hoist);
    for (component, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        if let Some(schema) = item_mut(schema) {
            enums_inside(component, &metadata.pointer(component), schema, &mut hoist);
        }
    }
    hoist.add_to(spec, metadata);
}

/// The enums of filters whose values match no component.
fn enums_of_filters(spec: &mut OpenAPI, hoist: &mut Hoist) {
    let known = components(spec).filter_map(|(_, schema)| enum_values(schema)).map(sorted).collect::<Vec<_>>();
    for (pointer, operation) in operations_mut(spec) {
        let Some(id) = operation.operation_id.as_deref().map(ToUpperCamelCase::to_upper_camel_case) else { continue };
        for parameter in parameters_mut(operation) {
            let path = ["parameters", &parameter.name, "schema"];
            let pointer = path.into_iter().fold(pointer.clone(), |pointer, key| child(&pointer, key));
            let name = format!("{id}{}", parameter.name.to_upper_camel_case());
            let ParameterSchemaOrContent::Schema(schema) = &mut parameter.format else { continue };
            let is_known = schema.as_item().and_then(filter_values).is_some_and(|values| known.contains(&values));
            if !is_known {
                hoist_enum(&name, &pointer, schema, hoist);
            }
        }
    }
}

/// The values that a filter accepts, one or a list of them.
pub fn filter_values(schema: &Schema) -> Option<Vec<String>> {
    let items = match &schema.schema_kind {
        SchemaKind::Type(Type::Array(array)) => array.items.as_ref().and_then(ReferenceOr::as_item).map(Borrow::borrow),
        _ => None,
    };
    enum_values(items.unwrap_or(schema)).map(sorted)
}

fn enums_inside(name: &str, pointer: &str, schema: &mut Schema, hoist: &mut Hoist) {
    for (steps, slot) in inner_schemas(schema) {
        let suffix = match steps.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["properties", property] => property.to_upper_camel_case(),
            ["additionalProperties"] => "Value".to_owned(),
            ["items"] => "Item".to_owned(),
            [_, index] => format!("Part{index}"),
            _ => continue,
        };
        let pointer = steps.iter().fold(pointer.to_owned(), |pointer, key| child(&pointer, key));
        hoist_enum(&format!("{name}{suffix}"), &pointer, slot, hoist);
    }
}

fn hoist_enum(name: &str, pointer: &str, slot: &mut dyn SchemaSlot, hoist: &mut Hoist) {
    let Some(schema) = slot.schema_mut() else { return };
    if enum_values(schema).is_some() {
        hoist.move_out(name, pointer, slot);
    } else {
        enums_inside(name, pointer, schema, hoist);
    }
}

/// Enums are equal if they have the same values in any order.
pub fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}
