//! What changed from one slice to another: each change, and what it means for deployed clients and for this crate.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::resume_unwind;
use std::thread;

use serde::Serialize;
use serde_json::Value;

use rules::Level;
use rust::{Bump, ItemChange};
pub use wire::Compatibility;

use crate::codegen::{GenerateError, Generated, generate_text};
use crate::yaml::to_yaml;

mod answers;
pub mod operations;
mod properties;
pub mod rules;
pub mod rust;
mod schemas;
mod unions;
mod wire;

/// The version of the JSON that a diff is serialized to. It counts up when a name or a value changes its meaning.
///
/// - 2: wire verdicts are `compatible`, `lossy` and `incompatible`; before, they were `reads`, `loses` and `fails`.
pub const SCHEMA_VERSION: u32 = 2;

/// What changed from an old document to a new one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diff {
    /// The version of this format, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The document before.
    pub old: Side,
    /// The document after.
    pub new: Side,
    /// Every change that means something, the worst first.
    pub changes: Vec<Change>,
    /// What clients generated from the one make of servers of the other: the worst of all changes.
    pub wire: Wire,
    /// What the change means for the version of the crate.
    pub rust: RustVerdict,
}

/// One of the documents that are compared.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Side {
    /// The file, address or release that was given.
    pub source: String,
    /// `info.version` of the document.
    pub release: String,
}

/// One change.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// The rule, by the id that oasdiff gives it.
    pub id: String,
    /// How bad oasdiff takes it to be for clients that are deployed.
    pub level: Level,
    /// The change in words.
    pub text: String,
    /// JSON pointer into the new slice; for what is gone, into the old one.
    pub pointer: String,
    /// The operations that it concerns.
    pub operations: Vec<Operation>,
    /// What clients make of it.
    pub wire: Wire,
    /// The largest change among the public items of the generated Rust that belong to it; none where the Rust was not compared.
    pub rust: Option<Bump>,
    /// Public items that belong to it, by the beginning of their path.
    #[serde(skip)]
    touches: Vec<String>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Operation {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, below the address of the API.
    pub path: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What clients make of a change, both ways. The worst that can happen: an answer that happens not to have what changed is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wire {
    /// A client generated from the old document, on a server of the new one.
    pub old_client_on_new_server: Compatibility,
    /// A client generated from the new document, on a server of the old one.
    pub new_client_on_old_server: Compatibility,
}

impl Wire {
    pub const COMPATIBLE: Self =
        Self { old_client_on_new_server: Compatibility::Compatible, new_client_on_old_server: Compatibility::Compatible };

    pub fn worse(self, other: Self) -> Self {
        Self {
            old_client_on_new_server: self.old_client_on_new_server.max(other.old_client_on_new_server),
            new_client_on_old_server: self.new_client_on_old_server.max(other.new_client_on_old_server),
        }
    }
}

/// What a change means for the version of the crate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RustVerdict {
    /// The part of the version that has to move; none where the Rust of one document cannot be generated.
    pub bump: Option<Bump>,
    /// Public items that changed, and how.
    pub items: Vec<ItemChange>,
    /// Operations of which the generator can make no Rust.
    pub left_out: Vec<Operation>,
    /// Why the Rust was not compared.
    pub not_compared: Option<String>,
}

/// A document as it is compared: its annotated slice, and the Rust that the generator makes of it.
pub struct Input<'a> {
    source: &'a str,
    slice: Cow<'a, Value>,
    /// The Rust, or why there is none.
    pub generated: Result<Generated, GenerateError>,
    /// Operations that the generator cannot make Rust of.
    pub left_out: BTreeSet<Operation>,
}

