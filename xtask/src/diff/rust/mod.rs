//! The semver verdict for changes of the generated Rust.

use std::fmt;

use serde::Serialize;

pub use items::{Items, public_items};
use items::{Kind, PublicItem};

mod items;
mod print;

/// The part of a version that a change increases, <https://doc.rust-lang.org/cargo/reference/semver.html>. Ordered from small to large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// No public item changed.
    Patch,
    /// Public items were added; existing code still compiles and works.
    Minor,
    /// Existing code may no longer compile, or calls that worked may fail.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// A change of a public item.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ItemChange {
    /// Path of the item in the crate, such as `types::FlowSet::background`.
    pub item: String,
    /// The semver verdict.
    pub bump: Bump,
    /// The old item as Rust code; absent for one that was added.
    pub old: Option<String>,
    /// The new item; absent for one that was removed.
    pub new: Option<String>,
}

/// Compares the public items of two generated files. If a type was added or removed, its parts are not listed.
pub fn compare(old: &Items, new: &Items) -> Vec<ItemChange> {
    let mut changes = Vec::new();
    let is_listed = |item: &PublicItem, others: &Items| {
        let owner = item.owner.as_ref().filter(|owner| old.contains_key(*owner) || new.contains_key(*owner));
        owner.is_none_or(|owner| others.contains_key(owner))
    };
    for (path, before) in old {
        match new.get(path) {
            Some(after) if after == before => {}
            Some(after) => changes.push(change(path, changed(before, after), Some(before), Some(after))),
            None if is_listed(before, new) => changes.push(change(path, Bump::Major, Some(before), None)),
            None => {}
        }
    }
    for (path, after) in new.iter().filter(|(path, after)| !old.contains_key(*path) && is_listed(after, old)) {
        let breaks = after.must_be_called || matches!(after.kind, Kind::Field | Kind::Variant);
        changes.push(change(path, if breaks { Bump::Major } else { Bump::Minor }, None, Some(after)));
    }
    changes.sort_by(|a, b| (b.bump, &a.item).cmp(&(a.bump, &b.item)));
    changes
}

/// A setter that no longer has to be called breaks nobody; any other change does.
fn changed(before: &PublicItem, after: &PublicItem) -> Bump {
    let relaxed = PublicItem { must_be_called: after.must_be_called, ..before.clone() };
    if relaxed == *after && before.must_be_called { Bump::Minor } else { Bump::Major }
}

fn change(path: &str, bump: Bump, old: Option<&PublicItem>, new: Option<&PublicItem>) -> ItemChange {
    ItemChange { item: path.to_owned(), bump, old: old.map(PublicItem::to_string), new: new.map(PublicItem::to_string) }
}

/// The largest change among the items under one of these paths.
pub fn bump_of(items: &[ItemChange], touches: &[String]) -> Bump {
    items.iter().filter(|change| belongs(change, touches)).map(|change| change.bump).max().unwrap_or(Bump::Patch)
}

/// Whether the path of an item begins with one of these prefixes.
pub fn belongs(change: &ItemChange, touches: &[String]) -> bool {
    // A Rust keyword becomes `r#type` or `type_`, and the type of a part `B` of `A` is named `AB` or `Ab`.
    let item = change.item.replace("r#", "").to_lowercase();
    // The implementation of a trait belongs to its type.
    let item = item.rsplit_once(" for ").map_or(&*item, |(_, owner)| owner).trim_end_matches('_');
    let begins =
        |touched: &String| item.strip_prefix(&touched.to_lowercase()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    touches.iter().any(begins)
}
