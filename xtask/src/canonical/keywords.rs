//! Keywords in canonical form: implied ones are written or left out, and equivalent ones are written in one way.

use serde_json::{Map, Value, json};

use crate::codegen::pointer::{component, reference};

pub const COMPOSITIONS: [&str; 3] = ["allOf", "oneOf", "anyOf"];
/// Keywords that have no effect when they are `false`.
pub const FLAGS: [&str; 7] = ["nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"];
/// Keywords that describe how a schema is used; they may appear next to a reference to it.
pub const USAGE: [&str; 5] = ["nullable", "readOnly", "writeOnly", "deprecated", "default"];

/// The greatest depth of a schema that is written without references. A parameter's schema that is deeper is assumed to be recursive.
pub const DEEPEST: usize = 32;

/// The help for a keyword whose value is not valid in OpenAPI 3.0, <https://spec.openapis.org/oas/v3.0.3#schema-object>.
pub fn misshapen(keyword: &str, value: &Value) -> Option<&'static str> {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    match keyword {
        "type" if value.is_array() => Some("lists of types belong to OpenAPI 3.1: write one `type`, and `nullable: true` for null"),
        "type" if !value.as_str().is_some_and(|kind| TYPES.contains(&kind)) => {
            Some("write one of array, boolean, integer, number, object and string")
        }
        "required" if !value.is_array() => Some("write a list of the required properties beside `properties`"),
        "allOf" | "oneOf" | "anyOf" | "enum" if !value.is_array() => Some("write a list"),
        "properties" | "items" | "not" | "discriminator" if !value.is_object() => Some("write a mapping"),
        flag if FLAGS.contains(&flag) && !value.is_boolean() => Some("write true or false, without quotes"),
        _ => None,
    }
}

/// A schema with one more keyword.
pub fn with(mut schema: Map<String, Value>, keyword: &str, value: Value) -> Value {
    schema.insert(keyword.to_owned(), value);
    schema.into()
}

/// The parts of an `allOf`. Nested `allOf` are flattened, and parts without effect are left out.
pub fn all_of_parts(parts: Vec<Value>) -> Value {
    let within = |part: Value| match part.as_object().filter(|part| part.len() == 1).and_then(|part| part.get("allOf")?.as_array()) {
        Some(within) => within.clone(),
        None => vec![part],
    };
    let has_no_effect = |part: &Value| [json!({}), json!({ "type": "object", "additionalProperties": {} })].contains(part);
    sorted(parts.into_iter().flat_map(within).filter(|part| !has_no_effect(part)).collect())
}

/// The values in their order, without duplicates.
pub fn unique(values: Vec<Value>) -> Value {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique.into()
}

/// The values sorted, without duplicates.
pub fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_key(Value::to_string);
    values.dedup();
    values.into()
}

/// Whether a keyword is documentation or an extension.
pub fn is_documentation(keyword: &str) -> bool {
    matches!(keyword, "description" | "title" | "example" | "externalDocs" | "xml") || keyword.starts_with("x-")
}

/// The range of integers that a format allows; that of `int64` if there is no format.
pub fn range(format: Option<&str>) -> (i128, i128) {
    match format {
        Some("int8") => (i8::MIN.into(), i8::MAX.into()),
        Some("uint8") => (0, u8::MAX.into()),
        Some("int16") => (i16::MIN.into(), i16::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64") => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// Whether the bounds of an integer allow no value that its format excludes.
fn bounds_imply_format(schema: &Map<String, Value>) -> bool {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_i64).map(i128::from);
    let (low, high) = range(schema.get("format").and_then(Value::as_str));
    schema.get("type").is_some_and(|kind| kind == "integer")
        && bound("minimum").is_some_and(|minimum| low <= minimum)
        && bound("maximum").is_some_and(|maximum| maximum <= high)
}

/// Adds implied keywords: the type, the mapping of a discriminator, and `additionalProperties` for an object without other keywords.
/// Removes the format of an integer if the bounds imply it.
pub fn add_implied(schema: &mut Map<String, Value>) {
    if bounds_imply_format(schema) {
        schema.remove("format");
    }
    if !schema.contains_key("type")
        && let Some(kind) = implied_type(schema)
    {
        schema.insert("type".into(), kind.into());
    }
    let says_more = |key: &&str| schema.contains_key(*key);
    let is_open = !COMPOSITIONS.iter().chain(&["properties", "required", "additionalProperties", "enum"]).any(says_more);
    if is_open && schema.get("type").is_some_and(|kind| kind == "object") {
        schema.insert("additionalProperties".into(), json!({}));
    }
    let parts = ["oneOf", "anyOf"].iter().filter_map(|union| schema.get(*union)?.as_array()).flatten();
    let targets = parts.filter_map(reference).map(str::to_owned).collect::<Vec<_>>();
    if let Some(discriminator) = schema.get_mut("discriminator").filter(|discriminator| discriminator.is_object()) {
        for target in targets {
            let known = discriminator["mapping"].as_object().is_some_and(|mapping| mapping.values().any(|to| *to == target));
            if let Some(name) = component(&target, "schemas").filter(|_| !known) {
                discriminator["mapping"][&*name] = target.clone().into();
            }
        }
    }
}

/// The type that other keywords imply.
fn implied_type(schema: &Map<String, Value>) -> Option<&'static str> {
    let texts = |values: &Vec<Value>| !values.is_empty() && values.iter().all(|value| value.is_string() || value.is_null());
    if ["properties", "required", "additionalProperties"].iter().any(|keyword| schema.contains_key(*keyword)) {
        Some("object")
    } else if schema.contains_key("items") {
        Some("array")
    } else if schema.get("enum").and_then(Value::as_array).is_some_and(texts) {
        Some("string")
    } else {
        None
    }
}

/// Replaces an `allOf`, `oneOf` or `anyOf` of one part with the part. A part that cannot be merged goes into an `allOf`.
pub fn unwrap_single(mut schema: Map<String, Value>) -> Value {
    for composition in COMPOSITIONS {
        let Some([only]) = schema.get(composition).and_then(Value::as_array).map(Vec::as_slice) else { continue };
        let only = only.clone();
        if schema.len() == 1 {
            return only;
        }
        let inner = only.as_object().cloned().unwrap_or_default();
        let is_disjoint = inner.keys().all(|key| key == composition || !schema.contains_key(key));
        if composition != "allOf" && schema.contains_key("allOf") && (inner.contains_key("$ref") || !is_disjoint) {
            // There is an `allOf` already.
            continue;
        }
        schema.remove(composition);
        if inner.contains_key("$ref") || !is_disjoint {
            schema.insert("allOf".into(), json!([only]));
        } else {
            schema.extend(inner);
        }
    }
    schema.into()
}

/// The value, with `20.0` written as 20.
pub fn plain_number(value: &Value) -> Value {
    // `Display` writes an integral `f64` without a fraction.
    let number = value.as_f64().filter(|_| value.is_f64());
    let integer = number.and_then(|number| number.to_string().parse::<i64>().ok());
    integer.map_or_else(|| value.clone(), Value::from)
}
