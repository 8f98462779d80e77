//! `cargo xtask slice`.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::{Operations, annotated, print};
use crate::project::Project;
use crate::slice::slice;
use crate::source::Source;
use crate::yaml;

/// Print the slice of a document, in canonical form and with our descriptions
#[derive(Args)]
pub struct Arguments {
    /// A file, a URL, the address of an authentik server, or a release [default: the release in openapi/upstream.toml]
    #[arg(value_name = "SRC")]
    source: Option<String>,
    /// Keep upstream's descriptions instead of ours
    #[arg(long)]
    keep_prose: bool,
    /// Print the structure only: no descriptions and no extensions
    #[arg(long, conflicts_with = "keep_prose")]
    structure: bool,
    #[command(flatten)]
    selection: Operations,
}

pub fn run(root: &Path, arguments: Arguments) -> Result<bool> {
    let project = Project::open(root)?;
    let source = arguments.source.map_or_else(|| Ok(Source::Release(project.release()?.into())), |source| Source::parse(&source))?;
    let document = source.fetch(&project)?.document;
    let selection = arguments.selection.of(&project)?;
    let sliced = if arguments.keep_prose || arguments.structure {
        slice(&document, &selection, arguments.keep_prose)?
    } else {
        annotated(&document, &selection, &project.slice()?.0.root)?
    };
    print(&yaml::to_yaml(&sliced))?;
    Ok(true)
}
