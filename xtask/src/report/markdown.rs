//! Reports for a pull request.

use std::fmt::Write;

use super::sync::follow_ups_as_markdown;
use super::{Invalid, SHOWN, SyncReport, counted, invalid, operations, sides, text, version};
use crate::codegen::reviewed::UPSTREAM;
use crate::diff::Diff;

pub fn of_diff(diff: &Diff) -> String {
    let (old, new) = sides(diff);
    let mut out = format!(
        "## authentik {} → {}\n\n{}.\n\n\
         | verdict | |\n| --- | --- |\n\
         | client of {old} on a server of {new} | {} |\n\
         | client of {new} on a server of {old} | {} |\n\
         | version of the crate | {} |\n",
        diff.old.release,
        diff.new.release,
        counted(diff),
        diff.wire.old_client_on_new_server.as_str(),
        diff.wire.new_client_on_old_server.as_str(),
        cell(&version(diff)),
    );
    if !diff.changes.is_empty() {
        out.push_str("\n| level | change | old client, new server | new client, old server | Rust |\n| --- | --- | --- | --- | --- |\n");
    }
    for change in &diff.changes {
        let _ = writeln!(
            out,
            "| {} | {}<br>`{}`<br>{}: `{}` | {} | {} | {} |",
            change.level,
            cell(&text::sentence(change)),
            change.id,
            cell(&operations(change)),
            cell(&change.pointer),
            change.wire.old_client_on_new_server.as_str(),
            change.wire.new_client_on_old_server.as_str(),
            change.rust.map(|bump| bump.to_string()).unwrap_or_default(),
        );
    }
    for Invalid { source, operations, reason } in invalid(diff) {
        let _ = writeln!(out, "\nNot compared (invalid in {source}): {operations}\n\n```text\n{reason}\n```");
    }
    if !diff.rust.items.is_empty() {
        let _ = write!(out, "\n<details><summary>{} public items changed</summary>\n\n", diff.rust.items.len());
        for item in diff.rust.items.iter().take(4 * SHOWN) {
            let _ = writeln!(out, "- {}: {}", item.bump, text::item_change(item, "`"));
        }
        if diff.rust.items.len() > 4 * SHOWN {
            let _ = writeln!(out, "- and {} more", diff.rust.items.len() - 4 * SHOWN);
        }
        out.push_str("\n</details>\n");
    }
    out
}

pub fn of_sync(report: &SyncReport) -> String {
    let Some(diff) = &report.diff else { return text::without_diff(report) + &follow_ups_as_markdown(&report.follow_ups) };
    let mut out = of_diff(diff);
    for operation in &report.operations_added {
        let _ = writeln!(out, "\nThe operation `{operation}` is now generated, because it is in `{UPSTREAM}`.");
    }
    for operation in &report.operations_removed {
        let _ = writeln!(out, "\nThe operation `{operation}` is no longer generated, because it is not in `{UPSTREAM}`.");
    }
    let _ = write!(out, "\nVersion `{}` → `{}`, in {}.\n", report.version.old, report.version.new, report.files.join(", "));
    out + &follow_ups_as_markdown(&report.follow_ups)
}

/// Text for a table cell. HTML is escaped outside code.
fn cell(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ");
    let parts = escaped.split('`').enumerate();
    let plain = parts.map(|(index, part)| if index % 2 == 0 { part.replace('&', "&amp;").replace('<', "&lt;") } else { part.to_owned() });
    plain.collect::<Vec<_>>().join("`")
}
