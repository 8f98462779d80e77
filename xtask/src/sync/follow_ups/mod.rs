//! What a sync leaves for a maintainer: one function for each kind of follow-up.

use serde_json::Value;

use super::uses::Sources;
use crate::annotations::listing::Unlisted;
use crate::annotations::{Bridged, Renamed};
use crate::codegen::Generated;
use crate::diff::{Change, Diff};
use crate::document::step;
use crate::report::{FollowUp, RenamedOperation};

pub use tasks::operation_gone;

mod notices;
mod tasks;

/// What follow-ups are computed from.
pub struct Context<'a> {
    /// The release before.
    pub base: &'a str,
    pub diff: Option<&'a Diff>,
    pub generated: &'a Generated,
    pub operations_renamed: &'a [RenamedOperation],
    pub renamed: &'a [Renamed],
    pub bridged: &'a [Bridged],
    pub unlisted: &'a [Unlisted],
    /// The places of descriptions of ours that describe nothing any more.
    pub orphaned: &'a [String],
    /// The text of `openapi/upstream.toml` after the sync.
    pub upstream: &'a str,
    /// The text of `Cargo.toml` after the sync.
    pub manifest: &'a str,
    /// The slice after the sync.
    pub new: &'a Value,
    pub sources: &'a Sources,
}

type Kind = fn(&Context) -> Vec<FollowUp>;

/// Everything that a sync leaves to do, each once.
pub fn follow_ups(context: &Context) -> Vec<FollowUp> {
    collect(context, tasks::ALL.iter().chain(notices::ALL))
}

/// What the files show to be undone. Notices are not among it: whether a person has read something is in no file.
pub fn undone(context: &Context) -> Vec<FollowUp> {
    collect(context, tasks::ALL.iter())
}

fn collect<'a>(context: &Context, kinds: impl Iterator<Item = &'a Kind>) -> Vec<FollowUp> {
    let mut all = Vec::new();
    for follow_up in kinds.flat_map(|kind| kind(context)) {
        if !all.contains(&follow_up) {
            all.push(follow_up);
        }
    }
    all
}

impl Context<'_> {
    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.diff.into_iter().flat_map(|diff| &diff.changes)
    }
}

fn follow_up(id: &'static str, pointer: Option<String>, text: String, remedy: impl Into<String>) -> FollowUp {
    FollowUp { id, pointer, text, remedy: remedy.into(), fix: None }
}

fn property(component: &str, name: &str) -> String {
    step(&step(&step("#/components/schemas", component), "properties"), name)
}
