//! Replaces several files atomically: all of them or none, even if the process is killed at any moment.
//!
//! *Prepare*: the new contents are written to `.sync/`. *Record*: a journal with the digests of the old and the new contents is renamed
//! into place there, which commits the change. *Rename*: each new file replaces the old one. *Clear*: `.sync/` is removed. The next
//! command that finds a journal completes the change; without a journal, no file was touched.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::digest::sha256;

const FOLDER: &str = ".sync";
const JOURNAL: &str = "journal.json";
/// The file or directory that is locked. Locking the directory leaves no lock file behind, but only works on Unix; elsewhere it is a file
/// that no sync writes.
const LOCKED: &str = if cfg!(unix) { "." } else { "LICENSE" };

/// A file to be replaced.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// Path in the repository.
    path: String,
    /// SHA-256 of the old contents.
    old: String,
    /// SHA-256 of the new contents.
    new: String,
}

/// Keeps other syncs out of a repository until it is dropped.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Readers share the lock; a writer holds it exclusively.
    pub fn acquire(root: &Path, shared: bool) -> Result<Self> {
        let file = File::open(root.join(LOCKED)).with_context(|| format!("{}: cannot be opened", root.display()))?;
        match if shared { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "{}: another `cargo xtask sync` is running in this repository\n  help: wait until it has finished, then run this again",
                    root.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{}: cannot be locked", root.display())),
        }
    }
}

/// Finishes or discards an interrupted sync. Takes the lock only if there is such a sync.
pub fn recover(root: &Path) -> Result<()> {
    if root.join(FOLDER).exists() { recover_with(root, &Lock::acquire(root, false)?) } else { Ok(()) }
}

