//! The workflows in `.github`: their permissions and actions, whether their commands exist, and what the weekly job does.
#![cfg(unix)]

use std::process::{Command, Output};

use crate::common::upstream::{schema, upstream};
use crate::common::{Project, slice};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

/// The workflows by their file names.
fn workflows() -> Vec<(String, Value)> {
    let files = std::fs::read_dir("../.github/workflows").unwrap().map(|entry| entry.unwrap().path());
    let workflow = |path: std::path::PathBuf| {
        let workflow =
            serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_name().unwrap().to_string_lossy().into_owned(), workflow)
    };
    let workflows = files.map(workflow).collect::<Vec<_>>();
    assert!(workflows.len() >= 3);
    workflows
}

fn jobs(workflow: &Value) -> impl Iterator<Item = &Value> {
    workflow["jobs"].as_object().unwrap().values()
}

fn steps(workflow: &Value) -> impl Iterator<Item = &Value> {
    jobs(workflow).flat_map(|job| job["steps"].as_array().unwrap())
}

/// The scripts of all steps, and the script of the gate.
fn scripts() -> Vec<(String, String)> {
    let each = |(file, workflow): (String, Value)| {
        let scripts = steps(&workflow).filter_map(|step| step["run"].as_str()).map(str::to_owned).collect::<Vec<_>>();
        scripts.into_iter().map(move |script| (file.clone(), script))
    };
    let gate = (".ci/run".to_owned(), std::fs::read_to_string("../.ci/run").unwrap());
    workflows().into_iter().flat_map(each).chain([gate]).collect()
}

fn bash(script: &str, more: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new("bash");
    command.args(["-e", "-c", script]).env("XTASK", env!("CARGO_BIN_EXE_xtask"));
    more(&mut command);
    command.output().unwrap()
}

#[test]
fn workflows_are_limited_and_pinned() {
    for (file, workflow) in workflows() {
        // YAML 1.1 reads the key `on` as a boolean, YAML 1.2 as text.
        assert!(workflow.get("on").or(workflow.get("true")).is_some(), "{file}");
        assert!(workflow["permissions"].is_object(), "{file}: a token has only the permissions that it needs");
        for job in jobs(&workflow) {
            assert!(job["runs-on"].is_string() && job["timeout-minutes"].is_u64(), "{file}: {job}");
        }
        for step in steps(&workflow) {
            assert!(step["run"].is_string() != step["uses"].is_string(), "{file}: {step}");
            if let Some(action) = step["uses"].as_str() {
                let (_, commit) = action.split_once('@').unwrap();
                assert!(commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()), "{file}: {action} is not pinned");
            }
        }
    }
    for (file, script) in scripts() {
        let output = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Every cargo command in a workflow has valid arguments.
#[test]
fn the_commands_of_workflows_exist() {
    const CARGO: &str = r#"cargo() { if [ "$1" = xtask ]; then shift; "$XTASK" "$@" --help; else command cargo "$@" --help; fi; }"#;
    let help = |call: &str| bash(&format!("{CARGO}\nbase=v0.1.0 FROM=2026.8.0 component=rustfmt\n{call}"), |_| {});
    let mut calls = Vec::new();
    for (file, script) in scripts() {
        for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some(at) = line.find("cargo ") else { continue };
            let call = line[at..].split(['>', '|']).next().unwrap().trim();
            let output = help(call);
            assert!(output.status.success(), "{file}: {call}: {}", String::from_utf8_lossy(&output.stderr));
            calls.push(call.to_owned());
        }
    }
    for expected in ["cargo xtask sync", "cargo xtask check", "cargo xtask release", "cargo publish"] {
        assert!(calls.iter().any(|call| call.starts_with(expected)), "{expected} is not in {calls:?}");
    }
    assert!(!help("cargo xtask sync --format markdwon").status.success() && !help("cargo xtask release --no-tag").status.success());
}

/// What the weekly job did.
struct Weekly {
    code: Option<i32>,
    /// The variables that its steps set for later steps.
    variables: String,
    report: String,
    /// The calls to `gh` that create an issue or a pull request.
    calls: Vec<String>,
}

/// Runs the scripts of the weekly job on a document, with the real `xtask`, and with a `gh` and a `git` that only record their
/// arguments.
fn weekly(project: &Project, from: &str) -> Weekly {
    const TOOLS: &str = r#"
cargo() { shift; "$XTASK" --root "$PWD" "$@"; }
gh() { case "$1 $2" in "issue list") echo 0;; "issue create" | "pr create") echo "gh $*" >> "$LOG";; esac; }
git() { case "$1" in describe | diff) return 1;; ls-remote) return 2;; esac; }
"#;
    let (_, workflow) = workflows().into_iter().find(|(file, _)| file == "drift.yml").unwrap();
    for file in ["env", "summary", "log", "report.md"] {
        project.write(file, "");
    }
    let run = |script: &str, from: &str| {
        bash(&format!("set -o pipefail\n{TOOLS}\n{script}"), |command| {
            let path = |file: &str| project.path().join(file);
            command.current_dir(project.path()).env("FROM", from).env("RUNNER_TEMP", project.path());
            command.env("GITHUB_ENV", path("env")).env("GITHUB_STEP_SUMMARY", path("summary")).env("LOG", path("log"));
        })
    };
    let mut code = Some(0);
    for step in steps(&workflow).filter(|step| step["run"].is_string()) {
        let is_wanted = step["if"].as_str().is_none_or(|condition| {
            let (variable, value) = condition.split_once(" == ").unwrap();
            let line = format!("{}={}", variable.trim_start_matches("env."), value.trim_matches('\''));
            project.read("env").lines().any(|known| known == line)
        });
        if is_wanted && code == Some(0) {
            code = run(step["run"].as_str().unwrap(), from).status.code();
        }
    }
    let calls = project.read("log").lines().map(str::to_owned).collect();
    Weekly { code, variables: project.read("env"), report: project.read("report.md"), calls }
}

#[test]
fn the_weekly_job_opens_a_pull_request_or_an_issue() {
    let project = Project::new();
    let change = schema("DeniedActionEnum", &json!({ "enum": ["message_continue", "message", "continue", "retry"] }));
    let file = project.write("upstream.yaml", &upstream("2025.8.0", &change));
    let Weekly { code, variables, report, calls } = weekly(&project, &file);
    assert_eq!((code, variables.lines().last()), (Some(0), Some("CODE=0")));
    assert!(report.contains("- [ ] ") && report.contains("enum-value-added"), "{report}");
    assert!(calls.len() == 1 && calls[0].starts_with("gh pr create --title Sync with authentik 2025.8.0 --body-file "), "{calls:?}");

    let project = Project::new();
    let mut document = slice();
    document["paths"] = json!({});
    let file = project.write("upstream.yaml", &document.to_string());
    let Weekly { code, variables, report, calls } = weekly(&project, &file);
    assert_eq!((code, variables.lines().last()), (Some(0), Some("CODE=1")));
    assert!(report.contains("no longer has flows_bindings_list: nothing was written"), "{report}");
    assert!(calls.len() == 1 && calls[0].starts_with("gh issue create --title authentik "), "{calls:?}");

    let Weekly { code, calls, .. } = weekly(&project, "nowhere.yaml");
    assert_eq!((code, calls), (Some(2), Vec::<String>::new()), "a sync that cannot run fails the job");
}
