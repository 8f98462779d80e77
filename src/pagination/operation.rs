//! A list operation, as the generator describes it.

use serde_json::Value;

use super::key::{SortKey, SortValue};
use crate::compat::schema::ObjectSchema;
use crate::compat::version::VersionMarker;
use crate::transport::decode::DecodeFailure;
use crate::types::Pagination;

/// Decodes a body.
type Decode<T> = fn(&[u8]) -> Result<T, DecodeFailure>;

/// A list operation. The generator writes one `static` for each.
pub(crate) struct Operation<T: 'static> {
    /// The operation's id, such as `flows_bindings_list`.
    pub(crate) id: &'static str,
    /// The terms that together identify a row: no two rows share their values, which never change.
    pub(crate) key: &'static [SortTerm<T>],
    /// Every term that the client can sort rows by.
    pub(crate) sort_terms: &'static [SortTerm<T>],
    /// The terms that every release sorts by, and those of the key, which some releases ignore.
    pub(crate) reliable_terms: &'static [&'static str],
    /// A filter that divides the list into smaller ones.
    pub(crate) partition: Option<Partition<T>>,
    pub(crate) schema: &'static ObjectSchema,
    pub(crate) version_markers: &'static [VersionMarker],
    pub(crate) decode_page: Decode<(Pagination, Vec<T>)>,
    pub(crate) decode_rows: Decode<Vec<T>>,
    pub(crate) decode_row: Decode<T>,
}

impl<T> Operation<T> {
    /// The key of a row.
    pub(super) fn key_of(&self, item: &T) -> SortKey {
        self.key.iter().map(|term| (term.value)(item)).collect()
    }

    /// The key of a row that cannot be decoded, if the row has one.
    pub(super) fn key_in(&self, row: &Value) -> Option<SortKey> {
        let value = |term: &SortTerm<T>| SortValue::from_json(term.property.split('.').try_fold(row, |value, name| value.get(name))?);
        self.key.iter().map(value).collect()
    }

    /// The parameter `ordering` that sorts rows by key.
    pub(super) fn key_ordering(&self, descending: bool) -> String {
        let sign = if descending { "-" } else { "" };
        self.key.iter().map(|term| format!("{sign}{}", term.name)).collect::<Vec<_>>().join(",")
    }

    /// The names of the key's terms, for messages.
    pub(super) fn key_name(&self) -> String {
        self.key.iter().map(|term| term.property).collect::<Vec<_>>().join(", ")
    }
}

/// A term of the parameter `ordering`, and the value that it sorts by.
pub(crate) struct SortTerm<T> {
    /// The term, such as `stage__name`.
    pub(crate) name: &'static str,
    /// The path of the property in JSON, such as `stage_obj.name`.
    pub(crate) property: &'static str,
    pub(crate) value: fn(&T) -> SortValue,
}

/// A filter that divides a list: for bindings, the flow.
pub(crate) struct Partition<T> {
    pub(crate) parameter: &'static str,
    /// The values of the parameter that appear in a row.
    pub(crate) values: fn(&T) -> Vec<SortValue>,
}
