//! `cargo xtask slice`: closures and their canonical form.

mod common;

use common::{Project, SLICE, document, output, slice, slices, whole, xtask_here};
use fastrand::Rng;
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};

/// The slice of a document that stands in a file of its own.
fn slice_of(document: &str) -> String {
    let project = Project::new();
    let file = project.write("document.yaml", document);
    let outcome = project.xtask(&["slice", &file]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    outcome.out
}

#[test]
fn the_checked_in_slice_is_in_canonical_form() {
    let slice = "../openapi/flows_bindings_list.yaml";
    assert_eq!(xtask_here(&["slice", slice]).out, std::fs::read_to_string(slice).unwrap());
}

#[test]
fn the_slice_of_2025_6_4_has_upstreams_structure_and_our_descriptions() {
    let expected = std::fs::read_to_string(SLICE).unwrap();
    assert_eq!(output(&["slice", SLICE]), expected);
    for source in ["../tests/fixtures/slices/2025.6.4.yaml", &whole("2025.6.4")] {
        assert_eq!(output(&["slice", source]), expected, "{source}");
    }
}

#[test]
fn keep_prose_prints_upstreams_descriptions() {
    let mut document = slice();
    document["paths"]["/flows/bindings/"]["get"]["description"] = "Words of upstream".into();
    let project = Project::new();
    let file = project.write("document.json", &document.to_string());
    assert!(project.xtask(&["slice", "--keep-prose", &file]).out.contains("Words of upstream"));
    assert!(!project.xtask(&["slice", "--structure", &file]).out.contains("Words of upstream"));
}

/// The fixtures hold upstream's structure and none of its prose.
#[test]
fn the_slices_of_releases_are_canonical_and_without_prose() {
    fn has_prose(node: &Value, names: bool) -> bool {
        match node {
            Value::Object(map) => map.iter().any(|(key, value)| {
                let is_prose = ["description", "summary", "title"].contains(&key.as_str()) || key.starts_with("x-");
                !names && is_prose && value != "" || has_prose(value, !names && key == "properties")
            }),
            Value::Array(items) => items.iter().any(|item| has_prose(item, false)),
            _ => false,
        }
    }
    for path in slices() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(output(&["slice", "--structure", path.to_str().unwrap()]), text, "{}", path.display());
        assert!(!has_prose(&serde_yaml::from_str(&text).unwrap(), false), "{}", path.display());
    }
}

/// However the API is written, the bytes of its slice are the same.
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

/// Writes the same API differently, and with other references.
fn rewrite(document: &mut Value, rng: &mut Rng) {
    let components = document["components"].clone();
    let operation = &mut document["paths"]["/flows/bindings/"]["get"];

    // Parameters and answers in components, or at the path.
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
    let mut responses = Map::new();
    for status in ["200", "400", "403"] {
        let response = &mut operation["responses"][status];
        response["description"] = "Another word".into();
        if rng.bool() {
            responses.insert(status.to_owned(), std::mem::replace(response, json!({ "$ref": format!("#/components/responses/{status}") })));
        }
    }
    if rng.bool() {
        let parameters = operation.as_object_mut().unwrap().remove("parameters").unwrap();
        document["paths"]["/flows/bindings/"]["parameters"] = parameters;
    }
    let operation = &mut document["paths"]["/flows/bindings/"]["get"];
    if rng.bool() {
        document["security"] = operation.as_object_mut().unwrap().remove("security").unwrap();
    }

    let document_schemas = components["schemas"].as_object().unwrap();
    for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        *schema = rephrased(schema, document_schemas, rng);
    }
    for name in document_schemas.keys() {
        document["components"]["schemas"][format!("{name}Alias")] = json!({ "$ref": format!("#/components/schemas/{name}") });
    }
    document["components"]["parameters"] = shared.into();
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

/// The same schema: references written out or led through another component, lists in another order, `type` left out.
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
    words(&mut schema, rng);
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
    if rng.bool() { reference } else { json!({ "allOf": [reference], "description": "other words", "nullable": false }) }
}

