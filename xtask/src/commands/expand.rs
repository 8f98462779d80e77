//! `cargo xtask expand`.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::{Operations, annotated, print};
use crate::codegen::generate;
use crate::codegen::reviewed::{REVIEWED, SLICE, UPSTREAM};
use crate::diff;
use crate::project::Project;
use crate::source::Source;
use crate::sync::files;
use crate::yaml;

/// Print the Rust that is generated from a document
#[derive(Args)]
pub struct Arguments {
    /// A file, a URL, the address of an authentik server, or a release [default: the checked-in slice]
    #[arg(value_name = "SRC")]
    source: Option<String>,
    /// Write the Rust of the checked-in slice to openapi/flows_bindings_list.rs, with a header that identifies its sources
    #[arg(long, conflicts_with = "source")]
    write: bool,
    #[command(flatten)]
    selection: Operations,
}

pub fn run(root: &Path, arguments: Arguments) -> Result<bool> {
    let project = Project::open(root)?;
    let (text, generated) = match arguments.source {
        None => {
            let text = project.read(SLICE)?;
            let generated = generate(SLICE, &text)?;
            (text, generated)
        }
        Some(source) => {
            let document = Source::parse(&source)?.fetch(&project)?.document;
            let sliced = annotated(&document, &arguments.selection.of(&project)?, &project.slice()?.0.root)?;
            let (sliced, left_out) = diff::generatable(&sliced);
            for operation in left_out {
                eprintln!(
                    "note: left out {operation}: the generator does not support uploads, non-JSON responses or several success responses"
                );
            }
            let text = yaml::to_yaml(&sliced);
            let generated = generate(&format!("the slice of {source}"), &text).map_err(|error| document.with_own_line(error))?;
            (text, generated)
        }
    };
    if arguments.write {
        let text = files::reviewed(&text, &generated, &project.read(UPSTREAM)?)?;
        project.write(&[(REVIEWED, text)])?;
    } else {
        print(&generated.code())?;
    }
    for fixup in &generated.stale_fixups {
        eprintln!("note: the fixup `{fixup}` is not needed for this document");
    }
    for note in generated.notes() {
        eprintln!("note: {note}");
    }
    Ok(true)
}
