//! The paginator: the builder of a listing.

use std::fmt;
use std::future::IntoFuture;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::TryStreamExt;
use reqwest::Request;

use super::Settings;
use super::key::SortKey;
use super::listing::{Listing, Open};
use super::operation::Operation;
use super::position::Position;
use super::request::ListRequest;
use super::stream::{Items, Pages};
use crate::compat::drift::{Drift, DriftReporter};
use crate::{Client, Error};

/// How many passes a [`snapshot`](Paginator::snapshot) makes before it gives up.
const PASSES: usize = 5;

/// The page sizes that can be set. Pages of one row cannot overlap.
const PAGE_SIZES: RangeInclusive<u64> = 2..=1_000_000;

/// Lists every row of a request: see [`pagination`](crate::pagination) for what is promised and what it costs.
///
/// Awaiting a paginator is the same as [`collect`](Self::collect).
#[must_use = "a paginator is lazy and sends no requests until rows are requested"]
pub struct Paginator<T: 'static> {
    /// The request, or why it cannot be sent.
    request: Result<ListRequest<T>, String>,
    open: Open<T>,
    settings: Settings,
    max_items: Option<u64>,
    position: Option<Position>,
}

impl<T: Send + Sync + 'static> Paginator<T> {
    pub(crate) fn new(
        client: Client,
        request: Result<Request, progenitor_client::Error<()>>,
        operation: &'static Operation<T>,
        open: Open<T>,
    ) -> Self {
        let request =
            request.map(|request| ListRequest::new(client, request, operation)).map_err(|error| match Error::from_generated(error) {
                Error::InvalidRequest { message, .. } => message,
                error => error.to_string(),
            });
        let settings = Settings { page_size: 100, concurrency: 2, reporter: DriftReporter::default(), deadline: None };
        Self { request, open, settings, max_items: None, position: None }
    }

    /// Rows per page, from 2 to 1,000,000; 100 unless set, which is the most that servers send from 2025.12 on.
    ///
    /// Pages overlap, so most requests ask for slightly fewer rows. A number out of range fails with [`Error::InvalidRequest`] when rows
    /// are requested.
    pub fn page_size(mut self, rows: u64) -> Self {
        self.settings.page_size = rows;
        self
    }

    /// Requests in flight at a time, at least 1; 2 unless set.
    ///
    /// A page of 100 rows occupies one of authentik's few workers for about a second; 2 requests leave room for logins. The
    /// first request is sent alone. 0 fails with [`Error::InvalidRequest`] when rows are requested.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.settings.concurrency = requests;
        self
    }

    /// How long the whole listing may take from the first poll, including the time that the consumer takes; unlimited unless set. After
    /// that it ends in [`Error::DeadlineExceeded`].
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.settings.deadline = Some(limit);
        self
    }

    /// Ends the listing after this many rows, at least 1, and requests only the pages needed for them.
    ///
    /// Up to a page of rows takes one request if the server sorts them: by key, or by an `ordering` of reliable terms (for bindings,
    /// `order` and `pk`). In any other `ordering`, the first rows are known only when all rows are. 0 fails with [`Error::InvalidRequest`]
    /// when rows are requested.
    pub fn max_items(mut self, rows: u64) -> Self {
        self.max_items = Some(rows);
        self
    }

    /// Continues after a [`Position`], which [`Items::position`] returns.
    ///
    /// A position of another operation, filter or `ordering` fails with [`Error::InvalidRequest`] when rows are requested.
    pub fn resume(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Calls `callback` for differences between the responses and the specification, once per kind and field: see [`drift`](crate::drift).
    /// Without a callback, responses are compared only if the feature `tracing` is on and a subscriber is interested.
    ///
    /// The callback runs in the tasks that receive pages, so it should return quickly.
    pub fn on_drift(mut self, callback: impl FnMut(&Drift) + Send + 'static) -> Self {
        self.settings.reporter.set_callback(callback);
        self
    }

    /// Skips rows that cannot be decoded, up to 1,000 in one response, instead of ending with an error.
    ///
    /// Each is reported to [`on_drift`](Self::on_drift) as [`DriftKind::SkippedRow`](crate::drift::DriftKind::SkippedRow). The listing
    /// still accounts for every row: skipped rows count as received, as long as their keys can be read.
    pub fn skip_undecodable(mut self) -> Self {
        self.settings.reporter.skip_undecodable = true;
        self
    }

    /// The number of rows, as counted by the server. Sends one request for one row.
    ///
    /// # Errors
    /// Fails if the request fails.
    pub async fn count(self) -> Result<u64, Error> {
        let request = self.request.map_err(Error::invalid_request)?;
        Ok(request.fetch(&request.operation.key_ordering(false), 1, 1, &self.settings.reporter).await?.count())
    }

    /// Collects all rows.
    ///
    /// # Errors
    /// See [`items`](Self::items). No rows are returned if the listing is incomplete.
    ///
    /// # Panics
    /// In a Tokio runtime without timers or I/O: see [`ClientBuilder`](crate::ClientBuilder#panics).
    pub async fn collect(self) -> Result<Vec<T>, Error> {
        self.items().try_collect().await.map_err(Error::into_cause)
    }

    /// Collects rows that existed at one moment. Repeats the listing until two consecutive passes return the same rows with the same sort
    /// values, which for a binding are its flow, stage, order and keys. Changes to other fields are not noticed, nor is a row that is
    /// inserted after one pass has read past its key, and deleted before the next pass reaches it.
    ///
    /// # Errors
    /// See [`items`](Self::items); [`Error::Unsettled`] when each of five passes differs from the one before.
    pub async fn snapshot(mut self) -> Result<Vec<T>, Error> {
        self.settings.reporter = self.settings.reporter.shared();
        let terms = self.request.as_ref().map_or(&[][..], |request| request.operation.sort_terms);
        let sorted_by = |item: &T| terms.iter().map(|term| (term.value)(item)).collect::<SortKey>();
        let mut before = None;
        for _ in 0..PASSES {
            let items = self.clone().collect().await?;
            let now = Some(items.iter().map(sorted_by).collect::<Vec<_>>());
            if before == now {
                return Ok(items);
            }
            before = now;
        }
        Err(Error::Unsettled { passes: PASSES })
    }

    /// Streams all rows in key order, or in the `ordering` of the request.
    ///
    /// # Errors
    /// The stream ends after its first error, which is an [`Error::Interrupted`] once rows were returned: a request that failed for good,
    /// [`Error::Incomplete`] or [`Error::Pagination`] when the rows cannot be listed completely, [`Error::InvalidRequest`] when they cannot
    /// be listed as requested, or [`Error::Configuration`] outside a Tokio runtime.
    pub fn items(self) -> Items<T> {
        let max_items = self.max_items.unwrap_or(u64::MAX);
        let returned = self.position.as_ref().map_or(0, Position::returned);
        let open = self.open;
        Items::new(self.listing(), open, max_items, returned)
    }

    /// Streams all rows as pages of [`page_size`](Self::page_size) rows each; the last one may have fewer.
    ///
    /// # Errors
    /// See [`items`](Self::items).
    pub fn pages(self) -> Pages<T> {
        let size = usize::try_from(self.settings.page_size).unwrap_or(usize::MAX);
        Pages::new(self.items(), size)
    }

    fn listing(self) -> Result<Listing<T>, Error> {
        let Self { request, mut settings, max_items, position, .. } = self;
        let request = request.map_err(Error::invalid_request)?;
        if !PAGE_SIZES.contains(&settings.page_size) {
            let (least, most) = PAGE_SIZES.into_inner();
            return Err(Error::invalid_request(format!("`page_size` is {}, but must be from {least} to {most}", settings.page_size)));
        }
        if settings.concurrency == 0 || max_items == Some(0) {
            return Err(Error::invalid_request("`concurrency` and `max_items` must be at least 1"));
        }
        settings.reporter = settings.reporter.anew();
        Listing::new(request, settings, max_items.unwrap_or(u64::MAX), position)
    }
}

impl<T: Send + Sync + 'static> IntoFuture for Paginator<T> {
    type Output = Result<Vec<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.collect())
    }
}

impl<T> Clone for Paginator<T> {
    fn clone(&self) -> Self {
        let Self { request, open, settings, max_items, position } = self;
        Self { request: request.clone(), open: *open, settings: settings.clone(), max_items: *max_items, position: position.clone() }
    }
}

impl<T> fmt::Debug for Paginator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.request.as_ref().map(|request| request.operation.id);
        f.debug_struct("Paginator")
            .field("operation", &operation)
            .field("settings", &self.settings)
            .field("max_items", &self.max_items)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
