//! The manual follow-up of a sync: one function for each kind.

use crate::report::FollowUp;

use context::Kind;

pub use context::Context;

pub use tasks::operation_missing;

mod context;
mod notices;
mod tasks;

/// All follow-ups of a sync, without duplicates.
pub fn follow_ups(context: &Context) -> Vec<FollowUp> {
    collect(context, tasks::ALL.iter().chain(notices::ALL))
}

/// The follow-ups that are still open according to the files. Notices are not included: files do not show whether anyone has read them.
pub fn unfinished(context: &Context) -> Vec<FollowUp> {
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
