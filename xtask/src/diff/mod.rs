//! What changed from one slice to another: each change, and what it means for deployed clients and for this crate.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use rules::Level;
use rust::{Bump, ItemChange};
pub use wire::Outcome;

mod node;
mod operations;
pub mod rules;
pub mod rust;
mod schemas;
mod wire;

/// What changed from an old document to a new one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diff {
    /// The document before.
    pub old: Side,
    /// The document after.
    pub new: Side,
    /// Every change that means something, the worst first.
    pub changes: Vec<Change>,
    /// What clients generated from the one make of servers of the other: the worst of all changes.
    pub wire: Wire,
    /// What the change means for the version of the crate.
    pub rust: RustVerdict,
}

/// One of the documents that are compared.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Side {
    /// The file, address or release that was given.
    pub source: String,
    /// `info.version` of the document.
    pub release: String,
}

/// One change.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// The rule, by the id that oasdiff gives it.
    pub id: String,
    /// How bad oasdiff takes it to be for clients that are deployed.
    pub level: Level,
    /// The change in words.
    pub text: String,
    /// JSON pointer into the new slice; for what is gone, into the old one.
    pub pointer: String,
    /// The operations that it concerns.
    pub operations: Vec<Operation>,
    /// What clients make of it.
    pub wire: Wire,
    /// The largest change among the public items of the generated Rust that belong to it; none where the Rust was not compared.
    pub rust: Option<Bump>,
    /// Public items that belong to it, by the beginning of their path.
    #[serde(skip)]
    touches: Vec<String>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Operation {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, below the address of the API.
    pub path: String,
}

/// What clients make of a change, both ways. The worst that can happen: an answer that happens not to have what changed is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wire {
    /// A client generated from the old document, on a server of the new one.
    pub old_client_on_new_server: Outcome,
    /// A client generated from the new document, on a server of the old one.
    pub new_client_on_old_server: Outcome,
}

impl Wire {
    pub const READS: Self = Self { old_client_on_new_server: Outcome::Reads, new_client_on_old_server: Outcome::Reads };

    pub fn worse(self, other: Self) -> Self {
        Self {
            old_client_on_new_server: self.old_client_on_new_server.max(other.old_client_on_new_server),
            new_client_on_old_server: self.new_client_on_old_server.max(other.new_client_on_old_server),
        }
    }
}

/// What a change means for the version of the crate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RustVerdict {
    /// The part of the version that has to move; none where the Rust of one document cannot be generated.
    pub bump: Option<Bump>,
    /// Public items that changed, and how.
    pub items: Vec<ItemChange>,
    /// Why the Rust was not compared.
    pub not_compared: Option<String>,
}

/// A document as it is compared: its annotated slice, and the public items of the Rust that is generated from it.
pub struct Input<'a> {
    pub source: &'a str,
    pub slice: &'a Value,
    pub items: Result<rust::Items, String>,
}

/// Compares two slices.
pub fn compare(old: &Input, new: &Input) -> Diff {
    let mut changes = operations::compare(old.slice, new.slice);
    let rust = match (&old.items, &new.items) {
        (Ok(old), Ok(new)) => {
            let items = rust::compare(old, new);
            for change in &mut changes {
                change.rust = Some(rust::bump_of(&items, &change.touches));
            }
            RustVerdict { bump: Some(items.iter().map(|item| item.bump).max().unwrap_or(Bump::Patch)), items, not_compared: None }
        }
        (Err(why), _) | (_, Err(why)) => RustVerdict { bump: None, items: Vec::new(), not_compared: Some(why.clone()) },
    };
    changes.sort_by(|a, b| (b.level, &a.pointer, &a.id).cmp(&(a.level, &b.pointer, &b.id)));
    let wire = changes.iter().fold(Wire::READS, |worst, change| worst.worse(change.wire));
    let side = |input: &Input| Side {
        source: input.source.to_owned(),
        release: input.slice["info"]["version"].as_str().unwrap_or_default().to_owned(),
    };
    Diff { old: side(old), new: side(new), changes, wire, rust }
}

impl Diff {
    /// Whether a change of a public item belongs to one of the changes.
    pub fn explains(&self, item: &ItemChange) -> bool {
        self.changes.iter().any(|change| rust::belongs(item, &change.touches))
    }

    /// How many changes there are of each level, the worst first.
    pub fn counts(&self) -> BTreeMap<std::cmp::Reverse<Level>, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(std::cmp::Reverse(change.level)).or_default() += 1;
        }
        counts
    }
}
