//! The canonical form of slices: equivalent documents have the same bytes.

use crate::common::{SLICE, slice, slice_of};
use fastrand::Rng;
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};

/// Slices of equivalent documents have the same bytes.
#[test]
fn the_same_api_gives_the_same_bytes() {
    let checked_in = std::fs::read_to_string(SLICE).unwrap();
    for seed in 0..40 {
        let mut rng = Rng::with_seed(seed);
        let mut document = slice();
        without_extensions(&mut document);
        rewrite(&mut document, &mut rng);
        let text = match seed % 3 {
            0 => serde_json::to_string(&shuffled(&document, &mut rng)).unwrap(),
            1 => quoted(&document, &mut rng),
            _ => serde_yaml::to_string(&shuffled(&document, &mut rng)).unwrap(),
        };
        assert_eq!(slice_of(&text), checked_in, "seed {seed}:\n{text}");
    }
}

/// Removes our extensions, which upstream does not have.
fn without_extensions(node: &mut Value) {
    match node {
        Value::Object(map) => {
            map.retain(|key, _| !key.starts_with("x-"));
            map.values_mut().for_each(without_extensions);
        }
        Value::Array(items) => items.iter_mut().for_each(without_extensions),
        _ => {}
    }
}

/// Writes the same API in another way: with other references, and with keywords in other places.
fn rewrite(document: &mut Value, rng: &mut Rng) {
    let components = document["components"].clone();
    let operation = &mut document["paths"]["/flows/bindings/"]["get"];
    let (parameters, responses) = (shared_parameters(operation, rng), shared_responses(operation, rng));
    if rng.bool() {
        document["paths"]["/flows/bindings/"]["parameters"] = taken(document, "parameters");
    }
    if rng.bool() {
        document["security"] = taken(document, "security");
    }
    let document_schemas = components["schemas"].as_object().unwrap();
    for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        *schema = rephrased(schema, document_schemas, rng);
    }
    for name in document_schemas.keys() {
        document["components"]["schemas"][format!("{name}Alias")] = json!({ "$ref": format!("#/components/schemas/{name}") });
    }
    document["components"]["parameters"] = parameters.into();
    document["components"]["responses"] = responses.into();
    document["components"]["schemas"]["Unused"] = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    document["paths"]["/unused/"] = json!({ "get": { "operationId": "unused", "responses": {} } });
    document["tags"] = json!([{ "name": "flows", "description": "prose" }]);
    document["info"]["contact"] = json!({ "email": "someone@example.com" });
    document["info"]["title"] = "another title".into();
    document["openapi"] = format!("3.0.{}", rng.u8(..4)).into();
    if rng.bool() {
        document["servers"][0]["url"] = "/api/v3/".into();
    }
}

/// Removes a keyword from the operation, so that it can be written elsewhere.
fn taken(document: &mut Value, keyword: &str) -> Value {
    document["paths"]["/flows/bindings/"]["get"].as_object_mut().unwrap().remove(keyword).unwrap()
}

/// Shuffles the parameters of an operation, and moves some of them to components, which it returns.
fn shared_parameters(operation: &mut Value, rng: &mut Rng) -> Map<String, Value> {
    let mut shared = Map::new();
    for parameter in operation["parameters"].as_array_mut().unwrap() {
        if rng.bool() {
            parameter["required"] = false.into();
            parameter["example"] = json!("an example");
        }
        if parameter["schema"].get("enum").is_some() && rng.bool() {
            let name = if parameter["name"] == "policy_engine_mode" { "PolicyEngineMode" } else { "InvalidResponseActionEnum" };
            parameter["schema"] = reference(name, rng);
        }
        if rng.bool() {
            let name = parameter["name"].as_str().unwrap().to_owned();
            let target = json!({ "$ref": format!("#/components/parameters/{name}%20~1%7E0") });
            shared.insert(format!("{name} /~"), std::mem::replace(parameter, target));
        }
    }
    rng.shuffle(operation["parameters"].as_array_mut().unwrap());
    shared
}

