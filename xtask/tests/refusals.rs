//! Documents and sources that are refused: what is said of them.

mod common;

use common::{Project, document, xtask};

/// What is said of a document that cannot be sliced.
fn error_of(document: &str) -> String {
    let project = Project::new();
    let file = project.write("document.yaml", document);
    let outcome = project.xtask(&["slice", &file]);
    assert_eq!(outcome.code, 2, "{}", outcome.out);
    outcome.err.replace(&file, "document.yaml")
}

fn assert_refused(document: &str, place: &str, problem: &str) {
    let error = error_of(document);
    assert!(error.starts_with("error: document.yaml: "), "{error}");
    assert!(error.contains(place), "{place} is not in: {error}");
    assert!(error.contains(problem), "{problem} is not in: {error}");
    assert!(error.contains("\n  to mend it: "), "{error}");
}

#[test]
fn texts_that_are_no_document_are_refused_with_place_and_remedy() {
    let fine = document("{ type: string }", "  schemas: {}");
    for (document, place, problem) in [
        (fine.replace("openapi: 3.0.3", "swagger: '2.0'"), "#/swagger", "is Swagger (OpenAPI 2.0)"),
        (fine.replace("openapi: 3.0.3", "openapi: 3.1.0"), "#/openapi", "is OpenAPI 3.1.0"),
        (fine.replace("paths:", "path:"), "#/paths", "is missing"),
        ("just: yaml\n".to_owned(), "#/openapi", "is missing, so this is no OpenAPI 3 document"),
        ("- a\n- list\n".to_owned(), "#/openapi", "is missing"),
        ("a: [1\nb: 2\n".to_owned(), "line 2, column", "cannot be read as YAML"),
        ("{ \"openapi\": \n".to_owned(), "line 2, column", "cannot be read as JSON"),
        (fine.replace("    get:", "    get: {}\n    get:"), "line 5, column", "the key `get` is there twice"),
        (fine.replace("openapi: 3.0.3", "openapi: 3.0.3\nx: .inf"), "line 2, column", "the number inf is none that JSON has"),
        ("{\"openapi\": \"3.0.3\", \"openapi\": \"3.0.3\"}".to_owned(), "line 1, column", "the key `openapi` is there twice"),
        ("<!doctype html>".to_owned(), "line 1", "is an HTML or XML page"),
    ] {
        assert_refused(&document, place, problem);
    }
}

