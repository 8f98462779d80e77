//! The data that follow-ups are computed from.

use serde_json::Value;

use crate::annotations::listing::RemovedEntry;
use crate::annotations::{AssumedDefault, DroppedAlias, Renamed};
use crate::codegen::Generated;
use crate::diff::rust::ItemChange;
use crate::diff::{Change, Diff};
use crate::document::child;
use crate::report::{FollowUp, RenamedOperation};
use crate::sync::uses::Sources;

/// The data that follow-ups are computed from.
pub struct Context<'a> {
    /// The release that the changes are relative to.
    pub base: &'a str,
    pub diff: Option<&'a Diff>,
    pub generated: &'a Generated,
    pub operations_renamed: &'a [RenamedOperation],
    pub renamed: &'a [Renamed],
    pub assumed_defaults: &'a [AssumedDefault],
    pub removed_entries: &'a [RemovedEntry],
    pub dropped_aliases: &'a [DroppedAlias],
    /// The JSON pointers of orphaned descriptions.
    pub orphaned: &'a [String],
    /// The file whose version or changelog entry does not match the changes, and the base revision of the comparison.
    pub outdated: Option<(&'static str, &'a str)>,
    /// The text of `openapi/upstream.toml` after the sync.
    pub upstream: &'a str,
    /// The text of `Cargo.toml` after the sync.
    pub manifest: &'a str,
    /// The pointers of aliases and defaults that the slice no longer has.
    pub removed_extensions: &'a [String],
    /// The slice after the sync.
    pub new: &'a Value,
    pub sources: &'a Sources,
}

/// A kind of follow-up.
pub type Kind = fn(&Context) -> Vec<FollowUp>;

impl Context<'_> {
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.diff.into_iter().flat_map(|diff| &diff.changes)
    }

    /// The public items of the generated Rust that changed.
    pub fn items(&self) -> impl Iterator<Item = &ItemChange> {
        self.diff.into_iter().flat_map(|diff| &diff.rust.items)
    }
}

pub fn follow_up(id: &'static str, pointer: Option<String>, text: String, help: impl Into<String>) -> FollowUp {
    FollowUp { id, pointer, text, help: help.into(), fix: None }
}

/// The pointer of a property of a component.
pub fn property(component: &str, name: &str) -> String {
    child(&child(&child("#/components/schemas", component), "properties"), name)
}
