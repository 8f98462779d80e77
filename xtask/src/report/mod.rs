//! Reports of a diff or a sync, for people and for programs.

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::diff::rules::Level;
use crate::diff::rust::Bump;
use crate::diff::{Change, Diff, InvalidOperation, Operation};

pub mod changelog;
mod github;
mod html;
mod markdown;
mod matrix;
mod sync;
mod text;

pub use matrix::of_matrix;
pub use sync::{Fix, FollowUp, RenamedOperation, RenamedProperty, Status, SyncReport, Versions};

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Text,
    /// For a pull request
    Markdown,
    /// For a browser, as one page that loads nothing
    Html,
    /// For the log of a GitHub workflow, as annotations
    Github,
    /// For a program; the schemas are in xtask/schemas
    Json,
}

/// Reports a diff. `text` is the text of the new document, if it was read from a file.
pub fn of_diff(diff: &Diff, text: Option<&str>, format: Format) -> String {
    match format {
        Format::Text => text::of_diff(diff),
        Format::Markdown => markdown::of_diff(diff),
        Format::Html => html::of_diff(diff),
        Format::Github => github::of_diff(diff, text),
        Format::Json => json(diff),
    }
}

/// Reports what a sync did, or would do.
pub fn of_sync(report: &SyncReport, format: Format) -> String {
    match format {
        Format::Html => html::of_sync(report),
        Format::Github => github::of_sync(report),
        Format::Text => text::of_sync(report),
        Format::Markdown => markdown::of_sync(report),
        Format::Json => json(report),
    }
}

/// Reports the manual follow-up of a sync. `slice` is the text of the slice.
pub fn of_status(status: &Status, slice: &str, format: Format) -> String {
    let Status { base, follow_ups } = status;
    match format {
        Format::Json => json(status),
        _ if follow_ups.is_empty() && format != Format::Html => format!("nothing is left to do since {base}\n"),
        Format::Markdown => sync::follow_ups_as_markdown(follow_ups),
        Format::Github => github::of_follow_ups(follow_ups, Some(slice)),
        Format::Html => html::of_status(status),
        Format::Text => sync::follow_ups_as_text(follow_ups),
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// The maximum number of list items that a report for people shows.
const SHOWN: usize = 25;

/// The names of the two sides in reports: their releases, unless they are the same.
pub fn sides(diff: &Diff) -> (&str, &str) {
    if diff.old.release == diff.new.release { ("the old document", "the new document") } else { (&diff.old.release, &diff.new.release) }
}

/// "3 changes: 1 error, 2 warnings".
fn counted(diff: &Diff) -> String {
    let unknown = match diff.invalid.len() {
        0 => String::new(),
        count => format!("; {count} invalid operation{} not compared", if count == 1 { "" } else { "s" }),
    };
    let counted = match diff.changes.len() {
        0 => "no changes".to_owned(),
        total => {
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            let counted = |(level, count): (std::cmp::Reverse<Level>, usize)| match level.0 {
                Level::Info => format!("{count} info"),
                level => format!("{count} {level}{}", plural(count)),
            };
            let levels = diff.counts().into_iter().map(counted).collect::<Vec<_>>().join(", ");
            format!("{total} change{}: {levels}", plural(total))
        }
    };
    counted + &unknown
}

/// How to increase the version of the crate, or why that is unknown.
fn version(diff: &Diff) -> String {
    match (diff.rust.bump, &diff.rust.not_compared) {
        (Some(_), _) if diff.changes.is_empty() && diff.rust.items.is_empty() => "patch at most: no public item changed".into(),
        (Some(bump), _) if diff.rust.items.iter().all(|item| item.bump < bump) && bump == Bump::Major => {
            "major: calls that the same server accepted before would now fail".into()
        }
        (Some(bump), _) => bump.to_string(),
        (None, why) => format!("unknown: {}", why.as_deref().unwrap_or_default()),
    }
}

/// The operations of a change. Only the first few are named.
fn operations(change: &Change) -> String {
    named(&change.operations.iter().collect::<Vec<_>>(), 2)
}

fn named(operations: &[&Operation], most: usize) -> String {
    let names = operations.iter().take(most).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match operations.len().saturating_sub(most) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// Operations that are invalid for the same reason.
struct Invalid<'a> {
    source: &'a str,
    operations: String,
    reason: &'a str,
}

fn invalid(diff: &Diff) -> Vec<Invalid<'_>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for InvalidOperation { source, operation, reason } in &diff.invalid {
        groups.entry((source.as_str(), reason.as_str())).or_default().push(operation);
    }
    groups.into_iter().map(|((source, reason), operations)| Invalid { source, operations: named(&operations, 8), reason }).collect()
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    /// The JSON that `--format json` writes is documented by schemas that are checked in.
    #[test]
    fn schemas_match_the_reports() {
        for (file, schema) in
            [("diff", schema_for!(crate::diff::Diff)), ("sync", schema_for!(super::SyncReport)), ("status", schema_for!(super::Status))]
        {
            let path = format!("schemas/{file}.schema.json");
            let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            if std::env::var_os("UPDATE_SCHEMAS").is_some() {
                std::fs::write(&path, &schema).unwrap();
            }
            let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(checked_in == schema, "xtask/{path} is out of date: UPDATE_SCHEMAS=1 cargo test --package xtask schemas");
        }
    }
}