/// A slice without the operations of which the generator can make no Rust, and those: progenitor has no word for forms with files, and
/// none for successes of several kinds.
pub fn generatable(slice: &Value) -> (Cow<'_, Value>, BTreeSet<Operation>) {
    let takes_files =
        |operation: &Value| operation.pointer("/requestBody/content").is_some_and(|content| content.get("application/json").is_none());
    let answers_in_several_ways = |operation: &Value| {
        let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
        let successes = answers.filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer.get("content"));
        let mut successes = successes.map(|content| content.map(ToString::to_string));
        successes.next().is_some_and(|first| successes.any(|other| other != first))
    };
    let not_generatable = |operation: &Value| takes_files(operation) || answers_in_several_ways(operation);
    let mut left_out = operations::operations(slice);
    left_out.retain(|_, operation| not_generatable(operation));
    let left_out = left_out.into_keys().collect::<BTreeSet<_>>();
    if left_out.is_empty() {
        return (Cow::Borrowed(slice), left_out);
    }
    (Cow::Owned(without(slice, not_generatable)), left_out)
}

/// A slice without certain operations.
fn without(slice: &Value, unwanted: impl Fn(&Value) -> bool) -> Value {
    let mut others = slice.clone();
    for item in others["paths"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut).filter_map(Value::as_object_mut) {
        item.retain(|_, operation| !unwanted(operation));
    }
    others
}

impl<'a> Input<'a> {
    pub fn new(source: &'a str, slice: &'a Value) -> Self {
        let (whole, left_out) = generatable(slice);
        let generated = generate_text(&format!("the slice of {source}"), &to_yaml(&whole));
        Self { source, slice: Cow::Borrowed(slice), generated, left_out }
    }

    /// Leaves operations out of the comparison, but not their Rust: that they came or went is not upstream's doing.
    pub fn leave_out(&mut self, operation_ids: &[String]) {
        let unwanted =
            |operation: &Value| operation["operationId"].as_str().is_some_and(|id| operation_ids.iter().any(|unwanted| unwanted == id));
        if !operation_ids.is_empty() {
            self.slice = Cow::Owned(without(&self.slice, unwanted));
        }
    }

    fn side(&self) -> Side {
        Side { source: self.source.to_owned(), release: self.slice["info"]["version"].as_str().unwrap_or_default().to_owned() }
    }
}

/// Compares two slices.
pub fn compare(old: &Input, new: &Input) -> Diff {
    let (before, after): (&Value, &Value) = (&old.slice, &new.slice);
    let (mut changes, whole) = on_a_large_stack(|| (operations::compare(before, after), operations::decode(before, after)));
    let mut rust =
        RustVerdict { bump: None, items: Vec::new(), left_out: old.left_out.union(&new.left_out).cloned().collect(), not_compared: None };
    match (&old.generated, &new.generated) {
        (Ok(old), Ok(new)) => {
            rust.items = rust::compare(&rust::public_items(&old.file), &rust::public_items(&new.file));
            rust.bump = Some(rust.items.iter().map(|item| item.bump).max().unwrap_or(Bump::Patch));
            for change in &mut changes {
                change.rust = Some(rust::bump_of(&rust.items, &change.touches));
            }
        }
        (Err(why), _) | (_, Err(why)) => rust.not_compared = Some(why.to_string()),
    }
    changes.sort_by(|a, b| (b.level, &a.pointer, &a.id, &a.text).cmp(&(a.level, &b.pointer, &b.id, &b.text)));
    let wire = changes.iter().fold(whole, |worst, change| worst.worse(change.wire));
    Diff { schema_version: SCHEMA_VERSION, old: old.side(), new: new.side(), changes, wire, rust }
}

/// Runs what follows schemas as deep as they are.
fn on_a_large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    /// Only what is used of it is taken.
    const STACK: usize = 128 << 20;
    thread::scope(|scope| {
        let running = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).expect("a thread can be started");
        running.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

impl Diff {
    /// Whether a change of a public item belongs to one of the changes.
    pub fn explains(&self, item: &ItemChange) -> bool {
        self.changes.iter().any(|change| rust::belongs(item, &change.touches))
    }

    /// How many changes there are of each level, the worst first.
    pub fn counts(&self) -> BTreeMap<std::cmp::Reverse<Level>, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(std::cmp::Reverse(change.level)).or_default() += 1;
        }
        counts
    }
}
