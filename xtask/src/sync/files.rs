//! Reads, checks and edits the files that a sync keeps consistent.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use semver::{BuildMetadata, Version};
use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table};

use super::changelog::{CHANGELOG, newest_entry};
use crate::codegen::Generated;
use crate::codegen::reviewed::{SLICE, UPSTREAM, header};
use crate::diff::rust::Bump;
use crate::project::Project;
use crate::report::RenamedOperation;
use crate::source::Source;

pub const MANIFEST: &str = "Cargo.toml";
pub const LOCK: &str = "Cargo.lock";

/// The name of this crate.
const CRATE: &str = "authentik-flow-bindings";

/// Checks that all files have the same release and version, so that an incomplete sync is noticed.
pub fn check_agreement(project: &Project, slice: &Value) -> Result<()> {
    let release = release_of(slice);
    let version = crate_version(&project.read(MANIFEST)?)?;
    let changelog = project.read(CHANGELOG)?;
    let pinned = project.release()?;
    let locked = parse(LOCK, &project.read(LOCK)?)?;
    let locked = packages(&locked).find(|package| text_of(package, "name") == Some(CRATE)).and_then(|package| text_of(package, "version"));
    let locked = locked.with_context(|| format!("{LOCK}: does not have this crate\n  help: `cargo build` writes it"))?;
    let entry = newest_entry(&changelog)?;
    let version_text = version.to_string();
    let checks = [
        (UPSTREAM, "release", pinned, release),
        (MANIFEST, "build metadata", version.build.as_str().trim_start_matches("authentik."), release),
        (LOCK, "version", locked, &version_text),
        (CHANGELOG, "newest entry", entry, &version_text),
    ];
    let wrong = checks.iter().filter(|(.., found, expected)| found != expected);
    let wrong = wrong.map(|(file, what, found, expected)| format!("\n  {file}: {what} is {found}, expected {expected}"));
    let wrong = wrong.collect::<Vec<_>>().concat();
    if wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "the files of an earlier sync are inconsistent: {SLICE} is from {release}, {MANIFEST} has {version}{wrong}\n  help: restore them \
         with `git checkout`, or pass a revision with consistent files to `cargo xtask sync --base`"
    )
}

/// Checks that the document of the pinned release is the one that was pinned.
pub fn check_digest(project: &Project, source: &Source, downloaded: &str) -> Result<()> {
    let pinned = project.release()?;
    let is_pinned = matches!(source, Source::Release(release) if release == pinned);
    match project.upstream.get("sha256").and_then(|value| value.as_str()) {
        Some(known) if is_pinned && !known.is_empty() && known != downloaded => bail!(
            "{UPSTREAM}: sha256: the document of authentik {pinned} is different from the pinned one\n  pinned:     {known}\n  downloaded: \
             {downloaded}\n  help: find out why it changed; to accept it, write `sha256 = \"\"` there and sync again"
        ),
        _ => Ok(()),
    }
}

/// What `openapi/upstream.toml` depends on in a new slice.
#[derive(Clone, Copy)]
pub struct Slice<'a> {
    pub release: &'a str,
    /// Whether the API is the same as in the checked-in slice.
    pub same_api: bool,
    pub renamed: &'a [RenamedOperation],
}

/// The text of `openapi/upstream.toml` for a new slice.
pub fn upstream(project: &Project, new: &Slice, source: &Source, sha256: &str) -> Result<String> {
    let Slice { release, same_api, renamed } = *new;
    let mut upstream = project.upstream.clone();
    let operations = upstream.get_mut("operations").and_then(Item::as_array_mut).into_iter().flat_map(|list| list.iter_mut());
    for operation in operations {
        if let Some(RenamedOperation { new, .. }) = renamed.iter().find(|renamed| operation.as_str() == Some(&renamed.old)) {
            let decor = operation.decor().clone();
            *operation = new.as_str().into();
            *operation.decor_mut() = decor;
        }
    }
    set(upstream.as_table_mut(), "release", release);
    match source {
        Source::Release(name) if name == release => set(upstream.as_table_mut(), "sha256", sha256),
        _ if same_api && project.release()? == release => {}
        // The digest is for the file in upstream's repository; copies from elsewhere may have different bytes.
        _ => set(upstream.as_table_mut(), "sha256", ""),
    }
    let lock = parse(LOCK, &project.read(LOCK)?)?;
    let progenitor = packages(&lock).find(|package| text_of(package, "name") == Some("progenitor"));
    let version = progenitor.and_then(|package| text_of(package, "version"));
    let version = version.with_context(|| format!("{LOCK}: does not have progenitor\n  help: `cargo build` writes it"))?;
    set(upstream.as_table_mut(), "generator", &format!("progenitor {version}"));
    Ok(upstream.to_string())
}

