//! The rows that a server has, by operation.

use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(operation = "flows_bindings_list")]
use super::bindings::{self, Bindings, bindings};
use super::records::Records;
use crate::codegen::shapes::LISTS;

/// The rows of a [`FakeAuthentik`](super::FakeAuthentik).
///
/// Those of `flows_bindings_list` are bindings, which [`Rows`] itself has methods for. Those of other list operations are JSON objects:
/// see [`of`](Self::of).
#[derive(Debug)]
pub struct Rows {
    #[cfg(operation = "flows_bindings_list")]
    pub(super) bindings: Bindings,
    records: BTreeMap<&'static str, Records>,
}

impl Default for Rows {
    fn default() -> Self {
        let lists = LISTS.iter();
        #[cfg(operation = "flows_bindings_list")]
        let lists = lists.filter(|list| list.id != bindings::OPERATION);
        Self {
            #[cfg(operation = "flows_bindings_list")]
            bindings: Bindings::default(),
            records: lists.map(|list| (list.id, Records::new(list))).collect(),
        }
    }
}

impl Rows {
    /// The rows of a list operation other than `flows_bindings_list`, such as `core_users_list`; `None` if this crate does not have it.
    pub fn of(&mut self, operation: &str) -> Option<&mut Records> {
        self.records.get_mut(operation)
    }

    pub(super) fn get(&self, operation: &str) -> Option<&Records> {
        self.records.get(operation)
    }

    pub(super) fn generate(&mut self, operation: &str, count: usize) -> Result<(), String> {
        #[cfg(operation = "flows_bindings_list")]
        if operation == bindings::OPERATION {
            // As many bindings of a flow as on real servers.
            self.extend(bindings(count, count.div_ceil(6)));
            return Ok(());
        }
        self.known(operation)?.generate(count);
        Ok(())
    }

    pub(super) fn add(&mut self, operation: &str, row: impl Serialize) -> Result<(), String> {
        let invalid = |error: serde_json::Error| format!("a row of `{operation}`: {error}");
        #[cfg(operation = "flows_bindings_list")]
        if operation == bindings::OPERATION {
            let binding = serde_json::to_value(row).and_then(serde_json::from_value).map_err(invalid)?;
            self.insert(binding);
            return Ok(());
        }
        self.known(operation)?.insert(row).map_err(invalid)
    }

    /// As [`of`](Self::of), with an error that says what there is.
    pub(super) fn known(&mut self, operation: &str) -> Result<&mut Records, String> {
        let known = self.records.keys().copied().collect::<Vec<_>>().join(", ");
        self.of(operation).ok_or_else(|| {
            format!("`{operation}` is not a list operation of this crate; it has {known}\n  help: add it to `operations` in openapi/upstream.toml and run `cargo xtask sync`")
        })
    }

    pub(super) fn records(&mut self) -> impl Iterator<Item = &mut Records> {
        self.records.values_mut()
    }

    /// The rows of the list at this path below `/api/v3`, and what follows the path: the key of one row, or nothing.
    pub(super) fn at<'a>(&mut self, path: &'a str) -> Option<(&mut Records, Option<&'a str>)> {
        // A list below another one, such as `/policies/reputation/scores/`, is not the row `scores` of that one.
        let lists = self.records.values_mut().filter(|records| path.starts_with(records.list.path));
        let records = lists.max_by_key(|records| records.list.path.len())?;
        let rest = path.strip_prefix(records.list.path)?;
        match rest.strip_suffix('/') {
            _ if rest.is_empty() => Some((records, None)),
            Some(key) if !key.is_empty() && !key.contains('/') => Some((records, Some(key))),
            _ => None,
        }
    }
}
