//! The JSON Schema that `schemars` derives from the generated types matches the specification.
#![cfg(operation = "flows_bindings_list")]
#![cfg(feature = "schemars")]

use std::collections::BTreeSet;

use authentik_flow_bindings::types::{self, GenericError, ValidationError};
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

fn spec() -> Value {
    serde_yaml::from_str(&std::fs::read_to_string("openapi/flows_bindings_list.yaml").unwrap()).unwrap()
}

/// A schema reduced to what is compared: type, format, properties, required properties, items, and whether others are allowed.
fn reduced(schema: &Value, whole: &Value) -> Value {
    let target = |reference: &Value| reference.as_str().and_then(|path| whole.pointer(path.trim_start_matches('#')));
    if let Some(inner) = target(&schema["$ref"]) {
        return reduced(inner, whole);
    }
    if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
        return reduced(only, whole);
    }
    if let Some(first) = schema["anyOf"].as_array().and_then(|parts| parts.iter().find(|part| part.get("$ref").is_some())) {
        return reduced(first, whole);
    }
    // `Option` has `null` as a second type.
    let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
    match kind.as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            let required: BTreeSet<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            // Properties that some releases do not send may be absent, even if the specification requires them.
            let absent =
                |name: &str| properties[name].get("x-default-when-absent").is_some() || properties[name].get("default") == Some(&json!(""));
            json!({
                "properties": properties.iter().map(|(name, schema)| (name.clone(), reduced(schema, whole))).collect::<Value>(),
                "required": required.into_iter().filter(|name| !absent(name)).collect::<Vec<_>>(),
                "others": schema.get("additionalProperties").is_some(),
            })
        }
        Some("array") => json!({ "items": reduced(&schema["items"], whole) }),
        // Page numbers and counts are integers here, although the specification says `number`.
        Some("number") => json!("uint64"),
        Some("integer") => schema["format"].as_str().map_or_else(|| json!("int64"), |format| json!(format)),
        Some("string") if schema.get("enum").is_some() || schema.get("anyOf").is_some() => json!("enum"),
        _ => json!([kind, schema["format"]]),
    }
}

fn compare<T: JsonSchema>(component: &str) {
    let spec = spec();
    let derived = schema_for!(T).to_value();
    pretty_assertions::assert_eq!(reduced(&derived, &derived), reduced(&spec["components"]["schemas"][component], &spec), "{component}");
}

#[test]
fn models_have_the_properties_requirements_and_formats_of_the_specification() {
    compare::<types::PaginatedFlowStageBindingList>("PaginatedFlowStageBindingList");
    compare::<types::FlowStageBinding>("FlowStageBinding");
    compare::<types::Stage>("Stage");
    compare::<types::FlowSet>("FlowSet");
    compare::<types::Pagination>("Pagination");
    compare::<GenericError>("GenericError");
    compare::<ValidationError>("ValidationError");
}

#[test]
fn every_model_of_the_specification_is_compared() {
    let names: BTreeSet<_> = spec()["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let objects =
        ["FlowSet", "FlowStageBinding", "GenericError", "PaginatedFlowStageBindingList", "Pagination", "Stage", "ValidationError"];
    let enums = ["DeniedActionEnum", "FlowDesignationEnum", "FlowLayoutEnum", "InvalidResponseActionEnum", "PolicyEngineMode"];
    assert_eq!(names, objects.into_iter().chain(enums).map(str::to_owned).collect());
}

fn compare_enum<T: JsonSchema>(component: &str) {
    let values = &spec()["components"]["schemas"][component]["enum"];
    let derived = schema_for!(T).to_value();
    assert_eq!(derived["type"], "string", "{component}");
    assert_eq!(&derived["anyOf"][0]["enum"], values, "{component}");
    assert_eq!(derived["anyOf"][1], json!({}), "{component} accepts no unknown values");
}

#[test]
fn enums_have_the_values_of_the_specification_and_stay_open() {
    compare_enum::<types::DeniedAction>("DeniedActionEnum");
    compare_enum::<types::FlowDesignation>("FlowDesignationEnum");
    compare_enum::<types::FlowLayout>("FlowLayoutEnum");
    compare_enum::<types::InvalidResponseAction>("InvalidResponseActionEnum");
    compare_enum::<types::PolicyEngineMode>("PolicyEngineMode");
}
