//! The output of `--dry-run`.

use similar::TextDiff;

/// The unified diff of a file, as `git apply` accepts it.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}
