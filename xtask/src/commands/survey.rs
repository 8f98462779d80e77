//! `cargo xtask survey`.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::print;
use crate::project::Project;
use crate::source::Source;
use crate::survey::survey;
use crate::survey::table::Format;

/// The page that `--write` writes.
const PAGE: &str = "docs/list-operations.md";

/// Generate, compile and list every list operation of a document
#[derive(Args)]
pub struct Arguments {
    /// A file, a URL, the address of an authentik server, or a release [default: the release in openapi/upstream.toml]
    #[arg(value_name = "SRC")]
    source: Option<String>,
    /// The format of the table
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the table to docs/list-operations.md, in place of an older one of the same release
    #[arg(long)]
    write: bool,
}

/// Returns whether every operation whose rows have a key was listed completely.
pub fn run(root: &Path, arguments: Arguments) -> Result<bool> {
    let project = Project::open(root)?;
    let source = arguments.source.map_or_else(|| Ok(Source::Release(project.release()?.into())), |source| Source::parse(&source))?;
    let survey = survey(&project, &source.fetch(&project)?.document)?;
    print(&survey.text(arguments.format))?;
    if arguments.write {
        let page = std::fs::read_to_string(root.join(PAGE)).unwrap_or_default();
        project.write(&[(PAGE, survey.on_page(&page))])?;
    }
    Ok(survey.is_good())
}
