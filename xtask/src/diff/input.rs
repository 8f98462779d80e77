//! A document that is compared: its slice, and the Rust that the generator makes of it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::operations::operations;
use super::{Operation, Side};
use crate::codegen::{Diagnostic, Generated, generate};
use crate::yaml::to_yaml;

pub struct Input<'a> {
    source: &'a str,
    /// The slice with annotations.
    pub(super) slice: Cow<'a, Value>,
    /// The Rust, or why there is none.
    pub generated: Result<Generated, Diagnostic>,
    /// Operations that the generator does not support.
    pub left_out: BTreeSet<Operation>,
}

/// A slice without the operations that the generator does not support, and those operations: the ones that upload files, and the ones with
/// several kinds of success.
pub fn generatable(slice: &Value) -> (Cow<'_, Value>, BTreeSet<Operation>) {
    let is_supported = |operation: &Value| !(uploads_files(operation) || has_several_successes(operation));
    let mut left_out = operations(slice);
    left_out.retain(|_, operation| !is_supported(operation));
    let left_out = left_out.into_keys().collect::<BTreeSet<_>>();
    if left_out.is_empty() {
        return (Cow::Borrowed(slice), left_out);
    }
    (Cow::Owned(only(slice, is_supported)), left_out)
}

fn uploads_files(operation: &Value) -> bool {
    operation.pointer("/requestBody/content").is_some_and(|content| content.get("application/json").is_none())
}

fn has_several_successes(operation: &Value) -> bool {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let mut contents = responses.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response.get("content"));
    contents.next().is_some_and(|first| contents.any(|other| other != first))
}

/// A slice with certain operations only.
fn only(slice: &Value, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let mut slice = slice.clone();
    for item in slice["paths"].as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        item.retain(|_, operation| is_wanted(operation));
    }
    slice
}

impl<'a> Input<'a> {
    pub fn new(source: &'a str, slice: &'a Value) -> Self {
        let (supported, left_out) = generatable(slice);
        let generated = generate(&format!("the slice of {source}"), &to_yaml(&supported));
        Self { source, slice: Cow::Borrowed(slice), generated, left_out }
    }

    /// Leaves operations out of the comparison, but not out of the Rust: upstream neither added nor removed them.
    pub fn leave_out(&mut self, operation_ids: &[String]) {
        let is_wanted =
            |operation: &Value| !operation["operationId"].as_str().is_some_and(|id| operation_ids.iter().any(|other| other == id));
        if !operation_ids.is_empty() {
            self.slice = Cow::Owned(only(&self.slice, is_wanted));
        }
    }

    pub(super) fn side(&self) -> Side {
        Side { source: self.source.to_owned(), release: self.slice["info"]["version"].as_str().unwrap_or_default().to_owned() }
    }
}
