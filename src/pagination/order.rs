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
    /// Sorted bytewise, by `PostgreSQL` as well as here.
    Uuid(Uuid),
    /// Sorted by code point here; by `PostgreSQL` as its database is set up.
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

    /// Whether the server sorts by every value of this key exactly as [`compare`](Self::compare) does. It need not for texts.
    pub(crate) fn is_comparable(key: &[SortValue]) -> bool {
        !key.iter().any(|value| matches!(value, SortValue::Text(_)))
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
    /// The row that came last.
    pub(crate) last: Option<Key>,
    /// Rows tied with the last one that have come. Only kept while the server has not shown that it puts tied rows in order.
    pub(crate) tied: Vec<Key>,
}

impl Progress {
    pub(crate) fn advance(&mut self, key: Key, orders_ties: bool) {
        self.rows += 1;
        if orders_ties || !self.last.as_ref().is_some_and(|last| Order::is_tie(last, &key)) {
            self.tied.clear();
        }
        if !orders_ties {
            self.tied.push(key.clone());
        }
        self.last = Some(key);
    }

    /// Whether the row stands behind the last one that came.
    pub(crate) fn is_after(&self, order: &Order, key: &[SortValue]) -> bool {
        self.last.as_ref().is_none_or(|last| order.compare(key, last) == Ordering::Greater)
    }

    /// Whether the row has not come yet, as far as its place in the order and the rows tied with the last one tell.
    pub(crate) fn is_ahead(&self, order: &Order, key: &[SortValue]) -> bool {
        match &self.last {
            Some(last) if !self.tied.is_empty() && Order::is_tie(last, key) => !self.tied.iter().any(|tied| tied == key),
            _ => self.is_after(order, key),
        }
    }
}
