//! The errors of invalid documents and sources.

use std::fmt::Write as _;

use crate::common::{Project, document, has_line_and_column, xtask};

/// The error of a document that cannot be sliced.
fn error_of(document: &str) -> String {
    let project = Project::new();
    let file = project.write("document.yaml", document);
    let outcome = project.xtask(&["slice", &file]);
    assert_eq!(outcome.code, 2, "{}", outcome.out);
    outcome.err.replace(&file, "document.yaml")
}

/// A local file has the same size limit as a download.
#[test]
fn a_file_that_is_too_large_is_not_read() {
    let project = Project::new();
    let path = project.path().join("large.yaml");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let outcome = project.xtask(&["slice", path.to_str().unwrap()]);
    assert!(outcome.code == 2 && outcome.err.contains("large.yaml: larger than 64 MiB"), "{}", outcome.err);
}

#[test]
fn errors_contain_the_line_and_column_of_their_pointer() {
    let error = error_of(&document("{ $ref: '#/components/schemas/B' }", "  schemas: {}"));
    let line = "document.yaml:8:76: #/paths/~1a~1/get/responses/200/content/application~1json/schema/$ref: ";
    assert!(error.contains(line), "{error}");
}

fn assert_error(document: &str, place: &str, problem: &str) {
    let error = error_of(document);
    assert!(error.starts_with("error: document.yaml:"), "{error}");
    assert!(!error.contains("#/") || has_line_and_column(&error, "document.yaml"), "{error}");
    assert!(error.contains(place), "{place} is not in: {error}");
    assert!(error.contains(problem), "{problem} is not in: {error}");
    assert!(error.contains("\n  help: "), "{error}");
}

#[test]
fn errors_of_invalid_documents_have_a_location_and_help() {
    let fine = document("{ type: string }", "  schemas: {}");
    for (document, place, problem) in [
        (fine.replace("openapi: 3.0.3", "swagger: '2.0'"), "#/swagger", "Swagger (OpenAPI 2.0) is not supported"),
        (fine.replace("openapi: 3.0.3", "openapi: 3.1.0"), "#/openapi", "OpenAPI `3.1.0` is not supported"),
        (fine.replace("paths:", "path:"), "#/paths", "is missing"),
        ("just: yaml\n".to_owned(), "#/openapi", "missing: not an OpenAPI 3 document"),
        ("- a\n- list\n".to_owned(), "#/openapi", "missing"),
        ("a: [1\nb: 2\n".to_owned(), "line 2, column", "invalid YAML"),
        ("{ \"openapi\": \n".to_owned(), "line 2, column", "invalid JSON"),
        (fine.replace("    get:", "    get: {}\n    get:"), "line 6, column 5", "duplicate key `get`"),
        (fine.replace("paths:", "paths: null\nx-paths:"), "#/paths", "is not a mapping"),
        (fine.replace("openapi: 3.0.3", "openapi: 3.0"), "#/openapi", "OpenAPI `3.0` is not supported, only `3.0.x`"),
        (fine.replace("openapi: 3.0.3", "openapi: 3.0.3\nx: !tag 1"), "line 2, column", "a YAML tag"),
        (fine.replace("title: t", "title: t\u{0}"), "line 2, column", "the control character U+0000"),
        (
            fine.replace("openapi: 3.0.3", "openapi: 3.0.3\n\"x\\n## y\": 1"),
            "line 2, column 1",
            "control characters in the key \"x\\n## y\"",
        ),
        (fine.replace("openapi: 3.0.3", "openapi: 3.0.3\nx: .inf"), "line 2, column", "the number inf cannot be represented in JSON"),
        ("{\"openapi\": \"3.0.3\", \"openapi\": \"3.0.3\"}".to_owned(), "line 1, column", "duplicate key `openapi`"),
        (String::new(), "line 1", "the document is empty"),
        ("# nothing\n\n".to_owned(), "line 1", "the document is empty"),
        (
            fine.replace("version: '1'", "title: t").replace("title: t, title: t", "title: t"),
            "document.yaml:2:1: #/info/version",
            "is missing",
        ),
        ("[".repeat(200_000), "the whole file", "brackets are nested more than 1000 deep"),
        (format!("{{\"a\": {}", "[".repeat(200_000)), "the whole file", "brackets are nested more than 1000 deep"),
        ("- ".repeat(100_000), "document.yaml", "invalid YAML"),
        ("<!doctype html>".to_owned(), "line 1", "an HTML or XML page"),
    ] {
        assert_error(&document, place, problem);
    }
}

