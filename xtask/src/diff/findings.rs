//! The changes found by a comparison, and the queue of pairs of schemas that it still has to compare.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::model::{Change, Operation, Wire};
use super::rules::{self, Level, Use};
use super::wire::Compatibility;
use crate::resolved_schema::ResolvedSchema;

/// Changes, and a queue of pairs of schemas.
///
/// A pair is compared once for each kind of use, no matter how many operations reach it. A queue replaces recursion, so deep and recursive
/// schemas are not a problem.
#[derive(Default)]
pub struct Findings<'a> {
    scopes: Vec<Scope>,
    known: HashMap<(Use, bool, String, String), usize>,
    queue: Vec<(ResolvedSchema<'a>, ResolvedSchema<'a>, Subject)>,
}

/// The changes in one operation, or in one pair of components.
#[derive(Default)]
struct Scope {
    operation: Option<Operation>,
    changes: Vec<Change>,
    /// The scopes that refer to this one.
    uses: Vec<usize>,
}

/// A change to be reported.
pub struct Finding {
    rule: (String, Level),
    text: String,
    pointer: String,
    wire: Wire,
    only_if: Option<String>,
    note: Option<String>,
    touches: Vec<String>,
}

impl Finding {
    /// A change that affects neither clients on the wire nor items of the generated Rust.
    pub fn new(rule: (String, Level), text: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { rule, text: text.into(), pointer: pointer.into(), wire: Wire::COMPATIBLE, only_if: None, note: None, touches: Vec::new() }
    }

    pub fn wire(self, wire: Wire) -> Self {
        Self { wire, ..self }
    }

    /// Restricts the wire verdicts to calls that do this, such as "sets `kind`".
    pub fn only_if(self, call: Option<String>) -> Self {
        Self { only_if: call, ..self }
    }

    /// Adds a note with the default that `sync` writes so that new clients can decode responses of old servers.
    pub fn assumed_by_sync(self, default: Option<Value>) -> Self {
        let note = |default| {
            format!("`cargo xtask sync` adds `x-default-when-absent: {default}`, so that new clients can decode responses of old servers")
        };
        Self { note: default.map(note), ..self }
    }

    /// Sets the public items that the change belongs to, as prefixes of their paths.
    pub fn touches(self, touches: Vec<String>) -> Self {
        Self { touches, ..self }
    }
}

/// The schema that is being compared: its use and its name in reports.
#[derive(Clone)]
pub struct Subject {
    pub scope: usize,
    pub used: Use,
    /// Whether it is a part of a larger schema.
    pub nested: bool,
    /// Its name in reports, such as `FlowSet.slug`.
    pub name: String,
    /// Whether the old and the new document require it.
    pub required: (bool, bool),
    /// Public items that belong to it, as prefixes of their paths.
    pub touches: Vec<String>,
    /// Names that its own type may have in Rust.
    pub types: Vec<String>,
    /// What a call must do to send it, if it is optional.
    pub only_if: Option<String>,
}

impl Subject {
    /// A part of the schema without a name of its own, such as the items of an array.
    pub fn part(&self, name: String, type_suffix: &str) -> Self {
        let types = self.types.iter().map(|name| format!("{name}{type_suffix}")).collect();
        Self { nested: true, required: (true, true), name, types, ..self.clone() }
    }

    /// One of the schemas that the schema is composed of.
    pub fn component(&self) -> Self {
        Self { nested: true, ..self.clone() }
    }
}

/// How the set of values that a schema allows changed.
#[derive(Clone, Copy)]
pub enum Range {
    Wider,
    Narrower,
    Other,
    Same,
}

impl<'a> Findings<'a> {
    /// Opens the scope of an operation.
    pub fn enter(&mut self, operation: &Operation) -> usize {
        self.open(Some(operation.clone()))
    }

    fn open(&mut self, operation: Option<Operation>) -> usize {
        self.scopes.push(Scope { operation, ..Scope::default() });
        self.scopes.len() - 1
    }

