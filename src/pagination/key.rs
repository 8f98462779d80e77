//! The values that rows are sorted by and told apart by.

use std::fmt;
use std::mem::discriminant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

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
        discriminant(self) == discriminant(other) || matches!(self, Self::Null) || matches!(other, Self::Null)
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