/// The pointer of the schema in [`document`].
const PLACE: &str = "#/paths/~1a~1/get/responses/200/content/application~1json/schema";

#[test]
fn errors_of_dangling_references_have_a_location_and_help() {
    let reference = |to: &str| document(&format!("{{ $ref: '{to}' }}"), "  schemas: { A: { type: string } }");
    let fine = document("{ type: string }", "  schemas: {}");
    for (document, place, problem) in [
        (reference("#/components/schemas/B"), format!("{PLACE}/$ref"), "refers to `#/components/schemas/B`, which is not in the document"),
        (reference("other.yaml#/A"), format!("{PLACE}/$ref"), "refers to `other.yaml#/A`, outside this document"),
        (reference("https://example.com/a.yaml"), format!("{PLACE}/$ref"), "outside this document"),
        (
            document(
                "{ $ref: '#/components/schemas/A' }",
                "  schemas: { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } }",
            ),
            format!("{PLACE}/$ref"),
            "only refers back to itself",
        ),
        (
            document(&format!("{{ type: object, properties: {{ a: {{ $ref: '{PLACE}' }} }} }}"), "  schemas: {}"),
            "/properties/a/$ref".into(),
            "which contains it",
        ),
        (
            fine.replace("application/json: {", "application/json: { examples: { e: { $ref: '#/components/examples/E' } },"),
            "/content/application~1json/examples/e/$ref".into(),
            "not in the document",
        ),
    ] {
        assert_error(&document, &place, problem);
    }
}

#[test]
fn errors_of_schemas_that_contain_only_themselves_have_a_location_and_help() {
    let fine = document("{ type: string }", "  schemas: {}");
    for (document, place, problem) in [
        (
            document(
                "{ $ref: '#/components/schemas/R' }",
                "  schemas: { R: { allOf: [{ $ref: '#/components/schemas/R' }, { type: object }] } }",
            ),
            "#/components/schemas/R",
            "consists of itself",
        ),
        (
            document(
                "{ $ref: '#/components/schemas/R' }",
                "  schemas: { R: { oneOf: [{ $ref: '#/components/schemas/S' }] }, S: { anyOf: [{ $ref: '#/components/schemas/R' }] } }",
            ),
            "#/components/schemas/",
            "consists of itself",
        ),
        (
            fine.replace(
                "operationId:",
                "parameters: [{ name: a, in: query, schema: { $ref: '#/components/schemas/R' } }]\n      operationId:",
            )
            .replace("schemas: {}", "schemas: { R: { type: array, items: { $ref: '#/components/schemas/R' } } }"),
            "#/paths/~1a~1/get/parameters/0/schema",
            "contains itself",
        ),
        (
            fine.replace(
                "operationId:",
                "parameters: [{ name: a, in: query, schema: { $ref: '#/components/schemas/R' } }]\n      operationId:",
            )
            .replace("schemas: {}", "schemas: { R: { allOf: [{ $ref: '#/components/schemas/R' }] } }"),
            "#/paths/~1a~1/get/parameters/0/schema",
            "contains itself",
        ),
    ] {
        assert_error(&document, place, problem);
    }
}

#[test]
fn errors_of_invalid_operations_have_a_location_and_help() {
    let fine = document("{ type: string }", "  schemas: {}");
    for (document, place, problem) in [
        (fine.replace("flows_bindings_list", "flows_binding_lists"), "#/paths", "has no operation `flows_bindings_list`"),
        (
            fine.replace("operationId:", "security: [{ nobody: [] }]\n      operationId:"),
            "#/components/securitySchemes/nobody",
            "is not defined",
        ),
        (
            fine.replace("operationId:", "parameters: [{ name: a }]\n      operationId:"),
            "#/paths/~1a~1/get/parameters/0",
            "has no `name` or no `in`",
        ),
        (fine.replace("operationId:", "parameters: { name: a }\n      operationId:"), "#/paths/~1a~1/get/parameters", "is not a list"),
        (
            fine.replace("components:", "  /b/: { get: { operationId: flows_bindings_list, responses: {} } }\ncomponents:"),
            "#/paths/~1b~1/get",
            "which is taken by another operation",
        ),
        (fine.replace("version: '1'", "version: 1.10"), "#/info/version", "the number 1.1 instead of a string"),
    ] {
        assert_error(&document, place, problem);
    }
    let error = error_of(&fine.replace("flows_bindings_list", "flows_binding_lists"));
    assert!(error.contains("the nearest names are `flows_binding_lists`"), "{error}");
}

