//! Random documents, and random changes to them.

use fastrand::Rng;
use serde_json::{Map, Value, json};

const COMPONENTS: [&str; 3] = ["Alpha", "Beta", "Gamma"];
const DEEPEST: usize = 3;

/// A document with one operation, whose response reaches components that refer to each other.
pub fn document(rng: &mut Rng) -> Value {
    let mut schemas = Map::from_iter([("Kind".to_owned(), json!({ "type": "string", "enum": ["small", "large"] }))]);
    for name in COMPONENTS {
        schemas.insert(name.to_owned(), object(1, rng));
    }
    // A document without extensions gets those of the checked-in slice. `label` always has one, which is always in the slice, so that the
    // document's own extensions apply.
    let label = json!({ "type": "string", "x-aliases": ["caption"] });
    let properties = json!({ "one": schema(0, rng), "two": schema(0, rng), "nested": nested(5, rng), "label": label });
    let response = json!({ "type": "object", "properties": properties, "required": ["one"] });
    schemas.insert("Response".to_owned(), response);
    json!({
        "openapi": "3.0.3",
        "info": { "title": "random", "version": "1" },
        "paths": { "/things/": { "get": {
            "operationId": "things_list",
            "responses": { "200": {
                "description": "",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Response" } } },
            } },
        } } },
        "components": { "schemas": schemas },
    })
}

fn schema(depth: usize, rng: &mut Rng) -> Value {
    let schema = match if depth < DEEPEST { rng.u8(..15) } else { rng.u8(..4) } {
        0 => json!({ "type": "string" }),
        1 => one_of(rng, &[json!({ "type": "string", "format": "uuid" }), json!({ "type": "string", "enum": ["a", "b"] })]),
        2 => one_of(rng, &[json!({ "type": "integer" }), json!({ "type": "integer", "format": "int32" })]),
        3 => one_of(rng, &[json!({ "type": "boolean" }), json!({ "type": "number" }), json!({ "type": "integer", "enum": [1, 2] })]),
        4 | 5 => json!({ "type": "array", "items": schema(depth + 1, rng) }),
        6 | 7 => object(depth + 1, rng),
        8 => json!({ "type": "object", "additionalProperties": schema(depth + 1, rng) }),
        9 => json!({ one_of(rng, &["oneOf", "anyOf"]): [schema(depth + 1, rng), schema(depth + 1, rng)] }),
        10 => json!({ "allOf": [reference(rng), object(depth + 1, rng)] }),
        11 => json!({ "allOf": [reference(rng)], "properties": { "beside": schema(depth + 1, rng) } }),
        _ => reference(rng),
    };
    match schema {
        Value::Object(mut keywords) if keywords.contains_key("type") && rng.u8(..6) == 0 => {
            keywords.insert("nullable".into(), true.into());
            keywords.into()
        }
        schema => schema,
    }
}

/// Nested inline objects.
pub fn nested(depth: usize, rng: &mut Rng) -> Value {
    (0..depth).fold(json!({ "type": "string" }), |inner, level| {
        json!({ "type": "object", "properties": { format!("level{level}"): inner, "kind": reference(rng) }, "required": ["kind"] })
    })
}

fn object(depth: usize, rng: &mut Rng) -> Value {
    let mut properties = Map::new();
    for name in ["pk", "name", "kind", "count", "parts"] {
        if rng.bool() {
            properties.insert(name.to_owned(), schema(depth, rng));
        }
    }
    if let Some(name) = properties.get_mut("name").filter(|name| depth == 1 && name.get("type").is_some() && rng.bool()) {
        name["x-aliases"] = json!(["title"]);
    }
    let required = properties.keys().filter(|_| rng.bool()).cloned().collect::<Vec<_>>();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn reference(rng: &mut Rng) -> Value {
    let name = one_of(rng, &["Alpha", "Beta", "Gamma", "Kind"]);
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    one_of(rng, &[reference.clone(), json!({ "allOf": [reference] }), json!({ "allOf": [reference], "nullable": true })])
}

fn one_of<T: Clone>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())].clone()
}

/// Changes one schema at a random place.
pub fn change(document: &mut Value, rng: &mut Rng) {
    let mut places = Vec::new();
    schemas(&document["components"]["schemas"], "/components/schemas", &mut places);
    let schema = document.pointer_mut(&one_of(rng, &places)).unwrap();
    let properties = schema.get("properties").and_then(Value::as_object).map(|properties| properties.keys().cloned().collect::<Vec<_>>());
    let is_aliased = schema.pointer("/properties/name/x-aliases").is_some();
    match (rng.u8(..6), properties) {
        (0..3, _) if is_aliased => rename(schema),
        (0, _) => schema["nullable"] = (schema["nullable"] != true).into(),
        (1, _) => schema["deprecated"] = true.into(),
        (2, Some(names)) if !names.is_empty() => _ = schema["properties"].as_object_mut().unwrap().remove(&one_of(rng, &names)),
        (3, Some(names)) => schema["required"] = names.into(),
        (_, Some(_)) => schema["properties"]["color"] = json!({ "type": "string" }),
        _ => match (schema["type"].as_str(), schema.get("enum").is_some()) {
            (Some("string"), true) => schema["enum"] = json!(["a", "b", "large", "small"]),
            (Some("string" | "integer"), false) => *schema = json!({ "type": "boolean" }),
            _ => schema["nullable"] = true.into(),
        },
    }
}

/// Renames the property `name` to its alias `title`; the old name becomes the alias.
fn rename(schema: &mut Value) {
    let mut renamed = schema["properties"].as_object_mut().unwrap().remove("name").unwrap();
    renamed["x-aliases"] = json!(["name"]);
    schema["properties"]["title"] = renamed;
    schema["required"].as_array_mut().unwrap().iter_mut().filter(|name| *name == "name").for_each(|name| *name = "title".into());
}

/// The JSON pointers of all schemas below a mapping of names to schemas.
fn schemas(map: &Value, place: &str, places: &mut Vec<String>) {
    for (name, schema) in map.as_object().into_iter().flatten() {
        schema_at(schema, &format!("{place}/{name}"), places);
    }
}

fn schema_at(schema: &Value, place: &str, places: &mut Vec<String>) {
    places.push(place.to_owned());
    schemas(&schema["properties"], &format!("{place}/properties"), places);
    for key in ["items", "additionalProperties"] {
        if schema.get(key).is_some_and(Value::is_object) {
            schema_at(&schema[key], &format!("{place}/{key}"), places);
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for (index, part) in schema[key].as_array().into_iter().flatten().enumerate() {
            schema_at(part, &format!("{place}/{key}/{index}"), places);
        }
    }
}
