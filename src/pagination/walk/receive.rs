//! Processes a page of a walk: what it proves, and which page to request next.

use super::{MAX_ROWS, MAX_STALE_PAGE_BUDGET, Stop, Walk};
use crate::Error;
use crate::pagination::coverage::{Edge, Interval, Proof};
use crate::pagination::incomplete;
use crate::pagination::key::{SortKey, has_kinds_of, is_collated};
use crate::pagination::page::{RawPage, RawRow};
use crate::pagination::position::damaged;
use crate::pagination::window::Window;
use crate::types::Pagination;

impl<T: Send + Sync + 'static> Walk<T> {
    pub(super) fn accept(&mut self, window: Window, response: Result<RawPage<T>, Error>) -> Result<(), Stop<T>> {
        let is_first_response = self.count.is_none();
        self.repairing = false;
        let page = match response {
            Ok(page) => page,
            // The list has become shorter.
            Err(error) if error.is_not_found() && !window.is_anchored() => {
                self.count = Some(self.count.unwrap_or(window.offset()).min(window.offset()));
                return self.count_stale_page();
            }
            Err(error) => return Err(error.into()),
        };
        let Some(pagination) = &page.pagination else {
            return Err(if is_first_response {
                Stop::Unpaginated(page)
            } else {
                contradiction(window, "has no page numbers, unlike the pages before it").into()
            });
        };
        let pagination = pagination.clone();
        self.count = Some(pagination.count);
        self.server = self.server.or(page.server);
        if is_first_response && self.keys(&page).iter().any(|key| is_collated(key)) {
            self.collect_all();
        }
        if self.most_rows == u64::MAX {
            let count = pagination.count.min(MAX_ROWS);
            self.stale_page_budget += (count / self.page_size).min(MAX_STALE_PAGE_BUDGET);
            self.most_rows = count * 4 + 10_000;
        }
        self.check(window, &pagination, page.rows.len() as u64)?;
        self.prove(window, &pagination, page)
    }

    /// Rejects pages with impossible numbers.
    fn check(&mut self, window: Window, pagination: &Pagination, rows: u64) -> Result<(), Error> {
        if pagination.current != window.page {
            return Err(contradiction(window, &format!("was requested, but page {} was received", pagination.current)));
        }
        if rows > window.size {
            return Err(contradiction(window, &format!("has {rows} rows, but at most {} were requested", window.size)));
        }
        let announced = announced_rows(pagination);
        if rows > announced {
            return Err(contradiction(window, &format!("has {rows} rows, but its `pagination` describes {announced}")));
        }
        self.received = self.received.saturating_add(rows);
        if self.received > self.most_rows {
            return Err(self.incomplete("the list kept growing while it was read"));
        }
        if pagination.next != 0 && announced < window.size {
            if announced < 2 {
                return Err(self
                    .incomplete("the server sends one row per page, and such pages cannot overlap: raise the tenant's largest page size"));
            }
            self.page_size = self.page_size.min(announced);
        }
        Ok(())
    }

    /// Adds the interval of keys that a page proves, and plans how to close the gap where it does not continue what is proven.
    fn prove(&mut self, window: Window, pagination: &Pagination, page: RawPage<T>) -> Result<(), Stop<T>> {
        if let Some(reason) = page.ambiguity(self.request.operation) {
            return Err(self.incomplete(&reason).into());
        }
        let mut keys = self.keys(&page);
        if window.descending {
            keys.reverse();
        }
        if self.returned.as_ref().zip(keys.first()).is_some_and(|(returned, key)| !has_kinds_of(returned, key)) {
            return Err(damaged().into());
        }
        let Some(odds) = self.evidence.judge(&keys, window.is_anchored() && window.descending) else {
            return Err(if self.evidence.is_convincing() {
                let problem = format!("is not sorted by `{}`, unlike the pages before it", self.request.operation.key_name());
                contradiction(window, &problem).into()
            } else {
                Stop::UnstableOrder((window == Window::first(window.size)).then_some(page))
            });
        };
        if (page.rows.len() as u64) < announced_rows(pagination) {
            // Rows were deleted between COUNT and SELECT, or the server withholds some. Requests the same page again.
            self.repair = Some(window);
            return self.count_stale_page();
        }
        self.evidence.has_whole_page |= window.is_anchored() && pagination.next == 0;
        let Some(interval) = interval(window, pagination, keys) else { return self.count_stale_page() };
        let proof = self.coverage.prove(interval);
        if proof.is_new || self.evidence.is_collated() {
            self.evidence.add(odds);
        }
        self.keep(window, page);
        self.close_gap(window, pagination, proof);
        if proof.is_new { Ok(()) } else { self.count_stale_page() }
    }

    /// The keys of a page, in its order. A row that cannot be decoded may have any value as its key; impossible ones are left out.
    fn keys(&self, page: &RawPage<T>) -> Vec<SortKey> {
        let operation = self.request.operation;
        let decoded = page.rows.iter().find_map(|row| match row {
            RawRow::Decoded(item) => Some(operation.key_of(item)),
            RawRow::Skipped(_) => None,
        });
        let known = decoded.as_ref().or(self.returned.as_ref()).or_else(|| self.rows.keys().next());
        let keys = page.rows.iter().filter_map(|row| row.key(operation)).collect::<Vec<_>>();
        match known.or_else(|| keys.first().filter(|first| keys.iter().all(|key| has_kinds_of(key, first)))) {
            Some(known) => keys.iter().filter(|key| has_kinds_of(key, known)).cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Plans a page that closes the first gap, unless a page in flight does.
    fn close_gap(&mut self, window: Window, pagination: &Pagination, proof: Proof) {
        if self.coverage.is_complete() {
            return;
        }
        let (count, offset) = (pagination.count, pagination.start_index.saturating_sub(1));
        let (start, limit) = if window.descending {
            (count.saturating_sub(pagination.end_index), count.saturating_sub(offset))
        } else {
            (offset, pagination.end_index)
        };
        let is_last = self.in_flight.is_empty();
        // The end of the list is requested early, before the pages in front of it.
        let is_expected = window.descending && !(is_last && self.requested >= count);
        if !proof.is_connected && !is_expected {
            self.repair = Some(Window::before(start, self.page_size, count));
        } else if proof.is_connected && is_last {
            self.requested = limit;
        }
    }

    /// Keeps the rows of a page that have not been returned yet.
    fn keep(&mut self, window: Window, page: RawPage<T>) {
        let operation = self.request.operation;
        for row in page.rows {
            match row {
                RawRow::Decoded(item) => {
                    let key = operation.key_of(&item);
                    if self.returned.as_ref().is_none_or(|returned| key > *returned) {
                        self.distinct += u64::from(self.rows.insert(key, item).is_none());
                    }
                }
                RawRow::Skipped(row) => {
                    row.report(window.page, &self.settings.reporter);
                }
            }
        }
    }

    /// Takes a page that proves nothing new from the budget.
    fn count_stale_page(&mut self) -> Result<(), Stop<T>> {
        match self.stale_page_budget.checked_sub(1) {
            Some(left) => self.stale_page_budget = left,
            // A single page cannot show that a server does not sort by a string key; pages without common rows can.
            None if self.evidence.is_collated() && !self.evidence.is_convincing() => return Err(Stop::UnstableOrder(None)),
            None => return Err(self.incomplete("the server kept sending pages without any of the missing rows").into()),
        }
        Ok(())
    }

    fn incomplete(&self, reason: &str) -> Error {
        incomplete(self.count.unwrap_or(0), self.distinct, reason, self.server)
    }
}

/// The number of rows that a page should have, according to its `pagination`.
fn announced_rows(pagination: &Pagination) -> u64 {
    pagination.end_index.saturating_sub(pagination.start_index.saturating_sub(1)).min(pagination.count)
}

/// The interval of keys in which a page has every row.
///
/// Nothing can precede the first page in either direction. The count alone proves that a list is empty, because it is a single read too.
fn interval(window: Window, pagination: &Pagination, keys: Vec<SortKey>) -> Option<Interval<SortKey>> {
    if pagination.count == 0 {
        return Some(Interval::new(Edge::Beginning, Edge::End));
    }
    let (first, last) = (Edge::Key(keys.first()?.clone()), Edge::Key(keys.last()?.clone()));
    let interval = match (window.is_anchored(), window.descending) {
        (true, false) => Interval::new(Edge::Beginning, last),
        (true, true) => Interval::new(first, Edge::End),
        (false, _) => Interval::new(first, last),
    };
    Some(if keys.iter().any(|key| is_collated(key)) { interval.with_keys(keys) } else { interval })
}

fn contradiction(window: Window, problem: &str) -> Error {
    Error::Pagination { page: window.page, problem: problem.to_owned() }
}