/// Other words, and flags that go without saying.
fn words(schema: &mut Value, rng: &mut Rng) {
    let Some(schema) = schema.as_object_mut().filter(|schema| !schema.contains_key("$ref")) else { return };
    for (key, value) in [
        ("title", json!("A title")),
        ("example", json!("an example")),
        ("externalDocs", json!({ "url": "https://example.com" })),
        ("nullable", json!(false)),
        ("readOnly", json!(schema.get("readOnly").is_some_and(|flag| *flag == true))),
        ("deprecated", json!(false)),
        ("x-upstream", json!({ "of": "theirs" })),
    ] {
        if rng.bool() {
            schema.insert(key.into(), value);
        }
    }
}

/// The same values with keys in any order.
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

/// The same values with other quotes: texts in double quotes, everything else in flow style.
fn quoted(document: &Value, rng: &mut Rng) -> String {
    let keys = document.as_object().unwrap();
    let mut lines = keys.iter().map(|(key, value)| format!("\"{key}\":   {value}  # {}\n", rng.alphabetic())).collect::<Vec<_>>();
    rng.shuffle(&mut lines);
    format!("---\n{}", lines.concat())
}

#[test]
fn everything_that_an_operation_reaches_is_in_the_slice() {
    let text = "
openapi: 3.0.3
info: { title: t, version: '1' }
security: [{ token: [] }, { cookie: [] }]
paths:
  /a/:
    parameters: [{ $ref: '#/components/parameters/P' }]
    get:
      operationId: flows_bindings_list
      parameters: [{ name: q, in: query, required: true, schema: { $ref: '#/paths/~1a~1/get/responses/200/content/application~1json/schema/properties/self%20name' } }]
      requestBody: { $ref: '#/components/requestBodies/B' }
      responses:
        200:
          description: words
          headers: { X-H: { $ref: '#/components/headers/H' } }
          content:
            application/json:
              examples: { e: { $ref: '#/components/examples/E' } }
              schema:
                type: object
                properties:
                  self name: { type: string, format: uuid }
                  tree: { $ref: '#/components/schemas/Tree' }
                  other: { $ref: '#/components/schemas/a~1b~0c' }
                  union: { oneOf: [{ $ref: '#/components/schemas/Tree' }, { $ref: '#/components/schemas/Leaf' }], discriminator: { propertyName: kind, mapping: { leaf: Leaf } } }
        400: { $ref: '#/components/schemas/Leaf' }
components:
  parameters: { P: { name: p, in: header, schema: { type: array, items: { $ref: '#/components/schemas/Color' } } } }
  requestBodies: { B: { content: { application/json: { schema: { $ref: '#/components/schemas/Sent' } } } } }
  headers: { H: { schema: { $ref: '#/components/schemas/Color' } } }
  examples: { E: { value: 1 } }
  securitySchemes: { token: { type: http, scheme: bearer }, cookie: { $ref: '#/components/securitySchemes/real' }, real: { type: apiKey, in: cookie, name: c }, unused: { type: http, scheme: basic } }
  schemas:
    Color: { type: string, enum: [red, blue] }
    Sent: { type: object, properties: { a: { type: string, readOnly: true }, b: { type: string, writeOnly: true } } }
    Tree: { type: object, properties: { left: { $ref: '#/components/schemas/Tree' }, leaf: { $ref: '#/components/schemas/Alias' } } }
    Alias: { $ref: '#/components/schemas/Leaf' }
    Leaf: { type: object, properties: { a: { type: integer, readOnly: true } } }
    a/b~c: { type: string, enum: [only] }
    Unused: { type: string }
";
    let sliced: Value = serde_yaml::from_str(&slice_of(text)).unwrap();
    let operation = &sliced["paths"]["/a/"]["get"];
    assert_eq!(
        operation["parameters"],
        json!([
            { "in": "header", "name": "p", "schema": { "type": "array", "items": { "type": "string", "enum": ["blue", "red"] } } },
            { "in": "query", "name": "q", "required": true, "schema": { "type": "string", "format": "uuid" } },
        ])
    );
    assert_eq!(operation["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Sent");
    assert_eq!(operation["responses"]["200"]["headers"]["x-h"]["schema"]["enum"], json!(["blue", "red"]));
    let leaf = json!({ "$ref": "#/components/schemas/Leaf" });
    assert_eq!(operation["responses"]["400"]["content"]["application/json"]["schema"], leaf, "as upstream wrote it up to 2022.7");
    assert_eq!(operation["security"], json!([{ "cookie": [] }, { "token": [] }]));
    let names = |collection: &str| sliced["components"][collection].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names("schemas"), ["Leaf", "Sent", "Tree", "a/b~c"]);
    assert_eq!(names("securitySchemes"), ["cookie", "token"]);
    let schemas = &sliced["components"]["schemas"];
    assert_eq!(schemas["Tree"]["properties"]["leaf"], leaf);
    assert_eq!(schemas["Leaf"]["properties"]["a"], json!({ "type": "integer", "readOnly": true }));
    let sent = json!({ "a": { "type": "string", "readOnly": true }, "b": { "type": "string", "writeOnly": true } });
    assert_eq!(schemas["Sent"]["properties"], sent, "upstream's structure is kept in both directions");
    let union = &operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["union"];
    assert_eq!(union["discriminator"]["mapping"]["leaf"], "#/components/schemas/Leaf");
}

