//! The usual way to read a list: overlapping pages in the order of the keys, until they cover the key space.
//!
//! The first request is for the first page, and the next one for the last row of the list. Each further page begins with a row of the
//! previous one. Several are in flight at a time, and are processed in the order in which they were requested. Each proves an interval of
//! keys. If a page does not continue the proven interval, rows were deleted in front of it: pages further back are requested until the gap
//! is closed.

mod receive;

use std::collections::BTreeMap;
use std::mem;

use futures_util::stream::{FuturesOrdered, StreamExt};

use super::Settings;
use super::coverage::{Coverage, Edge, Interval};
use super::fallback::MAX_ROWS_ON_ONE_PAGE;
use super::fetch::Fetch;
use super::key::SortKey;
use super::page::RawPage;
use super::request::ListRequest;
use super::sort_detection::{CONVINCING_ROWS, Evidence};
use super::window::Window;
use crate::Error;
use crate::compat::version::VersionRange;

/// How many pages of a listing may prove nothing new, in addition to one for every page of the list.
const STALE_PAGE_BUDGET: u64 = 16;

/// The most pages that are added to this budget, regardless of the server's count.
const MAX_STALE_PAGE_BUDGET: u64 = 1_000;

/// The largest count from which the limits of a listing are derived; a larger one is treated as this.
const MAX_ROWS: u64 = 10_000_000;

/// Why a walk ends before the end of the list.
pub(super) enum Stop<T> {
    Failed(Error),
    /// The server does not sort by key. The page is the first one in ascending order, if that was received.
    UnstableOrder(Option<RawPage<T>>),
    /// The server does not paginate. The page is its whole list.
    Unpaginated(RawPage<T>),
}

impl<T> From<Error> for Stop<T> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) struct Walk<T: 'static> {
    request: ListRequest<T>,
    settings: Settings,
    /// Rows per page: as set, or as limited by the server.
    page_size: u64,
    /// How many rows are wanted, counted from the beginning of the list.
    wanted: u64,
    coverage: Coverage<SortKey>,
    /// Rows that were received but not yet returned.
    rows: BTreeMap<SortKey, T>,
    /// The last key that was returned, or that a listing before this one returned.
    returned: Option<SortKey>,
    in_flight: FuturesOrdered<Fetch<T>>,
    /// The offset after the last row that was requested.
    requested: u64,
    /// The page that may close a gap, to be requested before any other.
    repair: Option<Window>,
    repairing: bool,
    end_requested: bool,
    /// The number of rows in the list, as last counted by the server; `None` before the first response.
    pub(super) count: Option<u64>,
    pub(super) server: VersionRange,
    evidence: Evidence,
    evidence_requested: bool,
    stale_page_budget: u64,
    most_rows: u64,
    /// The number of rows received, and of distinct ones.
    received: u64,
    distinct: u64,
}

