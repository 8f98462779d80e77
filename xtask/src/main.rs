//! The commands of those who look after this repository: `cargo xtask --help`.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod check;
#[path = "../../build.rs"]
#[allow(dead_code, reason = "xtask uses the generator, and not what cargo runs of it")]
mod generator;

/// The commands of those who look after this repository
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole gate: what must pass before a change lands
    Check,
    /// Print the Rust that the generator makes of a document
    Expand {
        /// OpenAPI document; the checked-in one unless given
        #[arg(value_name = "FILE")]
        source: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Check => check::run(),
        Command::Expand { source } => expand(source.as_deref()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The folder that has the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn expand(source: Option<&Path>) -> Result<ExitCode> {
    let slice = root().join(generator::SLICE);
    let generated = generator::generate(source.unwrap_or(&slice))?;
    match io::stdout().write_all(generated.code.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    for fixup in generated.stale_fixups {
        eprintln!("note: the fixup `{fixup}` found nothing to do in this document");
    }
    for place in generated.undescribed {
        eprintln!("note: {place} has no description");
    }
    Ok(ExitCode::SUCCESS)
}
