//! What has no description yet: every part of the document ends up in the docs of the crate.

use openapiv3::{OpenAPI, ReferenceOr, Schema, SchemaKind, Type};

use crate::codegen::metadata::{Metadata, operations};

/// The JSON pointers of what has no description.
pub fn undescribed(spec: &OpenAPI, metadata: &Metadata) -> Vec<String> {
    let mut missing = Vec::new();
    let mut note = |place: String, description: Option<&String>| {
        if description.is_none_or(|text| text.trim().is_empty()) {
            missing.push(place);
        }
    };
    note("#/info".into(), spec.info.description.as_ref());
    for (path, item) in spec.paths.iter() {
        let place = format!("#/paths/{}", path.replace('/', "~1"));
        for (method, operation) in item.as_item().into_iter().flat_map(openapiv3::PathItem::iter) {
            note(format!("{place}/{method}"), operation.description.as_ref());
            for parameter in operation.parameters.iter().filter_map(ReferenceOr::as_item) {
                let data = parameter.parameter_data_ref();
                note(format!("{place}/{method}/parameters/{}", data.name), data.description.as_ref());
            }
        }
    }
    metadata.undescribed_answers.iter().for_each(|place| note(place.clone(), None));
    for (name, schema) in spec.components.iter().flat_map(|components| &components.schemas) {
        let Some(schema) = schema.as_item() else { continue };
        let place = metadata.place(name);
        note(place.clone(), schema.schema_data.description.as_ref());
        note_properties(&place, schema, &mut note);
    }
    for open_enum in &metadata.enums {
        for value in &open_enum.values {
            note(format!("{}/x-enum-descriptions/{}", metadata.place(&open_enum.component), value.value), value.description.as_ref());
        }
    }
    missing
}

/// Notes the description of every property that stands in the schema itself, not behind a `$ref`, however deep.
fn note_properties(place: &str, schema: &Schema, note: &mut impl FnMut(String, Option<&String>)) {
    match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            for (name, property) in object.properties.iter().filter_map(|(name, schema)| Some((name, schema.as_item()?))) {
                let place = format!("{place}/properties/{name}");
                note(place.clone(), property.schema_data.description.as_ref());
                note_properties(&place, property, note);
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            if let Some(items) = array.items.as_ref().and_then(ReferenceOr::as_item) {
                note_properties(&format!("{place}/items"), items, note);
            }
        }
        _ => {}
    }
}

/// Notes which answers have no description, before any is left out.
pub fn note_undescribed_answers(spec: &mut OpenAPI, metadata: &mut Metadata) {
    for (place, operation) in operations(spec) {
        for (status, response) in &operation.responses.responses {
            if response.as_item().is_some_and(|response| response.description.trim().is_empty()) {
                metadata.undescribed_answers.push(format!("{place}/responses/{status}"));
            }
        }
    }
}
