//! The streams that a paginator returns.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_util::future;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};

use super::key::SortKey;
use super::listing::{Batches, Listing, Open};
use super::position::Position;
use super::sort::Row;
use crate::Error;
use crate::compat::version::VersionRange;
use crate::telemetry::Span;

/// Every row of a listing: see [`Paginator::items`](super::Paginator::items).
///
/// It borrows nothing, so it can be returned, stored and sent to another task. Requests in flight make progress while it is not polled; at
/// most [`concurrency`](super::Paginator::concurrency) pages wait in memory. Dropping it cancels them.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<T> {
    /// `None` once the stream has ended.
    batches: Option<Batches<T>>,
    batch: vec::IntoIter<Row<T>>,
    left: u64,
    /// The operation's id.
    operation: &'static str,
    /// The span, from the first poll to the end.
    span: Option<Span>,
    listing: String,
    /// Rows returned by the listings before this one.
    resumed: u64,
    /// Rows returned so far, including those before a resumption.
    returned: u64,
    last: Option<SortKey>,
    count: Option<u64>,
    server: VersionRange,
}

impl<T: Send + Sync + 'static> Items<T> {
    /// No request is sent before the stream is polled.
    pub(super) fn new(listing: Result<Listing<T>, Error>, open: Open<T>, max_items: u64, returned: u64) -> Self {
        let last = listing.as_ref().ok().and_then(Listing::after);
        let fingerprint = listing.as_ref().map(Listing::fingerprint).unwrap_or_default();
        let operation = listing.as_ref().map(Listing::operation).unwrap_or_default();
        let batches = match listing {
            Ok(listing) => open(listing),
            Err(error) => Box::pin(stream::once(future::ready(Err(error)))),
        };
        Self {
            batches: Some(batches),
            batch: Vec::new().into_iter(),
            left: max_items,
            operation,
            span: None,
            listing: fingerprint,
            resumed: returned,
            returned,
            last,
            count: None,
            server: VersionRange::default(),
        }
    }
}

impl<T> Items<T> {
    /// The next row; `None` at the end of the listing.
    ///
    /// This method is cancel safe: no row is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        StreamExt::next(self).await
    }

    /// The next row; `Ok(None)` at the end of the listing.
    ///
    /// # Errors
    /// See [`Paginator::items`](super::Paginator::items).
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        self.next().await.transpose()
    }

    /// The position after the last row that was returned, by this listing or the one that it resumes. `None` before the first row.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        Some(Position::new(self.listing.clone(), self.returned, self.last.clone()?))
    }

    /// The releases that the responses are compatible with; unknown before the first row, and sometimes later in a resumed listing.
    #[must_use]
    pub fn server(&self) -> VersionRange {
        self.server
    }

    /// The number of rows in the whole list, as last counted by the server; `None` before the first response.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.count
    }
}

impl<T> Unpin for Items<T> {}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some((key, item)) = self.batch.next() {
                self.returned = self.returned.saturating_add(1);
                self.last = Some(key);
                self.left -= 1;
                if self.left == 0 {
                    self.end();
                }
                return Poll::Ready(Some(Ok(item)));
            }
            let Self { batches, span, operation, .. } = &mut *self;
            let Some(batches) = batches else { return Poll::Ready(None) };
            let span = span.get_or_insert_with(|| Span::listing(operation));
            match ready!(span.within(|| batches.as_mut().poll_next(context))) {
                Some(Ok(batch)) => {
                    self.count = Some(batch.count);
                    self.server = self.server.or(batch.server);
                    self.batch = batch.rows.into_iter();
                }
                Some(Err(error)) => {
                    span.record_error(&error);
                    self.end();
                    return Poll::Ready(Some(Err(error.interrupting(self.returned))));
                }
                None => self.end(),
            }
        }
    }
}

impl<T> Items<T> {
    /// Ends the stream, and cancels requests in flight.
    fn end(&mut self) {
        self.batches = None;
        self.batch = Vec::new().into_iter();
        if let Some(span) = self.span.take() {
            span.record_rows(self.returned.saturating_sub(self.resumed));
        }
    }
}

impl<T> Drop for Items<T> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<T> FusedStream for Items<T> {
    fn is_terminated(&self) -> bool {
        self.batches.is_none()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("returned", &self.returned).field("total", &self.count).finish_non_exhaustive()
    }
}

/// Consecutive rows of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Number of the page, counted from 1.
    pub number: u64,
    /// [`Paginator::page_size`](super::Paginator::page_size) rows, or fewer on the last page.
    pub items: Vec<T>,
    /// The number of rows in the whole list, as last counted by the server.
    pub total: u64,
}

/// Every page of a listing: see [`Paginator::pages`](super::Paginator::pages).
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<T> {
    items: Items<T>,
    size: usize,
    page: Vec<T>,
    number: u64,
    /// Why the listing ended, to be returned after the last rows.
    error: Option<Error>,
}

impl<T> Pages<T> {
    pub(super) fn new(items: Items<T>, size: usize) -> Self {
        Self { items, size, page: Vec::new(), number: 0, error: None }
    }

    /// The next page; `None` at the end of the listing.
    ///
    /// This method is cancel safe: no row is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        StreamExt::next(self).await
    }

    /// The next page; `Ok(None)` at the end of the listing.
    ///
    /// # Errors
    /// See [`Paginator::items`](super::Paginator::items).
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>, Error> {
        self.next().await.transpose()
    }

    fn take_page(&mut self) -> Page<T> {
        self.number += 1;
        Page { number: self.number, items: std::mem::take(&mut self.page), total: self.items.count.unwrap_or(0) }
    }
}

impl<T> Unpin for Pages<T> {}

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.page.len() < self.size {
            match ready!(self.items.poll_next_unpin(context)) {
                Some(Ok(item)) => self.page.push(item),
                Some(Err(error)) => self.error = Some(error),
                None if self.page.is_empty() => return Poll::Ready(self.error.take().map(Err)),
                None => break,
            }
        }
        Poll::Ready(Some(Ok(self.take_page())))
    }
}

impl<T> FusedStream for Pages<T> {
    fn is_terminated(&self) -> bool {
        self.items.is_terminated() && self.page.is_empty() && self.error.is_none()
    }
}
