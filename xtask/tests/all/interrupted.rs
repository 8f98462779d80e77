//! Syncs that are killed, that run concurrently, and that start from an inconsistent state.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::upstream::{follow_up, schema, sync, upstream, version};
use crate::common::{FILES, Project};
use pretty_assertions::assert_eq;
use serde_json::json;

fn with_value(release: &str, value: &str) -> String {
    let values = ["message_continue", "message", "continue", value];
    upstream(release, &schema("DeniedActionEnum", &json!({ "enum": values })))
}

fn start(project: &Project, document: &str) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("--root").arg(project.path()).args(["sync", "--from", document]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Kills a sync after a random time, runs the next command, and expects all files to be old or all to be new. Returns how often the
/// kill left something for the next command to do.
fn kill_syncs(times: usize) -> usize {
    let project = Project::new();
    let document = project.write("upstream.yaml", &with_value("2025.8.0", "retry"));
    let (old, count) = (project.contents(), project.count());
    let started = Instant::now();
    assert!(start(&project, &document).wait().unwrap().success());
    let whole = started.elapsed();
    let new = project.contents();
    assert_ne!(old, new);

    let mut random = fastrand::Rng::with_seed(7);
    let mut interrupted = 0;
    for round in 0..times {
        for (file, text) in FILES.iter().zip(&old) {
            project.write(file, text);
        }
        // The files are written at the end, so most kills should happen then.
        let fraction = if round % 4 == 0 { random.f64() } else { 0.8 + 0.4 * random.f64() };
        let mut process = start(&project, &document);
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * fraction));
        process.kill().unwrap();
        process.wait().unwrap();
        interrupted += usize::from(project.path().join(".sync").exists());

        let outcome = project.xtask(&["sync", "--check", "--from", &document]);
        let expected = if outcome.code == 0 { &new } else { &old };
        assert!(outcome.code < 2, "round {round}: {}", outcome.err);
        assert_eq!(&project.contents(), expected, "round {round}");
        assert_eq!(project.count(), count, "round {round}: something is left over");
    }
    interrupted
}

#[test]
fn a_sync_that_is_killed_leaves_all_files_old_or_all_new() {
    kill_syncs(8);
}

/// `cargo test --package xtask --test all -- --ignored kills --nocapture`
#[test]
#[ignore = "takes minutes"]
fn a_thousand_kills() {
    println!("1,000 kills, {} of them while files were being written: no mix of old and new files, nothing left over", kill_syncs(1000));
}

#[test]
fn one_of_two_concurrent_syncs_is_rejected() {
    for _ in 0..5 {
        let project = Project::new();
        let documents = [("a.yaml", "2025.8.0", "retry"), ("b.yaml", "2025.10.0", "stop")]
            .map(|(file, release, value)| project.write(file, &with_value(release, value)));
        let running = documents.each_ref().map(|document| start(&project, document));
        let outcomes = running.map(|process| process.wait_with_output().unwrap());
        let succeeded = outcomes.iter().filter(|outcome| outcome.status.success()).count();
        assert!(succeeded > 0);
        for outcome in outcomes.iter().filter(|outcome| !outcome.status.success()) {
            let error = String::from_utf8_lossy(&outcome.stderr);
            assert!(
                outcome.status.code() == Some(2) && error.contains("another `cargo xtask sync` is running in this repository"),
                "{error}"
            );
        }
        assert_eq!(project.read("CHANGELOG.md").matches("\n## ").count(), 1 + succeeded, "one entry for each sync");
        // The files agree, regardless of which sync was last.
        assert!(project.xtask(&["sync", "--check", "--from", &documents[0]]).code < 2);
    }
}

#[test]
fn a_mix_of_old_and_new_files_is_not_up_to_date() {
    let old = Project::new().contents();
    for (file, text) in FILES.iter().zip(&old) {
        let project = Project::new();
        let document = with_value("2025.8.0", "retry");
        sync(&project, &document, &[]);
        project.write(file, text);
        let outcome = project.xtask(&["sync", "--from", project.path().join("upstream.yaml").to_str().unwrap()]);
        if *file == FILES[5] {
            assert!(outcome.code == 0 && outcome.out.starts_with("wrote openapi/flows_bindings_list.rs"), "{}", outcome.out);
            continue;
        }
        assert_eq!(outcome.code, 2, "{file}: {}", outcome.out);
        assert!(outcome.err.contains("the files of an earlier sync are inconsistent") && outcome.err.contains("--base"), "{}", outcome.err);
    }
}

/// A project in a git repository with the tag `v0.1.0`.
fn repository() -> Project {
    let project = Project::new();
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qm", "Release"],
        &["-c", "tag.gpgsign=false", "tag", "v0.1.0"],
    ] {
        assert!(Command::new("git").args(arguments).current_dir(project.path()).status().unwrap().success());
    }
    project
}

