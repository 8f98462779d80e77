//! Tries every list operation of a document: slices, generates and compiles it, and lists its rows from the fake server.
//!
//! All operations are compiled in one crate, a copy of the package. An operation that does not compile is left out and reported, and the
//! others are compiled again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;

use crate::annotations;
use crate::codegen::{self, Generated};
use crate::document::Document;
use crate::project::Project;
use crate::slice::{Selection, operations, slice};
use crate::yaml;
use crate_copy::{CompileError, Package};
use items::Items;

mod crate_copy;
mod items;
mod parameters;
mod program;
pub mod table;

/// The outcome of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// `paginate()` listed every row.
    Complete,
    /// Rows have no key, so there is no `paginate()`. `send()` returned a page.
    NoKey,
    /// Why it cannot be generated, does not compile, or was not listed completely.
    Failed(String),
}

/// The outcomes of all list operations of a document.
pub struct Survey {
    pub release: String,
    pub operations: BTreeMap<String, Outcome>,
}

/// The maximum number of compilations. Each leaves out the operations with errors, and the compiler reports one phase of errors at a time.
const MAX_ROUNDS: usize = 12;

/// Tries every list operation.
///
/// # Errors
/// The document has no list operations, the package cannot be written or run, or a compile error does not belong to an operation.
pub fn survey(project: &Project, document: &Document) -> Result<Survey> {
    let ours = project.slice()?.0.root;
    let mut survey = Survey { release: document.release().to_owned(), operations: BTreeMap::new() };
    let mut candidates = BTreeMap::new();
    let operations = list_operations(document);
    if operations.is_empty() {
        bail!(
            "{}: no list operation\n  help: give a document with operations whose response has `pagination` and `results`",
            document.name
        );
    }
    eprintln!("generating {} operations, each on its own", operations.len());
    for (id, operation) in operations {
        match generate(document, std::slice::from_ref(&id), &ours) {
            Ok((_, generated)) => drop(candidates.insert(id, Items::of(&generated.file, parameters::required(document, operation)))),
            Err(error) => drop(survey.operations.insert(id, failed("not generated", &format!("{error:#}")))),
        }
    }
    let package = Package::new(project)?;
    compile(&package, document, &ours, &mut candidates, &mut survey)?;
    eprintln!("listing {} operations", candidates.len());
    let listed = package.run()?;
    for (id, items) in candidates {
        let outcome = match listed.get(&id) {
            Some(None) if items.paginates(&id) => Outcome::Complete,
            Some(None) => Outcome::NoKey,
            Some(Some(error)) => failed("not listed", error),
            None => failed("not listed", "the program ended before it reached this operation"),
        };
        survey.operations.insert(id, outcome);
    }
    Ok(survey)
}

/// Compiles a program with a crate that has these operations of a document, and runs it; returns what it printed.
///
/// # Errors
/// The document cannot be read, an operation cannot be generated, or the program does not compile or fails.
pub fn run_program(root: &Path, document: &Path, operations: &[&str], program: &str) -> Result<String> {
    let project = Project::open(root)?;
    let document = Document::parse(&document.display().to_string(), &std::fs::read_to_string(document)?)?;
    let ids = operations.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let (slice, generated) = generate(&document, &ids, &project.slice()?.0.root)?;
    let package = Package::new(&project)?;
    package.write(&slice, &generated, program)?;
    let errors = package.compile()?;
    if !errors.is_empty() {
        bail!("the program does not compile\n{}", errors.iter().map(|error| error.rendered.as_str()).collect::<Vec<_>>().concat());
    }
    package.output()
}

/// Compiles all candidates together, and leaves out those that do not compile.
fn compile(
    package: &Package,
    document: &Document,
    ours: &Value,
    candidates: &mut BTreeMap<String, Items>,
    survey: &mut Survey,
) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let ids = candidates.keys().cloned().collect::<Vec<_>>();
        eprintln!("compiling {} operations", ids.len());
        let (slice, generated) = generate(document, &ids, ours)?;
        let code = package.write(&slice, &generated, &program::program(&package.library, document.release(), candidates))?;
        let errors = package.compile()?;
        if errors.is_empty() {
            return Ok(());
        }
        let before = candidates.len();
        for error in &errors {
            for id in concerned(error, &code, candidates) {
                survey.operations.entry(id.clone()).or_insert_with(|| failed("not compiled", &error.message));
            }
        }
        candidates.retain(|id, _| !survey.operations.contains_key(id));
        if candidates.len() == before {
            let texts = errors.iter().map(|error| error.rendered.as_str()).collect::<Vec<_>>();
            bail!("{}: does not compile, and the errors do not belong to an operation\n{}", package.folder.display(), texts.concat());
        }
    }
    bail!("{}: still does not compile after {MAX_ROUNDS} rounds of leaving operations out", package.folder.display())
}

/// The operations that a compile error belongs to: by the line of the program, or by the item that contains it.
fn concerned(error: &CompileError, code: &str, candidates: &BTreeMap<String, Items>) -> Vec<String> {
    if error.in_program {
        return candidates.keys().filter(|id| error.line_text.contains(&format!("\"{id}\""))).cloned().collect();
    }
    // Items of a module start on a line with one level of indentation.
    let starts =
        code.lines().take(error.line).filter(|line| line.strip_prefix("    ").is_some_and(|item| item.starts_with(char::is_alphabetic)));
    let words = |line: &str| line.split(|next: char| !next.is_alphanumeric() && next != '_').map(str::to_owned).collect::<BTreeSet<_>>();
    let words = starts.last().map(words).unwrap_or_default();
    candidates.iter().filter(|(_, items)| items.names.iter().any(|name| words.contains(name))).map(|(id, _)| id.clone()).collect()
}

fn generate(document: &Document, ids: &[String], ours: &Value) -> Result<(String, Generated)> {
    let mut sliced = slice(document, &Selection::Only(ids.to_vec()), false)?;
    annotations::carry(if annotations::are_in(&document.root) { &document.root } else { ours }, &mut sliced);
    let text = yaml::to_yaml(&sliced);
    let name = format!("the slice of {}", document.name);
    let generated = codegen::generate(&name, &text)?;
    Ok((text, generated))
}

/// The operations whose response is a page, by id.
fn list_operations(document: &Document) -> Vec<(String, &Value)> {
    let operations = operations(&document.root).filter(|(_, method, _)| *method == "get").map(|(.., operation)| operation);
    let lists = operations.filter(|operation| {
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let page = document.resolve(schema, String::new()).map(|(_, page)| &page["properties"]);
        page.is_ok_and(|page| ["pagination", "results"].iter().all(|name| page.get(name).is_some()))
    });
    lists.filter_map(|operation| Some((operation["operationId"].as_str()?.to_owned(), operation))).collect()
}

fn failed(stage: &str, reason: &str) -> Outcome {
    let lines = reason.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    Outcome::Failed(format!("{stage}: {}", lines.join(" · ")))
}
