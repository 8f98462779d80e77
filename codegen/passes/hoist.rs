//! Names for what stands in something else: answers, the pagination and enums become components, so that everything that is done to
//! components is done to them, under the names that progenitor has for them.

use std::borrow::{Borrow, BorrowMut};

use heck::ToUpperCamelCase;
use openapiv3::{AdditionalProperties, OpenAPI, Parameter, ParameterSchemaOrContent, ReferenceOr, Schema, SchemaKind, StatusCode, Type};

use crate::codegen::metadata::{Metadata, enum_values, item_mut, operations};

/// Makes a component of each object that an operation is answered with and that stands in the answer itself, under the name that
/// progenitor has for it, so that everything that is done to components is done to it too.
pub fn name_answers(spec: &mut OpenAPI, metadata: &mut Metadata) {
    let mut named = Vec::new();
    for (place, operation) in operations(spec) {
        let Some(id) = operation.operation_id.as_deref().map(ToUpperCamelCase::to_upper_camel_case) else { continue };
        for (status, response) in &mut operation.responses.responses {
            let Some(response) = item_mut(response).filter(|_| matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2))) else {
                continue;
            };
            for (kind, media) in &mut response.content {
                let Some(schema) = &mut media.schema else { continue };
                let place = format!("{place}/responses/{status}/content/{}/schema", kind.replace('/', "~1"));
                name_object(format!("{id}Response"), place, schema, &mut named);
            }
        }
    }
    let components = spec.components.get_or_insert_default();
    for (name, place, schema) in named {
        if !components.schemas.contains_key(&name) {
            components.schemas.insert(name.clone(), schema);
            metadata.places.insert(name, place);
        }
    }
}

/// Up to 2023.1 upstream writes out where a page stands in its list, on every page. It is the component of later releases, which
/// `src/pagination` knows by its name.
pub fn name_pagination(spec: &mut OpenAPI, metadata: &mut Metadata) {
    const NAME: &str = "Pagination";
    let Some(components) = &mut spec.components else { return };
    let mut found = None;
    for (page, schema) in components.schemas.iter_mut().filter_map(|(name, schema)| Some((name, item_mut(schema)?))) {
        let SchemaKind::Type(Type::Object(object)) = &mut schema.schema_kind else { continue };
        let Some(place) = object.properties.get_mut("pagination") else { continue };
        let counts = |schema: &Schema| matches!(&schema.schema_kind, SchemaKind::Type(Type::Object(object)) if object.properties.contains_key("total_pages"));
        if let Some(inline) = place.as_item().filter(|schema| counts(schema)) {
            found.get_or_insert_with(|| (format!("{}/properties/pagination", metadata.place(page)), Schema::clone(inline)));
            *place = ReferenceOr::ref_(&format!("#/components/schemas/{NAME}"));
        }
    }
    if let Some((place, schema)) = found.filter(|_| !components.schemas.contains_key(NAME)) {
        components.schemas.insert(NAME.into(), ReferenceOr::Item(schema));
        metadata.places.insert(NAME.into(), place);
    }
}

fn name_object<T: Borrow<Schema> + BorrowMut<Schema>>(
    name: String,
    place: String,
    schema: &mut ReferenceOr<T>,
    named: &mut Vec<(String, String, ReferenceOr<Schema>)>,
) {
    let ReferenceOr::Item(item) = &mut *schema else { return };
    match &mut item.borrow_mut().schema_kind {
        SchemaKind::Type(Type::Array(array)) => {
            if let Some(items) = &mut array.items {
                name_object(format!("{name}Item"), format!("{place}/items"), items, named);
            }
        }
        SchemaKind::Type(Type::Object(object)) if !object.properties.is_empty() => {
            let object: Schema = (*item).borrow().clone();
            *schema = ReferenceOr::ref_(&format!("#/components/schemas/{name}"));
            named.push((name, place, ReferenceOr::Item(object)));
        }
        _ => {}
    }
}

