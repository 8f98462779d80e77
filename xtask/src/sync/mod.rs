//! `cargo xtask sync`: from upstream's document to the slice, the changelog entry and the version.

use std::collections::BTreeSet;

use anyhow::Result;
use semver::Version;
use serde_json::Value;

use crate::annotations::orphaned::orphaned_descriptions;
use crate::annotations::{self, Bridged, Carried, Renamed};
use crate::codegen::reviewed::{REVIEWED, SLICE};
use crate::codegen::{Generated, generate};
use crate::diff;
use crate::diff::rust::Bump;
use crate::document::Document;
use crate::locate;
use crate::project::{Project, UPSTREAM};
use crate::report::{RenamedProperty, SyncReport, Versions, changelog};
use crate::slice::{Selection, slice};
use crate::source::{Fetched, Source};
use crate::yaml::to_yaml;

use compare::compare;
use files::{CHANGELOG, LOCK, MANIFEST, release_of};
use follow_ups::{Context, follow_ups};
use operations::{Resolved, resolve};
pub use status::{apply, rust_verdict, status};
use uses::Sources;

mod compare;
pub mod files;
mod follow_ups;
mod operations;
mod patch;
mod status;
mod uses;

/// How to sync.
pub struct Options {
    /// Where the document comes from; the pinned release by default.
    pub source: Option<Source>,
    /// The revision that version and changelog count from; the working tree by default.
    pub base: Option<String>,
    /// Whether files are written.
    pub write: bool,
}

/// What a document is compared with.
struct Base {
    /// The slice without annotations.
    slice: Value,
    version: Version,
    changelog: String,
}

impl Base {
    /// The working tree, in which an earlier sync is complete.
    fn working_tree(project: &Project, slice: Value) -> Result<Self> {
        files::check_agreement(project, &slice)?;
        Ok(Self { slice, version: files::crate_version(&project.read(MANIFEST)?)?, changelog: project.read(CHANGELOG)? })
    }

    fn revision(project: &Project, revision: &str) -> Result<Self> {
        let (_, slice) = Project::slice_of(&project.read_at(revision, SLICE)?)?;
        let version = files::crate_version(&project.read_at(revision, MANIFEST)?)?;
        Ok(Self { slice, version, changelog: project.read_at(revision, CHANGELOG)? })
    }
}

/// The slice of the new document, with annotations.
struct New {
    slice: Value,
    text: String,
    /// Whether the API is that of the base.
    same_api: bool,
    carried: Carried,
    bridged: Vec<Bridged>,
}

impl New {
    fn make(document: Document, ids: Vec<String>, ours: &Value, base: &Base) -> Result<Self> {
        let mut slice = slice(&document, &Selection::Only(ids), false)?;
        // Freeing some 60,000 values takes a tenth of the whole run, and the process ends soon.
        std::mem::forget(document);
        let same_api = slice == base.slice;
        let carried = annotations::carry(ours, &mut slice);
        let bridged = if same_api { Vec::new() } else { annotations::bridge(&base.slice, &mut slice) };
        Ok(Self { text: to_yaml(&slice), slice, same_api, carried, bridged })
    }
}

