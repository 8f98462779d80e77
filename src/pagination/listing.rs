//! A running listing: the walk, the fallback for some servers, and the order of the rows.

use std::pin::Pin;

use futures_util::stream::{self, Stream};
use tokio::time::{Instant, timeout};

use super::key::{SortKey, is_collated};
use super::page::RawRow;
use super::position::{Position, damaged};
use super::request::ListRequest;
use super::sort::{Order, Row};
use super::sort_detection::CONVINCING_ROWS;
use super::walk::{Stop, Walk};
use super::{Settings, fallback, fetch, position, sort_detection};
use crate::Error;
use crate::compat::version::VersionRange;

/// Rows that are returned together.
pub(crate) struct Batch<T> {
    pub(super) rows: Vec<Row<T>>,
    /// The number of rows in the list, as last counted by the server.
    pub(super) count: u64,
    pub(super) server: VersionRange,
}

/// The rows of a listing.
pub(crate) type Batches<T> = Pin<Box<dyn Stream<Item = Result<Batch<T>, Error>> + Send + Sync>>;

/// An instance of [`open`] for one type of row.
pub(crate) type Open<T> = fn(Listing<T>) -> Batches<T>;

/// Starts a listing. The generated code refers to the instance for each type of row, so that the whole listing is compiled with this
/// crate, and not again in each program that uses it.
pub(crate) fn open<T: Send + Sync + 'static>(listing: Listing<T>) -> Batches<T> {
    Box::pin(stream::try_unfold(listing, Listing::next))
}

pub(crate) struct Listing<T: 'static> {
    request: ListRequest<T>,
    order: Order<T>,
    settings: Settings,
    max_items: u64,
    position: Option<Position>,
    walk: Walk<T>,
    /// Whether rows are returned as the walk receives them. Otherwise, all rows are collected, sorted, and returned from the position on.
    streams: bool,
    ended: bool,
    /// Whether the server has sent a paginated response.
    paginated: bool,
    /// When the first row was requested.
    begun: Option<Instant>,
}

