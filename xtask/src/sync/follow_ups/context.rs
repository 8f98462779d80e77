//! The data that follow-ups are computed from.

use serde_json::Value;

use crate::annotations::listing::Unlisted;
use crate::annotations::{Bridged, Renamed};
use crate::codegen::Generated;
use crate::diff::{Change, Diff};
use crate::document::step;
use crate::report::{FollowUp, RenamedOperation};
use crate::sync::uses::Sources;

/// The data that follow-ups are computed from.
pub struct Context<'a> {
    /// The release before.
    pub base: &'a str,
    pub diff: Option<&'a Diff>,
    pub generated: &'a Generated,
    pub operations_renamed: &'a [RenamedOperation],
    pub renamed: &'a [Renamed],
    pub bridged: &'a [Bridged],
    pub unlisted: &'a [Unlisted],
    /// The places of orphaned descriptions.
    pub orphaned: &'a [String],
    /// The text of `openapi/upstream.toml` after the sync.
    pub upstream: &'a str,
    /// The text of `Cargo.toml` after the sync.
    pub manifest: &'a str,
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
}

pub fn follow_up(id: &'static str, pointer: Option<String>, text: String, remedy: impl Into<String>) -> FollowUp {
    FollowUp { id, pointer, text, remedy: remedy.into(), fix: None }
}

/// The pointer of a property of a component.
pub fn property(component: &str, name: &str) -> String {
    step(&step(&step("#/components/schemas", component), "properties"), name)
}
