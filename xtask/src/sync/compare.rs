//! The diff of two slices of this repository.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::annotations;
use crate::codegen::Generated;
use crate::codegen::reviewed::SLICE;
use crate::diff::{self, Diff};
use crate::project::UPSTREAM;
use crate::report::SyncReport;

/// Compares a slice with an old one, and generates its Rust.
pub fn compare(old: &Value, ours: &Value, new: &Value, source: &str, report: &SyncReport) -> Result<(Diff, Generated)> {
    let mut annotated = old.clone();
    annotations::carry(ours, &mut annotated);
    let mut before = diff::Input::new(SLICE, &annotated);
    let mut after = diff::Input::new(source, new);
    if let Some(operation) = after.left_out.first() {
        bail!(
            "{UPSTREAM}: `operations` lists {operation}, which uploads files or has several success responses; the generator supports \
             neither\n  help: remove it from the list"
        );
    }
    // Upstream did not add or remove these: `upstream.toml` did.
    before.leave_out(&report.operations_removed);
    after.leave_out(&report.operations_added);
    let diff = diff::compare(&before, &after);
    Ok((diff, before.generated.and(after.generated)?))
}
