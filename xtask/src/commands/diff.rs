//! `cargo xtask diff`.

use std::path::Path;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Operations, annotated, print};
use crate::annotations;
use crate::diff::operations::only;
use crate::diff::rules::Level;
use crate::diff::rust::Bump;
use crate::diff::{self, Diff, InvalidOperation, Operation};
use crate::document::Document;
use crate::project::Project;
use crate::report::{self, Format};
use crate::slice::{LeftOut, Selection, slice_valid};
use crate::source::Source;
use crate::sync::resolve;

/// Report what changed between two documents, and the consequences for clients and for this crate
#[derive(Args)]
pub struct Arguments {
    /// The old document: a file, a URL, the address of an authentik server, or a release
    #[arg(value_name = "OLD")]
    old: String,
    /// The new document
    #[arg(value_name = "NEW")]
    new: String,
    /// The format of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Exit with 1 if there is a change of this level or a worse one
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Exit with 1 if the semver verdict for the generated Rust is at least this, or unknown
    #[arg(long, value_enum)]
    fail_on_rust: Option<FailOnRust>,
    #[command(flatten)]
    selection: Operations,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Any,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOnRust {
    Major,
    Minor,
}

pub fn run(root: &Path, arguments: &Arguments) -> Result<bool> {
    let diff = compare(&Project::open(root)?, arguments)?;
    let text = std::fs::read_to_string(&arguments.new).ok();
    print(&report::of_diff(&diff, text.as_deref(), arguments.format))?;
    Ok(!fails(&diff, arguments))
}

fn compare(project: &Project, arguments: &Arguments) -> Result<Diff> {
    let Arguments { old, new, selection, .. } = arguments;
    let selection = selection.of(project)?;
    let fetch = |source: &str| Ok::<_, anyhow::Error>(Source::parse(source)?.fetch(project)?.document);
    let (old, new) = (fetch(old)?, fetch(new)?);
    let checked_in = project.slice()?.0.root;
    // If one document has annotations, they apply to both; otherwise the annotations of the checked-in slice apply.
    let ours = [&old, &new].into_iter().map(|document| &document.root).find(|root| annotations::are_in(root)).unwrap_or(&checked_in);
    let [in_old, in_new] = selections(selection, &checked_in, [&old, &new])?;
    let ((before, before_invalid), (after, after_invalid)) = (sliced(&old, &in_old, ours)?, sliced(&new, &in_new, ours)?);
    // An operation that is invalid on one side was neither added nor removed.
    let is_invalid =
        |operation: &Operation| before_invalid.iter().chain(&after_invalid).any(|invalid| operation.is(invalid.method, &invalid.path));
    let [before, after] = [before, after].map(|slice| only(&slice, |operation| !is_invalid(operation)));
    let (before, after) = (diff::Input::new(&old, &before), diff::Input::new(&new, &after));
    Ok(diff::compare(&before.with_invalid(before_invalid), &after.with_invalid(after_invalid)))
}

/// The selected operations in each document: an operation can have another id there, or be missing in one of them.
fn selections(selection: Selection, checked_in: &Value, documents: [&Document; 2]) -> Result<[Selection; 2]> {
    let Selection::Only(ids) = &selection else { return Ok([Selection::All, Selection::All]) };
    let resolved = documents.map(|document| resolve(ids, checked_in, &document.root));
    for (document, resolved) in documents.iter().zip(&resolved) {
        if let Some(missing) = resolved.missing.iter().find(|missing| missing.has_no_id) {
            let help = format!("add `operationId: {}` to a copy of the document, and pass that file", missing.id);
            return Err(document.error("#/paths", format!("{} has no `operationId`", missing.operation), help).into());
        }
    }
    let found = resolved.map(|resolved| resolved.ids);
    Ok(if found.iter().all(Vec::is_empty) { [selection.clone(), selection] } else { found.map(Selection::Only) })
}

/// The annotated slice of a document. With all operations, invalid ones are left out; selected operations must be valid.
fn sliced(document: &Document, selection: &Selection, ours: &Value) -> Result<(Value, Vec<LeftOut>)> {
    let Selection::All = selection else { return Ok((annotated(document, selection, ours)?, Vec::new())) };
    let (mut slice, left_out) = slice_valid(document)?;
    annotations::carry(if annotations::are_in(&document.root) { &document.root } else { ours }, &mut slice);
    Ok((slice, left_out))
}

fn fails(diff: &Diff, arguments: &Arguments) -> bool {
    let worst = diff.changes.iter().map(|change| change.level).max();
    let on_level = arguments.fail_on.is_some_and(|fail_on| match fail_on {
        FailOn::Error => worst >= Some(Level::Error),
        FailOn::Warning => worst >= Some(Level::Warning),
        FailOn::Any => worst.is_some(),
    });
    // Rust that cannot be generated counts as a breaking change.
    let bump = diff.rust.bump.unwrap_or(Bump::Major);
    let in_rust = arguments.fail_on_rust.is_some_and(|fail_on| match fail_on {
        FailOnRust::Major => bump >= Bump::Major,
        FailOnRust::Minor => bump >= Bump::Minor,
    });
    // It is unknown what changed in an operation that is invalid in only one of the documents.
    let is_unknown = |invalid: &InvalidOperation| diff.invalid.iter().filter(|other| other.operation == invalid.operation).count() == 1;
    let fails_on_any = arguments.fail_on.is_some() || arguments.fail_on_rust.is_some();
    on_level || in_rust || fails_on_any && diff.invalid.iter().any(is_unknown)
}
