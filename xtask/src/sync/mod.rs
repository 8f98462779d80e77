//! `cargo xtask sync`: from upstream's document to the slice, the changelog entry and the version.

use anyhow::Result;
use semver::Version;
use serde_json::Value;

use crate::annotations::orphaned::orphaned_descriptions;
use crate::annotations::{self, AssumedDefault, Carried, Renamed};
use crate::codegen::reviewed::{REVIEWED, SLICE, UPSTREAM};
use crate::codegen::{Generated, generate};
use crate::diff::rust::Bump;
use crate::document::Document;
use crate::project::Project;
use crate::report::changelog::lines;
use crate::report::{FollowUp, RenamedOperation, RenamedProperty, SyncReport, Versions};
use crate::slice::{Selection, operations, slice};
use crate::source::{Fetched, Source};
use crate::yaml::to_yaml;

use changelog::{CHANGELOG, Changelog};
use compare::compare;
pub use files::check_agreement;
use files::{LOCK, MANIFEST, release_of};
use follow_ups::{Context, follow_ups};
use operations::Resolved;
pub use operations::resolve;
pub use status::{apply, rust_verdict, status};
use uses::Sources;

mod changelog;
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
    /// The revision from which the version and the changelog entry are computed; the working tree by default.
    pub base: Option<String>,
    /// Whether files are written.
    pub write: bool,
}

/// The base of a comparison.
struct Base {
    /// The slice with its annotations.
    document: Document,
    /// The slice without them.
    slice: Value,
    version: Version,
}

impl Base {
    /// A revision, or the working tree, in which an earlier sync must be complete.
    fn read(project: &Project, revision: Option<&str>) -> Result<Self> {
        let read = |path: &str| revision.map_or_else(|| project.read(path), |revision| project.read_at(revision, path));
        let (document, slice) = Project::slice_of(&read(SLICE)?)?;
        if revision.is_none() {
            files::check_agreement(project, &slice)?;
        }
        Ok(Self { document, slice, version: files::crate_version(&read(MANIFEST)?)? })
    }
}

/// The slice of the new document, with annotations.
struct New<'a> {
    document: &'a Document,
    slice: Value,
    text: String,
    /// Whether the API is the same as in the base.
    same_api: bool,
    carried: Carried,
    assumed_defaults: Vec<AssumedDefault>,
}

impl<'a> New<'a> {
    fn make(document: &'a Document, ids: Vec<String>, ours: &Value, base: &Base) -> Result<Self> {
        let mut slice = slice(document, &Selection::Only(ids), false)?;
        let same_api = slice == base.slice;
        let mut carried = annotations::carry(ours, &mut slice);
        for renamed in annotations::renamed(&base.slice, &slice) {
            if !carried.renamed.contains(&renamed) {
                carried.renamed.push(renamed);
            }
        }
        let assumed_defaults = if same_api { Vec::new() } else { annotations::assume_defaults(&base.slice, &mut slice) };
        Ok(Self { document, text: to_yaml(&slice), slice, same_api, carried, assumed_defaults })
    }
}

/// The consequences of a new slice for the crate.
struct Verdict {
    version: Version,
    /// The lines of the changelog that a sync writes.
    lines: String,
    /// The changelog with them.
    changelog: String,
    generated: Generated,
}

/// Updates the repository from a source.
pub fn sync(project: &Project, options: Options) -> Result<SyncReport> {
    let source = options.source.map_or_else(|| project.release().map(|release| Source::Release(release.to_owned())), Ok)?;
    let base = Base::read(project, options.base.as_deref())?;
    let ours = annotations::with_parts_of(&base.document.root, project.slice()?.0.root);
    let Fetched { document, sha256 } = source.fetch(project)?;
    files::check_digest(project, &source, &sha256)?;

    let Resolved { ids, renamed, missing } = resolve(&project.operations()?, &ours, &document.root);
    let mut report = SyncReport {
        source: document.name.clone(),
        version: Versions { old: base.version.to_string(), new: base.version.to_string() },
        operations_renamed: operations_renamed(&base.slice, &document.root, &ids),
        operations_missing: missing.iter().map(|missing| missing.id.clone()).collect(),
        follow_ups: missing.iter().map(follow_ups::operation_missing).collect(),
        ..SyncReport::default()
    };
    if missing.is_empty() {
        let new = New::make(&document, ids, &ours, &base)?;
        let verdict = judge(project, &base, &ours, &new, &mut report)?;
        let texts = texts(project, &new, &verdict, &renamed, (&source, &sha256))?;
        report.follow_ups = left_to_do(project, &base, &ours, &new, &verdict, &texts, &report);
        finish(project, texts, options.write, &mut report)?;
    }
    // Freeing about 60,000 values would take a tenth of the run time, and the process ends soon.
    std::mem::forget(document);
    Ok(report)
}

