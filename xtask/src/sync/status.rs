//! `cargo xtask sync --status`: the remaining follow-up of a sync, computed from the files.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::compare::compare;
use super::files::{self, MANIFEST, release_of};
use super::follow_ups::{Context, unfinished};
use super::operations::resolve;
use super::uses::Sources;
use crate::annotations::{self, Renamed};
use crate::codegen::generate;
use crate::codegen::reviewed::{REVIEWED, SLICE};
use crate::diff::operations::operations;
use crate::diff::rust::Bump;
use crate::project::{Project, UPSTREAM};
use crate::report::{Status, SyncReport};
use crate::yaml::to_yaml;

/// Compares the working tree with a revision: by default the newest tag, or the last commit if there is no tag.
pub fn status(project: &Project, base: Option<String>) -> Result<Status> {
    let base = base.unwrap_or_else(|| match project.git(&["describe", "--tags", "--abbrev=0"]) {
        Ok(tag) => tag.trim().to_owned(),
        Err(_) => "HEAD".to_owned(),
    });
    let (old_document, old) = Project::slice_of(&project.read_at(&base, SLICE)?)?;
    let text = project.read(SLICE)?;
    let (ours, checked_in) = Project::slice_of(&text)?;
    let new = &ours.root;
    let (diff, generated) = if old == checked_in {
        (None, generate(SLICE, &text)?)
    } else {
        let (diff, generated) = compare(&old_document, &old, new, &ours, new, &SyncReport::default())?;
        (Some(diff), generated)
    };
    let ids = operations(&old).values().filter_map(|operation| operation["operationId"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    let follow_ups = unfinished(&Context {
        base: release_of(&old),
        diff: diff.as_ref(),
        generated: &generated,
        operations_renamed: &resolve(&ids, &old, new).renamed,
        renamed: &renamed(&old, new),
        bridged: &[],
        unlisted: &[],
        orphaned: &[],
        upstream: &project.read(UPSTREAM)?,
        manifest: &project.read(MANIFEST)?,
        new,
        sources: &Sources::read(&project.root),
    });
    Ok(Status { base, follow_ups })
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
    let (old_document, old) = Project::slice_of(&project.read_at(base, SLICE)?)?;
    let (ours, _) = project.slice()?;
    let (diff, _) = compare(&old_document, &old, &ours.root, &ours, &ours.root, &SyncReport::default())?;
    Ok(diff.rust.bump.unwrap_or(Bump::Major))
}

/// Properties that were renamed since the old slice, and are still decoded under their old names.
fn renamed(old: &Value, new: &Value) -> Vec<Renamed> {
    let mut found = Vec::new();
    for (component, schema) in new["components"]["schemas"].as_object().into_iter().flatten() {
        let before = &old["components"]["schemas"][component]["properties"];
        for (name, property) in schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| before.get(*name).is_none()) {
            let alias = annotations::aliases(property).find(|alias| before.get(*alias).is_some());
            found.extend(alias.map(|alias| Renamed { component: component.clone(), old: alias.to_owned(), new: name.clone() }));
        }
    }
    found
}