impl<T: Send + Sync + 'static> Walk<T> {
    /// Walks the list from its beginning, or starting after the row with the key `after`, at offset `skip - 1`.
    pub(super) fn new(request: ListRequest<T>, settings: Settings, max_items: u64, skip: u64, after: Option<SortKey>) -> Self {
        let mut coverage = Coverage::default();
        if let Some(key) = &after {
            coverage.prove(Interval::new(Edge::Beginning, Edge::Key(key.clone())));
        }
        // Pages of one row cannot overlap, and with too few rows as evidence, another request would be needed.
        let page_size = settings.page_size.min(max_items.max(CONVINCING_ROWS)).max(2);
        Self {
            request,
            settings,
            page_size,
            wanted: skip.saturating_add(max_items),
            coverage,
            rows: BTreeMap::new(),
            returned: after,
            in_flight: FuturesOrdered::new(),
            requested: skip,
            repair: None,
            repairing: false,
            end_requested: false,
            count: None,
            server: VersionRange::default(),
            evidence: Evidence::default(),
            evidence_requested: false,
            stale_page_budget: STALE_PAGE_BUDGET,
            most_rows: u64::MAX,
            received: 0,
            distinct: 0,
        }
    }

    /// The next rows by key; `None` at the end of the list.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<(SortKey, T)>>, Stop<T>> {
        loop {
            let rows = self.release();
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
            if self.is_settled() {
                return Ok(None);
            }
            self.request_ahead();
            if self.in_flight.is_empty() {
                self.request_next()?;
            }
            let Some((window, response)) = self.in_flight.next().await else { continue };
            self.accept(window, response)?;
            self.request_ahead();
        }
    }

    /// Whether every row of the list was received, either from a server that sorts or on one page.
    fn is_settled(&self) -> bool {
        self.coverage.is_complete() && (self.evidence.is_convincing() || self.evidence.has_whole_page && self.in_flight.is_empty())
    }

    /// Takes the rows up to the key to which everything is proven, once the server is known to sort by key.
    fn release(&mut self) -> Vec<(SortKey, T)> {
        if !self.evidence.is_convincing() && !self.is_settled() {
            return Vec::new();
        }
        let ready = match self.coverage.frontier() {
            Edge::Beginning => return Vec::new(),
            Edge::End => mem::take(&mut self.rows),
            Edge::Key(frontier) => {
                let mut behind = self.rows.split_off(frontier);
                let mut ready = mem::take(&mut self.rows);
                ready.extend(behind.remove_entry(frontier));
                self.rows = behind;
                ready
            }
        };
        if let Some((key, _)) = ready.last_key_value() {
            self.returned = Some(key.clone());
        }
        ready.into_iter().collect()
    }

    fn send(&self, window: Window) -> Fetch<T> {
        let (request, reporter) = (self.request.clone(), self.settings.reporter.clone());
        Fetch::spawn(window, async move {
            let ordering = request.operation.key_ordering(window.descending);
            request.fetch(&ordering, window.page, window.size, &reporter).await
        })
    }

    /// Keeps requests in flight for the next rows. While a gap is open, requests nothing beyond it.
    fn request_ahead(&mut self) {
        if self.coverage.is_complete() {
            if self.evidence.is_convincing() {
                self.in_flight = FuturesOrdered::new();
            }
            return;
        }
        if let Some(window) = self.repair.take() {
            self.repairing = true;
            let fetch = self.send(window);
            self.in_flight.push_front(fetch);
        }
        while self.in_flight.len() < self.settings.concurrency && !self.repairing && self.requested < self.wanted {
            let Some(count) = self.count else { return };
            if !self.end_requested {
                self.request_end();
            } else if self.requested < count {
                self.request_window(Window::after(self.requested, self.page_size, count));
            } else {
                return;
            }
        }
    }

    /// Sends requests that are needed regardless of how many rows are wanted: the first page, the end of the list, more rows than expected,
    /// or evidence that the server sorts by key.
    fn request_next(&mut self) -> Result<(), Stop<T>> {
        match self.count {
            _ if self.coverage.is_complete() => return self.request_evidence(),
            None => self.request_window(Window::after(self.requested, self.page_size, 0)),
            Some(count) if self.end_requested && self.requested < count => {
                self.request_window(Window::after(self.requested, self.page_size, count));
            }
            // Repeated if necessary: if the row that was last has been deleted, the ascending pages end before its key.
            Some(_) => self.request_end(),
        }
        Ok(())
    }

    fn request_window(&mut self, window: Window) {
        self.requested = self.requested.max(window.ascending_limit(self.count.unwrap_or(u64::MAX)));
        let fetch = self.send(window);
        self.in_flight.push_back(fetch);
    }

    /// Requests a page that shows whether the server sorts by key, if the pages so far could look sorted by chance: the page with the
    /// whole list, or the last one, whose rows are also on the page that was requested from the end.
    fn request_evidence(&mut self) -> Result<(), Stop<T>> {
        if self.evidence_requested {
            return Err(Stop::UnstableOrder(None));
        }
        self.evidence_requested = true;
        let count = self.count.unwrap_or(0);
        let window = if self.evidence.is_collated() {
            Window::last(self.page_size, count)
        } else {
            Window::first(count.clamp(2, MAX_ROWS_ON_ONE_PAGE))
        };
        let fetch = self.send(window);
        self.in_flight.push_back(fetch);
        Ok(())
    }

    /// Lists all rows if only the server knows their order: the rows that it sorts first are not the first ones in the client's order.
    fn collect_all(&mut self) {
        self.wanted = u64::MAX;
        self.page_size = self.settings.page_size.max(CONVINCING_ROWS);
    }

    /// Requests the last row, or the last page if one row is not enough.
    fn request_end(&mut self) {
        let size = if self.end_requested || !self.evidence.is_convincing() { self.page_size } else { 1 };
        self.end_requested = true;
        let fetch = self.send(Window::end(size));
        self.in_flight.push_back(fetch);
    }
}