#[test]
fn a_second_sync_before_a_release_replaces_the_first() {
    let project = repository();
    sync(&project, &with_value("2025.8.0", "retry"), &[]);
    let (_, report) = sync(&project, &with_value("2025.10.0", "stop"), &["--base", "v0.1.0"]);
    assert_eq!(report["version"], json!({ "old": "0.1.0+authentik.2025.6.4", "new": "0.1.1+authentik.2025.10.0" }));
    assert_eq!(version(&project), "0.1.1+authentik.2025.10.0");
    let changelog = project.read("CHANGELOG.md");
    assert!(changelog.contains("authentik 2025.10.0, previously 2025.6.4") && !changelog.contains("2025.8.0"), "{changelog}");
    let (code, report) = sync(&project, &with_value("2025.10.0", "stop"), &["--base", "v0.1.0", "--check"]);
    assert_eq!((code, &report["files"]), (0, &json!([])), "the same sync again changes nothing");

    // Back to the released document: nothing remains of either sync.
    sync(&project, &upstream("2025.6.4", &json!({})), &["--base", "v0.1.0"]);
    assert_eq!([version(&project).as_str(), &project.read("CHANGELOG.md")], ["0.1.0+authentik.2025.6.4", &Project::new().contents()[4]]);
}

/// A sync keeps what people wrote in the entry of the next version.
#[test]
fn a_second_sync_keeps_what_people_wrote_into_the_changelog() {
    let project = repository();
    sync(&project, &with_value("2025.8.0", "retry"), &[]);
    let changelog = project.read("CHANGELOG.md");
    let written = changelog.replace("\n## 0.1.0", "\n- FEATURE: written by hand.\n  In two lines.\n\n## 0.1.0").replacen(
        "\n\n<!-- ",
        "\n\nFirst of all.\n\n<!-- ",
        1,
    );
    let written = written.replace("the first version", "the very first version");
    project.write("CHANGELOG.md", &written);
    sync(&project, &with_value("2025.10.0", "stop"), &[]);
    let (_, report) = sync(&project, &with_value("2025.10.0", "stop"), &["--base", "v0.1.0"]);
    assert_eq!(report["version"]["new"], "0.1.1+authentik.2025.10.0");
    let changelog = project.read("CHANGELOG.md");
    let own = "<!-- write your own lines below -->\n\nFirst of all.\n\n- FEATURE: written by hand.\n  In two lines.\n\n## 0.1.0";
    assert!(changelog.contains(own) && changelog.contains("the very first version"), "{changelog}");
    assert!(changelog.matches("\n## ").count() == 2 && !changelog.contains("2025.8.0"), "{changelog}");
    let (code, report) = sync(&project, &with_value("2025.10.0", "stop"), &["--base", "v0.1.0", "--check"]);
    assert_eq!((code, &report["files"]), (0, &json!([])), "the same sync again changes nothing");

    // Back to the released document: the handwritten lines still need a new version.
    let (_, report) = sync(&project, &upstream("2025.6.4", &json!({})), &["--base", "v0.1.0"]);
    assert_eq!([&report["version"]["new"], &report["diff"]], [&json!("0.1.1+authentik.2025.6.4"), &json!(null)]);
    let changelog = project.read("CHANGELOG.md");
    assert!(changelog.contains("\n## 0.1.1+authentik.2025.6.4\n\nFirst of all.\n\n- FEATURE: written by hand.\n"), "{changelog}");
    let (code, _) = sync(&project, &upstream("2025.6.4", &json!({})), &["--base", "v0.1.0", "--check"]);
    assert_eq!(code, 0);
    project.write("CHANGELOG.md", &changelog.replace("\n## 0.1.0+", "\n## 0.1.0 +"));
    let lost = project.xtask(&["sync", "--check", "--base", "v0.1.0", "--from", project.path().join("upstream.yaml").to_str().unwrap()]);
    assert!(lost.code == 2 && lost.err.contains("CHANGELOG.md: no entry begins with `## 0.1.0+authentik.2025.6.4`"), "{}", lost.err);
}

