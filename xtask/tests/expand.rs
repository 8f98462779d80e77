//! `cargo xtask expand`.

mod common;

use common::{Project, SLICE, xtask, xtask_here};

#[test]
fn the_checked_in_slice_expands_to_the_reviewed_file() {
    let outcome = xtask_here(&["expand"]);
    assert!(outcome.code == 0 && outcome.err.is_empty(), "{}", outcome.err);
    let reviewed = std::fs::read_to_string("../openapi/flows_bindings_list.rs").unwrap();
    assert!(reviewed.ends_with(&outcome.out), "run `cargo xtask expand --write`, and review the difference");
}

#[test]
fn notes_say_what_another_document_lacks() {
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
    assert!(outcome.err.contains("note: #/components/schemas/FlowSet/properties/name has no description"), "{}", outcome.err);
}

#[test]
fn a_missing_document_is_an_error_with_help() {
    let outcome = xtask(&["expand", "nowhere.yaml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("error: `nowhere.yaml`: there is no such file\n  help: give a file, "), "{}", outcome.err);
}
