//! The rows of a server, by operation.

use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(operation = "flows_bindings_list")]
use super::bindings::{Bindings, OPERATION, bindings};
use super::list::Table;
use super::records::Records;
use crate::codegen::shapes::LISTS;

#[cfg(operation = "flows_bindings_list")]
mod bindings;

/// The rows of a [`FakeAuthentik`](super::FakeAuthentik).
///
/// Rows of `flows_bindings_list` are bindings, with methods on [`Rows`] itself. Rows of other list operations are JSON objects:
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
        let lists = lists.filter(|list| list.id != OPERATION);
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

    fn tables(&self) -> impl Iterator<Item = &dyn Table> {
        let tables = self.records.values().map(|records| records as &dyn Table);
        #[cfg(operation = "flows_bindings_list")]
        let tables = tables.chain([&self.bindings as &dyn Table]);
        tables
    }

    pub(super) fn table(&self, operation: &str) -> Option<&dyn Table> {
        self.tables().find(|table| table.id() == operation)
    }

    pub(super) fn table_mut(&mut self, operation: &str) -> Option<&mut dyn Table> {
        #[cfg(operation = "flows_bindings_list")]
        if operation == OPERATION {
            return Some(&mut self.bindings);
        }
        self.records.get_mut(operation).map(|records| records as &mut dyn Table)
    }

    pub(super) fn generate(&mut self, operation: &str, count: usize) -> Result<(), String> {
        #[cfg(operation = "flows_bindings_list")]
        if operation == OPERATION {
            // As many bindings per flow as on real servers.
            self.extend(bindings(count, count.div_ceil(6)));
            return Ok(());
        }
        self.known(operation)?.generate(count);
        Ok(())
    }

    pub(super) fn add(&mut self, operation: &str, row: impl Serialize) -> Result<(), String> {
        let invalid = |error: serde_json::Error| error.to_string();
        #[cfg(operation = "flows_bindings_list")]
        if operation == OPERATION {
            let given = serde_json::to_value(row).and_then(serde_json::from_value).map_err(invalid)?;
            let binding = self.bindings.completed(&given)?;
            self.insert(binding);
            return Ok(());
        }
        self.known(operation)?.insert(row).map_err(invalid)
    }

    /// Like [`of`](Self::of), with an error that lists the operations.
    pub(super) fn known(&mut self, operation: &str) -> Result<&mut Records, String> {
        #[cfg(operation = "flows_bindings_list")]
        if operation == OPERATION {
            return Err(format!("`{operation}` filters and sorts as the release does, which cannot be changed"));
        }
        let known = self.tables().map(Table::id).collect::<Vec<_>>().join(", ");
        self.of(operation).ok_or_else(|| {
            format!("`{operation}` is not a list operation of this crate; it has {known}\n  help: add it to `operations` in openapi/upstream.toml and run `cargo xtask sync`")
        })
    }

    pub(super) fn records(&mut self) -> impl Iterator<Item = &mut Records> {
        self.records.values_mut()
    }

    /// The list operation at this path below `/api/v3`, and what follows its path: the key of one row, or nothing.
    pub(super) fn at<'a>(&self, path: &'a str) -> Option<(&'static str, Option<&'a str>)> {
        // A list with a path below another list, such as `/policies/reputation/scores/`, is not the row `scores` of the other list.
        let lists = self.tables().filter(|table| path.starts_with(table.path()));
        let list = lists.max_by_key(|table| table.path().len())?;
        let rest = path.strip_prefix(list.path())?;
        match rest.strip_suffix('/') {
            _ if rest.is_empty() => Some((list.id(), None)),
            Some(key) if !key.is_empty() && !key.contains('/') => Some((list.id(), Some(key))),
            _ => None,
        }
    }
}
