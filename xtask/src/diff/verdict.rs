//! The verdicts on two slices: on the wire, in both directions, and for the version of the crate.

use serde_json::Value;

use super::input::Input;
use super::model::{Change, Diff, Operation, RustVerdict, SCHEMA_VERSION, Wire};
use super::operations;
use super::rust::{self, Bump};
use super::wire::Compatibility;
use crate::on_a_large_stack;

/// Compares two slices.
pub fn compare(old: &Input, new: &Input) -> Diff {
    let invalid = [&*old.invalid, &new.invalid].concat();
    let (before, after): (&Value, &Value) = (&old.slice, &new.slice);
    let (mut changes, whole) = on_a_large_stack(|| (operations::compare(before, after), operations::decode(before, after)));
    let rust = compare_rust(old, new, &mut changes);
    changes.sort_by(|a, b| (b.level, &a.pointer, &a.id, &a.text).cmp(&(a.level, &b.pointer, &b.id, &b.text)));
    let wire = worst(&changes, whole);
    Diff {
        schema_version: SCHEMA_VERSION,
        old: old.side(),
        new: new.side(),
        changes,
        wire,
        rust,
        invalid,
        slices: [before.clone(), after.clone()],
    }
}

/// The wire verdict for two slices, without their Rust.
pub fn wire_verdict(old: &Value, new: &Value) -> Wire {
    let (changes, whole) = on_a_large_stack(|| (operations::compare(old, new), operations::decode(old, new)));
    worst(&changes, whole)
}

/// The worst verdict of all changes that concern every call.
fn worst(changes: &[Change], whole: Wire) -> Wire {
    changes.iter().filter(|change| change.only_if.is_none()).fold(whole, |worst, change| worst.worse(change.wire))
}

fn compare_rust(old: &Input, new: &Input, changes: &mut [Change]) -> RustVerdict {
    let left_out = old.left_out.union(&new.left_out).cloned().collect();
    let (before, after) = (operations::operations(&old.slice), operations::operations(&new.slice));
    let in_both = |operation: &&Operation| before.contains_key(*operation) && after.contains_key(*operation);
    if let Some(operation) = old.left_out.symmetric_difference(&new.left_out).find(in_both) {
        let why = format!("the generator supports {operation} in only one of the documents");
        return RustVerdict { bump: None, items: Vec::new(), left_out, not_compared: Some(why) };
    }
    let (old, new) = match (&old.generated, &new.generated) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => {
            return RustVerdict { bump: None, items: Vec::new(), left_out, not_compared: Some(why.to_string()) };
        }
    };
    let items = rust::compare(&rust::public_items(&old.file), &rust::public_items(&new.file));
    for change in &mut *changes {
        // After an update of the crate, calls that worked with the same server would fail.
        let breaks_calls = change.only_if.is_none() && change.wire.new_client_on_old_server == Compatibility::Incompatible;
        let at_run_time = if breaks_calls { Bump::Major } else { Bump::Patch };
        change.rust = Some(rust::bump_of(&items, &change.touches).max(at_run_time));
    }
    let bumps = items.iter().map(|item| item.bump).chain(changes.iter().filter_map(|change| change.rust));
    RustVerdict { bump: Some(bumps.max().unwrap_or(Bump::Patch)), items, left_out, not_compared: None }
}
