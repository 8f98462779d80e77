//! The report of a sync.

use std::fmt::Write;

use serde::Serialize;

use crate::diff::Diff;

/// What a sync did, or would do.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SyncReport {
    /// The file, address or release that the slice was compared with.
    pub source: String,
    /// Files that are out of date, by their path in the repository.
    pub files: Vec<String>,
    /// Whether they were written; `--check` and `--dry-run` write nothing.
    pub written: bool,
    /// Unified diff of the files, if they were not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// The version of the crate.
    pub version: Versions,
    /// What changed; absent if the API and the release are the same.
    pub diff: Option<Diff>,
    /// Operations that are new in `upstream.toml`, by their ids.
    pub operations_added: Vec<String>,
    /// Operations that were removed from `upstream.toml`.
    pub operations_removed: Vec<String>,
    /// Operations whose id upstream changed.
    pub operations_renamed: Vec<RenamedOperation>,
    /// Operations that upstream no longer has, by their ids. If there are any, nothing is written.
    pub operations_missing: Vec<String>,
    /// Properties that were renamed.
    pub renamed: Vec<RenamedProperty>,
    /// The manual follow-up.
    pub follow_ups: Vec<FollowUp>,
}

/// The version of the crate before and after.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Versions {
    /// The version in `Cargo.toml`.
    pub old: String,
    /// The version after the sync.
    pub new: String,
}

/// An operation whose id changed.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RenamedOperation {
    /// The id in the old document.
    pub old: String,
    /// The id in the new document.
    pub new: String,
}

/// A property that was renamed; responses with either name are decoded.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RenamedProperty {
    /// The name of the component that has the property.
    pub component: String,
    /// The name in the old document.
    pub old: String,
    /// The name in the new document.
    pub new: String,
}

/// The manual follow-up of a sync.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Status {
    /// The revision that the working tree was compared with.
    pub base: String,
    /// The remaining follow-up.
    pub follow_ups: Vec<FollowUp>,
}

/// An item of the manual follow-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FollowUp {
    /// The kind of follow-up.
    pub id: &'static str,
    /// JSON pointer into the slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What the problem is.
    pub text: String,
    /// What to do about it.
    pub help: String,
    /// A proposed change that resolves it, if there is one. `cargo xtask sync --apply` with the pointer makes the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// A change that resolves a follow-up: a keyword to add to the schema at a pointer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fix {
    /// The file, by its path in the repository.
    pub file: String,
    /// JSON pointer to the mapping that gets the keyword.
    pub pointer: String,
    /// The extension to write.
    pub keyword: String,
    /// Its value. Items of a list are added to an existing list.
    pub value: serde_json::Value,
}

/// A numbered list for a terminal; empty if nothing is left to do.
pub fn follow_ups_as_text(follow_ups: &[FollowUp]) -> String {
    let mut out = String::new();
    for (number, FollowUp { id, pointer, text, help, fix }) in (1..).zip(follow_ups) {
        let heading = if number == 1 { "\nmanual follow-up\n" } else { "" };
        let at = pointer.as_ref().map_or_else(String::new, |pointer| format!("{pointer}: "));
        let fix = fix.as_ref().map_or_else(String::new, |fix| format!("\n     fix: {}", fix.sentence("")));
        let _ = writeln!(out, "{heading}  {number}. {at}{text} [{id}]\n     help: {help}{fix}");
    }
    out
}

/// A list of check boxes for a pull request; empty if nothing is left to do.
pub fn follow_ups_as_markdown(follow_ups: &[FollowUp]) -> String {
    let mut out = String::new();
    for (number, follow_up) in (1..).zip(follow_ups) {
        let heading = if number == 1 { "\n### Manual follow-up\n\n" } else { "" };
        let _ = writeln!(out, "{heading}- [ ] {}", follow_up.in_one_line("`").replace('\n', " "));
    }
    out
}

impl FollowUp {
    /// `tick` is put around code.
    pub fn in_one_line(&self, tick: &str) -> String {
        let Self { id, pointer, text, help, fix } = self;
        let at = pointer.as_ref().map_or_else(String::new, |pointer| format!("{tick}{pointer}{tick}: "));
        let fix = fix.as_ref().map_or_else(String::new, |fix| format!("; {}", fix.sentence(tick)));
        format!("{at}{text}; help: {help}{fix} [{id}]")
    }
}

impl Fix {
    fn sentence(&self, tick: &str) -> String {
        let Self { pointer, keyword, value, .. } = self;
        format!("{tick}cargo xtask sync --apply '{pointer}'{tick} writes {tick}{keyword}: {value}{tick}")
    }
}