#[test]
fn documents_that_cannot_be_sliced_are_refused_with_place_and_remedy() {
    let reference = |to: &str| document(&format!("{{ $ref: '{to}' }}"), "  schemas: { A: { type: string } }");
    let place = "#/paths/~1a~1/get/responses/200/content/application~1json/schema";
    let text = "{ type: string }";
    let fine = document(text, "  schemas: {}");
    for (document, place, problem) in [
        (reference("#/components/schemas/B"), format!("{place}/$ref"), "refers to `#/components/schemas/B`, which is not in the document"),
        (reference("other.yaml#/A"), format!("{place}/$ref"), "refers to `other.yaml#/A`, outside this document"),
        (reference("https://example.com/a.yaml"), format!("{place}/$ref"), "outside this document"),
        (
            document(
                "{ $ref: '#/components/schemas/A' }",
                "  schemas: { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } }",
            ),
            format!("{place}/$ref"),
            "only refers back to itself",
        ),
        (
            document(&format!("{{ type: object, properties: {{ a: {{ $ref: '{place}' }} }} }}"), "  schemas: {}"),
            "/properties/a/$ref".into(),
            "which it stands in",
        ),
        (
            document(
                "{ $ref: '#/components/schemas/R' }",
                "  schemas: { R: { allOf: [{ $ref: '#/components/schemas/R' }, { type: object }] } }",
            ),
            "#/components/schemas/R".into(),
            "is made of itself",
        ),
        (
            document(
                "{ $ref: '#/components/schemas/R' }",
                "  schemas: { R: { oneOf: [{ $ref: '#/components/schemas/S' }] }, S: { anyOf: [{ $ref: '#/components/schemas/R' }] } }",
            ),
            "#/components/schemas/".into(),
            "is made of itself",
        ),
        (
            fine.replace(
                "operationId:",
                "parameters: [{ name: a, in: query, schema: { $ref: '#/components/schemas/R' } }]\n      operationId:",
            )
            .replace("schemas: {}", "schemas: { R: { type: array, items: { $ref: '#/components/schemas/R' } } }"),
            "#/paths/~1a~1/get/parameters/0/schema".into(),
            "contains itself",
        ),
        (
            fine.replace(
                "operationId:",
                "parameters: [{ name: a, in: query, schema: { $ref: '#/components/schemas/R' } }]\n      operationId:",
            )
            .replace("schemas: {}", "schemas: { R: { allOf: [{ $ref: '#/components/schemas/R' }] } }"),
            "#/paths/~1a~1/get/parameters/0/schema".into(),
            "contains itself",
        ),
        (fine.replace("flows_bindings_list", "flows_binding_lists"), "#/paths".into(), "has no operation `flows_bindings_list`"),
        (document("just text", "  schemas: {}"), place.into(), "is no schema"),
        (
            fine.replace("operationId:", "security: [{ nobody: [] }]\n      operationId:"),
            "#/components/securitySchemes/nobody".into(),
            "is not there",
        ),
        (
            fine.replace("operationId:", "parameters: [{ name: a }]\n      operationId:"),
            "#/paths/~1a~1/get/parameters/0".into(),
            "has no `name` or no `in`",
        ),
        (fine.replace("operationId:", "parameters: { name: a }\n      operationId:"), "#/paths/~1a~1/get/parameters".into(), "is no list"),
        (fine.replace("    get:", "    put: 5\n    get:"), "#/paths/~1a~1/put".into(), "is no operation"),
        (
            fine.replace("components:", "  /b/: { get: { operationId: flows_bindings_list, responses: {} } }\ncomponents:"),
            "#/paths/~1b~1/get".into(),
            "another operation has too",
        ),
        (fine.replace("version: '1'", "version: 1.10"), "#/info/version".into(), "is the number 1.1"),
        (document("{ type: [string, 'null'] }", "  schemas: {}"), format!("{place}/type"), "cannot be [\"string\",\"null\"]"),
        (document("{ type: Foo }", "  schemas: {}"), format!("{place}/type"), "cannot be \"Foo\""),
        (document("{ type: string, required: true }", "  schemas: {}"), format!("{place}/required"), "cannot be true"),
        (document("{ oneOf: { a: b } }", "  schemas: {}"), format!("{place}/oneOf"), "cannot be {"),
        (document("{ type: object, properties: [] }", "  schemas: {}"), format!("{place}/properties"), "cannot be []"),
        (document("{ type: string, nullable: 'true' }", "  schemas: {}"), format!("{place}/nullable"), "cannot be \"true\""),
        (
            fine.replace("application/json: {", "application/json: { examples: { e: { $ref: '#/components/examples/E' } },"),
            "/content/application~1json/examples/e/$ref".into(),
            "not in the document",
        ),
    ] {
        assert_refused(&document, &place, problem);
    }
    let error = error_of(&fine.replace("flows_bindings_list", "flows_binding_lists"));
    assert!(error.contains("the nearest names are `flows_binding_lists`"), "{error}");
}

#[test]
fn a_source_that_is_none_is_refused() {
    for (source, problem) in [
        ("nowhere.yaml", "is no file that is there"),
        ("2026.8", "name one of them, such as 2026.8.0"),
        ("http://auth.example.com", "use https"),
        ("2026.8.0-../../x", "is no file that is there"),
        ("tests", "to mend it: give a document that you may read"),
        ("https://", "to mend it: write it as in https://"),
        ("file:///schema.yml", "give the path of a file, `/schema.yml`"),
        ("ftp://auth.example.com/schema.yml", "another scheme than https"),
        ("https://me:secret@auth.example.com", "a URL with a name or password"),
    ] {
        let outcome = xtask(&["slice", source]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.err.contains(problem) && !outcome.err.contains("secret"), "{}", outcome.err);
    }
}
