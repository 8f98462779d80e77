//! `cargo xtask release`: problems that prevent a release, and the checks before the tag.

use std::process::Command;

use crate::common::upstream::{schema, sync, upstream};
use crate::common::{FILES, Outcome, Project};
use serde_json::json;

fn git(project: &Project, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "tag.gpgsign=false"];
    assert!(Command::new("git").args(identity).args(arguments).current_dir(project.path()).status().unwrap().success());
}

/// A project in a git repository whose Cargo.toml has this link everywhere.
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
fn a_release_that_is_ready_proceeds_to_the_gate() {
    let project = repository(LINK);
    let outcome = release(&project);
    assert!(outcome.out.starts_with("0.1.0+authentik.2025.6.4: files, version and changelog are ready\n--- format\n"), "{}", outcome.out);
}

#[test]
fn placeholders_are_rejected() {
    for link in ["https://example.com/x", "https://github.com/OWNER/authentik-flow-bindings", "TODO", ""] {
        let outcome = release(&repository(link));
        assert_eq!(outcome.code, 1, "{link}");
        for key in ["repository", "homepage", "documentation"] {
            assert!(outcome.out.contains(&format!("- Cargo.toml: `{key}` is {link:?}\n  help: ")), "{}", outcome.out);
        }
    }
}

#[test]
fn all_obstacles_are_listed_at_once() {
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
fn a_version_must_increase_as_much_as_the_rust_changed() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.1.0"]);
    let document = upstream("2026.2.0", &json!({})).replace("/Stage'", "/StageModel'").replace("    Stage:", "    StageModel:");
    sync(&project, &document, &[]);
    for file in [FILES[2], FILES[3], FILES[4]] {
        project.write(file, &project.read(file).replace("0.2.0+authentik", "0.1.1+authentik"));
    }
    commit(&project);
    let outcome = release(&project);
    let problem = "the version is 0.1.1+authentik.2026.2.0, but the generated Rust has major changes since v0.1.0, which need 0.2.0";
    assert!(outcome.code == 1 && outcome.out.contains(problem), "{}", outcome.out);
}

#[test]
fn a_version_is_released_once() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.1.0"]);
    project.write("notes.txt", "More.");
    commit(&project);
    let outcome = release(&project);
    assert!(outcome.code == 1 && outcome.out.contains("the tag v0.1.0 already exists, on another commit"), "{}", outcome.out);
}

/// A fake `cargo` that records its arguments, and fails if they contain `failing`.
#[cfg(unix)]
fn release_with_fake_cargo(project: &Project, more: &[&str], failing: &str) -> (Outcome, Vec<String>) {
    use std::os::unix::fs::PermissionsExt;
    let tools = tempfile::TempDir::new().unwrap();
    let (script, log) = (tools.path().join("cargo"), tools.path().join("log"));
    let text = format!("#!/bin/sh\necho \"$*\" >> {}\ncase \"$*\" in *{failing}*) exit 1;; esac\n", log.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.arg("--root").arg(project.path()).arg("release").args(more).env("CARGO", &script).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let outcome = Outcome { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
    (outcome, std::fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect())
}

#[cfg(unix)]
#[test]
fn a_missing_cargo_semver_checks_is_reported_before_the_gate_runs() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.0.9"]);
    let (outcome, calls) = release_with_fake_cargo(&project, &["--dry-run"], "semver-checks");
    assert_eq!((outcome.code, calls), (1, vec!["semver-checks --version".to_owned()]));
    assert!(
        outcome.out.contains("cargo-semver-checks is not installed\n  help: cargo install --locked cargo-semver-checks"),
        "{}",
        outcome.out
    );
}

#[cfg(unix)]
#[test]
fn a_release_that_fails_the_gate_is_not_tagged() {
    let project = repository(LINK);
    let (outcome, calls) = release_with_fake_cargo(&project, &[], "clippy");
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    assert!(!calls.iter().any(|call| call.starts_with("publish")), "{calls:?}");
    let tags = Command::new("git").arg("tag").current_dir(project.path()).output().unwrap();
    assert_eq!(String::from_utf8(tags.stdout).unwrap(), "");
}

/// Checks the steps after the gate, and that only a dry run can skip the gate.
#[cfg(unix)]
#[test]
fn after_the_gate_the_package_and_the_public_api_are_checked() {
    let project = repository(LINK);
    git(&project, &["tag", "v0.1.0"]);
    sync(&project, &upstream("2025.8.0", &json!({})), &[]);
    project.write(FILES[1], &project.read(FILES[1]).replace("sha256 = \"\"", "sha256 = \"0\""));
    commit(&project);
    let steps = ["publish --dry-run --locked", "semver-checks --package authentik-flow-bindings --baseline-rev v0.1.0"];
    for (failing, code, count) in [("nothing", 0, 2), ("publish", 1, 1), ("baseline", 1, 2)] {
        let (outcome, calls) = release_with_fake_cargo(&project, &["--dry-run", "--skip-gate"], failing);
        assert_eq!((outcome.code, &calls[1..]), (code, &steps.map(str::to_owned)[..count]), "{}{}", outcome.out, outcome.err);
        assert_eq!(outcome.out.contains("0.1.1+authentik.2025.8.0 can be released if the gate passes"), code == 0, "{}", outcome.out);
    }
    let (outcome, calls) = release_with_fake_cargo(&project, &["--skip-gate"], "nothing");
    assert!(outcome.code == 2 && calls.is_empty() && outcome.err.contains("--dry-run"), "{}", outcome.err);
    let tags = Command::new("git").arg("tag").current_dir(project.path()).output().unwrap();
    assert_eq!(String::from_utf8(tags.stdout).unwrap(), "v0.1.0\n", "a dry run tags nothing");
}
