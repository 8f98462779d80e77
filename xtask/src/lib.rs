//! The maintainers' commands: `cargo xtask --help`.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod annotations;
mod canonical;
mod check;
#[allow(
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "public for the tests of xtask only"
)]
#[path = "../../codegen/mod.rs"]
pub mod codegen;
mod commands;
mod diff;
mod digest;
mod document;
mod download;
pub mod fuzzing;
mod links;
#[path = "../../src/client/loopback.rs"]
mod loopback;
mod msrv;
mod packaged;
mod programs;
mod project;
mod release;
mod report;
mod resolved_schema;
mod slice;
mod source;
mod survey;
mod sync;
mod transaction;
mod yaml;

pub use survey::run_program;

/// The maintainers' commands
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "SRC is a file, the URL of an OpenAPI document, the address of an authentik server (which serves its own schema), or a \
                  release of authentik such as 2026.8.0.\n\nExit codes: 0 success; 1 not up to date, `--fail-on` matched, a step of \
                  the gate failed, or follow-up remains; 2 the command could not run."
)]
struct Arguments {
    /// The root of the repository
    #[arg(long, global = true, hide = true, value_name = "FOLDER")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Sync(commands::sync::Arguments),
    Diff(commands::diff::Arguments),
    Slice(commands::slice::Arguments),
    Expand(commands::expand::Arguments),
    Survey(commands::survey::Arguments),
    /// Print which clients can decode the responses of which servers, for every known release
    Compat {
        /// A folder with a document for each release
        #[arg(long, value_name = "FOLDER", default_value = commands::compat::SLICES)]
        slices: PathBuf,
    },
    /// Run the whole gate: every check that must pass before a change is merged
    Check,
    /// Check that the version can be released (files, gate, package, semver), and tag it
    Release {
        /// Check everything, but do not tag
        #[arg(long)]
        dry_run: bool,
        /// Skip the gate, which takes a long time
        #[arg(long, requires = "dry_run")]
        skip_gate: bool,
    },
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.root.map_or_else(project::find_root, Ok).and_then(|root| run(&root, arguments.command)) {
        Ok(passed) => ExitCode::from(u8::from(!passed)),
        Err(error) => {
            eprintln!("error: {}", message(&error));
            ExitCode::from(2)
        }
    }
}

/// The message of an error with its causes. Help comes last.
fn message(error: &anyhow::Error) -> String {
    const HELP: &str = "\n  help: ";
    let texts = error.chain().map(ToString::to_string).collect::<Vec<_>>();
    let (problems, help): (Vec<_>, Vec<_>) =
        texts.iter().map(|text| text.find(HELP).map_or((text.as_str(), ""), |at| text.split_at(at))).unzip();
    problems.join(": ") + &help.concat()
}

/// Runs a command. Returns whether its checks passed.
fn run(root: &Path, command: Command) -> Result<bool> {
    match command {
        Command::Sync(arguments) => commands::sync::run(root, arguments),
        Command::Diff(arguments) => commands::diff::run(root, &arguments),
        Command::Slice(arguments) => commands::slice::run(root, arguments),
        Command::Expand(arguments) => commands::expand::run(root, arguments),
        Command::Survey(arguments) => commands::survey::run(root, arguments),
        Command::Compat { slices } => commands::compat::run(root, &slices),
        Command::Check => check::run(root),
        Command::Release { dry_run, skip_gate } => release::run(root, dry_run, skip_gate),
    }
}

/// Runs a function on a large stack, because slicing and comparing recurse as deeply as schemas are nested.
pub(crate) fn on_a_large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    /// Only the used part of the stack takes memory.
    const STACK: usize = 512 << 20;
    thread::scope(|scope| {
        let running = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).expect("the system can start a thread");
        running.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
