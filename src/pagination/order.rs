//! The order of a listing: what the caller asked for, made total by the primary key.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ListRequest;
use crate::Error;

/// A value by which rows are sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[doc(hidden)]
pub enum SortValue {
    Integer(i64),
    Flag(bool),
    /// Sorted bytewise, by PostgreSQL as well as here.
    Uuid(Uuid),
    /// Sorted by code point here; by PostgreSQL as its database is set up.
    Text(String),
}

macro_rules! sort_value_from {
    ($($from:ty => $value:ident, $make:expr;)*) => {
        $(impl From<&$from> for SortValue {
            fn from(value: &$from) -> Self {
                Self::$value($make(value))
            }
        })*
    };
}

sort_value_from! {
    i32 => Integer, |value: &i32| i64::from(*value);
    i64 => Integer, |value: &i64| *value;
    bool => Flag, |value: &bool| *value;
    Uuid => Uuid, |value: &Uuid| *value;
    String => Text, |value: &String| value.clone();
}

/// What a row is sorted by, one value for each term of the order. The last one is its primary key.
pub(crate) type Key = Vec<SortValue>;

/// A row with its key.
pub(crate) type Row<T> = (Key, T);

/// Terms by which rows are sorted, such as `order,pk` or `-stage__name,pk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    name: String,
    descending: bool,
}

impl Order {
    /// The order that a caller asked for, in the syntax of the parameter `ordering`, with the primary key at its end.
    pub(crate) fn parse<R: ListRequest>(ordering: &str) -> Result<Self, Error> {
        let mut terms = Vec::<Term>::new();
        for text in ordering.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
            if !R::SORT_TERMS.contains(&name) {
                let known = R::SORT_TERMS.join(", ");
                return Err(Error::InvalidRequest { message: format!("rows cannot be ordered by `{name}`: use one of {known}") });
            }
            if !terms.iter().any(|term| term.name == name) {
                terms.push(Term { name: name.to_owned(), descending });
            }
        }
        // Nothing comes after the primary key: no two rows have the same.
        match terms.iter().position(|term| term.name == "pk") {
            Some(place) => terms.truncate(place + 1),
            None => terms.push(Term { name: "pk".into(), descending: false }),
        }
        Ok(Self { terms })
    }

    /// The value for the parameter `ordering`.
    pub(crate) fn parameter(&self) -> String {
        let terms = self.terms.iter().map(|term| format!("{}{}", if term.descending { "-" } else { "" }, term.name));
        terms.collect::<Vec<_>>().join(",")
    }

    pub(crate) fn key<R: ListRequest>(&self, item: &R::Item) -> Key {
        self.terms.iter().filter_map(|term| R::sort_value(item, &term.name)).collect()
    }

    pub(crate) fn compare(&self, a: &[SortValue], b: &[SortValue]) -> Ordering {
        let by_term = self.terms.iter().zip(a.iter().zip(b)).map(|(term, (a, b))| if term.descending { b.cmp(a) } else { a.cmp(b) });
        by_term.fold(Ordering::Equal, Ordering::then)
    }

    /// Whether the row stands behind another, if there is another.
    pub(crate) fn is_after(&self, key: &[SortValue], other: Option<&Key>) -> bool {
        other.is_none_or(|other| self.compare(key, other) == Ordering::Greater)
    }

    /// Whether every release sorts by these terms, and just as [`compare`](Self::compare) does; but for `pk`, which some drop.
    pub(crate) fn can_be_walked<R: ListRequest>(&self) -> bool {
        self.terms.iter().all(|term| R::TOTAL_ORDER.split(',').any(|name| name == term.name))
    }

    /// Refuses a key from a stored position whose values are of other kinds than those of a row.
    pub(crate) fn check_alike(stored: Option<&Key>, row: Option<&Key>) -> Result<(), Error> {
        let alike =
            |a: &Key, b: &Key| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(b));
        match stored.zip(row) {
            Some((stored, row)) if !alike(stored, row) => {
                let message =
                    "the position has values that no row of this listing has: it was damaged, or made by hand; begin the listing anew";
                Err(Error::InvalidRequest { message: message.into() })
            }
            _ => Ok(()),
        }
    }

    /// Whether two rows differ in their primary key only, so that the server needs it to put them in order.
    pub(crate) fn is_tie(a: &[SortValue], b: &[SortValue]) -> bool {
        a.split_last().map(|(_, terms)| terms) == b.split_last().map(|(_, terms)| terms)
    }
}

/// How far a listing has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Rows that have come.
    pub(crate) rows: u64,
    /// The row that came last: every row up to it has come.
    pub(crate) last: Option<Key>,
}

impl Progress {
    pub(crate) fn advance(&mut self, key: Key) {
        self.rows += 1;
        self.last = Some(key);
    }

    /// Whether this is the progress of a listing in that order, and possible.
    pub(crate) fn fits(&self, order: &Order) -> bool {
        self.rows < u64::MAX / 2 && self.last.as_ref().is_some_and(|last| last.len() == order.terms.len())
    }

    /// Whether the row stands behind the last one that came.
    pub(crate) fn is_ahead(&self, order: &Order, key: &[SortValue]) -> bool {
        order.is_after(key, self.last.as_ref())
    }
}