impl<T: Send + Sync + 'static> Listing<T> {
    pub(super) fn new(request: ListRequest<T>, settings: Settings, max_items: u64, position: Option<Position>) -> Result<Self, Error> {
        let order = Order::parse(&request.ordering().unwrap_or_default(), request.operation)?;
        if let Some(position) = &position {
            position.check(&request, &order)?;
        }
        let after = position.as_ref().map(|position| position.after().clone());
        let skip = position.as_ref().map_or(0, Position::returned);
        let streams = order.is_by_key() && !after.as_ref().is_some_and(|key| is_collated(key));
        let (wanted, skip, after) = if streams { (max_items, skip, after) } else { (u64::MAX, 0, None) };
        let walk = Walk::new(request.clone(), settings.clone(), wanted, skip, after);
        Ok(Self { request, order, settings, max_items, position, walk, streams, ended: false, paginated: false, begun: None })
    }

    /// The row after which the listing begins.
    pub(super) fn after(&self) -> Option<SortKey> {
        self.position.as_ref().map(|position| position.after().clone())
    }

    /// The operation's id.
    pub(super) fn operation(&self) -> &'static str {
        self.request.operation.id
    }

    /// The fingerprint that positions of this listing carry.
    pub(super) fn fingerprint(&self) -> String {
        position::fingerprint(&self.request, &self.order)
    }

    /// Requests the next rows, within the deadline of the listing.
    /// Returns them with the rest of the listing; `None` at its end.
    pub(super) async fn next(mut self) -> Result<Option<(Batch<T>, Self)>, Error> {
        if self.ended {
            return Ok(None);
        }
        fetch::check_runtime()?;
        let rows = match self.settings.deadline {
            None => self.next_rows().await?,
            Some(limit) => {
                let begun = *self.begun.get_or_insert_with(Instant::now);
                let left = limit.saturating_sub(begun.elapsed());
                let late = |_| Error::DeadlineExceeded { limit, activity: "listing rows".into(), attempts: 0, source: None };
                timeout(left, self.next_rows()).await.map_err(late)??
            }
        };
        let Some(rows) = rows else { return Ok(None) };
        let batch = Batch { count: self.walk.count.unwrap_or(rows.len() as u64), rows, server: self.walk.server };
        Ok(Some((batch, self)))
    }

    async fn next_rows(&mut self) -> Result<Option<Vec<Row<T>>>, Error> {
        let rows = if self.streams {
            match self.walk.next().await {
                Ok(Some(rows)) => rows,
                Ok(None) => return Ok(None),
                Err(stop) => self.without_walk(stop).await?,
            }
        } else {
            self.sorted_here().await?
        };
        Ok(Some(rows))
    }

    /// All rows in an order that a walk cannot use: edits can change it, or not every server sorts by it.
    async fn sorted_here(&mut self) -> Result<Vec<Row<T>>, Error> {
        if let Some(rows) = self.sorted_by_the_server().await? {
            self.ended = true;
            return Ok(rows);
        }
        let mut items = Vec::new();
        loop {
            match self.walk.next().await {
                Ok(Some(rows)) => items.extend(rows.into_iter().map(|(_, item)| item)),
                Ok(None) => return self.remaining(items),
                // Discards the rows of the walk, because they may have changed since then.
                Err(stop) => return self.without_walk(stop).await,
            }
        }
    }

    /// All rows of a server that does not support a walk, in order.
    async fn without_walk(&mut self, stop: Stop<T>) -> Result<Vec<Row<T>>, Error> {
        let items = match stop {
            Stop::Failed(error) => return Err(error),
            Stop::Unpaginated(_) if self.paginated => {
                let problem = "has no page numbers, unlike the page before it".into();
                return Err(Error::Pagination { page: 1, problem });
            }
            Stop::Unpaginated(page) => {
                self.walk.server = page.server;
                fallback::whole_list(&self.request, page, &self.settings)?
            }
            Stop::UnstableOrder(first_page) => fallback::list_unsorted(&self.request, first_page, &self.settings).await?,
        };
        self.walk.count = Some(items.len() as u64);
        self.remaining(items)
    }

    /// The rows in order, from the position on.
    fn remaining(&mut self, items: Vec<T>) -> Result<Vec<Row<T>>, Error> {
        self.ended = true;
        let mut rows = self.order.sort(items);
        if let Some(position) = &self.position {
            if !self.order.has_shape_of(position.after(), rows.first().map(|(key, _)| key)) {
                return Err(damaged());
            }
            rows.retain(|(key, _)| self.order.compare(key, position.after()).is_gt());
        }
        Ok(rows)
    }

    /// The first rows, if a single page proves that they are the first: it is sorted, and no other row can precede its last one.
    async fn sorted_by_the_server(&mut self) -> Result<Option<Vec<Row<T>>>, Error> {
        let (order, operation) = (&self.order, self.request.operation);
        let size = self.max_items.saturating_add(CONVINCING_ROWS).min(self.settings.page_size);
        if self.max_items >= size || self.position.is_some() || !order.is_reliable(operation) {
            return Ok(None);
        }
        let page = self.request.fetch(&order.parameter(), 1, size, &self.settings.reporter).await?;
        self.paginated = page.pagination.is_some();
        let (count, server) = (page.count(), page.server);
        let is_full = page.pagination.as_ref().is_some_and(|pagination| pagination.current == 1) && page.rows.len() as u64 == size;
        let (mut keys, mut items) = (Vec::new(), Vec::new());
        for row in page.rows {
            let RawRow::Decoded(item) = row else { return Ok(None) };
            keys.push(order.sort_key(&item));
            items.push(item);
        }
        if !is_full || keys.iter().any(|key| is_collated(key)) {
            return Ok(None);
        }
        let is_sorted = keys.is_sorted_by(|a, b| order.compare(a, b).is_lt());
        // If the server ignores the key, the page must extend beyond the rows that tie with the last wanted one.
        let extends_beyond_ties = || {
            let wanted = usize::try_from(self.max_items).ok().and_then(|wanted| keys.get(wanted.checked_sub(1)?));
            wanted.zip(keys.last()).is_some_and(|(wanted, last)| !order.is_decided_by_key(wanted, last))
        };
        let is_by_term = keys.is_sorted_by(|a, b| order.is_decided_by_key(a, b) || order.compare(a, b).is_lt());
        if !(is_sorted && sort_detection::is_convincing(&keys) || is_by_term && extends_beyond_ties()) {
            return Ok(None);
        }
        let rows = order.sort(items);
        // Two rows with the same key prove nothing. The walk reports them.
        if !rows.is_sorted_by(|(a, _), (b, _)| order.compare(a, b).is_lt()) {
            return Ok(None);
        }
        (self.walk.count, self.walk.server) = (Some(count), server);
        Ok(Some(rows))
    }
}