#[test]
fn a_base_completes_a_mix_of_old_and_new_files_and_includes_later_annotations() {
    let project = repository();
    let required = ["component", "label", "meta_model_name", "name", "pk", "verbose_name_plural"];
    let change = json!({ "properties": { "verbose_name": null, "label": { "type": "string" } }, "required": required });
    let document = upstream("2026.8.0", &schema("Stage", &change));
    let (_, report) = sync(&project, &document, &[]);
    assert_eq!(follow_up(&report, "required-since")["fix"]["value"], json!(["verbose_name"]));
    let pointer = "#/components/schemas/Stage/properties/label";
    let unknown = project.xtask(&["sync", "--apply", "#/nowhere", "--base", "v0.1.0"]);
    assert!(unknown.code == 2 && unknown.err.contains("#/nowhere: there is no fix for this pointer\n  help: "), "{}", unknown.err);
    let applied = project.xtask(&["sync", "--apply", pointer, "--base", "v0.1.0"]);
    assert!(applied.code == 1 && !applied.out.contains("[required-since]"), "{}{}", applied.out, applied.err);
    assert!(applied.out.contains("CHANGELOG.md does not match the changes since v0.1.0 [version-outdated]"), "{}", applied.out);
    assert!(project.read(FILES[0]).contains("        label:\n          type: string\n          x-aliases:\n          - verbose_name\n"));
    assert!(project.read(FILES[5]).contains("\"verbose_name\""), "the Rust decodes both names");
    // The manifest was restored by mistake.
    project.write("Cargo.toml", &Project::new().read("Cargo.toml"));
    let (_, report) = sync(&project, &document, &["--base", "v0.1.0"]);
    assert_eq!(report["version"]["new"], "0.2.0+authentik.2026.8.0");
    assert_eq!(version(&project), "0.2.0+authentik.2026.8.0");
    let changelog = project.read("CHANGELOG.md");
    assert!(!changelog.contains("0.2.0 fails on authentik 2025.6.4"), "the alias corrects the entry: {changelog}");
    let status = project.xtask(&["sync", "--status", "--base", "v0.1.0"]).out;
    assert!(!status.contains("[version-outdated]"), "{status}");

    let outcome = project.xtask(&["sync", "--base", "v9", "--from", project.path().join("upstream.yaml").to_str().unwrap()]);
    assert!(outcome.code == 2 && outcome.err.contains("cannot be read at the revision `v9`"), "{}", outcome.err);
}

#[test]
fn line_endings_of_a_checkout_are_kept() {
    let project = Project::new();
    for (file, text) in FILES.iter().zip(project.contents()) {
        project.write(file, &text.replace('\n', "\r\n"));
    }
    let (code, report) = sync(&project, &upstream("2025.6.4", &json!({})), &["--check"]);
    assert_eq!((code, &report["files"]), (0, &json!([])));
    sync(&project, &with_value("2025.8.0", "retry"), &[]);
    for (file, text) in FILES.iter().zip(project.contents()) {
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{file}");
    }
    assert_eq!(version(&project), "0.1.1+authentik.2025.8.0");
}

#[test]
fn a_dry_run_prints_a_patch_that_makes_the_same_files() {
    let project = Project::new();
    let before = project.contents();
    let document = with_value("2025.8.0", "retry");
    let (code, report) = sync(&project, &document, &["--dry-run"]);
    assert_eq!((code, &report["written"], &project.contents()), (0, &json!(false), &before));
    let patch = project.write("change.patch", report["patch"].as_str().unwrap());
    assert!(Command::new("git").args(["apply", &patch]).current_dir(project.path()).status().unwrap().success());
    let patched = project.contents();

    let other = Project::new();
    sync(&other, &document, &[]);
    assert_eq!(patched, other.contents());
}

#[test]
fn a_patch_is_colored_on_request() {
    let project = Project::new();
    let document = project.write("upstream.yaml", &with_value("2025.8.0", "retry"));
    for (environment, colored) in
        [(&[][..], false), (&[("CLICOLOR_FORCE", "1")], true), (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false)]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--root").arg(project.path()).args(["sync", "--dry-run", "--from", &document]);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("CLICOLOR").envs(environment.iter().copied());
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(output.contains("+release = \"2025.8.0\""), "{output}");
        assert_eq!(output.contains('\u{1b}'), colored, "{environment:?}");
    }
}

/// A pre-release lacked a property that the final release has.
#[test]
fn annotations_of_the_base_survive_an_unreleased_sync_without_their_property() {
    let project = repository();
    let required =
        json!(["pk", "policybindingmodel_ptr_id", "name", "slug", "title", "designation", "cache_count", "policies", "export_url"]);
    let without = schema("FlowSet", &json!({ "properties": { "background": null }, "required": required }));
    sync(&project, &upstream("2025.8.0-rc1", &without), &[]);
    assert!(!project.read(FILES[0]).contains("x-signed-link"));
    let (_, report) = sync(&project, &upstream("2025.8.0", &json!({})), &["--base", "v0.1.0"]);
    let slice = project.read(FILES[0]);
    assert!(slice.contains("x-signed-link: true") && slice.contains("- background_url"), "{slice}");
    let old = Project::new().read(FILES[0]).replace("version: 2025.6.4", "version: 2025.8.0");
    assert_eq!(slice, old, "{report}");
}
