//! Shared by the tests: running `xtask`, a temporary project, and the documents in `tests/fixtures`.

pub mod changes;
pub mod decoder;
pub mod random;
pub mod responses;
pub mod upstream;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;
use tempfile::TempDir;
use toml_edit::DocumentMut;

pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `cargo xtask` on a project that does not depend on the checked-in release.
pub fn xtask(arguments: &[&str]) -> Outcome {
    static PROJECT: LazyLock<Project> = LazyLock::new(Project::new);
    PROJECT.xtask(arguments)
}

/// Whether an error names the line and column of its pointer in a file, as in `document.yaml:8:76: #/paths`.
pub fn has_line_and_column(error: &str, file: &str) -> bool {
    error.match_indices(file).any(|(at, _)| {
        let (place, _) = error[at + file.len()..].split_once(": #/").unwrap_or_default();
        let numbers = place.split(':').skip(1).map(str::parse::<usize>).collect::<Result<Vec<_>, _>>();
        numbers.is_ok_and(|numbers| numbers.len() == 2)
    })
}

/// Runs `cargo xtask` on this repository.
pub fn xtask_here(arguments: &[&str]) -> Outcome {
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

/// Writes a document to a file, and returns its slice.
pub fn slice_of(document: &str) -> String {
    let project = Project::new();
    let file = project.write("document.yaml", document);
    let outcome = project.xtask(&["slice", &file]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    outcome.out
}

/// The diff of two documents.
pub fn diff(old: &Path, new: &Path, more: &[&str]) -> Value {
    let arguments = ["diff", old.to_str().unwrap(), new.to_str().unwrap(), "--format", "json"];
    serde_json::from_str(&output(&[&arguments, more].concat())).unwrap()
}

/// The files that a sync writes.
pub const FILES: [&str; 6] = [
    "openapi/flows_bindings_list.yaml",
    "openapi/upstream.toml",
    "Cargo.toml",
    "Cargo.lock",
    "CHANGELOG.md",
    "openapi/flows_bindings_list.rs",
];

/// The digest of 2025.6.4's whole schema.
const SHA256: &str = "07f2c426ea6f5e5db3907d6a9c0e00dc271a42828f7824cb3c6bcef8dd6ec237";

/// The files that a sync reads and writes, as they were when 2025.6.4 was checked in.
pub struct Project(TempDir);

impl Project {
    pub fn new() -> Self {
        static RUST: OnceLock<String> = OnceLock::new();

        let project = Self(TempDir::new().unwrap());
        std::fs::create_dir(project.path().join("openapi")).unwrap();
        project.write(FILES[0], &std::fs::read_to_string(SLICE).unwrap());
        project.write(FILES[4], "# Changelog\n\nVersions.\n\n## 0.1.0+authentik.2025.6.4\n\n- FEATURE: the first version.\n");
        for (file, edit) in [
            (
                FILES[1],
                (|document| {
                    document["release"] = "2025.6.4".into();
                    document["sha256"] = SHA256.into();
                }) as fn(&mut DocumentMut),
            ),
            (FILES[2], |manifest| manifest["package"]["version"] = VERSION.into()),
            (FILES[3], |lock| {
                let packages = lock["package"].as_array_of_tables_mut().unwrap();
                let ours = packages.iter_mut().find(|package| package["name"].as_str() == Some("authentik-flow-bindings"));
                ours.unwrap()["version"] = VERSION.into();
            }),
        ] {
            let mut document: DocumentMut = std::fs::read_to_string(Path::new("..").join(file)).unwrap().parse().unwrap();
            edit(&mut document);
            project.write(file, &document.to_string());
        }
        let rust = RUST.get_or_init(|| {
            project.write(FILES[5], "");
            assert_eq!(project.xtask(&["expand", "--write"]).code, 0);
            project.read(FILES[5])
        });
        project.write(FILES[5], rust);
        project
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
        xtask_here(&[&["--root", self.path().to_str().unwrap()], arguments].concat())
    }

    /// The text of every file, to check that nothing changed.
    pub fn contents(&self) -> Vec<String> {
        FILES.iter().map(|file| self.read(file)).collect()
    }

    /// How many files there are, including those that a failed sync may leave behind.
    pub fn count(&self) -> usize {
        let count = |folder: PathBuf| std::fs::read_dir(folder).unwrap().count();
        count(self.path().to_owned()) + count(self.path().join("openapi"))
    }
}

const VERSION: &str = "0.1.0+authentik.2025.6.4";

/// The slice of 2025.6.4, with our descriptions.
pub const SLICE: &str = "../tests/fixtures/annotated-2025.6.4.yaml";

/// The same slice, parsed.
pub fn slice() -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(SLICE).unwrap()).unwrap()
}

/// The paths of the canonical slices of the operation, oldest release first.
pub fn slices() -> Vec<PathBuf> {
    let folder = std::fs::read_dir("../tests/fixtures/slices").unwrap();
    let mut slices = folder.map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let release = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        name.split(['.', '-']).take(3).map(|number| number.parse::<u32>().unwrap()).collect::<Vec<_>>()
    };
    slices.sort_by_key(release);
    assert!(slices.len() >= 12, "{slices:?}");
    slices
}

/// The path of a document that has several operations, as upstream writes them, with shared components.
pub fn whole(release: &str) -> String {
    format!("../tests/fixtures/schemas/{release}.yaml")
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

/// A document with one operation, whose response has the schema `schema`; `more` is the YAML of its components.
pub fn document(schema: &str, more: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{ title: t, version: '1' }}\npaths:\n  /a/:\n    get:\n      operationId: flows_bindings_list\n      responses:\n        \
         '200': {{ description: '', content: {{ application/json: {{ schema: {schema} }} }} }}\ncomponents:\n{more}"
    )
}
