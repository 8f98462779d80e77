//! A document to compare: its slice and its generated Rust.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::model::{InvalidOperation, Operation, Side};
use super::operations::{only, operations};
use crate::codegen::{Diagnostic, Generated, generate};
use crate::document::Document;
use crate::slice::LeftOut;
use crate::yaml::to_yaml;

pub struct Input<'a> {
    source: &'a str,
    /// The slice with annotations.
    pub(super) slice: Cow<'a, Value>,
    /// The generated Rust, or why it cannot be generated.
    pub generated: Result<Generated, Diagnostic>,
    /// Operations that the generator does not support.
    pub left_out: BTreeSet<Operation>,
    /// Operations that are invalid, and why.
    pub(super) invalid: Vec<InvalidOperation>,
}

/// Leaves out operations that the generator does not support: those that upload files or respond with something other than JSON, and
/// those with several kinds of success responses.
pub fn generatable(slice: &Value) -> (Cow<'_, Value>, BTreeSet<Operation>) {
    let mut left_out = operations(slice);
    left_out
        .retain(|_, operation| uploads_files(operation) || responds_with_other_than_json(operation) || has_several_successes(operation));
    let left_out = left_out.into_keys().collect::<BTreeSet<_>>();
    if left_out.is_empty() {
        return (Cow::Borrowed(slice), left_out);
    }
    (Cow::Owned(only(slice, |operation| !left_out.contains(operation))), left_out)
}

fn uploads_files(operation: &Value) -> bool {
    operation.pointer("/requestBody/content").is_some_and(|content| content.get("application/json").is_none())
}

/// The `content` of each success response.
fn contents(operation: &Value) -> impl Iterator<Item = Option<&Value>> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    responses.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response.get("content"))
}

fn responds_with_other_than_json(operation: &Value) -> bool {
    contents(operation).flatten().filter_map(Value::as_object).flatten().any(|(kind, _)| kind != "application/json")
}

fn has_several_successes(operation: &Value) -> bool {
    let mut contents = contents(operation);
    contents.next().is_some_and(|first| contents.any(|other| other != first))
}

impl<'a> Input<'a> {
    /// The slice of a document, with annotations.
    pub fn new(document: &'a Document, slice: &'a Value) -> Self {
        let source = document.name.as_str();
        let (supported, left_out) = generatable(slice);
        let generated = generate(&format!("the slice of {source}"), &to_yaml(&supported)).map_err(|error| document.with_own_line(error));
        Self { source, slice: Cow::Borrowed(slice), generated, left_out, invalid: Vec::new() }
    }

    /// Records operations of the document that are not in the slice because they are invalid.
    pub fn with_invalid(self, invalid: Vec<LeftOut>) -> Self {
        let each = |LeftOut { method, path, reason }| InvalidOperation {
            source: self.source.to_owned(),
            operation: Operation { method: method.to_uppercase(), path },
            reason,
        };
        let invalid = invalid.into_iter().map(each).collect();
        Self { invalid, ..self }
    }

    /// Leaves operations out of the comparison, because upstream neither added nor removed them, but keeps their Rust.
    pub fn leave_out(&mut self, operation_ids: &[String]) {
        let mut unwanted = operations(&self.slice);
        unwanted.retain(|_, value| value["operationId"].as_str().is_some_and(|id| operation_ids.iter().any(|other| other == id)));
        let unwanted = unwanted.into_keys().collect::<BTreeSet<_>>();
        if !unwanted.is_empty() {
            self.slice = Cow::Owned(only(&self.slice, |operation| !unwanted.contains(operation)));
        }
    }

    pub(super) fn side(&self) -> Side {
        Side { source: self.source.to_owned(), release: self.slice["info"]["version"].as_str().unwrap_or_default().to_owned() }
    }
}
