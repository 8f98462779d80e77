//! A copy of the package with other operations, in a folder whose build artifacts are reused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use toml_edit::{Array, DocumentMut, value};

use crate::codegen::Generated;
use crate::codegen::reviewed::{REVIEWED, SLICE, UPSTREAM};
use crate::project::Project;
use crate::sync::files::{self, LOCK, MANIFEST};

const PROGRAM: &str = "src/bin/survey.rs";
/// The sources of the library, which are copied.
const COPIED: [&str; 6] = [LOCK, "README.md", "build.rs", "codegen", "docs", "src"];

pub struct Package {
    pub folder: PathBuf,
    /// The name of the library in Rust.
    pub library: String,
    upstream: String,
}

pub struct CompileError {
    pub message: String,
    /// The message of the compiler.
    pub rendered: String,
    /// The line in the generated code or in the program, counted from 1; 0 if the error is elsewhere.
    pub line: usize,
    pub line_text: String,
    pub in_program: bool,
}

impl Package {
    pub fn new(project: &Project) -> Result<Self> {
        let folder = project.root.join("target/survey/package");
        for path in COPIED {
            copy(&project.root.join(path), &folder.join(path))?;
        }
        let mut manifest: DocumentMut = project.read(MANIFEST)?.parse().map_err(|error| anyhow!("{MANIFEST}: {error}"))?;
        let name = manifest["package"]["name"].as_str().with_context(|| format!("{MANIFEST}: `package.name` is missing"))?.to_owned();
        manifest["workspace"]["members"] = value(Array::from_iter(["."]));
        manifest["package"]["include"] = toml_edit::Item::None;
        manifest["profile"]["dev"]["opt-level"] = value(0);
        manifest["profile"]["dev"]["debug"] = value(false);
        for table in ["bench", "dev-dependencies", "example"] {
            manifest.remove(table);
        }
        write(&folder.join(MANIFEST), manifest.to_string())?;
        Ok(Self { folder, library: name.replace('-', "_"), upstream: project.read(UPSTREAM)? })
    }

    /// Writes the slice, its Rust and the program; returns the Rust.
    pub fn write(&self, slice: &str, generated: &Generated, program: &str) -> Result<String> {
        let code = files::reviewed(slice, generated, &self.upstream)?;
        for (path, text) in [(SLICE, slice), (REVIEWED, &code), (UPSTREAM, &self.upstream), (PROGRAM, program)] {
            write(&self.folder.join(path), text)?;
        }
        Ok(code)
    }

    /// The errors of the compiler.
    pub fn compile(&self) -> Result<Vec<CompileError>> {
        let output = self.cargo("build").arg("--message-format=json").stderr(Stdio::piped()).output().context("cargo cannot be run")?;
        if output.status.success() {
            return Ok(Vec::new());
        }
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let errors = lines.filter_map(|line| compile_error(&serde_json::from_slice(line).ok()?)).collect::<Vec<_>>();
        if errors.is_empty() {
            bail!("{}: cargo failed\n{}", self.folder.display(), String::from_utf8_lossy(&output.stderr));
        }
        Ok(errors)
    }

    /// Runs the program that lists every operation; returns the error of each, if there is one.
    pub fn run(&self) -> Result<BTreeMap<String, Option<String>>> {
        let output = self.cargo("run").arg("--quiet").stderr(Stdio::inherit()).output().context("cargo cannot be run")?;
        let lines = output.stdout.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Runs the program; returns what it printed.
    pub fn output(&self) -> Result<String> {
        let output = self.cargo("run").arg("--quiet").output().context("cargo cannot be run")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            bail!("the program failed\n{}{}", text(&output.stdout), text(&output.stderr));
        }
        Ok(text(&output.stdout))
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // The generated Rust is already written, so the generator is not needed.
        cargo.args([command, "--bin", "survey", "--no-default-features", "--features", "testing", "--target-dir", "../build"]);
        cargo.current_dir(&self.folder).stdin(Stdio::null());
        cargo
    }
}

/// The compiler error in a message from cargo. Its line is 0 unless it is in the generated code or the program.
fn compile_error(message: &Value) -> Option<CompileError> {
    let message = message.get("message").filter(|message| message["level"] == "error")?;
    let spans = message["spans"].as_array()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let is_ours = |span: &&Value| text(&span["file_name"]).ends_with("codegen.rs") || text(&span["file_name"]).ends_with(PROGRAM);
    // "Could not compile due to 3 previous errors" has no location.
    let mut span = spans.iter().find(|span| span["is_primary"] == true)?;
    // An error in a macro is located at the macro call.
    while !is_ours(&span) || span["expansion"]["span"]["file_name"].as_str().is_some_and(|name| name.ends_with(PROGRAM)) {
        match span["expansion"].get("span") {
            Some(outer) => span = outer,
            None => break,
        }
    }
    let span = if is_ours(&span) { span } else { spans.iter().find(is_ours).unwrap_or(span) };
    Some(CompileError {
        message: text(&message["message"]),
        rendered: text(&message["rendered"]),
        line: usize::try_from(span["line_start"].as_u64()?).ok().filter(|_| is_ours(&span)).unwrap_or(0),
        line_text: span["text"].as_array().into_iter().flatten().map(|line| text(&line["text"])).collect(),
        in_program: text(&span["file_name"]).ends_with(PROGRAM),
    })
}

/// Copies a file, or a folder with all its files. Equal files stay untouched, so that cargo does not recompile them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return write(to, &fs::read(from).with_context(|| format!("{}: cannot be read", from.display()))?);
    }
    let names = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.file_name()).collect()
    };
    let wanted = names(from);
    for stale in names(to).into_iter().filter(|name| !wanted.contains(name)) {
        let stale = to.join(stale);
        // Files that no longer exist must not be compiled.
        let removed = if stale.is_dir() { fs::remove_dir_all(&stale) } else { fs::remove_file(&stale) };
        removed.with_context(|| format!("{}: cannot be removed", stale.display()))?;
    }
    wanted.iter().try_for_each(|name| copy(&from.join(name), &to.join(name)))
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let cannot = || format!("{}: cannot be written", path.display());
    if fs::read(path).is_ok_and(|old| old == text.as_ref()) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all).with_context(cannot)?;
    fs::write(path, text).with_context(cannot)
}