/// Arrays that contain themselves stay components.
#[test]
fn arrays_that_contain_themselves_are_sliced() {
    let lists = "{ A: { type: array, items: { $ref: '#/components/schemas/B' } }, B: { type: array, items: { $ref: '#/components/schemas/A' } }, L: { type: array, items: { $ref: '#/components/schemas/A' } } }";
    let sliced = slice_of(&document("{ $ref: '#/components/schemas/A' }", &format!("  schemas: {lists}")));
    assert!(sliced.contains("    A:\n") && sliced.contains("    B:\n") && !sliced.contains("    L:\n"), "{sliced}");
}

/// Some editors write a byte order mark.
#[test]
fn a_byte_order_mark_is_ignored() {
    let text = document("{ type: string }", "  schemas: {}");
    assert_eq!(slice_of(&format!("\u{feff}{text}")), slice_of(&text));
}

/// A slice is its own slice, even if several components are equal.
#[test]
fn a_slice_is_its_own_slice() {
    let same = "{ type: object, properties: { x: { type: string } } }";
    let text = document(
        &format!("{{ type: object, properties: {{ inline: {same}, known: {{ $ref: '#/components/schemas/B' }} }} }}"),
        &format!("  schemas: {{ A: {same}, B: {same}, C: {same} }}"),
    );
    let once = slice_of(&text);
    assert_eq!(slice_of(&once), once);
}

#[test]
fn keywords_beside_a_single_alternative_are_kept() {
    let text = document(
        "{ allOf: [{ $ref: '#/components/schemas/A' }], oneOf: [{ $ref: '#/components/schemas/B' }] }",
        "  schemas: { A: { type: object, properties: { a: { type: string } } }, B: { type: object, properties: { b: { type: string } } } }",
    );
    let sliced: Value = serde_yaml::from_str(&slice_of(&text)).unwrap();
    assert_eq!(sliced["components"]["schemas"].as_object().unwrap().len(), 2);
    let schema = &sliced["paths"]["/a/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(schema.to_string().contains("schemas/A") && schema.to_string().contains("schemas/B"), "{schema}");
}

#[test]
fn whole_documents_are_sliced() {
    let whole = whole("2026.8.0-rc6");
    let sliced = output(&["slice", "--all-operations", &whole]);
    let project = Project::new();
    let file = project.write("whole.yaml", &sliced);
    assert_eq!(output(&["slice", "--all-operations", &file]), sliced, "a canonical document is its own canonical form");
    let sliced: Value = serde_yaml::from_str(&sliced).unwrap();
    let operations: usize = sliced["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(operations, 42);
}

/// Inline objects nested in each other: the time grows with their number, not with its power of two.
#[test]
fn deeply_nested_inline_objects_are_sliced() {
    let mut schema = "{ type: string }".to_owned();
    for depth in 0..40 {
        schema = format!("{{ type: object, properties: {{ level{depth}: {schema} }} }}");
    }
    let sliced = slice_of(&document(&schema, "  schemas: { Other: { type: object, properties: { other: { type: string } } } }"));
    assert!(sliced.contains("level0:") && sliced.contains("level39:"), "{sliced}");
}