/// Moves some of the responses of an operation to components, which it returns.
fn shared_responses(operation: &mut Value, rng: &mut Rng) -> Map<String, Value> {
    let mut shared = Map::new();
    for status in ["200", "400", "403"] {
        let response = &mut operation["responses"][status];
        response["description"] = "Another description".into();
        if rng.bool() {
            shared.insert(status.to_owned(), std::mem::replace(response, json!({ "$ref": format!("#/components/responses/{status}") })));
        }
    }
    shared
}

/// An equivalent schema: references inlined or through another component, lists in another order, implied `type` left out.
fn rephrased(schema: &Value, components: &Map<String, Value>, rng: &mut Rng) -> Value {
    let target = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref")).and_then(Value::as_str);
    if let Some(name) = target.map(|target| target.rsplit('/').next().unwrap()) {
        let read_only = schema.get("readOnly").is_some();
        return match rng.u8(..3) {
            _ if read_only => {
                json!({ "allOf": [{ "$ref": format!("#/components/schemas/{name}") }], "readOnly": true, "title": "A title" })
            }
            0 => rephrased(&components[name], components, rng),
            1 => json!({ "oneOf": [{ "$ref": format!("#/components/schemas/{name}Alias") }] }),
            _ => reference(name, rng),
        };
    }
    let mut schema = schema.clone();
    add_documentation(&mut schema, rng);
    for key in ["required", "enum"] {
        if let Some(list) = schema.get_mut(key).and_then(Value::as_array_mut) {
            rng.shuffle(list);
        }
    }
    for property in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        *property = rephrased(property, components, rng);
    }
    if let Some(items) = schema.get_mut("items") {
        *items = rephrased(items, components, rng);
    }
    if ["properties", "items", "enum"].iter().any(|key| schema.get(key).is_some()) && rng.bool() {
        schema.as_object_mut().unwrap().remove("type");
    }
    schema
}

fn reference(name: &str, rng: &mut Rng) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    if rng.bool() { reference } else { json!({ "allOf": [reference], "description": "another description", "nullable": false }) }
}

/// Adds other documentation, and flags with their default values.
fn add_documentation(schema: &mut Value, rng: &mut Rng) {
    let Some(schema) = schema.as_object_mut().filter(|schema| !schema.contains_key("$ref")) else { return };
    for (key, value) in [
        ("title", json!("A title")),
        ("example", json!("an example")),
        ("externalDocs", json!({ "url": "https://example.com" })),
        ("nullable", json!(false)),
        ("readOnly", json!(schema.get("readOnly").is_some_and(|flag| *flag == true))),
        ("deprecated", json!(false)),
        ("x-upstream", json!({ "owner": "upstream" })),
    ] {
        if rng.bool() {
            schema.insert(key.into(), value);
        }
    }
}

/// The same values with keys in random order.
fn shuffled(node: &Value, rng: &mut Rng) -> serde_yaml::Value {
    match node {
        Value::Object(map) => {
            let mut entries = map.iter().map(|(key, value)| (key.as_str().into(), shuffled(value, rng))).collect::<Vec<_>>();
            rng.shuffle(&mut entries);
            serde_yaml::Value::Mapping(entries.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(|item| shuffled(item, rng)).collect::<Vec<_>>().into(),
        scalar => serde_yaml::to_value(scalar).unwrap(),
    }
}

/// The same values in flow style (as JSON), with quoted top-level keys in random order, and with comments.
fn quoted(document: &Value, rng: &mut Rng) -> String {
    let keys = document.as_object().unwrap();
    let mut lines = keys.iter().map(|(key, value)| format!("\"{key}\":   {value}  # {}\n", rng.alphabetic())).collect::<Vec<_>>();
    rng.shuffle(&mut lines);
    format!("---\n{}", lines.concat())
}
