//! `cargo xtask expand`.

use assert_cmd::Command;

fn xtask(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_checked_in_document_is_expanded_to_the_reviewed_snapshot() {
    let (success, out, err) = xtask(&["expand"]);
    assert!(success && err.is_empty(), "{err}");
    let snapshot = std::fs::read_to_string("../tests/snapshots/codegen.snap").unwrap();
    assert_eq!(snapshot.split_once("---\n").and_then(|(_, rest)| rest.split_once("---\n")).unwrap().1.trim(), out.trim());
}

#[test]
fn notes_tell_what_another_document_has_not() {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let slice = std::fs::read_to_string("../openapi/flows_bindings_list.yaml").unwrap();
    let changed =
        slice.replace("          maxLength: 50\n", "").replace("          description: Name of the flow, for administrators.\n", "");
    std::fs::write(
        file.path(),
        changed
            .replace("          pattern: ^[-a-zA-Z0-9_]+$\n", "")
            .replace("          minimum: -2147483648\n          maximum: 2147483647\n", ""),
    )
    .unwrap();
    let (success, out, err) = xtask(&["expand", file.path().to_str().unwrap()]);
    assert!(success && out.contains("pub struct FlowStageBinding"));
    assert!(err.contains("note: the fixup `answers_are_not_validated` found nothing to do"), "{err}");
    assert!(err.contains("note: #/components/schemas/FlowSet/properties/name has no description"), "{err}");
}

#[test]
fn a_document_that_is_not_there_is_an_error_with_a_remedy() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["expand", "nowhere.yaml"]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err.contains("error: nowhere.yaml: the whole file: cannot be read") && err.contains("to mend it:"), "{err}");
}