/// Updates the repository from a source.
pub fn sync(project: &Project, options: Options) -> Result<SyncReport> {
    let source = options.source.map_or_else(|| project.release().map(|release| Source::Release(release.to_owned())), Ok)?;
    let (ours, checked_in) = project.slice()?;
    let base = match &options.base {
        None => Base::working_tree(project, checked_in)?,
        Some(revision) => Base::revision(project, revision)?,
    };
    let Fetched { document, sha256 } = source.fetch(project)?;
    files::check_digest(project, &source, &sha256)?;

    let Resolved { ids, renamed: operations_renamed, gone } = resolve(&project.operations()?, &ours.root, &document.root);
    let mut report = SyncReport {
        source: source.name().to_owned(),
        version: Versions { old: base.version.to_string(), new: base.version.to_string() },
        operations_renamed,
        operations_gone: gone.iter().map(|gone| gone.id.clone()).collect(),
        ..SyncReport::default()
    };
    report.follow_ups = gone.iter().map(follow_ups::operation_gone).collect();
    if !gone.is_empty() {
        return Ok(report);
    }
    let new = New::make(document, ids, &ours.root, &base)?;
    let Verdict { version, changelog, generated } = judge(&base, &ours.root, &new, &mut report)?;
    let of_slice = files::Slice { release: release_of(&new.slice), same_api: new.same_api, renamed: &report.operations_renamed };
    let upstream = files::upstream(project, &of_slice, &source, &sha256)?;
    let rust = files::reviewed(&new.text, &generated, &upstream)?;
    let texts = [
        (SLICE, new.text.clone()),
        (UPSTREAM, upstream),
        (MANIFEST, files::with_version(&project.read(MANIFEST)?, &version)?),
        (LOCK, files::with_locked_version(&project.read(LOCK)?, &version)?),
        (CHANGELOG, changelog),
        (REVIEWED, rust),
    ];
    report.follow_ups = follow_ups(&Context {
        base: release_of(&base.slice),
        diff: report.diff.as_ref(),
        generated: &generated,
        upstream: &texts[1].1,
        manifest: &texts[2].1,
        sources: &Sources::read(&project.root),
        operations_renamed: &report.operations_renamed,
        renamed: &new.carried.renamed,
        bridged: &new.bridged,
        unlisted: &new.carried.unlisted,
        orphaned: &orphaned_descriptions(&ours.root, &new.slice),
        new: &new.slice,
    });
    finish(project, texts, options.write, &mut report)?;
    Ok(report)
}

/// What a new slice means for the crate.
struct Verdict {
    version: Version,
    changelog: String,
    generated: Generated,
}

/// Compares the new slice with the base, and reports it.
fn judge(base: &Base, ours: &Value, new: &New, report: &mut SyncReport) -> Result<Verdict> {
    let is_renamed = |id: &String| report.operations_renamed.iter().any(|renamed| renamed.old == *id || renamed.new == *id);
    let changed = |slice, other| missing_in(slice, other).into_iter().filter(|id| !is_renamed(id)).collect();
    (report.operations_added, report.operations_removed) = (changed(&base.slice, &new.slice), changed(&new.slice, &base.slice));
    report.renamed = new.carried.renamed.iter().map(renamed).collect();
    if new.same_api {
        let generated = generate(SLICE, &new.text).map_err(|error| locate::with_line(error, &new.text))?;
        return Ok(Verdict { version: base.version.clone(), changelog: base.changelog.clone(), generated });
    }
    let (diff, generated) = compare(&base.slice, ours, &new.slice, &report.source, report)?;
    let version = files::next_version(&base.version, diff.rust.bump.unwrap_or(Bump::Major), release_of(&new.slice))?;
    report.version.new = version.to_string();
    let changelog = files::with_entry(&base.changelog, &changelog::entry(report, &diff))?;
    report.diff = Some(diff);
    Ok(Verdict { version, changelog, generated })
}

/// Writes the files that differ, or makes a patch of them.
fn finish(project: &Project, texts: [(&'static str, String); 6], write: bool, report: &mut SyncReport) -> Result<()> {
    let mut changed = Vec::new();
    let mut patch = String::new();
    for (path, text) in texts {
        let current = project.read(path)?;
        if current != text {
            patch += &patch::unified(path, &current, &text);
            changed.push((path, text));
        }
    }
    report.files = changed.iter().map(|(path, _)| (*path).to_owned()).collect();
    if !write {
        report.patch = Some(patch);
    } else if !changed.is_empty() {
        project.write(&changed)?;
        report.written = true;
    }
    Ok(())
}

fn renamed(Renamed { component, old, new }: &Renamed) -> RenamedProperty {
    RenamedProperty { component: component.clone(), old: old.clone(), new: new.clone() }
}

/// The ids of operations that one slice has and another does not.
fn missing_in(slice: &Value, other: &Value) -> Vec<String> {
    let ids = |slice: &Value| {
        diff::operations::operations(slice)
            .into_values()
            .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
            .collect::<BTreeSet<_>>()
    };
    ids(other).difference(&ids(slice)).cloned().collect()
}
