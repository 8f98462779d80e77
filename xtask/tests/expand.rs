//! `cargo xtask expand`.

mod common;

use common::{Project, SLICE, xtask, xtask_here};

#[test]
fn the_checked_in_document_is_expanded_to_the_reviewed_snapshot() {
    let outcome = xtask_here(&["expand"]);
    assert!(outcome.code == 0 && outcome.err.is_empty(), "{}", outcome.err);
    let snapshot = std::fs::read_to_string("../tests/snapshots/codegen.snap").unwrap();
    let reviewed = snapshot.split_once("---\n").and_then(|(_, rest)| rest.split_once("---\n")).unwrap().1;
    assert!(reviewed.trim() == outcome.out.trim(), "`cargo insta review` shows the difference");
}

#[test]
fn notes_tell_what_another_document_has_not() {
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
    assert!(outcome.err.contains("note: the fixup `answers_are_not_validated` is not needed"), "{}", outcome.err);
    assert!(outcome.err.contains("note: #/components/schemas/FlowSet/properties/name has no description"), "{}", outcome.err);
}

#[test]
fn a_document_that_is_not_there_is_an_error_with_a_remedy() {
    let outcome = xtask(&["expand", "nowhere.yaml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("error: `nowhere.yaml`: there is no such file\n  help: give a file, "), "{}", outcome.err);
}
