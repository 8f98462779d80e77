//! Turns inline objects and enums into components, under the names that progenitor would give them, so that the passes over components
//! reach them too.

use heck::ToUpperCamelCase;
use openapiv3::{OpenAPI, ParameterSchemaOrContent, ReferenceOr, Schema, SchemaKind, StatusCode, Type};

use crate::codegen::metadata::Metadata;
use crate::codegen::pointer::step;
use crate::codegen::spec::{SchemaSlot, components, enum_values, inner_schemas, item_mut, operations_mut, parameters_mut};

/// What becomes a component: its name, the JSON pointer of where it was, and the schema.
struct Hoisted {
    name: String,
    pointer: String,
    schema: Schema,
}

/// Adds components. One that the document has already keeps its meaning.
fn add(spec: &mut OpenAPI, metadata: &mut Metadata, hoisted: impl IntoIterator<Item = Hoisted>) {
    let schemas = &mut spec.components.get_or_insert_default().schemas;
    for Hoisted { name, pointer, schema } in hoisted {
        if !schemas.contains_key(&name) {
            metadata.origins.insert(name.clone(), pointer);
            schemas.insert(name, ReferenceOr::Item(schema));
        }
    }
}

/// Hoists the objects that a successful response contains inline.
pub fn hoist_responses(spec: &mut OpenAPI, metadata: &mut Metadata) {
    let mut hoisted = Vec::new();
    for (pointer, operation) in operations_mut(spec) {
        let Some(id) = operation.operation_id.as_deref().map(ToUpperCamelCase::to_upper_camel_case) else { continue };
        for (status, response) in &mut operation.responses.responses {
            let success = matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2));
            let Some(response) = item_mut(response).filter(|_| success) else { continue };
            for (media_type, media) in &mut response.content {
                let Some(schema) = &mut media.schema else { continue };
                let path = ["responses", &status.to_string(), "content", media_type, "schema"];
                let pointer = path.into_iter().fold(pointer.clone(), |pointer, key| step(&pointer, key));
                hoist_object(format!("{id}Response"), pointer, schema, &mut hoisted);
            }
        }
    }
    add(spec, metadata, hoisted);
}

fn hoist_object(name: String, pointer: String, slot: &mut dyn SchemaSlot, hoisted: &mut Vec<Hoisted>) {
    let Some(schema) = slot.schema_mut() else { return };
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Array(array)) => {
            if let Some(items) = &mut array.items {
                hoist_object(format!("{name}Item"), step(&pointer, "items"), items, hoisted);
            }
        }
        SchemaKind::Type(Type::Object(object)) if !object.properties.is_empty() => {
            let schema = schema.clone();
            slot.refer_to(&name);
            hoisted.push(Hoisted { name, pointer, schema });
        }
        _ => {}
    }
}

/// Hoists the `pagination` of a page. Up to 2023.1 upstream repeats it inline on every page; later releases have this component, which
/// `src/pagination` knows by its name.
pub fn hoist_pagination(spec: &mut OpenAPI, metadata: &mut Metadata) {
    const NAME: &str = "Pagination";
    let mut found = None;
    for (page, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        let Some(Schema { schema_kind: SchemaKind::Type(Type::Object(object)), .. }) = item_mut(schema) else { continue };
        let Some(slot) = object.properties.get_mut("pagination") else { continue };
        if let Some(inline) = slot.schema_mut().filter(|schema| counts_pages(schema)) {
            let pointer = ["properties", "pagination"].into_iter().fold(metadata.pointer(page), |pointer, key| step(&pointer, key));
            found.get_or_insert(Hoisted { name: NAME.into(), pointer, schema: inline.clone() });
            slot.refer_to(NAME);
        }
    }
    add(spec, metadata, found);
}

fn counts_pages(schema: &Schema) -> bool {
    matches!(&schema.schema_kind, SchemaKind::Type(Type::Object(object)) if object.properties.contains_key("total_pages"))
}

/// Hoists inline enums, named after the path that leads to them.
pub fn hoist_enums(spec: &mut OpenAPI, metadata: &mut Metadata) {
    let mut hoisted = enums_of_filters(spec);
    for (component, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        if let Some(schema) = item_mut(schema) {
            enums_inside((component, &metadata.pointer(component)), schema, &mut hoisted);
        }
    }
    add(spec, metadata, hoisted);
}

/// The enums of filters that no component has.
fn enums_of_filters(spec: &mut OpenAPI) -> Vec<Hoisted> {
    let known = components(spec).filter_map(|(_, schema)| enum_values(schema)).map(sorted).collect::<Vec<_>>();
    let mut hoisted = Vec::new();
    for (pointer, operation) in operations_mut(spec) {
        let Some(id) = operation.operation_id.as_deref().map(ToUpperCamelCase::to_upper_camel_case) else { continue };
        for parameter in parameters_mut(operation) {
            let path = ["parameters", &parameter.name, "schema"];
            let pointer = path.into_iter().fold(pointer.clone(), |pointer, key| step(&pointer, key));
            let name = format!("{id}{}", parameter.name.to_upper_camel_case());
            let ParameterSchemaOrContent::Schema(schema) = &mut parameter.format else { continue };
            let is_known = schema.as_item().and_then(enum_values).is_some_and(|values| known.contains(&sorted(values)));
            if !is_known {
                hoist_enum(name, pointer, schema, &mut hoisted);
            }
        }
    }
    hoisted
}

fn enums_inside((name, pointer): (&str, &str), schema: &mut Schema, hoisted: &mut Vec<Hoisted>) {
    for (steps, slot) in inner_schemas(schema) {
        let suffix = match steps.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["properties", property] => property.to_upper_camel_case(),
            ["additionalProperties"] => "Value".to_owned(),
            ["items"] => "Item".to_owned(),
            [_, index] => format!("Part{index}"),
            _ => continue,
        };
        let pointer = steps.iter().fold(pointer.to_owned(), |pointer, key| step(&pointer, key));
        hoist_enum(format!("{name}{suffix}"), pointer, slot, hoisted);
    }
}

fn hoist_enum(name: String, pointer: String, slot: &mut dyn SchemaSlot, hoisted: &mut Vec<Hoisted>) {
    let Some(schema) = slot.schema_mut() else { return };
    if enum_values(schema).is_some() {
        let schema = schema.clone();
        slot.refer_to(&name);
        hoisted.push(Hoisted { name, pointer, schema });
    } else {
        enums_inside((&name, &pointer), schema, hoisted);
    }
}

/// Enums are the same whatever the order of their values.
pub fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}
