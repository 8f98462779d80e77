//! `cargo xtask sync --status`: the remaining follow-up of a sync, computed from the files.

use anyhow::{Context as _, Result};

use super::changelog::CHANGELOG;
use super::files::{self, MANIFEST, release_of};
use super::follow_ups::{Context, unfinished};
use super::uses::Sources;
use super::{Base, New, Verdict, ids_of, judge, operations_renamed};
use crate::annotations::{self, Carried};
use crate::codegen::generate;
use crate::codegen::reviewed::{REVIEWED, SLICE, UPSTREAM};
use crate::diff::rust::Bump;
use crate::document::Document;
use crate::project::Project;
use crate::report::{Status, SyncReport, Versions};
use crate::slice::Selection;
use crate::yaml::to_yaml;

/// Compares the working tree with a revision: by default the newest tag, or the last commit if there is no tag.
pub fn status(project: &Project, base: Option<String>) -> Result<Status> {
    let revision = base.unwrap_or_else(|| match project.git(&["describe", "--tags", "--abbrev=0"]) {
        Ok(tag) => tag.trim().to_owned(),
        Err(_) => "HEAD".to_owned(),
    });
    let base = Base::read(project, Some(&revision))?;
    let (document, _) = project.slice()?;
    let (new, report, verdict) = since(project, &base, &document)?;
    let manifest = project.read(MANIFEST)?;
    let outdated = match report.diff {
        Some(_) if files::crate_version(&manifest)? < verdict.version => Some(MANIFEST),
        Some(_) if !project.read(CHANGELOG)?.contains(&verdict.lines) => Some(CHANGELOG),
        _ => None,
    };
    let follow_ups = unfinished(&Context {
        base: release_of(&base.slice),
        diff: report.diff.as_ref(),
        generated: &verdict.generated,
        operations_renamed: &report.operations_renamed,
        renamed: &new.carried.renamed,
        assumed_defaults: &[],
        removed_entries: &[],
        dropped_aliases: &[],
        orphaned: &[],
        outdated: outdated.map(|file| (file, revision.as_str())),
        removed_extensions: &annotations::removed_extensions(&base.document.root, &new.slice),
        upstream: &project.read(UPSTREAM)?,
        manifest: &manifest,
        new: &new.slice,
        sources: &Sources::read(&project.root),
    });
    Ok(Status { base: revision, follow_ups })
}

/// The verdict on the working tree, whose slice is `document`, compared with a base.
fn since<'a>(project: &Project, base: &Base, document: &'a Document) -> Result<(New<'a>, SyncReport, Verdict)> {
    let slice = document.root.clone();
    let ours = annotations::with_parts_of(&base.document.root, slice.clone());
    let mut report = SyncReport {
        version: Versions { old: base.version.to_string(), new: base.version.to_string() },
        operations_renamed: operations_renamed(&base.slice, &slice, &ids_of(&slice)),
        ..SyncReport::default()
    };
    let carried = Carried { renamed: annotations::renamed(&base.slice, &slice), removed_entries: Vec::new(), dropped_aliases: Vec::new() };
    let same_api = crate::slice::slice(document, &Selection::All, false)? == base.slice;
    let new = New { document, text: project.read(SLICE)?, slice, same_api, carried, assumed_defaults: Vec::new() };
    let verdict = judge(project, base, &ours, &new, &mut report)?;
    Ok((new, report, verdict))
}

/// Applies the fix of the follow-up at each pointer to the slice, and regenerates its Rust.
pub fn apply(project: &Project, base: Option<String>, pointers: &[String]) -> Result<()> {
    let status = status(project, base)?;
    let (ours, mut slice) = project.slice()?;
    let mut annotated = ours.root;
    for pointer in pointers {
        let fix = status.follow_ups.iter().filter_map(|follow_up| follow_up.fix.as_ref()).find(|fix| fix.pointer == *pointer);
        let fix = fix
            .with_context(|| format!("{pointer}: there is no fix for this pointer\n  help: `cargo xtask sync --status` lists the fixes"))?;
        annotations::add(&mut annotated, &fix.pointer, &fix.keyword, &fix.value);
    }
    annotations::carry(&annotated, &mut slice);
    let text = to_yaml(&slice);
    let generated = generate(SLICE, &text)?;
    let rust = files::reviewed(&text, &generated, &project.read(UPSTREAM)?)?;
    project.write(&[(SLICE, text), (REVIEWED, rust)])
}

/// The semver verdict for the generated Rust of the working tree compared with a revision.
pub fn rust_verdict(project: &Project, base: &str) -> Result<Bump> {
    let (document, _) = project.slice()?;
    let base = Base::read(project, Some(base))?;
    if !annotations::removed_extensions(&base.document.root, &document.root).is_empty() {
        return Ok(Bump::Major);
    }
    let (_, report, _) = since(project, &base, &document)?;
    Ok(report.diff.map_or(Bump::Patch, |diff| diff.rust.bump.unwrap_or(Bump::Major)))
}
