//! `cargo xtask sync`: from upstream's document to a slice, a changelog entry and a version.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, anyhow, bail};
use semver::{BuildMetadata, Version};
use serde_json::Value;
use toml_edit::DocumentMut;

use crate::annotations::words::homeless;
use crate::annotations::{self, Renamed};
use crate::codegen::{SLICE, generate_text};
use crate::diff;
use crate::diff::rust::Bump;
use crate::project::{Project, UPSTREAM};
use crate::report::{RenamedProperty, SyncReport, Versions, changelog};
use crate::slice::slice;
use crate::source::{Fetched, Source};
use crate::yaml::to_yaml;

use follow_ups::{Context, follow_ups};

mod follow_ups;

const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
const CHANGELOG: &str = "CHANGELOG.md";

/// Brings the project in step with a source, the pinned release unless one is given.
pub fn sync(project: &Project, source: Option<Source>, check: bool) -> Result<SyncReport> {
    let pinned = project.release()?.to_owned();
    let source = source.unwrap_or_else(|| Source::Release(pinned.clone()));
    let Fetched { document, sha256 } = source.fetch(project)?;
    check_digest(project, &source, &pinned, &sha256)?;

    let mut new = slice(&document, &project.operations()?, false)?;
    // It is some 60,000 values, and to free them takes a tenth of the whole run, at the end of which they are gone anyway.
    std::mem::forget(document);
    let (ours, old) = project.slice()?;
    let same_api = new == old;
    let carried = annotations::carry(&ours.root, &mut new);
    let bridged = if same_api { Vec::new() } else { annotations::bridge(&old, &mut new) };

    let manifest = project.read(MANIFEST)?;
    let version = crate_version(&manifest)?;
    let mut report = SyncReport {
        source: source.name().to_owned(),
        files: Vec::new(),
        written: false,
        version: Versions { old: version.to_string(), new: version.to_string() },
        diff: None,
        operations_added: missing_in(&old, &new),
        operations_removed: missing_in(&new, &old),
        renamed: carried.renamed.iter().map(renamed).collect(),
        follow_ups: Vec::new(),
    };
    let mut files = vec![(SLICE, to_yaml(&new))];
    let lock: DocumentMut = project.read(LOCK)?.parse().map_err(|error| anyhow!("{LOCK}: {error}"))?;
    if same_api {
        // What was downloaded is what is pinned, from now on too.
        let is_pinned = matches!(&source, Source::Release(release) if *release == pinned);
        files.push((UPSTREAM, upstream(project, &pinned, is_pinned.then_some((&source, &*sha256)), &lock)?));
        let generated = generate_text(SLICE, &files[0].1)?;
        report.follow_ups =
            follow_ups(&Context { diff: None, generated: &generated, renamed: &[], bridged: &[], unlisted: &[], orphaned: &[] });
    } else {
        let mut annotated = old;
        annotations::carry(&ours.root, &mut annotated);
        let mut before = diff::Input::new(SLICE, &annotated);
        let mut after = diff::Input::new(source.name(), &new);
        if let Some(operation) = after.left_out.first() {
            bail!(
                "{UPSTREAM}: `operations` has that of {operation}, of which no Rust can be generated: it takes files, or has several kinds of success. \
                 Take it off the list"
            );
        }
        // An operation that upstream no longer has is an error, so what differs is the list in `upstream.toml`.
        before.leave_out(&report.operations_removed);
        after.leave_out(&report.operations_added);
        let diff = diff::compare(&before, &after);
        let generated = before.generated.and(after.generated)?;
        let release = diff.new.release.clone();
        let next = next_version(&version, diff.rust.bump.unwrap_or(Bump::Major), &release)?;
        report.version.new = next.to_string();
        report.follow_ups = follow_ups(&Context {
            diff: Some(&diff),
            generated: &generated,
            renamed: &carried.renamed,
            bridged: &bridged,
            unlisted: &carried.unlisted,
            orphaned: &homeless(&ours.root, &new),
        });
        files.push((UPSTREAM, upstream(project, &release, Some((&source, &sha256)), &lock)?));
        files.push((MANIFEST, with_version(&manifest, &next)?));
        files.push((LOCK, locked(lock, &next)?));
        files.push((CHANGELOG, with_entry(&project.read(CHANGELOG)?, &changelog::entry(&report, &diff))?));
        report.diff = Some(diff);
    }

    let mut changed = Vec::new();
    for (path, text) in files {
        if project.read(path)? != text {
            changed.push((path, text));
        }
    }
    report.files = changed.iter().map(|(path, _)| (*path).to_owned()).collect();
    if !check && !changed.is_empty() {
        project.write(&changed)?;
        report.written = true;
    }
    Ok(report)
}

fn renamed(Renamed { component, old, new }: &Renamed) -> RenamedProperty {
    RenamedProperty { component: component.clone(), old: old.clone(), new: new.clone() }
}

/// The operations of one slice that another does not have, by their ids.
fn missing_in(slice: &Value, other: &Value) -> Vec<String> {
    let ids = |slice: &Value| {
        diff::operations::operations(slice)
            .into_values()
            .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
            .collect::<BTreeSet<_>>()
    };
    ids(other).difference(&ids(slice)).cloned().collect()
}

