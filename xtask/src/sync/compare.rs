//! The diff of two slices of this repository.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::annotations;
use crate::codegen::Generated;
use crate::codegen::reviewed::UPSTREAM;
use crate::diff::{self, Diff};
use crate::document::Document;
use crate::report::SyncReport;

/// Compares the slices of two documents, and generates the Rust of the new one. `ours` has the annotations of the old slice.
pub fn compare(
    old: &Document,
    old_slice: &Value,
    ours: &Value,
    new: &Document,
    new_slice: &Value,
    report: &SyncReport,
) -> Result<(Diff, Generated)> {
    let mut annotated = old_slice.clone();
    annotations::carry(ours, &mut annotated);
    let mut before = diff::Input::new(old, &annotated);
    let mut after = diff::Input::new(new, new_slice);
    if let Some(operation) = after.left_out.first() {
        bail!(
            "{UPSTREAM}: `operations` lists {operation}, which uploads files, responds with something other than JSON, or has several success \
             responses; the generator supports none of these\n  help: remove it from the list"
        );
    }
    // Upstream did not add or remove these: `upstream.toml` did.
    before.leave_out(&report.operations_removed);
    after.leave_out(&report.operations_added);
    let diff = diff::compare(&before, &after);
    Ok((diff, before.generated.and(after.generated)?))
}
