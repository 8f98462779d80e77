//! Writes the changelog entry of a new version.

use std::fmt::Write;

use super::text::item_change;
use super::{RenamedOperation, RenamedProperty, SyncReport};
use crate::diff::rust::{Bump, ItemChange};
use crate::diff::{Compatibility, Diff};

pub fn lines(report: &SyncReport, diff: &Diff) -> String {
    let (old, new) = (&diff.old.release, &diff.new.release);
    let mut entry = String::new();
    let servers = if old == new {
        if !diff.changes.is_empty() {
            let _ = writeln!(entry, "- CHANGE: generated from a different specification of authentik {new}.");
        }
        ["servers of the previous specification", "servers of the new specification"].map(str::to_owned)
    } else {
        let _ = writeln!(entry, "- FEATURE: generated from the specification of authentik {new}, previously {old}.");
        [format!("authentik {old}"), format!("authentik {new}")]
    };
    for operation in &report.operations_added {
        let _ = writeln!(entry, "- FEATURE: the operation `{operation}`.");
    }
    for RenamedOperation { old, new } in &report.operations_renamed {
        let _ = writeln!(entry, "- BREAKING CHANGE: the operation `{old}` was renamed to `{new}`.");
    }
    for operation in &report.operations_removed {
        let _ = writeln!(entry, "- BREAKING CHANGE: the operation `{operation}` was removed.");
    }
    let mut reported = Vec::new();
    for RenamedProperty { component, old, new } in &report.renamed {
        let _ = writeln!(entry, "- BREAKING CHANGE: `{component}.{old}` is now `{new}`; responses with either name are decoded.");
        reported.extend([old, new].map(|name| format!("#/components/schemas/{component}/properties/{name}")));
    }
    for change in diff.changes.iter().filter(|change| !reported.contains(&change.pointer)) {
        let (wire, version) = (change.wire, &report.version);
        let loses = if change.id.contains("request-") { "sends it without effect" } else { "does not see it" };
        let only_if = change.only_if.as_ref().map_or_else(String::new, |call| format!(" if {call}"));
        let mut consequences = String::new();
        for (clients, servers, outcome) in
            [(&version.old, &servers[1], wire.old_client_on_new_server), (&version.new, &servers[0], wire.new_client_on_old_server)]
        {
            let clients = clients.split('+').next().unwrap_or_default();
            match outcome {
                Compatibility::Compatible => {}
                Compatibility::Lossy => _ = write!(consequences, "; {clients} {loses} on {servers}{only_if}"),
                Compatibility::Incompatible => _ = write!(consequences, "; {clients} fails on {servers}{only_if}"),
            }
        }
        let _ = writeln!(entry, "- {}: {}{consequences}.", prefix(change.rust.unwrap_or(Bump::Patch)), change.text);
    }
    // A builder changes with its model, so it is not listed separately.
    let of_builder = |item: &ItemChange| item.item.contains("types::builder::");
    for item in diff.rust.items.iter().filter(|item| item.bump == Bump::Major && !of_builder(item) && !diff.explains(item)) {
        let _ = writeln!(entry, "- {}: {}.", prefix(item.bump), item_change(item, "`"));
    }
    entry
}

/// The words that begin the line of a change in the changelog.
fn prefix(bump: Bump) -> &'static str {
    match bump {
        Bump::Major => "BREAKING CHANGE",
        Bump::Minor => "FEATURE",
        Bump::Patch => "CHANGE",
    }
}