/// Compares the new slice with the base, and adds the results to the report.
fn judge(project: &Project, base: &Base, ours: &Value, new: &New, report: &mut SyncReport) -> Result<Verdict> {
    let is_renamed = |id: &String| report.operations_renamed.iter().any(|renamed| renamed.old == *id || renamed.new == *id);
    let changed = |slice, other| missing_in(slice, other).into_iter().filter(|id| !is_renamed(id)).collect();
    (report.operations_added, report.operations_removed) = (changed(&base.slice, &new.slice), changed(&new.slice, &base.slice));
    report.renamed = new.carried.renamed.iter().map(renamed).collect();
    let text = project.read(CHANGELOG)?;
    let changelog = Changelog::parse(&text, &base.version)?;
    let next_version = |bump| files::next_version(&base.version, bump, release_of(&new.slice));
    let (version, lines, generated) = if new.same_api {
        // Handwritten lines since the release need a version of their own.
        let version = if changelog.has_handwritten_lines() { next_version(Bump::Patch)? } else { base.version.clone() };
        (version, String::new(), generate(SLICE, &new.text)?)
    } else {
        let (diff, generated) = compare(&base.document, &base.slice, ours, new.document, &new.slice, report)?;
        let version = next_version(diff.rust.bump.unwrap_or(Bump::Major))?;
        report.version.new = version.to_string();
        let lines = lines(report, &diff);
        report.diff = Some(diff);
        (version, lines, generated)
    };
    report.version.new = version.to_string();
    Ok(Verdict { changelog: changelog.with_entry(&version, &lines), lines, version, generated })
}

/// The files that a sync keeps consistent, by path.
type Texts = [(&'static str, String); 6];

fn texts(project: &Project, new: &New, verdict: &Verdict, renamed: &[RenamedOperation], source: (&Source, &str)) -> Result<Texts> {
    let Verdict { version, changelog, generated, .. } = verdict;
    let of_slice = files::Slice { release: release_of(&new.slice), same_api: new.same_api, renamed };
    let upstream = files::upstream(project, &of_slice, source.0, source.1)?;
    let rust = files::reviewed(&new.text, generated, &upstream)?;
    Ok([
        (SLICE, new.text.clone()),
        (UPSTREAM, upstream),
        (MANIFEST, files::with_version(&project.read(MANIFEST)?, version)?),
        (LOCK, files::with_locked_version(&project.read(LOCK)?, version)?),
        (CHANGELOG, changelog.clone()),
        (REVIEWED, rust),
    ])
}

fn left_to_do(
    project: &Project,
    base: &Base,
    ours: &Value,
    new: &New,
    verdict: &Verdict,
    texts: &Texts,
    report: &SyncReport,
) -> Vec<FollowUp> {
    follow_ups(&Context {
        base: release_of(&base.slice),
        diff: report.diff.as_ref(),
        generated: &verdict.generated,
        upstream: &texts[1].1,
        manifest: &texts[2].1,
        sources: &Sources::read(&project.root),
        operations_renamed: &report.operations_renamed,
        renamed: &new.carried.renamed,
        assumed_defaults: &new.assumed_defaults,
        removed_entries: &new.carried.removed_entries,
        dropped_aliases: &new.carried.dropped_aliases,
        orphaned: &orphaned_descriptions(ours, &new.slice),
        outdated: None,
        removed_extensions: &annotations::removed_extensions(&base.document.root, &new.slice),
        new: &new.slice,
    })
}

/// Writes the files that differ, or makes a patch of them.
fn finish(project: &Project, texts: Texts, write: bool, report: &mut SyncReport) -> Result<()> {
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

/// The operations of a base that have another id in a document, if that id is among `ids`.
fn operations_renamed(base: &Value, document: &Value, ids: &[String]) -> Vec<RenamedOperation> {
    let mut renamed = resolve(&ids_of(base), base, document).renamed;
    renamed.retain(|renamed| ids.contains(&renamed.new));
    renamed
}

/// The ids of the operations that `other` has and `slice` does not.
fn missing_in(slice: &Value, other: &Value) -> Vec<String> {
    let others = ids_of(slice);
    ids_of(other).into_iter().filter(|id| !others.contains(id)).collect()
}

fn ids_of(slice: &Value) -> Vec<String> {
    operations(slice).filter_map(|(.., operation)| operation["operationId"].as_str().map(str::to_owned)).collect()
}
