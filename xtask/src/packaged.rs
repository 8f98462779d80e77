//! Tests the package as users get it: unpacked, offline, and without the rest of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::programs::{cargo, run_command};
use crate::sync::files;

/// The size limit in bytes. A larger package contains a fixture or a picture by mistake.
const LARGEST: u64 = 240_000;

/// The target folder for the package. It is not the repository's: in a shared folder, cargo does not distinguish the two build scripts, and
/// does not recompile the repository's when `codegen/` changes.
const TARGET: &str = "target/packaged";

/// Packages the crate, unpacks it, and tests and runs it. Returns whether all of that works.
pub fn check(root: &Path) -> Result<bool> {
    if !cargo(root, "package --no-verify --allow-dirty --locked --offline --package authentik-flow-bindings", &[])? {
        return Ok(false);
    }
    let package = unpack(root)?;
    let unwanted = contents(&package)?.into_iter().filter(|(path, _)| is_unwanted(path)).map(|(path, _)| path.display().to_string());
    let unwanted = unwanted.collect::<Vec<_>>();
    if !unwanted.is_empty() {
        println!("the package contains {}\n  help: correct `include` in Cargo.toml", unwanted.join(", "));
        return Ok(false);
    }
    let target = root.join(TARGET).display().to_string();
    let environment = [("CARGO_TARGET_DIR", target.as_str())];
    Ok(cargo(&package, "test --offline --locked", &environment)?
        && cargo(&package, "run --example list_bindings --features testing --offline --locked", &environment)?)
}

/// Builds the documentation of the unpacked package as docs.rs does: with nightly Rust, every feature, no network and no write to the
/// source.
pub fn document(root: &Path) -> Result<bool> {
    let package = unpack(root)?;
    let before = contents(&package)?;
    let target = root.join(TARGET).display().to_string();
    let environment = [("CARGO_TARGET_DIR", target.as_str()), ("DOCS_RS", "1"), ("RUSTDOCFLAGS", "--cfg docsrs -D warnings")];
    if !run_command(&package, "rustup", "run nightly cargo doc --lib --no-deps --all-features --offline --locked", &environment)? {
        return Ok(false);
    }
    // docs.rs mounts the source read-only.
    let changed = contents(&package)?.into_iter().find(|file| !before.contains(file));
    if let Some((path, _)) = &changed {
        println!("the build wrote to its source directory: {}", path.display());
    }
    Ok(changed.is_none())
}

/// Unpacks the output of `cargo package` outside the workspace.
fn unpack(root: &Path) -> Result<PathBuf> {
    let version = files::crate_version(&fs::read_to_string(root.join(files::MANIFEST))?)?;
    let name = format!("authentik-flow-bindings-{version}");
    let folder = root.join("target/package");
    let archive = format!("{name}.crate");
    let size = fs::metadata(folder.join(&archive)).with_context(|| format!("target/package/{archive}: cannot be read"))?.len();
    if size > LARGEST {
        bail!("target/package/{archive} has {size} bytes, more than {LARGEST}\n  help: correct `include` in Cargo.toml");
    }
    println!("    {archive}: {size} bytes");
    let package = folder.join(name);
    if package.exists() {
        fs::remove_dir_all(&package)?;
    }
    // `m` sets the current time: the files in the archive are from 2006, older than the target folder, so cargo would not rebuild anything.
    if !run_command(&folder, "tar", &format!("xzmf {archive}"), &[])? {
        bail!("target/package/{archive}: tar cannot unpack it");
    }
    Ok(package)
}

/// Files that downstream users do not need. Cargo itself writes `.cargo_vcs_info.json`.
fn is_unwanted(path: &Path) -> bool {
    let is_hidden = path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    let is_repository_only = ["benches", "fuzz", "tests", "xtask"].iter().any(|folder| path.starts_with(folder));
    (is_hidden && path != Path::new(".cargo_vcs_info.json")) || is_repository_only
}

/// Every file, relative to the folder, with its modification time.
fn contents(folder: &Path) -> Result<Vec<(PathBuf, SystemTime)>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).with_context(|| format!("{}: cannot be read", current.display()))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                found.push((entry.path().strip_prefix(folder)?.to_owned(), metadata.modified()?));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::is_unwanted;

    #[test]
    fn a_package_has_no_dotfiles_benchmarks_or_xtask() {
        for unwanted in [".github/workflows/gate.yml", "src/.gitignore", "benches/listing.rs", "tests/all/main.rs", "xtask/Cargo.toml"] {
            assert!(is_unwanted(Path::new(unwanted)), "{unwanted}");
        }
        assert!(!is_unwanted(Path::new(".cargo_vcs_info.json")) && !is_unwanted(Path::new("src/lib.rs")));
    }
}
