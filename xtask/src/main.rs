//! The commands of those who look after this repository: `cargo xtask --help`.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::Value;

use diff::Diff;
use diff::rules::Level;
use diff::rust::Bump;
use document::Document;
use project::Project;
use report::Format;
use slice::{Selection, slice};
use source::Source;

mod annotations;
mod canonical;
mod check;
#[path = "../../codegen/mod.rs"]
#[allow(dead_code, reason = "xtask uses the generator, and not what cargo runs of it")]
mod codegen;
mod diff;
mod document;
mod project;
mod report;
mod slice;
mod source;
mod sync;
mod yaml;

/// The commands of those who look after this repository
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "SRC is a file, the URL of an OpenAPI document, the address of an authentik server (which has a schema of itself), or a \
                  release of authentik such as 2026.8.0.\n\nExit codes: 0 done; 1 not up to date, failed on, or a step of the gate failed; \
                  2 could not run."
)]
struct Arguments {
    /// The project's folder
    #[arg(long, global = true, hide = true, value_name = "FOLDER")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the slice, the changelog and the version in step with upstream
    Sync {
        /// A file, a URL, the address of an authentik server, or a release; the release in openapi/upstream.toml unless given
        #[arg(long, value_name = "SRC")]
        from: Option<String>,
        /// Write nothing, and exit with 1 if anything would change
        #[arg(long)]
        check: bool,
        /// How the report is written
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Tell what changed from one document to another, and what that means for clients and for this crate
    Diff {
        /// The document before: a file, a URL, the address of an authentik server, or a release
        #[arg(value_name = "OLD")]
        old: String,
        /// The document after
        #[arg(value_name = "NEW")]
        new: String,
        /// How the report is written
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Exit with 1 if there is a change of this level or a worse one
        #[arg(long, value_enum)]
        fail_on: Option<FailOn>,
        /// Exit with 1 if the change of Rust is at least this large, or not known
        #[arg(long, value_enum)]
        fail_on_rust: Option<FailOnRust>,
        #[command(flatten)]
        selection: Operations,
    },
    /// Print the slice of a document, in canonical form and with our descriptions
    Slice {
        /// A file, a URL, the address of an authentik server, or a release; the release in openapi/upstream.toml unless given
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
    },
    /// Print the Rust that the generator makes of a document
    Expand {
        /// A file, a URL, the address of an authentik server, or a release; the checked-in slice unless given
        #[arg(value_name = "SRC")]
        source: Option<String>,
        #[command(flatten)]
        selection: Operations,
    },
    /// Run the whole gate: what must pass before a change lands
    Check,
}

#[derive(Args)]
struct Operations {
    /// Take every operation, and not only those in openapi/upstream.toml
    #[arg(long)]
    all_operations: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Any,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOnRust {
    Major,
    Minor,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.root.map_or_else(project::around, Ok).and_then(|root| run(&root, arguments.command)) {
        Ok(passed) => ExitCode::from(u8::from(!passed)),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command; tells whether what it looked at is as it should be.
fn run(root: &Path, command: Command) -> Result<bool> {
    match command {
        Command::Sync { from, check, format } => sync(&Project::open(root)?, from, check, format),
        Command::Diff { old, new, format, fail_on, fail_on_rust, selection } => {
            let diff = compare(&Project::open(root)?, &old, &new, &selection)?;
            print(&report::of_diff(&diff, format))?;
            Ok(!fails(&diff, fail_on, fail_on_rust))
        }
        Command::Slice { source, keep_prose, structure, selection } => {
            print_slice(&Project::open(root)?, source, keep_prose, structure, &selection)
        }
        Command::Expand { source, selection } => print_code(&Project::open(root)?, source, &selection),
        Command::Check => check::run(root),
    }
}

fn sync(project: &Project, from: Option<String>, check: bool, format: Format) -> Result<bool> {
    let source = from.as_deref().map(Source::parse).transpose()?;
    let report = sync::sync(project, source, check)?;
    print(&report::of_sync(&report, format))?;
    let outdated = check && !report.files.is_empty();
    if outdated {
        let from = from.map(|from| format!(" --from {from}")).unwrap_or_default();
        eprintln!("not up to date: run `cargo xtask sync{from}`");
    }
    Ok(!outdated)
}

fn compare(project: &Project, old: &str, new: &str, selection: &Operations) -> Result<Diff> {
    let selection = selection.of(project)?;
    let fetch = |source: &str| Ok::<_, anyhow::Error>(Source::parse(source)?.fetch(project)?.document);
    let (before, after) = (fetch(old)?, fetch(new)?);
    let checked_in = project.slice()?.0.root;
    // What one of the two says beyond OpenAPI is said of the other too; the checked-in slice says it for those that say nothing.
    let ours = [&before, &after].into_iter().map(|document| &document.root).find(|root| annotations::are_in(root)).unwrap_or(&checked_in);
    let (before, after) = (annotated(&before, &selection, ours)?, annotated(&after, &selection, ours)?);
    Ok(diff::compare(&diff::Input::new(old, &before), &diff::Input::new(new, &after)))
}

fn fails(diff: &Diff, fail_on: Option<FailOn>, fail_on_rust: Option<FailOnRust>) -> bool {
    let worst = diff.changes.iter().map(|change| change.level).max();
    let on_wire = fail_on.is_some_and(|fail_on| match fail_on {
        FailOn::Error => worst >= Some(Level::Error),
        FailOn::Warning => worst >= Some(Level::Warning),
        FailOn::Any => worst.is_some(),
    });
    // Rust that cannot be generated is at least as bad as Rust that breaks.
    let bump = diff.rust.bump.unwrap_or(Bump::Major);
    let in_rust = fail_on_rust.is_some_and(|fail_on| match fail_on {
        FailOnRust::Major => bump >= Bump::Major,
        FailOnRust::Minor => bump >= Bump::Minor,
    });
    on_wire || in_rust
}

fn print_slice(project: &Project, source: Option<String>, keep_prose: bool, structure: bool, selection: &Operations) -> Result<bool> {
    let source = source.map_or_else(|| Ok(Source::Release(project.release()?.into())), |source| Source::parse(&source))?;
    let document = source.fetch(project)?.document;
    let selection = selection.of(project)?;
    let sliced = if keep_prose || structure {
        slice(&document, &selection, keep_prose)?
    } else {
        annotated(&document, &selection, &project.slice()?.0.root)?
    };
    print(&yaml::to_yaml(&sliced))?;
    Ok(true)
}

fn print_code(project: &Project, source: Option<String>, selection: &Operations) -> Result<bool> {
    let (name, text) = match source {
        None => (codegen::SLICE.to_owned(), project.read(codegen::SLICE)?),
        Some(source) => {
            let document = Source::parse(&source)?.fetch(project)?.document;
            let sliced = annotated(&document, &selection.of(project)?, &project.slice()?.0.root)?;
            let (sliced, left_out) = diff::generatable(&sliced);
            for operation in left_out {
                eprintln!("note: {operation} takes files or has several kinds of success, and no Rust can be generated of it");
            }
            (source, yaml::to_yaml(&sliced))
        }
    };
    let generated = codegen::generate_text(&name, &text)?;
    print(&generated.code())?;
    for fixup in generated.stale_fixups {
        eprintln!("note: the fixup `{fixup}` found nothing to do in this document");
    }
    for place in generated.undescribed {
        eprintln!("note: {place} has no description");
    }
    Ok(true)
}

impl Operations {
    fn of(&self, project: &Project) -> Result<Selection> {
        if self.all_operations { Ok(Selection::All) } else { project.operations() }
    }
}

/// The slice of a document with annotations: its own if it has any, `ours` otherwise.
fn annotated(document: &Document, selection: &Selection, ours: &Value) -> Result<Value> {
    let mut sliced = slice(document, selection, false)?;
    let theirs = annotations::are_in(&document.root);
    annotations::carry(if theirs { &document.root } else { ours }, &mut sliced);
    Ok(sliced)
}

/// Writes to standard output; a reader that has seen enough is no error.
fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
