//! The commands: their arguments and output.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::annotations;
use crate::document::Document;
use crate::project::Project;
use crate::slice::{self as slicing, Selection};

pub mod compat;
pub mod diff;
pub mod expand;
pub mod slice;
pub mod survey;
pub mod sync;

#[derive(Args)]
pub struct Operations {
    /// Take every operation instead of those in openapi/upstream.toml
    #[arg(long)]
    all_operations: bool,
}

impl Operations {
    fn of(&self, project: &Project) -> Result<Selection> {
        if self.all_operations { Ok(Selection::All) } else { Ok(Selection::Only(project.operations()?)) }
    }
}

/// The slice of a document with annotations: its own if it has any, `ours` otherwise.
fn annotated(document: &Document, selection: &Selection, ours: &Value) -> Result<Value> {
    let mut sliced = slicing::slice(document, selection, false)?;
    let theirs = annotations::are_in(&document.root);
    annotations::carry(if theirs { &document.root } else { ours }, &mut sliced);
    Ok(sliced)
}

/// Writes to standard output.
fn print(text: &str) -> Result<()> {
    write_to(io::stdout(), text)
}

/// Writes text to standard output, with ANSI styles only on a terminal; `NO_COLOR` and `CLICOLOR` are honored.
fn print_styled(text: &str) -> Result<()> {
    write_to(anstream::stdout(), text)
}

/// Writes text. It is not an error if the reader closes the pipe early.
fn write_to(mut output: impl Write, text: &str) -> Result<()> {
    match output.write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the report cannot be written to standard output"),
        _ => Ok(()),
    }
}