/// The document of the pinned release must be the one that was pinned.
fn check_digest(project: &Project, source: &Source, pinned: &str, downloaded: &str) -> Result<()> {
    let is_pinned = matches!(source, Source::Release(release) if release == pinned);
    match project.upstream.get("sha256").and_then(|value| value.as_str()) {
        Some(known) if is_pinned && !known.is_empty() && known != downloaded => bail!(
            "{UPSTREAM}: sha256: the document of authentik {pinned} is another than the one that was pinned\n  pinned:     {known}\n  \
             downloaded: {downloaded}\n  to mend it: find out why it changed; if that is right, write `sha256 = \"\"` there and sync again"
        ),
        _ => Ok(()),
    }
}

/// `openapi/upstream.toml` for a release.
fn upstream(project: &Project, release: &str, from: Option<(&Source, &str)>, lock: &DocumentMut) -> Result<String> {
    let mut upstream = project.upstream.clone();
    set(&mut upstream, "release", release);
    match from {
        Some((Source::Release(_), sha256)) => set(&mut upstream, "sha256", sha256),
        // Whatever else has that release need not have the bytes of upstream's repository, which are what is checked.
        Some(_) => set(&mut upstream, "sha256", ""),
        None => {}
    }
    let progenitor = packages(lock).find(|package| package.get("name").and_then(|name| name.as_str()) == Some("progenitor"));
    let version = progenitor.and_then(|package| package.get("version")?.as_str());
    let version = version.with_context(|| format!("{LOCK}: has no progenitor: `cargo build` writes it"))?;
    set(&mut upstream, "generator", &format!("progenitor {version}"));
    Ok(upstream.to_string())
}

/// Changes a text, and keeps the comments around it.
fn set(document: &mut DocumentMut, key: &str, text: &str) {
    match document.get_mut(key).and_then(|item| item.as_value_mut()) {
        Some(value) => {
            let decor = value.decor().clone();
            *value = text.into();
            *value.decor_mut() = decor;
        }
        None => document[key] = toml_edit::value(text),
    }
}

fn packages(lock: &DocumentMut) -> impl Iterator<Item = &toml_edit::Table> {
    lock.get("package").and_then(|packages| packages.as_array_of_tables()).into_iter().flatten()
}

fn crate_version(manifest: &str) -> Result<Version> {
    let manifest: DocumentMut = manifest.parse().map_err(|error| anyhow!("{MANIFEST}: {error}"))?;
    let version = manifest.get("package").and_then(|package| package.get("version")?.as_str());
    let version = version.with_context(|| format!("{MANIFEST}: has no `version` in `[package]`"))?;
    Version::parse(version).with_context(|| format!("{MANIFEST}: `version` is no version: {version}"))
}

/// The version after a change, <https://doc.rust-lang.org/cargo/reference/semver.html>: below 1.0 the second number stands for
/// what breaks, and the third for everything else.
fn next_version(version: &Version, bump: Bump, release: &str) -> Result<Version> {
    let (major, minor, patch) = (version.major, version.minor, version.patch);
    let (major, minor, patch) = match bump {
        Bump::Major if major > 0 => (major + 1, 0, 0),
        Bump::Major => (0, minor + 1, 0),
        Bump::Minor if major > 0 => (major, minor + 1, 0),
        _ => (major, minor, patch + 1),
    };
    let build = BuildMetadata::new(&format!("authentik.{release}"))
        .with_context(|| format!("`info.version` of the document is `{release}`, which cannot stand in a version: is it authentik's?"))?;
    Ok(Version { build, ..Version::new(major, minor, patch) })
}

fn with_version(manifest: &str, version: &Version) -> Result<String> {
    let mut manifest: DocumentMut = manifest.parse().map_err(|error| anyhow!("{MANIFEST}: {error}"))?;
    manifest["package"]["version"] = toml_edit::value(version.to_string());
    Ok(manifest.to_string())
}

/// `Cargo.lock` knows the version too, and `--locked` insists on it.
fn locked(mut lock: DocumentMut, version: &Version) -> Result<String> {
    let packages = lock.get_mut("package").and_then(|packages| packages.as_array_of_tables_mut());
    let ours = |package: &&mut toml_edit::Table| {
        package.get("name").and_then(|name| name.as_str()) == Some("authentik-flow-bindings") && package.get("source").is_none()
    };
    let package = packages.into_iter().flat_map(|packages| packages.iter_mut()).find(ours);
    let package = package.with_context(|| format!("{LOCK}: does not have this crate: `cargo build` writes it"))?;
    package["version"] = toml_edit::value(version.to_string());
    Ok(lock.to_string())
}

/// The changelog with an entry above the others.
fn with_entry(changelog: &str, entry: &str) -> Result<String> {
    let first = changelog.find("\n## ").with_context(|| format!("{CHANGELOG}: has no entry that begins with `## `: restore it"))?;
    let (intro, entries) = changelog.split_at(first + 1);
    Ok(format!("{intro}{entry}\n{entries}"))
}
