//! `cargo xtask expand`.

use crate::common::{Project, SLICE, has_line_and_column, merge, slice, xtask, xtask_here};
use serde_json::{Value, json};

#[test]
fn the_checked_in_slice_expands_to_the_reviewed_file() {
    let outcome = xtask_here(&["expand"]);
    assert!(outcome.code == 0 && outcome.err.is_empty(), "{}", outcome.err);
    let reviewed = std::fs::read_to_string("../openapi/flows_bindings_list.rs").unwrap();
    assert!(reviewed.ends_with(&outcome.out), "run `cargo xtask expand --write`, and review the difference");
}

#[test]
fn notes_list_what_a_document_lacks() {
    let mut document = std::fs::read_to_string(SLICE).unwrap();
    for line in [
        "          maxLength: 50\n",
        "          pattern: ^[-a-zA-Z0-9_]+$\n",
        "          minimum: -2147483648\n          maximum: 2147483647\n",
        "          description: Name of the flow, for administrators.\n",
    ] {
        assert!(document.contains(line), "{line}");
        document = document.replace(line, "");
    }
    let project = Project::new();
    let outcome = project.xtask(&["expand", &project.write("document.yaml", &document)]);
    assert!(outcome.code == 0 && outcome.out.contains("pub struct FlowStageBinding"));
    assert!(outcome.err.contains("note: the fixup `responses_are_not_validated` is not needed"), "{}", outcome.err);
    assert!(outcome.err.contains("note: #/components/schemas/FlowSet: 1 description is missing"), "{}", outcome.err);
}

#[test]
fn a_missing_document_is_an_error_with_help() {
    let outcome = xtask(&["expand", "nowhere.yaml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("error: `nowhere.yaml`: no such file\n  help: give a file, "), "{}", outcome.err);
}

/// Changes to the schemas that make a document unsupported, with the pointer and the problem that are reported.
fn unsupported() -> Vec<(Value, &'static str, &'static str)> {
    let row = json!({ "$ref": "#/components/schemas/FlowStageBinding" });
    let results = |results: Value| json!({ "PaginatedFlowStageBindingList": { "properties": { "results": results } } });
    vec![
        (
            results(json!({ "nullable": true })),
            "#/components/schemas/PaginatedFlowStageBindingList/properties/results",
            "`results` of a page cannot be nullable",
        ),
        (
            results(json!({ "type": "object", "items": null, "additionalProperties": row })),
            "#/paths/~1flows~1bindings~1/get/x-listing",
            "the operation is not a list",
        ),
        (
            results(json!({ "items": { "$ref": null, "allOf": [row], "nullable": true } })),
            "#/components/schemas/PaginatedFlowStageBindingList/properties/results",
            "the rows of a page cannot be nullable",
        ),
        (
            json!({ "FlowStageBinding": { "nullable": true } }),
            "#/components/schemas/PaginatedFlowStageBindingList/properties/results",
            "the rows of a page cannot be nullable",
        ),
        (
            json!({ "PaginatedFlowStageBindingList": { "nullable": true } }),
            "#/components/schemas/PaginatedFlowStageBindingList/nullable",
            "the page of a list operation cannot be nullable as a component",
        ),
        (
            json!({ "Stage": { "nullable": true } }),
            "#/components/schemas/Stage/nullable",
            "a model with `x-aliases` or `x-default-when-absent` cannot be nullable",
        ),
    ]
}

/// Unsupported constructs are errors with a pointer; `diff` reports the changes with an unknown Rust verdict.
#[test]
fn unsupported_documents_cause_an_error_and_not_a_panic() {
    for (schemas, place, problem) in unsupported() {
        let project = Project::new();
        let mut document = slice();
        merge(&mut document["components"]["schemas"], &schemas);
        let file = project.write("document.yaml", &serde_yaml::to_string(&document).unwrap());
        let outcome = project.xtask(&["expand", &file]);
        assert_eq!(outcome.code, 2, "{problem}: {}", outcome.err);
        for part in [format!("{place}: "), problem.to_owned(), "\n  help: ".to_owned()] {
            assert!(outcome.err.contains(&part), "{part} is not in: {}", outcome.err);
        }
        assert!(has_line_and_column(&outcome.err, "document.yaml"), "{}", outcome.err);
        let diff = crate::common::diff(SLICE.as_ref(), file.as_ref(), &[]);
        assert!(has_line_and_column(diff["rust"]["not_compared"].as_str().unwrap(), "document.yaml"), "{}", diff["rust"]);
        assert!(!diff["changes"].as_array().unwrap().is_empty(), "{problem}");
        assert!(diff["rust"]["bump"].is_null(), "{problem}");
        assert!(diff["rust"]["not_compared"].as_str().unwrap().contains(problem), "{}", diff["rust"]);
    }
}

#[test]
fn a_component_may_begin_with_a_digit() {
    let mut document = slice();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    let stage = schemas.remove("Stage").unwrap();
    schemas.insert("2FAStage".into(), stage);
    let document = document.to_string().replace("#/components/schemas/Stage\"", "#/components/schemas/2FAStage\"");
    let project = Project::new();
    let file = project.write("document.yaml", &document);
    let outcome = project.xtask(&["expand", &file]);
    assert!(outcome.code == 0 && outcome.out.contains("pub struct X2faStage {"), "{}", outcome.err);
}
