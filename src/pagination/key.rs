//! The values that identify and sort rows.

use std::fmt;
use std::mem::discriminant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A value that rows are sorted by; keys consist of such values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortValue {
    Flag(bool),
    Integer(i64),
    /// Sorted byte by byte, as in PostgreSQL.
    Uuid(Uuid),
    /// Sorted by code point here, and by the collation of the database in PostgreSQL.
    Text(String),
    /// No value. Sorted last, as in PostgreSQL.
    Null,
}

impl SortValue {
    /// Converts the value of a property, which may not match the specification.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Uuid::parse_str(text).map_or_else(|_| Self::Text(text.clone()), Self::Uuid)),
            Value::Number(number) => number.as_i64().map(Self::Integer),
            _ => None,
        }
    }

    /// Whether both can be values of the same property.
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

/// The sort values of a row, one for each term of the order. The last one always belongs to its key.
pub(super) type SortKey = Vec<SortValue>;

/// A key as text, for messages.
pub(super) fn key_text(key: &[SortValue]) -> String {
    key.iter().map(SortValue::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether two rows differ in the last term only.
pub(super) fn is_tie(a: &[SortValue], b: &[SortValue]) -> bool {
    a.split_last().map(|(_, terms)| terms) == b.split_last().map(|(_, terms)| terms)
}

/// Whether only the server can compare the values, because its database sorts strings by its own collation.
pub(super) fn is_collated(key: &[SortValue]) -> bool {
    key.iter().any(|value| matches!(value, SortValue::Text(_)))
}

/// Whether both can be values of the same properties.
pub(super) fn has_kinds_of(a: &[SortValue], b: &[SortValue]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.has_kind_of(b))
}
