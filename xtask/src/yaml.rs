//! Canonical YAML: the same values give the same bytes.

use serde_json::{Map, Value};

use crate::document::key_text;

/// Keywords in the order in which they are written; others follow by name.
const ORDER: &[&str] = &[
    "openapi",
    "info",
    "servers",
    "paths",
    "components",
    "url",
    "in",
    "name",
    "operationId",
    "title",
    "summary",
    "description",
    "version",
    "tags",
    "deprecated",
    "security",
    "type",
    "scheme",
    "format",
    "nullable",
    "readOnly",
    "writeOnly",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "discriminator",
    "propertyName",
    "mapping",
    "items",
    "enum",
    "x-enum-labels",
    "x-enum-descriptions",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "default",
    "properties",
    "required",
    "additionalProperties",
    "x-aliases",
    "x-default-when-absent",
    "x-signed-link",
    "x-value-hint",
    "schema",
    "style",
    "explode",
    "parameters",
    "requestBody",
    "x-listing",
    "responses",
    "headers",
    "content",
    "total-order",
    "sort-terms",
    "partition",
    "version-markers",
    "parameter",
    "found-in",
    "key",
    "sent-since",
    "sent-until",
    "always-since",
];

/// Keywords whose value is a mapping of names, which are written in alphabetical order.
const NAMES: &[&str] = &[
    "paths",
    "properties",
    "schemas",
    "securitySchemes",
    "responses",
    "content",
    "headers",
    "mapping",
    "sort-terms",
    "encoding",
    "scopes",
];

/// Writes a document as YAML.
pub fn to_yaml(document: &Value) -> String {
    serde_yaml::to_string(&ordered(document, false)).unwrap_or_default()
}

fn ordered(node: &Value, names: bool) -> serde_yaml::Value {
    match node {
        Value::Object(map) => {
            let rank = |key: &str| if names { 0 } else { ORDER.iter().position(|known| *known == key).unwrap_or(ORDER.len()) };
            let mut keys = map.keys().collect::<Vec<_>>();
            keys.sort_by_key(|key| (rank(key), *key));
            let entry = |key: &String| {
                let value = &map[key];
                let by_value = map.get("enum").and_then(Value::as_array).filter(|_| key.starts_with("x-enum-"));
                let written = match (by_value, value) {
                    (Some(values), Value::Object(texts)) => texts_of_values(values, texts),
                    _ => ordered(value, !names && NAMES.contains(&key.as_str())),
                };
                (serde_yaml::Value::from(key.as_str()), written)
            };
            serde_yaml::Value::Mapping(keys.into_iter().map(entry).collect())
        }
        Value::Array(items) => serde_yaml::Value::Sequence(items.iter().map(|item| ordered(item, false)).collect()),
        scalar => serde_yaml::to_value(scalar).unwrap_or_default(),
    }
}

/// Texts by enum value, in the order of the values.
fn texts_of_values(values: &[Value], texts: &Map<String, Value>) -> serde_yaml::Value {
    let known = values.iter().map(key_text).filter_map(|value| texts.get(&value).map(|text| (value, text)));
    serde_yaml::Value::Mapping(known.map(|(value, text)| (value.into(), ordered(text, false))).collect())
}
