//! Values for the required parameters of an operation.

use serde_json::{Value, json};

use crate::document::Document;

/// The required query parameters of an operation, each with a value that its schema allows.
pub fn required(document: &Document, operation: &Value) -> Vec<(String, Value)> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| resolve(document, parameter));
    let required = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
    required.filter_map(|parameter| Some((parameter["name"].as_str()?.to_owned(), value(document, parameter)))).collect()
}

fn value(document: &Document, parameter: &Value) -> Value {
    let schema = resolve(document, &parameter["schema"]);
    let given = [&schema["enum"][0], &schema["default"], &schema["example"], &parameter["example"], &schema["minimum"]];
    if let Some(value) = given.into_iter().find(|value| !value.is_null()) {
        return value.clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("integer" | "number"), _) => json!(1),
        (Some("boolean"), _) => json!(true),
        (_, Some("uuid")) => json!("00000000-0000-4000-8000-000000000000"),
        (_, Some("date")) => json!("2025-01-01"),
        (_, Some("date-time")) => json!("2025-01-01T00:00:00Z"),
        _ => json!("text"),
    }
}

fn resolve<'a>(document: &'a Document, part: &'a Value) -> &'a Value {
    document.resolve(part, String::new()).map_or(part, |(_, target)| target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_the_schema() {
        let text = "
openapi: 3.0.3
info: { title: authentik, version: 2025.6.4 }
paths: {}
components:
  schemas: { Model: { type: string, enum: [user, group] } }
  parameters:
    shared: { in: query, name: shared, required: true, schema: { $ref: '#/components/schemas/Model' } }
";
        let document = Document::parse("test", text).unwrap_or_else(|error| panic!("{error}"));
        let operation = json!({ "parameters": [
            { "$ref": "#/components/parameters/shared" },
            { "in": "query", "name": "optional", "schema": { "type": "string" } },
            { "in": "path", "name": "path", "required": true, "schema": { "type": "string" } },
            { "in": "query", "name": "default", "required": true, "schema": { "type": "string", "default": "this" } },
            { "in": "query", "name": "example", "required": true, "schema": { "type": "string" }, "example": "that" },
            { "in": "query", "name": "least", "required": true, "schema": { "type": "integer", "minimum": 7 } },
            { "in": "query", "name": "key", "required": true, "schema": { "type": "string", "format": "uuid" } },
        ] });
        let expected = [
            ("shared", json!("user")),
            ("default", json!("this")),
            ("example", json!("that")),
            ("least", json!(7)),
            ("key", json!("00000000-0000-4000-8000-000000000000")),
        ];
        assert_eq!(required(&document, &operation), expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
