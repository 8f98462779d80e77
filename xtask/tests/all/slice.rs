//! `cargo xtask slice`: an operation and everything that it refers to, directly or indirectly.

use crate::common::{Project, SLICE, document, output, slice, slice_of, slices, whole, xtask_here};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

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
    document["paths"]["/flows/bindings/"]["get"]["description"] = "Prose of upstream".into();
    let project = Project::new();
    let file = project.write("document.json", &document.to_string());
    assert!(project.xtask(&["slice", "--keep-prose", &file]).out.contains("Prose of upstream"));
    assert!(!project.xtask(&["slice", "--structure", &file]).out.contains("Prose of upstream"));
}

/// The fixtures contain upstream's structure but none of its prose.
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

/// An operation with references of every kind, and components that it does not reach.
const REFERENCES: &str = "
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

#[test]
fn everything_that_an_operation_reaches_is_in_the_slice() {
    let sliced: Value = serde_yaml::from_str(&slice_of(REFERENCES)).unwrap();
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
    assert_eq!(schemas["Sent"]["properties"], sent, "read-only and write-only properties are both kept");
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

/// Slicing a slice changes nothing, even if several components are equal.
#[test]
fn slicing_is_idempotent() {
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

/// Inline objects nested in each other: the time does not grow exponentially with the depth.
#[test]
fn deeply_nested_inline_objects_are_sliced() {
    let mut schema = "{ type: string }".to_owned();
    for depth in 0..40 {
        schema = format!("{{ type: object, properties: {{ level{depth}: {schema} }} }}");
    }
    let sliced = slice_of(&document(&schema, "  schemas: { Other: { type: object, properties: { other: { type: string } } } }"));
    assert!(sliced.contains("level0:") && sliced.contains("level39:"), "{sliced}");
}