    pub fn add(&mut self, scope: usize, finding: Finding) {
        let Finding { rule: (id, level), text, pointer, wire, only_if, note, touches } = finding;
        let only_if = only_if.filter(|_| wire != Wire::COMPATIBLE).map(|call| format!("the call {call}"));
        let change = Change { id, level, text, pointer, operations: Vec::new(), wire, only_if, rust: None, note, touches };
        self.scopes[scope].changes.push(change);
    }

    /// Records a change of a schema. `in_response` is the verdict for success responses; the verdict for requests follows from `range`.
    pub fn note(&mut self, subject: &Subject, happened: &str, text: String, pointer: &str, range: Range, in_response: Wire) {
        let (fine, fails) = (Compatibility::Compatible, Compatibility::Incompatible);
        let (old, new) = match (subject.used, range) {
            (Use::Response, _) => (in_response.old_client_on_new_server, in_response.new_client_on_old_server),
            (Use::ErrorResponse, _) | (_, Range::Same) => (fine, fine),
            (_, Range::Wider) => (fine, fails),
            (_, Range::Narrower) => (fails, fine),
            (_, Range::Other) => (fails, fails),
        };
        let wire = Wire { old_client_on_new_server: old, new_client_on_old_server: new };
        let rule = rules::of_schema(subject.used, subject.nested, happened);
        let finding = Finding::new(rule, text, pointer).wire(wire).only_if(subject.only_if.clone()).touches(subject.touches.clone());
        self.add(subject.scope, finding);
    }

    /// Queues a pair of schemas.
    pub fn visit(&mut self, old: ResolvedSchema<'a>, new: ResolvedSchema<'a>, subject: Subject) {
        self.queue.push((old, new, subject));
    }

    /// The next pair to compare.
    pub fn next_pair(&mut self) -> Option<(ResolvedSchema<'a>, ResolvedSchema<'a>, Subject)> {
        self.queue.pop()
    }

    /// A new scope for a pair that several scopes may use; `None` if the pair is already known. In both cases, `from` uses it.
    pub fn enter_pair(&mut self, from: &Subject, old: &ResolvedSchema, new: &ResolvedSchema) -> Option<usize> {
        let key = (from.used, from.nested, old.pointer.clone(), new.pointer.clone());
        let known = self.known.get(&key).copied();
        let scope = known.unwrap_or_else(|| self.open(None));
        self.known.insert(key, scope);
        self.scopes[from.scope].uses.push(scope);
        known.is_none().then_some(scope)
    }

    /// Every change once, with all operations that it affects.
    pub fn into_changes(self) -> Vec<Change> {
        let mut concerned: Vec<BTreeSet<&Operation>> = vec![BTreeSet::new(); self.scopes.len()];
        for (root, scope) in self.scopes.iter().enumerate() {
            let Some(operation) = &scope.operation else { continue };
            let mut waiting = vec![root];
            while let Some(at) = waiting.pop() {
                if concerned[at].insert(operation) {
                    waiting.extend(&self.scopes[at].uses);
                }
            }
        }
        let mut changes: Vec<Change> = Vec::new();
        let mut known: HashMap<(&str, &str, &str), usize> = HashMap::new();
        for (scope, operations) in self.scopes.iter().zip(&concerned) {
            for change in &scope.changes {
                let index = *known.entry((&change.id, &change.pointer, &change.text)).or_insert_with(|| {
                    changes.push(Change { touches: Vec::new(), ..change.clone() });
                    changes.len() - 1
                });
                let merged = &mut changes[index];
                merged.wire = merged.wire.worse(change.wire);
                merged.only_if = merged.only_if.take().filter(|_| change.only_if.is_some());
                merged.touches.extend(change.touches.iter().cloned());
                merged.operations.extend(operations.iter().map(|operation| (*operation).clone()));
            }
        }
        for change in &mut changes {
            change.operations.sort();
            change.operations.dedup();
        }
        changes
    }
}