/// `openapi/flows_bindings_list.rs`: the Rust of a slice, with a header that identifies its sources.
pub fn reviewed(slice: &str, generated: &Generated, upstream: &str) -> Result<String> {
    // This program was compiled with the generator in this folder.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let header = header(&root, slice, upstream).context("codegen: the sources of the generator cannot be read")?;
    Ok(header + &generated.code())
}

pub fn crate_version(manifest: &str) -> Result<Version> {
    let manifest = parse(MANIFEST, manifest)?;
    let version = manifest.get("package").and_then(|package| package.get("version")?.as_str());
    let version = version.with_context(|| format!("{MANIFEST}: `version` is missing from `[package]`"))?;
    Version::parse(version).with_context(|| format!("{MANIFEST}: `{version}` is not a version"))
}

/// The version after a change, <https://doc.rust-lang.org/cargo/reference/semver.html>: below 1.0, the second number counts breaking
/// changes and the third everything else.
pub fn next_version(version: &Version, bump: Bump, release: &str) -> Result<Version> {
    let (major, minor, patch) = (version.major, version.minor, version.patch);
    let (major, minor, patch) = match bump {
        Bump::Major if major > 0 => (major + 1, 0, 0),
        Bump::Major => (0, minor + 1, 0),
        Bump::Minor if major > 0 => (major, minor + 1, 0),
        _ => (major, minor, patch + 1),
    };
    let build = BuildMetadata::new(&format!("authentik.{release}")).with_context(|| {
        format!("`info.version` of the document is `{release}`, which cannot be part of a version\n  help: check that this is authentik's schema")
    })?;
    Ok(Version { build, ..Version::new(major, minor, patch) })
}

pub fn with_version(manifest: &str, version: &Version) -> Result<String> {
    let mut manifest = parse(MANIFEST, manifest)?;
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_mut) {
        set(package, "version", &version.to_string());
    }
    Ok(manifest.to_string())
}

/// `Cargo.lock` contains the version too, and `--locked` checks it.
pub fn with_locked_version(lock: &str, version: &Version) -> Result<String> {
    let mut lock = parse(LOCK, lock)?;
    let packages = lock.get_mut("package").and_then(Item::as_array_of_tables_mut);
    let is_ours = |package: &&mut Table| text_of(package, "name") == Some(CRATE) && package.get("source").is_none();
    let package = packages.into_iter().flat_map(|packages| packages.iter_mut()).find(is_ours);
    let package = package.with_context(|| format!("{LOCK}: does not have this crate\n  help: `cargo build` writes it"))?;
    set(package, "version", &version.to_string());
    Ok(lock.to_string())
}

/// The release that a slice was made from.
pub fn release_of(slice: &Value) -> &str {
    slice["info"]["version"].as_str().unwrap_or_default()
}

fn parse(file: &str, text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|error| anyhow!("{file}: {error}"))
}

fn packages(lock: &DocumentMut) -> impl Iterator<Item = &Table> {
    lock.get("package").and_then(Item::as_array_of_tables).into_iter().flatten()
}

fn text_of<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

/// Sets a string value, and keeps the comments around it.
fn set(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(value) => {
            let decor = value.decor().clone();
            *value = text.into();
            *value.decor_mut() = decor;
        }
        None => table[key] = toml_edit::value(text),
    }
}
