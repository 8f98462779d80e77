//! The repository, and the files in it that the commands read.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use toml_edit::DocumentMut;

use crate::codegen::reviewed::{SLICE, UPSTREAM};
use crate::document::Document;
use crate::slice::{Selection, slice};
use crate::transaction::{self, Lock};

/// The root of the repository that contains the current folder.
pub fn find_root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("the current folder is unknown")?;
    let root = here.ancestors().find(|folder| folder.join(UPSTREAM).exists());
    root.map(Path::to_owned).with_context(|| {
        format!("{}: neither this folder nor a parent folder has {UPSTREAM}\n  help: run this in the repository", here.display())
    })
}

/// The repository.
pub struct Project {
    pub root: PathBuf,
    /// `openapi/upstream.toml`.
    pub upstream: DocumentMut,
    _lock: Option<Lock>,
}

impl Project {
    /// Opens a repository to read from it.
    pub fn open(root: &Path) -> Result<Self> {
        transaction::recover(root)?;
        Self::load(root, None)
    }

    /// Opens a repository and locks it: exclusively for writing, shared for reading.
    pub fn lock(root: &Path, shared: bool) -> Result<Self> {
        let lock = if shared {
            transaction::recover(root)?;
            Lock::acquire(root, true)?
        } else {
            let lock = Lock::acquire(root, false)?;
            transaction::recover_with(root, &lock)?;
            lock
        };
        Self::load(root, Some(lock))
    }

    fn load(root: &Path, lock: Option<Lock>) -> Result<Self> {
        let upstream = read(root, UPSTREAM)?.parse().map_err(|error| anyhow!("{UPSTREAM}: {error}"))?;
        Ok(Self { root: root.to_owned(), upstream, _lock: lock })
    }

    /// A string in `openapi/upstream.toml`.
    pub fn upstream(&self, key: &str) -> Result<&str> {
        let value = self.upstream.get(key).and_then(|value| value.as_str());
        value.with_context(|| format!("{UPSTREAM}: the string `{key}` is missing\n  help: restore it with `git checkout -- {UPSTREAM}`"))
    }

    /// The release whose schema is checked in.
    pub fn release(&self) -> Result<&str> {
        self.upstream("release")
    }

    /// The URL of upstream's schema for a release.
    pub fn url(&self, release: &str) -> Result<String> {
        Ok(self.upstream("url")?.replace("{release}", release))
    }

    /// The ids of the operations in the slice.
    pub fn operations(&self) -> Result<Vec<String>> {
        let list = self.upstream.get("operations").and_then(|value| value.as_array()).into_iter().flatten();
        let operations = list.filter_map(|name| name.as_str()).map(str::to_owned).collect::<Vec<_>>();
        if operations.is_empty() {
            bail!("{UPSTREAM}: `operations` is missing or empty\n  help: list at least one operation id");
        }
        Ok(operations)
    }

    /// Reads a text file, with line feeds as line endings.
    pub fn read(&self, path: &str) -> Result<String> {
        read(&self.root, path)
    }

    /// A text file in a git revision.
    pub fn read_at(&self, revision: &str, path: &str) -> Result<String> {
        let output = self.git(&["show", "--end-of-options", &format!("{revision}:./{path}")]);
        output.with_context(|| format!("{path}: cannot be read at the revision `{revision}`\n  help: name a tag or commit that has it"))
    }

    /// The output of git.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git").args(arguments).current_dir(&self.root).output().context("git cannot be run")?;
        if !output.status.success() {
            bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout).context("not UTF-8")?.replace("\r\n", "\n"))
    }

    /// The checked-in slice with its annotations, and its canonical form without them.
    pub fn slice(&self) -> Result<(Document, Value)> {
        Self::slice_of(&self.read(SLICE)?)
    }

    /// A slice as a document, and its canonical form without annotations.
    pub fn slice_of(text: &str) -> Result<(Document, Value)> {
        let document = Document::parse(SLICE, text)?;
        let bare = slice(&document, &Selection::All, false)?;
        Ok((document, bare))
    }

    /// Replaces the contents of all files or of none.
    pub fn write(&self, files: &[(&str, String)]) -> Result<()> {
        transaction::replace(&self.root, files)
    }
}

fn read(root: &Path, path: &str) -> Result<String> {
    let text = std::fs::read_to_string(root.join(path));
    let text = text.with_context(|| format!("{path}: cannot be read\n  help: restore it with `git checkout -- {path}`"))?;
    // A checkout on Windows may have different line endings.
    Ok(if text.contains('\r') { text.replace("\r\n", "\n") } else { text })
}
