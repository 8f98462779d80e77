//! The pairs of documents in `changes.yaml`.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::merge;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(rename = "case")]
    pub name: String,
    #[serde(default)]
    old: Patches,
    #[serde(default)]
    new: Patches,
    /// Rule, level, pointer, wire verdicts (old client with new server, new client with old server), Rust verdict, and the affected calls
    /// unless all calls are affected.
    pub changes: Vec<Vec<Option<String>>>,
    /// The Rust verdict of all changes together, if it is higher than the verdict of every single change.
    pub rust: Option<String>,
    /// Whether `diff/wire.rs` checks the wire verdicts by decoding random responses.
    #[serde(default = "yes")]
    pub experiment: bool,
}

impl Case {
    /// Whether all changes affect success responses.
    pub fn is_about_responses(&self) -> bool {
        self.changes.iter().all(|row| row[0].as_deref().is_some_and(|rule| rule.starts_with("response-")))
    }
}

fn yes() -> bool {
    true
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Patches {
    thing: Value,
    schemas: Value,
    get: Value,
    root: Value,
}

/// A case with its two documents on disk.
pub struct Pair {
    pub case: Case,
    pub old: PathBuf,
    pub new: PathBuf,
}

/// All cases. Their documents are deleted when the folder is dropped.
pub fn pairs() -> (TempDir, Vec<Pair>) {
    let folder = TempDir::new().unwrap();
    let file: File = serde_yaml::from_str(&std::fs::read_to_string("tests/changes.yaml").unwrap()).unwrap();
    let write = |name: String, patches: &Patches| {
        let mut document = file.base.clone();
        let mut patch = |pointer: &str, patch: &Value| {
            if !patch.is_null() {
                merge(document.pointer_mut(pointer).unwrap(), patch);
            }
        };
        patch("/components/schemas", &patches.schemas);
        patch("/components/schemas/Thing", &patches.thing);
        patch("/paths/~1things~1/get", &patches.get);
        patch("", &patches.root);
        let file = folder.path().join(name);
        std::fs::write(&file, serde_yaml::to_string(&document).unwrap()).unwrap();
        file
    };
    let pairs = file.cases.into_iter().enumerate().map(|(index, case)| Pair {
        old: write(format!("{index}-old.yaml"), &case.old),
        new: write(format!("{index}-new.yaml"), &case.new),
        case,
    });
    let pairs = pairs.collect();
    (folder, pairs)
}
