//! The order of a listing. Releases differ in the terms that they sort by, so rows are sorted here.

use std::cmp::Ordering;

use super::key::{SortKey, SortValue, has_kinds_of};
use super::operation::{Operation, SortTerm};
use crate::Error;

/// A row with its sort values.
pub(super) type Row<T> = (SortKey, T);

/// The terms by which rows are sorted, such as `order,pk` or `-stage__name,pk`. The last term always belongs to the key.
pub(super) struct Order<T: 'static> {
    terms: Vec<Term<T>>,
    /// The number of terms up to the last one that is not part of the key.
    before_key: usize,
    is_by_key: bool,
}

struct Term<T: 'static> {
    by: &'static SortTerm<T>,
    descending: bool,
}

impl<T> Order<T> {
    /// Parses the parameter `ordering`, and adds the missing terms of the key.
    pub(super) fn parse(ordering: &str, operation: &'static Operation<T>) -> Result<Self, Error> {
        let mut terms = Vec::<Term<T>>::new();
        for text in ordering.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
            let Some(by) = operation.sort_terms.iter().find(|term| term.name == name) else {
                let known = operation.sort_terms.iter().map(|term| term.name).collect::<Vec<_>>().join(", ");
                return Err(Error::invalid_request(format!("rows cannot be sorted by `{name}`; `ordering` accepts {known}")));
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
        // Terms after the key have no effect: no two rows share it.
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

    /// Whether every server sorts by these terms as [`compare`](Self::compare) does, apart from the key.
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

    /// Whether a row could have these values. Its key is never null.
    pub(super) fn has_shape_of(&self, stored: &[SortValue], row: Option<&SortKey>) -> bool {
        let has_key = stored.iter().skip(self.before_key).all(|value| *value != SortValue::Null);
        stored.len() == self.terms.len() && has_key && row.is_none_or(|row| has_kinds_of(stored, row))
    }

    /// Whether two rows differ only in their keys.
    pub(super) fn is_decided_by_key(&self, a: &[SortValue], b: &[SortValue]) -> bool {
        a.get(..self.before_key) == b.get(..self.before_key)
    }
}
