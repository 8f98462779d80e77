//! Reports as plain text.

use std::fmt::Write;

use super::sync::follow_ups_as_text;
use super::{Invalid, SHOWN, SyncReport, counted, invalid, operations, sides, version};
use crate::codegen::reviewed::UPSTREAM;
use crate::diff::rust::ItemChange;
use crate::diff::{Change, Diff};

pub fn of_diff(diff: &Diff) -> String {
    let mut out = format!("{} ({}) -> {} ({})\n{}\n", diff.old.release, diff.old.source, diff.new.release, diff.new.source, counted(diff));
    for change in &diff.changes {
        let wire = change.wire;
        let _ = write!(
            out,
            "\n{:7} {}\n        {}\n        {}: {}\n        old client, new server: {}; new client, old server: {}{}{}\n",
            change.level,
            change.id,
            change.text,
            operations(change),
            change.pointer,
            wire.old_client_on_new_server.as_str(),
            wire.new_client_on_old_server.as_str(),
            change.only_if.as_ref().map_or_else(String::new, |call| format!("; only if {call}")),
            change.rust.map_or_else(String::new, |bump| format!("; Rust: {bump}")),
        );
        if let Some(note) = &change.note {
            let _ = writeln!(out, "        note: {note}");
        }
    }
    out + &verdicts(diff)
}

/// A change with its condition and its note, on one line.
pub fn sentence(change: &Change) -> String {
    let only_if = change.only_if.as_ref().map_or_else(String::new, |call| format!(" (only if {call})"));
    let note = change.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
    format!("{}{only_if}{note}", change.text)
}

fn verdicts(diff: &Diff) -> String {
    let (old, new) = sides(diff);
    let mut out = format!(
        "\non the wire{}\n  client of {old} on a server of {new}: {}\n  client of {new} on a server of {old}: {}\n",
        if diff.has_conditions() { ", apart from the changes with `only if`" } else { "" },
        diff.wire.old_client_on_new_server.as_str(),
        diff.wire.new_client_on_old_server.as_str(),
    );
    let _ = writeln!(out, "version of the crate: {}", version(diff));
    let items = &diff.rust.items;
    for item in items.iter().take(SHOWN) {
        let _ = writeln!(out, "  {:6} {}", item.bump, item_change(item, ""));
    }
    if items.len() > SHOWN {
        let _ = writeln!(out, "  and {} more of {}; `--format json` lists them all", items.len() - SHOWN, items.len());
    }
    for Invalid { source, operations, reason } in invalid(diff) {
        let _ = writeln!(out, "  not compared (invalid in {source}): {operations}\n    {}", reason.replace('\n', "\n    "));
    }
    if !diff.rust.left_out.is_empty() {
        let names = diff.rust.left_out.iter().map(ToString::to_string).collect::<Vec<_>>();
        let _ = writeln!(out, "  not supported by the generator: {}", names.join(", "));
    }
    out
}

/// The change to a public item, on one line. `tick` is put around code.
pub fn item_change(item: &ItemChange, tick: &str) -> String {
    let rust = |code: &str| format!("{tick}{}{tick}", one_line(code));
    let path = rust(&item.item);
    match (&item.old, &item.new) {
        (Some(_), None) => format!("{path} was removed"),
        (None, Some(new)) if new.is_empty() => format!("{path} was added"),
        (None, Some(new)) => format!("{path} was added: {}", rust(new)),
        (Some(old), Some(new)) => format!("{path} is {}; it was {}", rust(new), rust(old)),
        (None, None) => path,
    }
}

/// Formatted Rust on a single line.
fn one_line(code: &str) -> String {
    code.lines().map(str::trim).fold(String::new(), |mut text, line| {
        if line.starts_with([')', '>', ']']) {
            text.truncate(text.trim_end_matches(',').len());
        } else if !(text.is_empty() || text.ends_with(['(', '<', '['])) {
            text.push(' ');
        }
        text + line
    })
}

pub fn of_sync(report: &SyncReport) -> String {
    let Some(diff) = &report.diff else { return without_diff(report) + &follow_ups_as_text(&report.follow_ups) };
    of_diff(diff) + &sync_outcome(report) + &follow_ups_as_text(&report.follow_ups)
}

/// The operations, the version and the files of a sync.
pub fn sync_outcome(report: &SyncReport) -> String {
    let mut out = String::new();
    for operation in &report.operations_added {
        let _ = writeln!(out, "\nthe operation {operation} is now generated, because it is in {UPSTREAM}");
    }
    for operation in &report.operations_removed {
        let _ = writeln!(out, "\nthe operation {operation} is no longer generated, because it is not in {UPSTREAM}");
    }
    if report.version.old == report.version.new {
        let _ = write!(out, "\nversion {}", report.version.new);
    } else {
        let _ = write!(out, "\nversion {} -> {}", report.version.old, report.version.new);
    }
    let _ = writeln!(out, "\n{} {}", if report.written { "wrote" } else { "would write" }, report.files.join(", "));
    out
}

/// What a sync did if the API did not change.
pub fn without_diff(report: &SyncReport) -> String {
    match report.files.as_slice() {
        _ if !report.operations_missing.is_empty() => {
            format!("{} no longer has {}: nothing was written\n", report.source, report.operations_missing.join(", "))
        }
        [] => format!("up to date with {}\n", report.source),
        files if report.written => format!("wrote {}: the API is the same\n", files.join(", ")),
        files => format!("would write {}: the API is the same\n", files.join(", ")),
    }
}
