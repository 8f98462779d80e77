//! `CHANGELOG.md` has an entry for each version. A sync writes part of the newest entry, and people write the rest.

use anyhow::{Context, Result, bail};
use semver::Version;

pub const CHANGELOG: &str = "CHANGELOG.md";

/// HTML comments, which rendered Markdown does not show, around the lines that a sync writes and the next one replaces.
const BEGIN: &str = "<!-- `cargo xtask sync` writes these lines, and replaces them -->";
const END: &str = "<!-- write your own lines below -->";

/// A changelog whose entries since a release are about to become one.
#[derive(Debug)]
pub struct Changelog<'a> {
    intro: &'a str,
    /// What people wrote in the entries since the release.
    own: String,
    /// The entry of the release, and those before it.
    released: &'a str,
}

impl<'a> Changelog<'a> {
    /// Reads the text of a changelog. `released` is the version from which the next one is computed.
    pub fn parse(text: &'a str, released: &Version) -> Result<Self> {
        newest_entry(text)?;
        let headings = text.match_indices("\n## ").map(|(newline, _)| newline + 1).collect::<Vec<_>>();
        let is_released = |start: &&usize| newest_entry(&text[**start..]).is_ok_and(|version| version == released.to_string());
        let (Some(first), Some(start)) = (headings.first(), headings.iter().find(is_released)) else {
            bail!("{CHANGELOG}: no entry begins with `## {released}`, from which the next version is computed\n  help: restore this entry");
        };
        Ok(Self { intro: &text[..*first], own: handwritten_lines(&text[*first..*start]), released: &text[*start..] })
    }

    /// Whether people wrote something since the release.
    pub fn has_handwritten_lines(&self) -> bool {
        !self.own.is_empty()
    }

    /// The text with one entry since the release: the lines of the sync, then the handwritten lines. Without either, there is no entry.
    pub fn with_entry(&self, version: &Version, generated: &str) -> String {
        let Self { intro, own, released } = self;
        let generated = if generated.is_empty() { String::new() } else { format!("{BEGIN}\n{generated}{END}\n\n") };
        let own = if own.is_empty() { String::new() } else { format!("{own}\n\n") };
        let heading = if generated.is_empty() && own.is_empty() { String::new() } else { format!("## {version}\n\n") };
        format!("{intro}{heading}{generated}{own}{released}")
    }
}

/// The lines of entries, without headings and without lines that a sync wrote.
fn handwritten_lines(entries: &str) -> String {
    let (mut own, mut is_generated) = (Vec::new(), false);
    for line in entries.lines() {
        match line {
            BEGIN => is_generated = true,
            END => is_generated = false,
            _ if is_generated || line.starts_with("## ") => {}
            // Merged lists have no empty lines between them.
            "" if own.last().is_none_or(|last: &&str| last.is_empty()) => {}
            line => own.push(line),
        }
    }
    own.join("\n").trim_end().to_owned()
}

/// The version in the heading of the newest entry of a changelog.
pub fn newest_entry(changelog: &str) -> Result<&str> {
    let entry = changelog.lines().find_map(|line| line.strip_prefix("## "));
    let entry =
        entry.with_context(|| format!("{CHANGELOG}: no entry begins with `## `\n  help: restore it with `git checkout -- {CHANGELOG}`"))?;
    Ok(entry.split_whitespace().next().unwrap_or_default())
}
