//! Upstream documents for the tests of `sync`, and functions to sync a project from them.

use std::process::Command;

use serde_json::{Value, json};

use super::{Project, merge, slice};

/// An upstream document: the slice with another release number, and with a change (a JSON merge patch).
pub fn upstream(release: &str, change: &Value) -> String {
    let mut document = slice();
    without_ours(&mut document);
    document["info"]["version"] = release.into();
    merge(&mut document, change);
    serde_yaml::to_string(&document).unwrap()
}

pub fn without_ours(node: &mut Value) {
    match node {
        Value::Object(map) => {
            map.retain(|key, value| !(key.starts_with("x-") || key == "description" && value.is_string()));
            map.values_mut().for_each(without_ours);
        }
        Value::Array(items) => items.iter_mut().for_each(without_ours),
        _ => {}
    }
}

pub fn schema(component: &str, change: &Value) -> Value {
    json!({ "components": { "schemas": { component: change } } })
}

/// Syncs a project from a document.
pub fn sync(project: &Project, document: &str, more: &[&str]) -> (i32, Value) {
    let file = project.write("upstream.yaml", document);
    let outcome = project.xtask(&[&["sync", "--from", &file, "--format", "json"], more].concat());
    assert!(outcome.code < 2, "{}", outcome.err);
    (outcome.code, serde_json::from_str(&outcome.out).unwrap())
}

/// The version of the crate in a project.
pub fn version(project: &Project) -> String {
    let manifest: toml_edit::DocumentMut = project.read("Cargo.toml").parse().unwrap();
    manifest["package"]["version"].as_str().unwrap().to_owned()
}

/// The first follow-up of a kind.
pub fn follow_up<'a>(report: &'a Value, id: &str) -> &'a Value {
    let found = report["follow_ups"].as_array().unwrap().iter().find(|follow_up| follow_up["id"] == id);
    found.unwrap_or_else(|| panic!("no follow-up {id} in {:#}", report["follow_ups"]))
}

/// A project in a git repository, with Rust code that uses the generated items.
pub fn repository(rust: &str) -> Project {
    let project = Project::new();
    std::fs::create_dir(project.path().join("src")).unwrap();
    project.write("src/flows.rs", rust);
    for arguments in
        [&["init", "-q"][..], &["add", "."], &["-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qm", "Release"]]
    {
        assert!(Command::new("git").args(arguments).current_dir(project.path()).status().unwrap().success());
    }
    project
}
