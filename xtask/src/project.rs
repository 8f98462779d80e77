//! The files of the project that a sync reads and writes.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tempfile::NamedTempFile;
use toml_edit::DocumentMut;

use crate::codegen::SLICE;
use crate::document::Document;
use crate::slice::{Selection, slice};

/// Where the slice comes from.
pub const UPSTREAM: &str = "openapi/upstream.toml";

/// The folder of the project that the current folder is in.
pub fn find_root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("the current folder cannot be told")?;
    let root = here.ancestors().find(|folder| folder.join(UPSTREAM).exists());
    root.map(Path::to_owned)
        .with_context(|| format!("{}: no folder from here upwards has {UPSTREAM}: run this in the project", here.display()))
}

/// The project, by its folder.
pub struct Project {
    pub root: PathBuf,
    /// `openapi/upstream.toml`.
    pub upstream: DocumentMut,
}

impl Project {
    pub fn open(root: &Path) -> Result<Self> {
        let upstream = read(root, UPSTREAM)?.parse().map_err(|error| anyhow!("{UPSTREAM}: {error}"))?;
        Ok(Self { root: root.to_owned(), upstream })
    }

    /// A text of `openapi/upstream.toml`.
    pub fn upstream(&self, key: &str) -> Result<&str> {
        self.upstream.get(key).and_then(|value| value.as_str()).with_context(|| format!("{UPSTREAM}: has no text `{key}`: restore it"))
    }

    /// The release whose schema is checked in.
    pub fn release(&self) -> Result<&str> {
        self.upstream("release")
    }

    /// The address at which upstream keeps the schema of a release.
    pub fn url(&self, release: &str) -> Result<String> {
        Ok(self.upstream("url")?.replace("{release}", release))
    }

    /// The operations of the slice.
    pub fn operations(&self) -> Result<Selection> {
        let list = self.upstream.get("operations").and_then(|value| value.as_array()).into_iter().flatten();
        let operations = list.filter_map(|name| name.as_str()).map(str::to_owned).collect::<Vec<_>>();
        if operations.is_empty() {
            bail!("{UPSTREAM}: `operations` is no list of operation ids: restore it, or name one there");
        }
        Ok(Selection::Only(operations))
    }

    pub fn read(&self, path: &str) -> Result<String> {
        read(&self.root, path)
    }

    /// The checked-in slice as it is, with its annotations, and its canonical form without.
    pub fn slice(&self) -> Result<(Document, Value)> {
        let document = Document::parse(SLICE, &self.read(SLICE)?)?;
        let bare = slice(&document, &Selection::All, false)?;
        Ok((document, bare))
    }

    /// Writes files that differ from what is there: all of them, or none.
    pub fn write(&self, files: &[(&str, String)]) -> Result<()> {
        let ready = files.iter().map(|(path, text)| self.prepare(path, text)).collect::<Result<Vec<_>>>()?;
        put_in_place(ready)
    }

    /// Writes a text beside the file that it takes the place of.
    fn prepare(&self, path: &str, text: &str) -> Result<Ready> {
        let target = self.root.join(path);
        let before = self.read(path)?;
        let beside = || {
            let mut file = NamedTempFile::new_in(target.parent().unwrap_or(&self.root))?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            // A temporary file is for its owner only; this one takes the place of a file with permissions of its own.
            file.as_file().set_permissions(std::fs::metadata(&target)?.permissions())?;
            Ok(file)
        };
        let file = beside().map_err(|error: std::io::Error| anyhow!("{path}: cannot be written: {error}; nothing was changed"))?;
        Ok(Ready { path: path.to_owned(), target, before, file })
    }
}

/// A file that only has to be renamed.
struct Ready {
    path: String,
    target: PathBuf,
    /// What is there now.
    before: String,
    file: NamedTempFile,
}

/// Renames files, and puts back what was there where one of them cannot be.
fn put_in_place(ready: Vec<Ready>) -> Result<()> {
    let mut written: Vec<(String, PathBuf, String)> = Vec::new();
    for Ready { path, target, before, file } in ready {
        if let Err(error) = file.persist(&target) {
            for (path, target, before) in written {
                std::fs::write(target, before).with_context(|| format!("{path}: cannot be put back: `git checkout {path}`"))?;
            }
            bail!("{path}: cannot be written: {}; every file is as it was", error.error);
        }
        written.push((path, target, before));
    }
    Ok(())
}

fn read(root: &Path, path: &str) -> Result<String> {
    std::fs::read_to_string(root.join(path)).with_context(|| format!("{path}: cannot be read: restore it with `git checkout {path}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second of two files cannot be renamed: the first is as it was.
    #[test]
    fn a_file_that_cannot_be_put_in_place_leaves_all_as_they_were() {
        let folder = tempfile::TempDir::new().unwrap();
        let project = Project { root: folder.path().to_owned(), upstream: DocumentMut::new() };
        for name in ["a", "b"] {
            std::fs::write(folder.path().join(name), "old").unwrap();
        }
        let ready = ["a", "b"].map(|name| project.prepare(name, "new").unwrap());
        std::fs::remove_file(ready[1].file.path()).unwrap();
        let error = put_in_place(ready.into()).unwrap_err().to_string();
        assert!(error.starts_with("b: cannot be written: ") && error.ends_with("; every file is as it was"), "{error}");
        assert_eq!(["a", "b"].map(|name| project.read(name).unwrap()), ["old", "old"]);

        project.write(&[("a", "new".into()), ("b", "new".into())]).unwrap();
        assert_eq!(["a", "b"].map(|name| project.read(name).unwrap()), ["new", "new"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing lies about");
    }
}
