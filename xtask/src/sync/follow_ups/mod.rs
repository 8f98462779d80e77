//! What a sync leaves for a maintainer: one function for each kind of follow-up.

use crate::report::FollowUp;

use context::Kind;

pub use context::Context;

pub use tasks::operation_gone;

mod context;
mod notices;
mod tasks;

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
