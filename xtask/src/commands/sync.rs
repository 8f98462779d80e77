//! `cargo xtask sync`.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::print;
use crate::project::Project;
use crate::report::{self, Format};
use crate::source::Source;
use crate::sync::sync;

/// Update the slice, the changelog and the version from upstream
#[derive(Args)]
pub struct Arguments {
    /// A file, a URL, the address of an authentik server, or a release [default: the release in openapi/upstream.toml]
    #[arg(long, value_name = "SRC")]
    from: Option<String>,
    /// Write nothing, and exit with 1 if anything would change
    #[arg(long)]
    check: bool,
    /// The format of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(root: &Path, arguments: Arguments) -> Result<bool> {
    let Arguments { from, check, format } = arguments;
    let source = from.as_deref().map(Source::parse).transpose()?;
    let report = sync(&Project::open(root)?, source, check)?;
    print(&report::of_sync(&report, format))?;
    let outdated = check && !report.files.is_empty();
    if outdated {
        let from = from.map(|from| format!(" --from {from}")).unwrap_or_default();
        eprintln!("not up to date: run `cargo xtask sync{from}`");
    }
    Ok(!outdated)
}
