//! The entry of a new version in `CHANGELOG.md`.

use std::fmt::Write;

use semver::Version;

use super::text::item_change;
use crate::annotations::Renamed;
use crate::diff::rust::{Bump, ItemChange};
use crate::diff::{Diff, Outcome};

pub fn entry(diff: &Diff, renamed: &[Renamed], before: &Version, version: &Version) -> String {
    let (old, new) = (&diff.old.release, &diff.new.release);
    let number = |version: &Version| format!("{}.{}.{}", version.major, version.minor, version.patch);
    let mut entry = format!("## {version}\n\n- FEATURE: generated from the specification of authentik {new}, after that of {old}.\n");
    let mut told = Vec::new();
    for (component, old, new) in renamed {
        let _ = writeln!(entry, "- BREAKING CHANGE: `{component}.{old}` is now `{new}`; answers with either name are read.");
        told.extend([old, new].map(|name| format!("#/components/schemas/{component}/properties/{name}")));
    }
    for change in diff.changes.iter().filter(|change| !told.contains(&change.pointer)) {
        let wire = change.wire;
        let mut consequences = String::new();
        for (clients, servers, outcome) in [(before, new, wire.old_client_on_new_server), (version, old, wire.new_client_on_old_server)] {
            let clients = number(clients);
            match outcome {
                Outcome::Reads => {}
                Outcome::Loses => _ = write!(consequences, "; {clients} does not see it on authentik {servers}"),
                Outcome::Fails => _ = write!(consequences, "; {clients} fails on authentik {servers}"),
            }
        }
        let _ = writeln!(entry, "- {}: {}{consequences}.", prefix(change.rust.unwrap_or(Bump::Patch)), change.text);
    }
    // Builders follow their models.
    let of_builder = |item: &ItemChange| item.item.contains("types::builder::");
    for item in diff.rust.items.iter().filter(|item| item.bump == Bump::Major && !of_builder(item) && !diff.explains(item)) {
        let _ = writeln!(entry, "- {}: `{}`.", prefix(item.bump), item_change(item));
    }
    entry
}

/// What a change is called in the changelog.
fn prefix(bump: Bump) -> &'static str {
    match bump {
        Bump::Major => "BREAKING CHANGE",
        Bump::Minor => "FEATURE",
        Bump::Patch => "CHANGE",
    }
}
