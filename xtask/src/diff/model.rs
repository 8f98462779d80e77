//! The result of a diff: the documents, their changes, and the verdicts.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::rules::Level;
use super::rust::{self, Bump, ItemChange};
use super::wire::Compatibility;

/// The version of the JSON format of a diff. It increases when a name or a value changes its meaning.
///
/// - 2: wire verdicts are `compatible`, `lossy` and `incompatible`; before, they were `reads`, `loses` and `fails`. A change may have
///   `only_if`; it then does not count for the overall verdict.
pub const SCHEMA_VERSION: u32 = 2;

/// What changed from an old document to a new one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diff {
    /// The version of this format.
    pub schema_version: u32,
    /// The old document.
    pub old: Side,
    /// The new document.
    pub new: Side,
    /// Every change of meaning, the most serious first.
    pub changes: Vec<Change>,
    /// The worst verdict of all changes that concern every call.
    pub wire: Wire,
    /// What the changes mean for the version of the crate.
    pub rust: RustVerdict,
    /// Operations that are invalid in at least one document, and are therefore not compared.
    pub invalid: Vec<InvalidOperation>,
    /// The old and the new slice.
    #[serde(skip)]
    pub slices: [Value; 2],
}

/// One of the documents that are compared.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Side {
    /// The file, address or release that was given.
    pub source: String,
    /// `info.version` of the document.
    pub release: String,
}

/// An operation that is invalid.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InvalidOperation {
    /// The file, address or release of the document.
    pub source: String,
    /// The operation.
    pub operation: Operation,
    /// What is invalid, where, and what to do about it.
    pub reason: String,
}

/// One change.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// The id of the rule: oasdiff's, or one of the same form.
    pub id: String,
    /// How serious it is for deployed clients, by oasdiff's scale.
    pub level: Level,
    /// The change in a sentence.
    pub text: String,
    /// JSON pointer into the new slice, or into the old one for what was removed.
    pub pointer: String,
    /// The operations that it concerns.
    pub operations: Vec<Operation>,
    /// What it means on the wire.
    pub wire: Wire,
    /// Which calls `wire` is about, such as "the call sets `kind`"; absent if it is about every call.
    pub only_if: Option<String>,
    /// The largest semver change that follows from it; absent if the Rust was not compared.
    pub rust: Option<Bump>,
    /// A note for the reader.
    pub note: Option<String>,
    /// Public items that belong to it, as prefixes of their paths.
    #[serde(skip)]
    pub touches: Vec<String>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Operation {
    /// The HTTP method, in uppercase.
    pub method: String,
    /// The path, relative to the address of the API.
    pub path: String,
}

impl Operation {
    /// Whether it is this operation; the method is compared case-insensitively.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method.eq_ignore_ascii_case(method) && self.path == path
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The worst outcome between clients and servers of the two documents. A response without the changed part is not affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wire {
    /// A client generated from the old document, on a server of the new one.
    pub old_client_on_new_server: Compatibility,
    /// A client generated from the new document, on a server of the old one.
    pub new_client_on_old_server: Compatibility,
}

impl Wire {
    pub const COMPATIBLE: Self =
        Self { old_client_on_new_server: Compatibility::Compatible, new_client_on_old_server: Compatibility::Compatible };
    pub const INCOMPATIBLE: Self =
        Self { old_client_on_new_server: Compatibility::Incompatible, new_client_on_old_server: Compatibility::Incompatible };

    pub fn worse(self, other: Self) -> Self {
        Self {
            old_client_on_new_server: self.old_client_on_new_server.max(other.old_client_on_new_server),
            new_client_on_old_server: self.new_client_on_old_server.max(other.new_client_on_old_server),
        }
    }
}

/// What the changes mean for the version of the crate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RustVerdict {
    /// The part of the version to increase; absent if the Rust of one document cannot be generated.
    pub bump: Option<Bump>,
    /// Public items that changed.
    pub items: Vec<ItemChange>,
    /// Operations that the generator does not support.
    pub left_out: Vec<Operation>,
    /// Why the Rust was not compared.
    pub not_compared: Option<String>,
}

impl Change {
    /// Whether the change of a public item belongs to this change.
    pub fn concerns(&self, item: &ItemChange) -> bool {
        rust::belongs(item, &self.touches)
    }
}

impl Diff {
    /// Whether the change of a public item belongs to one of the changes.
    pub fn explains(&self, item: &ItemChange) -> bool {
        self.changes.iter().any(|change| change.concerns(item))
    }

    /// Whether a change concerns only some calls, and therefore does not count for the overall verdict.
    pub fn has_conditions(&self) -> bool {
        self.changes.iter().any(|change| change.only_if.is_some())
    }

    /// How many changes there are of each level, the most serious first.
    pub fn counts(&self) -> BTreeMap<Reverse<Level>, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(Reverse(change.level)).or_default() += 1;
        }
        counts
    }
}
