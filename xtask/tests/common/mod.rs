//! What the tests share: running `xtask`, a project of their own, and what they find in `../shared`.
#![allow(dead_code, reason = "each test uses its part")]

pub mod changes;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `cargo xtask`, on this project.
pub fn xtask(arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// The output of a command that must succeed.
pub fn output(arguments: &[&str]) -> String {
    let outcome = xtask(arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}{}", outcome.out, outcome.err);
    outcome.out
}

/// The diff of two documents.
pub fn diff(old: &Path, new: &Path, more: &[&str]) -> Value {
    let arguments = ["diff", old.to_str().unwrap(), new.to_str().unwrap(), "--format", "json"];
    serde_json::from_str(&output(&[&arguments, more].concat())).unwrap()
}

/// Files of a sync.
pub const FILES: [&str; 5] = ["openapi/flows_bindings_list.yaml", "openapi/upstream.toml", "Cargo.toml", "Cargo.lock", "CHANGELOG.md"];

/// A copy of the files that a sync reads and writes.
pub struct Project(TempDir);

impl Project {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("openapi")).unwrap();
        for file in FILES {
            std::fs::copy(Path::new("..").join(file), folder.path().join(file)).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap()
    }

    pub fn write(&self, file: &str, text: &str) -> String {
        let path = self.path().join(file);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn xtask(&self, arguments: &[&str]) -> Outcome {
        xtask(&[&["--root", self.path().to_str().unwrap()], arguments].concat())
    }

    /// Every file, to see that nothing changed.
    pub fn contents(&self) -> Vec<String> {
        FILES.iter().map(|file| self.read(file)).collect()
    }

    /// How many files there are, with those that a failed sync may leave lying about.
    pub fn count(&self) -> usize {
        let count = |folder: PathBuf| std::fs::read_dir(folder).unwrap().count();
        count(self.path().to_owned()) + count(self.path().join("openapi"))
    }
}

pub const SLICE: &str = "../openapi/flows_bindings_list.yaml";

/// The checked-in slice as values.
pub fn slice() -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(SLICE).unwrap()).unwrap()
}

/// Releases, oldest first, of which `../shared` has slices; none where it is not there.
pub fn corpus() -> Vec<PathBuf> {
    let mut slices: Vec<_> = std::fs::read_dir("../../shared/corpus/slices")
        .map(|folder| folder.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_else(|_| {
            eprintln!("skipped: ../shared/corpus/slices is not there");
            Vec::new()
        });
    let release = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.split(['.', '-', '_']).take(3).map(|number| number.parse::<u32>().unwrap()).collect::<Vec<_>>()
    };
    slices.sort_by_key(release);
    slices
}

/// A whole schema of authentik, where `../shared` is there.
pub fn whole(release: &str) -> Option<String> {
    let path = format!("../../shared/corpus/schemas/authentik-{release}.yml");
    if Path::new(&path).exists() {
        return Some(path);
    }
    eprintln!("skipped: {path} is not there");
    None
}

/// Applies a JSON merge patch, <https://www.rfc-editor.org/rfc/rfc7386>.
pub fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = serde_json::json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}
