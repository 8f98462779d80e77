//! What upstream's schema does that hurts a client, and what we do about it: one function for each quirk.
//!
//! A fixup returns the number of places that it changed. One that changes nothing is no longer needed, and the build
//! says so, so that none can rot.

#![allow(clippy::unnecessary_wraps, reason = "fixups share one signature, and some can fail")]

use std::borrow::Borrow;

use heck::ToUpperCamelCase;
use openapiv3::{
    AdditionalProperties, AnySchema, IntegerType, OpenAPI, ParameterSchemaOrContent, ReferenceOr, Schema, SchemaKind, StatusCode, Type,
    VariantOrUnknownOrEmpty,
};
use serde_json::Value;

use super::hoist::{name_inline_enums, parameter_data_mut, sorted};
use crate::codegen::Flaw;
use crate::codegen::metadata::{EnumValue, Metadata, MovedProperty, OpenEnum, enum_values, item_mut, operations, texts};

type Fixup = fn(&mut OpenAPI, &mut Metadata) -> Result<usize, Flaw>;

/// Every fixup by name, in the order in which they run.
pub const ALL: &[(&str, Fixup)] = &[
    ("page_counters_are_unsigned", page_counters_are_unsigned),
    ("error_answers_are_decoded_by_hand", error_answers_are_decoded_by_hand),
    ("answers_are_not_validated", answers_are_not_validated),
    ("enums_are_open", enums_are_open),
    ("filters_share_the_enums_of_rows", filters_share_the_enums_of_rows),
    ("moved_properties_are_read", moved_properties_are_read),
];

/// Upstream declares page counters as `number`, which becomes `f64`; servers send whole numbers from 0.
fn page_counters_are_unsigned(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Flaw> {
    let mut changed = 0;
    for_each_schema(spec, &mut |place, schema| {
        let SchemaKind::Type(Type::Object(object)) = &mut schema.schema_kind else { return };
        if !object.properties.contains_key("total_pages") {
            return;
        }
        let component = place.rsplit('/').next().unwrap_or_default();
        for (name, counter) in &mut object.properties {
            let Some(counter) = item_mut(counter) else { continue };
            if matches!(counter.schema_kind, SchemaKind::Type(Type::Number(_))) {
                let unsigned = VariantOrUnknownOrEmpty::Unknown("uint64".into());
                counter.schema_kind = SchemaKind::Type(Type::Integer(IntegerType { format: unsigned, ..Default::default() }));
                metadata.counters.push((component.to_owned(), name.clone()));
                changed += 1;
            }
        }
    });
    Ok(changed)
}

/// Upstream gives each error status a schema of its own, on which progenitor panics (`response_types.len() <= 1`). Without them a
/// refused request arrives as it was answered, with status, headers and body, and `src/error.rs` reads it.
fn error_answers_are_decoded_by_hand(spec: &mut OpenAPI, _: &mut Metadata) -> Result<usize, Flaw> {
    let mut changed = 0;
    for (_, operation) in operations(spec) {
        let answers = &mut operation.responses;
        let before = answers.responses.len();
        answers.responses.retain(|status, _| matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2)));
        changed += before - answers.responses.len();
        // Beside a success, what answers every other status is a refusal.
        if !answers.responses.is_empty() {
            changed += usize::from(answers.default.take().is_some());
        }
    }
    Ok(changed)
}

/// Upstream repeats its database's limits (`pattern`, `maxLength`, `minimum` …) in answers, where progenitor would refuse a whole
/// page for one odd slug or number. A client has no business refusing what the server holds.
fn answers_are_not_validated(spec: &mut OpenAPI, _: &mut Metadata) -> Result<usize, Flaw> {
    let mut changed = 0;
    for_each_schema(spec, &mut |_, schema| {
        let limits = match &mut schema.schema_kind {
            SchemaKind::Type(Type::String(string)) => {
                [string.pattern.take().is_some(), string.min_length.take().is_some(), string.max_length.take().is_some()]
            }
            SchemaKind::Type(Type::Integer(integer)) => {
                [integer.minimum.take().is_some(), integer.maximum.take().is_some(), integer.multiple_of.take().is_some()]
            }
            SchemaKind::Type(Type::Array(array)) => [array.min_items.take().is_some(), array.max_items.take().is_some(), false],
            _ => return,
        };
        changed += usize::from(limits.contains(&true));
    });
    Ok(changed)
}

