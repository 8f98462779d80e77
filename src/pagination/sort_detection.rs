//! Decides from the pages of a server whether it sorts by key.
//!
//! Nothing in the specification says which terms of `ordering` a server accepts, and it drops the others without an error.
//!
//! Where the order of the keys is known, pages show it: `n` rows in random order look sorted once in `n!` times. Where only the server
//! knows the order, the last page shows it, which is requested in descending order: if the server sorts by key, it contains the rows of
//! ascending pages in reverse. A server that drops the term sends the same order for both directions.

use std::collections::BTreeMap;

use super::key::{SortKey, SortValue, is_collated, is_tie};

/// A server is assumed to sort by key once the odds against a random order that looks sorted reach this number to one.
const CONVINCING_ODDS: u64 = 1_000_000_000;

/// How many rows on one page are enough evidence: 13! exceeds these odds.
pub(super) const CONVINCING_ROWS: u64 = 13;

/// The evidence from the pages of a listing so far.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The odds against pages of an unsorted list looking sorted by chance.
    odds: u64,
    /// If keys cannot be compared: the last page from the end of the list and the last other page, in ascending order.
    from_end: Vec<SortKey>,
    from_beginning: Vec<SortKey>,
    /// Whether a page with the whole list was received. Such a page is complete in any order.
    pub(super) has_whole_page: bool,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { odds: 1, from_end: Vec::new(), from_beginning: Vec::new(), has_whole_page: false }
    }
}

impl Evidence {
    pub(super) const fn is_convincing(&self) -> bool {
        self.odds >= CONVINCING_ODDS
    }

    /// Whether only the server knows the order of the keys.
    pub(super) const fn is_collated(&self) -> bool {
        !self.from_end.is_empty() || !self.from_beginning.is_empty()
    }

    /// The odds against the keys of a page being in order by chance; `None` if they are not in order.
    pub(super) fn judge(&mut self, keys: &[SortKey], is_from_end: bool) -> Option<u64> {
        if !keys.iter().any(|key| is_collated(key)) {
            return keys.is_sorted_by(|a, b| a < b).then(|| odds_of(keys));
        }
        let (page, other) =
            if is_from_end { (&mut self.from_end, &self.from_beginning) } else { (&mut self.from_beginning, &self.from_end) };
        keys.clone_into(page);
        let places = other.iter().zip(0_usize..).collect::<BTreeMap<_, _>>();
        let shared = keys.iter().filter(|key| places.contains_key(key)).collect::<Vec<_>>();
        shared.is_sorted_by_key(|key| places.get(key)).then(|| odds_of(&shared))
    }

    pub(super) fn add(&mut self, odds: u64) {
        self.odds = self.odds.saturating_mul(odds);
    }
}

/// Whether sorted rows show that the server sorts by the last term.
pub(super) fn is_convincing(keys: &[SortKey]) -> bool {
    odds_of(keys) >= CONVINCING_ODDS
}

/// The odds of sorted rows. Only those that are tied in all terms before the last one show whether the server sorts by that one too.
fn odds_of<K: AsRef<[SortValue]>>(keys: &[K]) -> u64 {
    keys.chunk_by(|a, b| is_tie(a.as_ref(), b.as_ref())).map(|ties| odds(ties.len())).fold(1, u64::saturating_mul)
}

/// The factorial: that many orders exist, and one of them is sorted.
fn odds(rows: usize) -> u64 {
    (2..=(rows as u64).min(CONVINCING_ROWS)).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(keys: &[&str]) -> Vec<SortKey> {
        keys.iter().map(|key| vec![SortValue::Text((*key).to_owned())]).collect()
    }

    #[test]
    fn known_orders_are_compared() {
        let key = |a: i64, b: i64| vec![SortValue::Integer(a), SortValue::Integer(b)];
        let mut evidence = Evidence::default();
        assert_eq!(evidence.judge(&[key(1, 5), key(1, 6), key(1, 7), key(2, 1)], false), Some(6), "three rows are tied in the first term");
        assert_eq!(evidence.judge(&[key(1, 5), key(2, 4)], false), Some(1), "nothing shows that the second term counts");
        assert_eq!(evidence.judge(&[key(2, 5), key(2, 4)], false), None);
        assert_eq!(evidence.judge(&[key(2, 5), key(2, 5)], false), None);
    }

    #[test]
    fn unknown_orders_are_compared_with_their_reverse() {
        let mut evidence = Evidence::default();
        assert_eq!(evidence.judge(&texts(&["b", "A", "ä", "C"]), false), Some(1));
        assert_eq!(evidence.judge(&texts(&["A", "ä", "C", "x"]), true), Some(6));
        assert_eq!(evidence.judge(&texts(&["C", "y", "x"]), false), Some(2));
        assert_eq!(evidence.judge(&texts(&["x", "C"]), false), None);

        let key = |group: i64, slug: &str| vec![SortValue::Integer(group), SortValue::Text(slug.to_owned())];
        let mut evidence = Evidence::default();
        evidence.judge(&[key(1, "b"), key(2, "a"), key(3, "c"), key(3, "B")], false);
        let odds = evidence.judge(&[key(1, "b"), key(2, "a"), key(3, "c"), key(3, "B")], true);
        assert_eq!(odds, Some(2), "only two rows need the second term");
    }
}
