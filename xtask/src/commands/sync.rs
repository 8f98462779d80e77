//! `cargo xtask sync`.

use std::fmt::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{print, print_styled};
use crate::codegen::reviewed::SLICE;
use crate::project::Project;
use crate::report::{self, Format};
use crate::source::Source;
use crate::sync::{self, Options};

/// Update the slice, the changelog and the version from upstream
#[derive(Args)]
pub struct Arguments {
    /// A file, a URL, the address of an authentik server, or a release [default: the release in openapi/upstream.toml]
    #[arg(long, value_name = "SRC")]
    from: Option<String>,
    /// Write nothing, and exit with 1 if anything would change
    #[arg(long)]
    check: bool,
    /// Write nothing, and print what would change as a unified diff
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Write nothing, and list the remaining manual follow-up, computed from the files; exit with 1 if there is any. Compares with the
    /// newest tag unless `--base` is given
    #[arg(long, conflicts_with_all = ["check", "dry_run", "from"])]
    status: bool,
    /// Apply the fix that `--status` proposes at this JSON pointer to the slice, then list the remaining follow-up; can be repeated
    #[arg(long, value_name = "POINTER", conflicts_with_all = ["check", "dry_run", "from"])]
    apply: Vec<String>,
    /// Compute the version and the changelog entry from this revision, such as the tag of the last release, and replace what earlier
    /// syncs wrote since then [default: the working tree]
    #[arg(long, value_name = "REV", value_parser = NonEmptyStringValueParser::new())]
    base: Option<String>,
    /// The format of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(root: &Path, arguments: Arguments) -> Result<bool> {
    let Arguments { from, check, dry_run, status, apply, base, format } = arguments;
    if !apply.is_empty() {
        sync::apply(&Project::lock(root, false)?, base.clone(), &apply)?;
    }
    if status || !apply.is_empty() {
        let project = Project::lock(root, true)?;
        sync::check_agreement(&project, &project.slice()?.1)?;
        let status = sync::status(&project, base)?;
        print(&report::of_status(&status, &project.read(SLICE)?, format))?;
        return Ok(status.follow_ups.is_empty());
    }
    let source = from.as_deref().map(Source::parse).transpose()?;
    let write = !check && !dry_run;
    let mut report = sync::sync(&Project::lock(root, !write)?, Options { source, base: base.clone(), write })?;
    let patch = report.patch.take_if(|_| check || format != Format::Json);
    let printed = print(&report::of_sync(&report, format));
    if report.written {
        printed.context("the sync succeeded and its changes were written")?;
    } else {
        printed?;
    }
    if let Some(patch) = patch.filter(|patch| dry_run && !patch.is_empty()) {
        print_patch(&patch, format)?;
    }
    let outdated = check && !report.files.is_empty();
    if outdated {
        let option = |name: &str, value: Option<String>| value.map(|value| format!(" --{name} {value}")).unwrap_or_default();
        eprintln!("not up to date: run `cargo xtask sync{}{}`", option("from", from), option("base", base));
    }
    Ok(!outdated && report.operations_missing.is_empty())
}

fn print_patch(patch: &str, format: Format) -> Result<()> {
    if format == Format::Markdown {
        return print(&format!("\n```diff\n{patch}```\n"));
    }
    let mut styled = String::from("\n");
    for line in patch.lines() {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => Style::new().bold(),
            [b'-', ..] => AnsiColor::Red.on_default(),
            [b'+', ..] => AnsiColor::Green.on_default(),
            [b'@', ..] => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let _ = writeln!(styled, "{style}{line}{style:#}");
    }
    print_styled(&styled)
}