/// Upstream adds values to its enums (two layouts in 2026.2), and a closed Rust enum then refuses the page. Every string enum
/// becomes an open one, and loses the `Enum` that upstream hangs on some names.
fn enums_are_open(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Flaw> {
    name_inline_enums(spec, metadata);
    for (component, schema) in spec.components.iter().flat_map(|components| &components.schemas) {
        let ReferenceOr::Item(schema) = schema else { continue };
        let Some(values) = enum_values(schema) else { continue };
        let text = |extension: &str, value: &str| schema.schema_data.extensions.get(extension)?.get(value)?.as_str().map(str::to_owned);
        let values = values
            .into_iter()
            .map(|value| EnumValue {
                variant: variant_name(&value),
                label: text("x-enum-labels", &value).unwrap_or_else(|| value.clone()),
                description: text("x-enum-descriptions", &value),
                value,
            })
            .collect::<Vec<_>>();
        for (index, value) in values.iter().enumerate() {
            if values[..index].iter().any(|earlier| earlier.variant == value.variant) {
                return Err((
                    format!("{}/enum/{index}", metadata.place(component)),
                    format!("`{}` becomes the variant `{}`, which is taken", value.value, value.variant),
                    "teach `variant_name` in codegen/passes/fixups.rs to tell the two values apart",
                ));
            }
        }
        metadata.enums.push(OpenEnum {
            name: enum_name(component),
            component: component.clone(),
            description: schema.schema_data.description.clone().unwrap_or_default(),
            values,
        });
    }
    Ok(metadata.enums.len())
}

/// Up to 2026.2 upstream writes the enum of a filter out beside the filter, so that a filter would not take the type that a row
/// has. It becomes the component with the same values.
fn filters_share_the_enums_of_rows(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Flaw> {
    let mut changed = 0;
    for (_, operation) in operations(spec) {
        for parameter in operation.parameters.iter_mut().filter_map(item_mut) {
            let ParameterSchemaOrContent::Schema(schema) = &mut parameter_data_mut(parameter).format else { continue };
            let Some(values) = schema.as_item().and_then(enum_values).map(sorted) else { continue };
            let same = |open: &&OpenEnum| sorted(open.values.iter().map(|value| value.value.clone()).collect()) == values;
            if let Some(open_enum) = metadata.enums.iter().find(same) {
                *schema = ReferenceOr::ref_(&format!("#/components/schemas/{}", open_enum.component));
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// Upstream renames properties and adds required ones between releases, and one client reads them all: other names and what
/// stands for a missing value are written beside the property (`x-aliases`, `x-default-when-absent`).
fn moved_properties_are_read(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Flaw> {
    for (component, schema) in spec.components.iter().flat_map(|components| &components.schemas) {
        let Some(SchemaKind::Type(Type::Object(object))) = schema.as_item().map(|schema| &schema.schema_kind) else { continue };
        for (property, schema) in &object.properties {
            let Some(extensions) = schema.as_item().map(|schema| &schema.schema_data.extensions) else { continue };
            let place = format!("#/components/schemas/{component}/properties/{property}");
            let aliases = texts(extensions.get("x-aliases"));
            if extensions.contains_key("x-aliases") && aliases.is_empty() {
                return Err((format!("{place}/x-aliases"), "is no list of names".into(), "write the names as a YAML list"));
            }
            let default = extensions.get("x-default-when-absent").cloned();
            if default.as_ref().is_some_and(|default| !may_be(spec, schema, default)) {
                let remedy = "write a text, a number or a flag, as the property is; [] for a list; {} for an object that needs no property";
                return Err((format!("{place}/x-default-when-absent"), "cannot stand for the property".into(), remedy));
            }
            if aliases.is_empty() && default.is_none() {
                continue;
            }
            if let Some(taken) = aliases.iter().find(|alias| object.properties.contains_key(*alias)) {
                return Err((
                    format!("{place}/x-aliases"),
                    format!("names `{taken}`, which is a property of its own"),
                    "a name can be read into one field only: remove the alias or the property",
                ));
            }
            let free_form = is_free_form(spec, schema);
            metadata.moved.push(MovedProperty { component: component.clone(), property: property.clone(), aliases, default, free_form });
        }
    }
    Ok(metadata.moved.len())
}

/// Whether a property is an object without properties of its own, behind a `$ref` or not.
fn is_free_form<T: Borrow<Schema>>(spec: &OpenAPI, schema: &ReferenceOr<T>) -> bool {
    let schema = match schema {
        ReferenceOr::Item(schema) => schema.borrow(),
        ReferenceOr::Reference { reference } => {
            let target = spec.components.as_ref().zip(reference.strip_prefix("#/components/schemas/"));
            return target.and_then(|(components, name)| components.schemas.get(name)).is_some_and(|target| is_free_form(spec, target));
        }
    };
    match &schema.schema_kind {
        SchemaKind::AllOf { all_of } => matches!(all_of.as_slice(), [only] if is_free_form(spec, only)),
        SchemaKind::Type(Type::Object(object)) => {
            let any = match &object.additional_properties {
                Some(AdditionalProperties::Schema(values)) => values
                    .as_item()
                    .is_some_and(|values| matches!(&values.schema_kind, SchemaKind::Any(any) if *any == AnySchema::default())),
                others => *others != Some(AdditionalProperties::Any(false)),
            };
            object.properties.is_empty() && any
        }
        _ => false,
    }
}

/// Whether a property can have this value, and Rust can write it: of objects only one with nothing in it.
fn may_be<T: Borrow<Schema>>(spec: &OpenAPI, schema: &ReferenceOr<T>, value: &Value) -> bool {
    let schema = match schema {
        ReferenceOr::Item(schema) => schema.borrow(),
        ReferenceOr::Reference { reference } => {
            let target = spec.components.as_ref().zip(reference.strip_prefix("#/components/schemas/"));
            return target.and_then(|(components, name)| components.schemas.get(name)).is_some_and(|target| may_be(spec, target, value));
        }
    };
    let is_empty_object = value.as_object().is_some_and(serde_json::Map::is_empty);
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(_)) => value.is_string(),
        SchemaKind::Type(Type::Boolean(_)) => value.is_boolean(),
        SchemaKind::Type(Type::Number(_) | Type::Integer(_)) => value.is_number(),
        SchemaKind::Type(Type::Array(_)) => value.as_array().is_some_and(Vec::is_empty),
        SchemaKind::Type(Type::Object(object)) => is_empty_object && object.required.is_empty(),
        SchemaKind::AllOf { all_of } => matches!(all_of.as_slice(), [only] if may_be(spec, only, value)),
        _ => is_empty_object,
    }
}

/// Shows every schema of the components, however deep, with its JSON pointer.
fn for_each_schema(spec: &mut OpenAPI, visit: &mut dyn FnMut(&str, &mut Schema)) {
    for (name, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        if let ReferenceOr::Item(schema) = schema {
            visit_schema(&format!("#/components/schemas/{name}"), schema, visit);
        }
    }
}

fn visit_schema(place: &str, schema: &mut Schema, visit: &mut dyn FnMut(&str, &mut Schema)) {
    visit(place, schema);
    let mut inner: Vec<(String, &mut Schema)> = Vec::new();
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            for (name, property) in &mut object.properties {
                inner.extend(item_mut(property).map(|property| (format!("properties/{name}"), &mut **property)));
            }
            if let Some(AdditionalProperties::Schema(value)) = &mut object.additional_properties {
                inner.extend(item_mut(value).map(|value| ("additionalProperties".to_owned(), value)));
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            inner.extend(array.items.iter_mut().filter_map(item_mut).map(|items| ("items".to_owned(), &mut **items)));
        }
        SchemaKind::OneOf { one_of: parts } | SchemaKind::AllOf { all_of: parts } | SchemaKind::AnyOf { any_of: parts } => {
            let parts = parts.iter_mut().enumerate();
            inner.extend(parts.filter_map(|(index, part)| Some((format!("parts/{index}"), item_mut(part)?))));
        }
        SchemaKind::Type(_) | SchemaKind::Not { .. } | SchemaKind::Any(_) => {}
    }
    for (step, schema) in inner {
        visit_schema(&format!("{place}/{step}"), schema, visit);
    }
}

/// The Rust type for a component.
fn enum_name(component: &str) -> String {
    let name = component.strip_suffix("Enum").unwrap_or(component).to_upper_camel_case();
    if name.starts_with(|first: char| first.is_alphabetic()) { name } else { format!("X{name}") }
}

/// The Rust variant for a value; `Unknown` is taken by the value that we do not know.
#[must_use]
pub fn variant_name(value: &str) -> String {
    match value.to_upper_camel_case().as_str() {
        "" => "Empty".into(),
        "Unknown" | "Self" => format!("{}Value", value.to_upper_camel_case()),
        name if !name.starts_with(|first: char| first.is_alphabetic()) => format!("Value{name}"),
        name => name.into(),
    }
}
