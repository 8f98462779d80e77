//! The order of a listing. Servers sort by different terms on different releases, so rows are sorted here.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::request::{Operation, SortTerm};
use crate::Error;

/// A value by which rows are sorted. The same variants are the keys of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortValue {
    Flag(bool),
    Integer(i64),
    /// Sorted bytewise, by PostgreSQL as well as here.
    Uuid(Uuid),
    /// Sorted by code point here; by PostgreSQL as its database is set up.
    Text(String),
    /// No value. Sorted last, by PostgreSQL as well as here.
    Null,
}

impl SortValue {
    /// The value of a property that may not be what the specification says.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Uuid::parse_str(text).map_or_else(|_| Self::Text(text.clone()), Self::Uuid)),
            Value::Number(number) => number.as_i64().map(Self::Integer),
            _ => None,
        }
    }

    /// Whether both may be values of one property.
    fn has_kind_of(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) || matches!(self, Self::Null) || matches!(other, Self::Null)
    }
}

impl fmt::Display for SortValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Flag(flag) => flag.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

macro_rules! sort_value_from {
    ($($from:ty => $value:ident, $make:expr;)*) => {
        $(impl From<&$from> for SortValue {
            fn from(value: &$from) -> Self {
                Self::$value($make(value))
            }
        }

        impl From<&Option<$from>> for SortValue {
            fn from(value: &Option<$from>) -> Self {
                value.as_ref().map_or(Self::Null, Self::from)
            }
        })*
    };
}

sort_value_from! {
    bool => Flag, |value: &bool| *value;
    i32 => Integer, |value: &i32| i64::from(*value);
    i64 => Integer, |value: &i64| *value;
    Uuid => Uuid, |value: &Uuid| *value;
    String => Text, |value: &String| value.clone();
}

/// What a row is sorted by, one value for each term of the order. The last ones are the row's key.
pub(super) type SortKey = Vec<SortValue>;

/// A key, for messages.
pub(super) fn key_text(key: &[SortValue]) -> String {
    key.iter().map(SortValue::to_string).collect::<Vec<_>>().join(", ")
}

/// A row with what it is sorted by.
pub(super) type Row<T> = (SortKey, T);

/// Terms by which rows are sorted, such as `order,pk` or `-stage__name,pk`, always with the key as the last one.
pub(super) struct Order<T: 'static> {
    terms: Vec<Term<T>>,
    /// How many of the terms decide before the key does.
    before_key: usize,
    is_by_key: bool,
}

struct Term<T: 'static> {
    by: &'static SortTerm<T>,
    descending: bool,
}

impl<T> Order<T> {
    /// Parses the parameter `ordering`, and adds what it lacks of the key.
    pub(super) fn parse(ordering: &str, operation: &'static Operation<T>) -> Result<Self, Error> {
        let mut terms = Vec::<Term<T>>::new();
        for text in ordering.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
            let Some(by) = operation.sort_terms.iter().find(|term| term.name == name) else {
                let known = operation.sort_terms.iter().map(|term| term.name).collect::<Vec<_>>().join(", ");
                return Err(Error::invalid_request(format!("rows cannot be sorted by `{name}`; `ordering` takes {known}")));
            };
            if !terms.iter().any(|term| term.by.name == name) {
                terms.push(Term { by, descending });
            }
        }
        for by in operation.key {
            if !terms.iter().any(|term| term.by.name == by.name) {
                terms.push(Term { by, descending: false });
            }
        }
        // Nothing can follow the key: no two rows share it.
        let is_key = |term: &Term<T>| operation.key.iter().any(|by| by.name == term.by.name);
        terms.truncate(terms.iter().rposition(is_key).map_or(0, |last| last + 1));
        let before_key = terms.iter().rposition(|term| !is_key(term)).map_or(0, |last| last + 1);
        let names = terms.iter().map(|term| (term.by.name, term.descending));
        let is_by_key = names.eq(operation.key.iter().map(|by| (by.name, false)));
        Ok(Self { terms, before_key, is_by_key })
    }

    /// Whether rows are sorted by their keys alone, in ascending order.
    pub(super) const fn is_by_key(&self) -> bool {
        self.is_by_key
    }

    /// Whether every server sorts by these terms as [`compare`](Self::compare) does, but for the key.
    pub(super) fn is_reliable(&self, operation: &Operation<T>) -> bool {
        self.terms.iter().all(|term| operation.reliable_terms.contains(&term.by.name))
    }

    /// The value for the parameter `ordering`.
    pub(super) fn parameter(&self) -> String {
        let terms = self.terms.iter().map(|term| format!("{}{}", if term.descending { "-" } else { "" }, term.by.name));
        terms.collect::<Vec<_>>().join(",")
    }

    pub(super) fn sort_key(&self, item: &T) -> SortKey {
        self.terms.iter().map(|term| (term.by.value)(item)).collect()
    }

    pub(super) fn compare(&self, a: &[SortValue], b: &[SortValue]) -> Ordering {
        let by_term = self.terms.iter().zip(a.iter().zip(b)).map(|(term, (a, b))| if term.descending { b.cmp(a) } else { a.cmp(b) });
        by_term.fold(Ordering::Equal, Ordering::then)
    }

    /// The rows in this order.
    pub(super) fn sort(&self, items: impl IntoIterator<Item = T>) -> Vec<Row<T>> {
        let mut rows = items.into_iter().map(|item| (self.sort_key(&item), item)).collect::<Vec<_>>();
        rows.sort_by(|(a, _), (b, _)| self.compare(a, b));
        rows
    }

    /// Whether the values could be those of a row.
    pub(super) fn has_shape_of(&self, stored: &[SortValue], row: Option<&SortKey>) -> bool {
        stored.len() == self.terms.len() && row.is_none_or(|row| has_kinds_of(stored, row))
    }

    /// Whether two rows differ in their keys only.
    pub(super) fn is_decided_by_key(&self, a: &[SortValue], b: &[SortValue]) -> bool {
        a.get(..self.before_key) == b.get(..self.before_key)
    }
}

/// Whether two rows differ in the last term only.
pub(super) fn is_tie(a: &[SortValue], b: &[SortValue]) -> bool {
    a.split_last().map(|(_, terms)| terms) == b.split_last().map(|(_, terms)| terms)
}

/// Whether only the server knows how the values compare with others: its database sorts texts by its own collation.
pub(super) fn is_collated(key: &[SortValue]) -> bool {
    key.iter().any(|value| matches!(value, SortValue::Text(_)))
}

/// Whether the values of both may be those of the same properties.
pub(super) fn has_kinds_of(a: &[SortValue], b: &[SortValue]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.has_kind_of(b))
}