#[test]
fn errors_of_invalid_keywords_have_a_location_and_help() {
    for (document, place, problem) in [
        (document("just text", "  schemas: {}"), PLACE.into(), "is not a schema"),
        (document("{ type: [string, 'null'] }", "  schemas: {}"), format!("{PLACE}/type"), "cannot be [\"string\",\"null\"]"),
        (document("{ type: Foo }", "  schemas: {}"), format!("{PLACE}/type"), "cannot be \"Foo\""),
        (document("{ type: string, required: true }", "  schemas: {}"), format!("{PLACE}/required"), "cannot be true"),
        (document("{ oneOf: { a: b } }", "  schemas: {}"), format!("{PLACE}/oneOf"), "cannot be {"),
        (document("{ type: object, properties: [] }", "  schemas: {}"), format!("{PLACE}/properties"), "cannot be []"),
        (document("{ type: string, nullable: 'true' }", "  schemas: {}"), format!("{PLACE}/nullable"), "cannot be \"true\""),
    ] {
        assert_error(&document, &place, problem);
    }
}

#[test]
fn control_characters_are_rejected_outside_of_prose() {
    let fine = document("{ type: string }", "  schemas: {}");
    assert_error(&fine.replace("operationId:", "tags: [\"a\\nb\"]\n      operationId:"), "/get/tags/0", "contains a control character");
    assert_error(&fine.replace("operationId:", "summary: \"\\e[31m\"\n      operationId:"), "/get/summary", "contains a control character");
    let project = Project::new();
    let prose = project.write("document.yaml", &fine.replace("operationId:", "description: \"a\\nb\"\n      operationId:"));
    assert_eq!(project.xtask(&["slice", &prose]).code, 0);
}

#[test]
fn schemas_that_are_nested_too_deeply_are_an_error() {
    let mut schemas = "  schemas:\n".to_owned();
    for level in 0..1_000 {
        let _ = writeln!(schemas, "    C{level}: {{ type: array, items: {{ $ref: '#/components/schemas/C{}' }} }}", level + 1);
    }
    schemas += "    C1000: { type: array, items: { type: string } }\n";
    assert_error(
        &document("{ $ref: '#/components/schemas/C0' }", &schemas),
        "#/components/schemas/C",
        "arrays are nested more than 32 deep",
    );
}

/// The help is the last line, after the cause.
#[test]
fn an_unreadable_file_is_an_error_with_its_cause_and_help() {
    let project = Project::new();
    std::fs::remove_file(project.path().join("CHANGELOG.md")).unwrap();
    let document = project.path().join("openapi/flows_bindings_list.yaml");
    let error = project.xtask(&["sync", "--from", document.to_str().unwrap()]).err;
    let (problem, help) = error.trim_end().split_once('\n').unwrap();
    assert!(problem.starts_with("error: CHANGELOG.md: cannot be read: No such file"), "{error}");
    assert_eq!(help, "  help: restore it with `git checkout -- CHANGELOG.md`");
}

#[test]
fn a_base_that_looks_like_an_option_is_a_revision() {
    let project = Project::new();
    for (base, problem) in
        [("--base=", "a value is required"), ("--base=--output=stolen", "cannot be read at the revision `--output=stolen`")]
    {
        let outcome = project.xtask(&["sync", "--status", base]);
        assert!(outcome.code == 2 && outcome.err.contains(problem), "{}", outcome.err);
    }
    assert!(!project.path().join("stolen").exists());
}

#[test]
fn an_invalid_source_is_an_error() {
    for (source, problem) in [
        ("nowhere.yaml", "no such file"),
        ("2026.8", "name one of them, such as 2026.8.0"),
        ("http://auth.example.com", "use https"),
        ("2026.8.0-../../x", "no such file"),
        ("tests", "help: give a document that you may read"),
        ("https://", "help: write it as in https://"),
        ("file:///schema.yml", "give the path of the file, `/schema.yml`"),
        ("ftp://auth.example.com/schema.yml", "the scheme `ftp` is not supported"),
        ("https://me:secret@auth.example.com", "a URL with a user name or password"),
    ] {
        let outcome = xtask(&["slice", source]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.err.contains(problem) && !outcome.err.contains("secret"), "{}", outcome.err);
    }
}
