//! `cargo xtask release`: what it refuses.

mod common;

use std::process::Command;

use common::upstream::{schema, sync, upstream};
use common::{FILES, Outcome, Project};
use serde_json::json;

fn git(project: &Project, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "tag.gpgsign=false"];
    assert!(Command::new("git").args(identity).args(arguments).current_dir(project.path()).status().unwrap().success());
}

/// A project in a repository whose Cargo.toml has these links.
fn repository(link: &str) -> Project {
    let project = Project::new();
    let mut manifest: toml_edit::DocumentMut = project.read("Cargo.toml").parse().unwrap();
    for key in ["repository", "homepage", "documentation"] {
        manifest["package"][key] = toml_edit::value(link);
    }
    project.write("Cargo.toml", &manifest.to_string());
    git(&project, &["init", "-q"]);
    commit(&project);
    project
}

fn commit(project: &Project) {
    git(project, &["add", "."]);
    git(project, &["commit", "-qm", "Change"]);
}

fn release(project: &Project) -> Outcome {
    project.xtask(&["release", "--dry-run"])
}

const LINK: &str = "https://github.com/bindings/authentik-flow-bindings";

#[test]
fn a_release_that_is_ready_goes_on_to_the_gate() {
    let project = repository(LINK);
    let outcome = release(&project);
    assert!(outcome.out.starts_with("0.1.0+authentik.2025.6.4: files, version and changelog are ready\n--- format: "), "{}", outcome.out);
}

#[test]
fn placeholders_are_refused() {
    for link in ["https://example.com/x", "https://github.com/OWNER/authentik-flow-bindings", "TODO", ""] {
        let outcome = release(&repository(link));
        assert_eq!(outcome.code, 1, "{link}");
        for key in ["repository", "homepage", "documentation"] {
            assert!(outcome.out.contains(&format!("- Cargo.toml: `{key}` is {link:?}\n  help: ")), "{}", outcome.out);
        }
    }
}

#[test]
fn everything_that_stands_in_the_way_is_listed_at_once() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.1.0"]);
    let change = schema("DeniedActionEnum", &json!({ "enum": ["message_continue", "message", "continue", "retry"] }));
    sync(&project, &upstream("2025.8.0", &change), &[]);
    project.write(FILES[4], &project.read(FILES[4]).replace("## 0.1.1", "## 0.1.2"));
    let outcome = release(&project);
    assert_eq!(outcome.code, 1);
    for problem in [
        "CHANGELOG.md: newest entry is 0.1.2+authentik.2025.8.0, expected 0.1.1+authentik.2025.8.0",
        "the working tree has changes that are not committed",
        "`sha256` in openapi/upstream.toml is empty",
        "the value \"retry\" is new",
    ] {
        assert!(outcome.out.contains(problem), "{problem} is not in: {}", outcome.out);
    }
}

#[test]
fn a_version_must_count_up_as_much_as_the_rust_changed() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.1.0"]);
    let document = upstream("2026.2.0", &json!({})).replace("/Stage'", "/StageModel'").replace("    Stage:", "    StageModel:");
    sync(&project, &document, &[]);
    for file in [FILES[2], FILES[3], FILES[4]] {
        project.write(file, &project.read(file).replace("0.2.0+authentik", "0.1.1+authentik"));
    }
    commit(&project);
    let outcome = release(&project);
    let problem = "the version is 0.1.1+authentik.2026.2.0, but the generated Rust has major changes since v0.1.0, which needs 0.2.0";
    assert!(outcome.code == 1 && outcome.out.contains(problem), "{}", outcome.out);
}

#[test]
fn a_version_is_released_once() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.1.0"]);
    project.write("notes.txt", "More.");
    commit(&project);
    let outcome = release(&project);
    assert!(outcome.code == 1 && outcome.out.contains("the tag v0.1.0 exists, on another commit"), "{}", outcome.out);
}
