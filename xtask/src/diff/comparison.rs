//! A comparison of two documents, operation by operation.

use serde_json::Value;

use super::findings::{Finding, Findings};
use super::model::Wire;
use super::rules::of_operation;
use super::wire::Compatibility;

pub struct Comparison<'a> {
    pub old: &'a Value,
    pub new: &'a Value,
    pub findings: Findings<'a>,
}

/// An operation in both documents.
pub struct Pair<'a> {
    pub scope: usize,
    /// JSON pointers to the operation in the old and in the new document.
    pub pointers: (String, String),
    /// Its paths, which may differ in the names of path parameters.
    pub paths: (String, String),
    /// Its name as a Rust type.
    pub type_name: String,
    pub old: &'a Value,
    pub new: &'a Value,
}

impl Pair<'_> {
    /// The method that sends the request; its signature contains the response type.
    pub fn send(&self) -> Vec<String> {
        vec![format!("builder::{}::send", self.type_name)]
    }
}

pub const INCOMPATIBLE_WITH_NEW: Wire = Wire { old_client_on_new_server: Compatibility::Incompatible, ..Wire::COMPATIBLE };
pub const INCOMPATIBLE_WITH_OLD: Wire = Wire { new_client_on_old_server: Compatibility::Incompatible, ..Wire::COMPATIBLE };

impl<'a> Comparison<'a> {
    pub fn new(old: &'a Value, new: &'a Value) -> Self {
        Self { old, new, findings: Findings::default() }
    }

    /// Compares `deprecated` of an operation or a parameter; `name` is its name in reports.
    pub fn deprecation(&mut self, pair: &Pair, rule: &str, name: &str, pointer: &str, (old, new): (&Value, &Value)) {
        let is_deprecated = |part: &Value| part.get("deprecated") == Some(&Value::Bool(true));
        let (happened, text) = match (is_deprecated(old), is_deprecated(new)) {
            (false, true) => ("deprecated", "is deprecated"),
            (true, false) => ("reactivated", "is no longer deprecated"),
            _ => return,
        };
        let finding = Finding::new(of_operation(&format!("{rule}-{happened}")), format!("{name} {text}"), pointer);
        self.findings.add(pair.scope, finding);
    }
}