/// An enum that stands inside another schema becomes a component, named after the places on the way to it.
pub fn name_inline_enums(spec: &mut OpenAPI, metadata: &mut Metadata) {
    let mut named = name_enums_of_filters(spec);
    let components = spec.components.get_or_insert_default();
    for (component, schema) in &mut components.schemas {
        if let ReferenceOr::Item(schema) = schema {
            name_enums_inside((component, &metadata.place(component)), schema, &mut named);
        }
    }
    for (name, place, schema) in named {
        metadata.places.insert(name.clone(), place);
        components.schemas.insert(name, ReferenceOr::Item(schema));
    }
}

/// The enum of a filter that no component has becomes one too, under the name that progenitor has for it.
fn name_enums_of_filters(spec: &mut OpenAPI) -> Named {
    let known = spec.components.iter().flat_map(|components| components.schemas.values()).filter_map(ReferenceOr::as_item);
    let known = known.filter_map(enum_values).map(sorted).collect::<Vec<_>>();
    let mut named = Named::new();
    for (place, operation) in operations(spec) {
        let Some(id) = operation.operation_id.as_deref().map(ToUpperCamelCase::to_upper_camel_case) else { continue };
        for parameter in operation.parameters.iter_mut().filter_map(item_mut) {
            let data = parameter_data_mut(parameter);
            let (name, place) = (format!("{id}{}", data.name.to_upper_camel_case()), format!("{place}/parameters/{}/schema", data.name));
            let ParameterSchemaOrContent::Schema(schema) = &mut data.format else { continue };
            let is_known = schema.as_item().and_then(enum_values).is_some_and(|values| known.contains(&sorted(values)));
            if !is_known {
                name_enum(name, place, schema, &mut named);
            }
        }
    }
    named
}

/// Enums with the names that they get and the JSON pointers of where they stood.
type Named = Vec<(String, String, Schema)>;

fn name_enums_inside((name, place): (&str, &str), schema: &mut Schema, named: &mut Named) {
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            for (property, schema) in &mut object.properties {
                name_enum(format!("{name}{}", property.to_upper_camel_case()), format!("{place}/properties/{property}"), schema, named);
            }
            if let Some(AdditionalProperties::Schema(value)) = &mut object.additional_properties {
                name_enum(format!("{name}Value"), format!("{place}/additionalProperties"), value.as_mut(), named);
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            array.items.iter_mut().for_each(|items| name_enum(format!("{name}Item"), format!("{place}/items"), items, named));
        }
        SchemaKind::OneOf { one_of: parts } => name_enums_of_parts((name, place), "oneOf", parts, named),
        SchemaKind::AnyOf { any_of: parts } => name_enums_of_parts((name, place), "anyOf", parts, named),
        SchemaKind::AllOf { all_of: parts } => name_enums_of_parts((name, place), "allOf", parts, named),
        _ => {}
    }
}

fn name_enums_of_parts((name, place): (&str, &str), composition: &str, parts: &mut [ReferenceOr<Schema>], named: &mut Named) {
    for (index, part) in parts.iter_mut().enumerate() {
        name_enum(format!("{name}Part{index}"), format!("{place}/{composition}/{index}"), part, named);
    }
}

fn name_enum<T: BorrowMut<Schema>>(name: String, place: String, schema: &mut ReferenceOr<T>, named: &mut Named) {
    let ReferenceOr::Item(item) = &mut *schema else { return };
    let item: &mut Schema = item.borrow_mut();
    if enum_values(item).is_some() {
        let item = item.clone();
        *schema = ReferenceOr::ref_(&format!("#/components/schemas/{name}"));
        named.push((name, place, item));
    } else {
        name_enums_inside((&name, &place), item, named);
    }
}

pub fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}

pub fn parameter_data_mut(parameter: &mut Parameter) -> &mut openapiv3::ParameterData {
    match parameter {
        Parameter::Query { parameter_data, .. }
        | Parameter::Header { parameter_data, .. }
        | Parameter::Path { parameter_data, .. }
        | Parameter::Cookie { parameter_data, .. } => parameter_data,
    }
}