/// The same for a caller that already has the lock.
pub fn recover_with(root: &Path, _lock: &Lock) -> Result<()> {
    let transaction = Transaction { root, folder: root.join(FOLDER) };
    match fs::read(transaction.folder.join(JOURNAL)) {
        Ok(journal) => {
            let entries: Vec<Entry> = serde_json::from_slice(&journal).with_context(|| format!("{FOLDER}/{JOURNAL}: invalid journal"))?;
            if transaction.finish(&entries)? {
                eprintln!("note: finished a sync that was interrupted");
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{FOLDER}/{JOURNAL}: cannot be read")),
    }
    transaction.clear()
}

/// Replaces the contents of files, given by their path in the repository. The caller holds the lock.
pub fn replace(root: &Path, files: &[(&str, String)]) -> Result<()> {
    let transaction = Transaction { root, folder: root.join(FOLDER) };
    let prepared = transaction.prepare(files).and_then(|entries| transaction.record(&entries).map(|()| entries));
    let entries = match prepared {
        Ok(entries) => entries,
        Err(error) => {
            transaction.clear()?;
            return Err(error.context("nothing was changed"));
        }
    };
    if let Err(error) = transaction.rename(&entries) {
        transaction.restore(&entries).context("the next `cargo xtask sync` finishes this one")?;
        transaction.clear()?;
        return Err(error.context("every file has its old contents"));
    }
    transaction.clear()
}

struct Transaction<'a> {
    root: &'a Path,
    folder: PathBuf,
}

impl Transaction<'_> {
    /// Writes the new contents to the folder, and keeps the old contents there.
    fn prepare(&self, files: &[(&str, String)]) -> Result<Vec<Entry>> {
        fs::create_dir_all(&self.folder).with_context(|| format!("{FOLDER}: cannot be created"))?;
        let prepare = |(index, (path, text)): (usize, &(&str, String))| {
            let target = self.target(path)?;
            let old = fs::read(&target)?;
            // A file keeps its line endings and permissions.
            let text = if has_mostly_crlf(&old) { text.replace('\n', "\r\n") } else { text.clone() };
            for (name, bytes) in [(staged(index), text.as_bytes()), (kept(index), &old)] {
                write_durably(&self.folder.join(&name), bytes)?;
                fs::set_permissions(self.folder.join(name), fs::metadata(&target)?.permissions())?;
            }
            Ok(Entry { path: (*path).to_owned(), old: sha256(&old), new: sha256(text.as_bytes()) })
        };
        let named = |(index, file): (usize, &(&str, String))| {
            prepare((index, file)).map_err(|error: std::io::Error| {
                anyhow!("{}: cannot be written: {error}\n  help: check the permissions of the file and its folder", file.0)
            })
        };
        files.iter().enumerate().map(named).collect()
    }

    fn record(&self, entries: &[Entry]) -> Result<()> {
        let journal = serde_json::to_vec_pretty(entries)?;
        let beside = self.folder.join("journal.new");
        let recorded = write_durably(&beside, &journal).and_then(|()| fs::rename(&beside, self.folder.join(JOURNAL)));
        recorded.with_context(|| format!("{FOLDER}/{JOURNAL}: cannot be written"))?;
        sync_folder(&self.folder);
        Ok(())
    }

    fn rename(&self, entries: &[Entry]) -> Result<()> {
        for (index, entry) in entries.iter().enumerate() {
            self.put(&staged(index), entry).with_context(|| format!("{}: cannot be written", entry.path))?;
        }
        Ok(())
    }

    /// Restores the old contents of the files that were replaced.
    fn restore(&self, entries: &[Entry]) -> Result<()> {
        for (index, entry) in entries.iter().enumerate() {
            if self.digest(&entry.path)? == entry.new {
                self.put(&kept(index), entry).with_context(|| format!("{}: cannot be restored", entry.path))?;
            }
        }
        Ok(())
    }

    /// Completes the change that a journal recorded. Returns whether any file still had to be replaced.
    fn finish(&self, entries: &[Entry]) -> Result<bool> {
        let digests = entries.iter().map(|entry| self.digest(&entry.path)).collect::<Result<Vec<_>>>()?;
        let is_old = |(entry, digest): &(&Entry, &String)| entry.old == **digest;
        let changed = entries.iter().zip(&digests).find(|pair| !is_old(pair) && pair.0.new != *pair.1);
        if let Some((entry, _)) = changed {
            let files = entries.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>().join(" ");
            bail!(
                "{}: a sync was interrupted, and this file was edited afterwards\n  help: keep your edit elsewhere, run `git checkout -- {files}`, \
                 then run this again",
                entry.path
            );
        }
        // Nothing was replaced, or everything was restored: the sync did not take effect.
        if entries.iter().zip(&digests).all(|pair| is_old(&pair)) {
            return Ok(false);
        }
        let mut renamed = false;
        for (index, (entry, _)) in entries.iter().zip(&digests).enumerate().filter(|(_, pair)| is_old(pair)) {
            self.put(&staged(index), entry).with_context(|| format!("{}: cannot be written", entry.path))?;
            renamed = true;
        }
        Ok(renamed)
    }

    /// Moves a file from the folder to its place in the repository.
    fn put(&self, name: &str, entry: &Entry) -> std::io::Result<()> {
        let (from, target) = (self.folder.join(name), self.target(&entry.path)?);
        match fs::rename(&from, &target) {
            // The file is a symbolic link to another file system.
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let beside = target.with_extension("sync");
                fs::copy(&from, &beside)?;
                fs::rename(&beside, &target)
            }
            renamed => renamed,
        }?;
        target.parent().into_iter().for_each(sync_folder);
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(|| format!("{FOLDER}: cannot be removed")),
            _ => Ok(()),
        }
    }

    /// The absolute path of a file, with symbolic links resolved.
    fn target(&self, path: &str) -> std::io::Result<PathBuf> {
        fs::canonicalize(self.root.join(path))
    }

    fn digest(&self, path: &str) -> Result<String> {
        let bytes = self.target(path).and_then(fs::read).with_context(|| format!("{path}: cannot be read"))?;
        Ok(sha256(&bytes))
    }
}

/// Whether most lines end with a carriage return and a line feed.
fn has_mostly_crlf(text: &[u8]) -> bool {
    let (crlf, others): (Vec<_>, Vec<_>) = text.split_inclusive(|byte| *byte == b'\n').partition(|line| line.ends_with(b"\r\n"));
    crlf.len() > others.len()
}

fn staged(index: usize) -> String {
    format!("{index}.new")
}

fn kept(index: usize) -> String {
    format!("{index}.old")
}

fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A rename survives a power failure once its directory is synced to disk. Not every file system supports this.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests;
