//! The entry of a new version in `CHANGELOG.md`.

use std::fmt::Write;

use semver::Version;

use super::text::item_change;
use crate::diff::rust::Bump;
use crate::diff::{Diff, Outcome};

pub fn entry(diff: &Diff, before: &Version, version: &Version) -> String {
    let (old, new) = (&diff.old.release, &diff.new.release);
    let mut entry = format!("## {version}\n\n- FEATURE: generated from authentik {new}'s specification, after {old}'s.\n");
    for change in &diff.changes {
        let wire = change.wire;
        let mut consequences = String::new();
        for (clients, servers, outcome) in [
            (format!("clients of {before}"), new, wire.old_client_on_new_server),
            (format!("clients of {version}"), old, wire.new_client_on_old_server),
        ] {
            match outcome {
                Outcome::Reads => {}
                Outcome::Loses => _ = write!(consequences, "; {clients} do not see it on {servers}"),
                Outcome::Fails => _ = write!(consequences, "; {clients} fail on {servers}"),
            }
        }
        let _ = writeln!(entry, "- {}: {} (authentik {new}){consequences}.", prefix(change.rust.unwrap_or(Bump::Patch)), change.text);
    }
    for item in diff.rust.items.iter().filter(|item| item.bump == Bump::Major && !diff.explains(item)) {
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
