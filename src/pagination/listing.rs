//! The paginator and its streams.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, vec};

use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::gather::{gather, gather_ties, whole};
use super::order::{Key, Order, Progress, Row};
use super::walk::{Batch, Fault, Walk};
use super::{ListRequest, fnv1a};
use crate::Error;
use crate::compat::drift::{Drift, DriftReporter};
use crate::compat::version::VersionRange;

/// Passes that a [`snapshot`](Paginator::snapshot) makes before it gives up.
const PASSES: usize = 5;

/// Lists every row of a request: see [`pagination`](crate::pagination) for what is promised and what it costs.
#[derive(Clone, Debug)]
#[must_use = "a paginator sends no request before it is asked for rows"]
pub struct Paginator<R> {
    request: R,
    settings: Settings,
    max_items: Option<u64>,
    position: Option<Position>,
}

/// How a listing is read, whatever it lists.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) page_size: u64,
    pub(super) concurrency: usize,
    pub(super) watch: DriftReporter,
}

impl<R: ListRequest> Paginator<R> {
    pub(crate) fn new(request: R) -> Self {
        let settings = Settings { page_size: 100, concurrency: 2, watch: DriftReporter::default() };
        Self { request, settings, max_items: None, position: None }
    }

    /// Rows to ask for at a time, from 1 to 1,000,000; 100 unless set, which is the most that servers send since 2025.12.
    ///
    /// Requests overlap, so some ask for a few rows less, and some of a few rows may ask for more.
    pub fn page_size(mut self, rows: u64) -> Self {
        self.settings.page_size = rows.clamp(1, 1_000_000);
        self
    }

    /// Requests in flight at a time, from 1; 2 unless set.
    ///
    /// authentik takes about a second of a worker for a page of 100 rows, and has few workers: 2 leave room for people who log
    /// in meanwhile. The first request always goes alone.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.settings.concurrency = requests.max(1);
        self
    }

    /// Ends the listing after so many rows, without asking for more than are needed: besides these some twenty, to see that they
    /// come in order. Where they do not, or are sorted here, every row is needed to know the first ones.
    pub fn max_items(mut self, rows: u64) -> Self {
        self.max_items = Some(rows);
        self
    }

    /// Goes on behind a [`Position`] that [`Items::position`] gave.
    ///
    /// The listing must be the same: the same server, filters and `ordering`. Any other is refused with
    /// [`Error::InvalidRequest`] as soon as rows are asked for.
    pub fn resume(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Tells `callback` what in the answers differs from the specification, each kind of difference at each place once: see
    /// [`drift`](crate::drift). Without it, answers are not compared.
    ///
    /// The callback runs while rows are polled for, so it should be quick.
    pub fn on_drift(mut self, callback: impl FnMut(&Drift) + Send + 'static) -> Self {
        self.settings.watch.set_callback(callback);
        self
    }

    /// Goes past rows that cannot be read, instead of ending with an error.
    ///
    /// Each one is told to [`on_drift`](Self::on_drift) as a [`SkippedRow`](crate::compat::drift::DriftKind::SkippedRow), and counts as
    /// one that came. Their keys are held in memory.
    pub fn skip_undecodable(mut self) -> Self {
        self.settings.watch.skip_undecodable = true;
        self
    }

    /// Rows in the list, as the server counts them: one request for one row.
    ///
    /// # Errors
    /// Whatever keeps that request from being answered.
    pub async fn count(self) -> Result<u64, Error> {
        Ok(self.request.for_page(R::TOTAL_ORDER, 1, 1).send_page(&self.settings.watch).await?.count())
    }

    /// Every row, in memory.
    ///
    /// # Errors
    /// See [`items`](Self::items); nothing is returned of a listing that is not complete.
    pub async fn collect(self) -> Result<Vec<R::Item>, Error> {
        self.items().try_collect().await
    }

    /// Every row as it was at one time: lists again and again, until two passes have the same rows at the same places. What says the
    /// place of a row are the values it can be ordered by: for a binding its flow, stage, order and keys.
    ///
    /// # Errors
    /// See [`items`](Self::items); [`Error::Unsettled`] when five passes in a row differ.
    pub async fn snapshot(self) -> Result<Vec<R::Item>, Error> {
        let place = |item: &R::Item| R::SORT_TERMS.iter().filter_map(|term| R::sort_value(item, term)).collect();
        let mut paginator = self;
        paginator.settings.watch = paginator.settings.watch.shared();
        let mut before: Option<Vec<Key>> = None;
        for _ in 0..PASSES {
            let items = paginator.clone().collect().await?;
            let keys = Some(items.iter().map(place).collect());
            if before == keys {
                return Ok(items);
            }
            before = keys;
        }
        Err(Error::Unsettled { passes: PASSES })
    }

    /// Every row, as a stream in the order asked for.
    ///
    /// # Errors
    /// The stream ends after its first error: a request that failed for good, [`Error::Incomplete`] or [`Error::Pagination`]
    /// when the rows cannot be had completely, [`Error::InvalidRequest`] when rows cannot be ordered or resumed as asked for.
    pub fn items<'a>(self) -> Items<'a, R::Item>
    where
        R: 'a,
    {
        let left = self.max_items.unwrap_or(u64::MAX);
        let order = self.order();
        let listing = order.as_ref().map_or(0, |order| fingerprint(&self.request, order));
        let progress = self.position.as_ref().map(|position| position.progress.clone()).unwrap_or_default();
        Items {
            listing,
            batches: Listing::batches(self, order),
            batch: Vec::new().into_iter(),
            server: VersionRange::default(),
            skipped: 0,
            count: None,
            progress,
            left,
        }
    }

    /// Every row, as a stream of pages with `page_size` rows each; the last one may have fewer.
    ///
    /// # Errors
    /// See [`items`](Self::items).
    pub fn pages<'a>(self) -> Pages<'a, R::Item>
    where
        R: 'a,
    {
        let size = usize::try_from(self.settings.page_size).unwrap_or(usize::MAX);
        Pages { items: self.items(), size, page: Vec::new(), number: 0, ended: false }
    }

    fn order(&self) -> Result<Order, Error> {
        Order::parse::<R>(self.request.ordering()?.unwrap_or(R::TOTAL_ORDER))
    }
}

/// A listing under way: a walk, and what it may have missed.
struct Listing<'a, R: ListRequest> {
    request: R,
    order: Order,
    settings: Settings,
    /// Where the listing began.
    start: Progress,
    /// `None` when everything has come.
    walk: Option<Walk<'a, R>>,
    /// Rows that have come. A row whose place is changed meanwhile can come twice, or move past the walk; only this tells.
    seen: HashSet<Uuid>,
}

impl<'a, R: ListRequest + 'a> Listing<'a, R> {
    /// Rows as they come together. No request is sent before the stream is polled.
    fn batches(paginator: Paginator<R>, order: Result<Order, Error>) -> BoxStream<'a, Result<Batch<R::Item>, Error>> {
        let listing = stream::once(async { Self::begin(paginator, order?) });
        listing.map_ok(|listing| stream::try_unfold(listing, Self::next)).try_flatten().boxed()
    }

    fn begin(paginator: Paginator<R>, order: Order) -> Result<Self, Error> {
        let Paginator { request, mut settings, max_items, position } = paginator;
        settings.watch = settings.watch.anew();
        if position.as_ref().is_some_and(|position| position.listing != fingerprint(&request, &order) || !position.progress.fits(&order)) {
            let message = "the position belongs to another listing: resume it with the server, filters and ordering that it came from";
            return Err(Error::InvalidRequest { message: message.into() });
        }
        let start = position.map(|position| position.progress).unwrap_or_default();
        let limit = max_items.unwrap_or(u64::MAX);
        let walk = Walk::new(request.clone(), order.clone(), &settings, limit, start.clone());
        Ok(Self { request, order, settings, start, walk: Some(walk), seen: HashSet::new() })
    }

    async fn next(mut self) -> Result<Option<(Batch<R::Item>, Self)>, Error> {
        let Some(mut walk) = self.walk.take() else { return Ok(None) };
        if !self.order.can_be_walked::<R>() {
            let (rows, server) = gather(&self.request, &self.order, &self.settings).await?;
            return Ok(Some((self.unseen(rows, server)?, self)));
        }
        match walk.next().await {
            Ok(Some(Batch { rows, count, server, skipped })) => {
                let before = rows.len();
                let rows = rows.into_iter().filter(|(_, item)| self.seen.insert(R::key(item))).collect::<Vec<_>>();
                walk.changed |= rows.len() < before;
                Ok(Some((Batch { rows, count, server, skipped }, Self { walk: Some(walk), ..self })))
            }
            Ok(None) if walk.may_have_missed(self.seen.len()) => {
                let (rows, server) = gather(&self.request, &self.order, &self.settings).await?;
                Ok(Some((self.unseen(rows, server)?, self)))
            }
            Ok(None) => Ok(None),
            Err(Fault::Failed(error)) => Err(error),
            Err(Fault::Whole(items)) => Ok(Some((self.unseen(whole::<R>(items, &self.order)?, walk.span)?, self))),
            Err(Fault::Disorder) => {
                let rows = gather_ties(&self.request, &self.order, &self.settings).await?;
                Ok(Some((self.unseen(rows, walk.span)?, self)))
            }
        }
    }

    /// Those of the rows that have not come yet, and are not before where the listing began.
    fn unseen(&mut self, rows: Vec<Row<R::Item>>, server: VersionRange) -> Result<Batch<R::Item>, Error> {
        let count = rows.len() as u64;
        let Self { order, start, seen, .. } = self;
        Order::check_alike(start.last.as_ref(), rows.first().map(|(key, _)| key))?;
        let rows = rows.into_iter().filter(|(key, item)| start.is_ahead(order, key) && seen.insert(R::key(item))).collect();
        Ok(Batch { rows, count, server, skipped: 0 })
    }
}

/// Which listing a position belongs to.
fn fingerprint<R: ListRequest>(request: &R, order: &Order) -> u64 {
    fnv1a(&format!("{} {}", request.identity(), order.parameter()))
}

/// A place between two rows of a listing: where it was stopped, and can be taken up.
///
/// It is small, can be stored with serde, and stays good when rows before or behind it change meanwhile.
///
/// ```no_run
/// # use authentik_flow_bindings::{Client, Error, pagination::Position};
/// # use futures_util::TryStreamExt;
/// # async fn list(client: Client, stored: Option<Position>) -> Result<Option<Position>, Error> {
/// let mut paginator = client.flows_bindings_list().paginate();
/// if let Some(position) = stored {
///     paginator = paginator.resume(position);
/// }
/// let mut items = paginator.items();
/// while let Some(binding) = items.try_next().await? {
///     if binding.order > 100 {
///         break;
///     }
/// }
/// Ok(items.position())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    listing: u64,
    #[serde(flatten)]
    progress: Progress,
}

/// Every row of a listing: see [`Paginator::items`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<'a, T> {
    listing: u64,
    batches: BoxStream<'a, Result<Batch<T>, Error>>,
    server: VersionRange,
    /// Rows so far that cannot be read: they have places too.
    skipped: u64,
    batch: vec::IntoIter<Row<T>>,
    count: Option<u64>,
    progress: Progress,
    left: u64,
}

impl<T> Items<'_, T> {
    /// Where the listing stands: behind the row that came last. `None` before the first row.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.progress.last.as_ref()?;
        Some(Position { listing: self.listing, progress: self.progress.clone() })
    }

    /// The releases that the server's first answer fits; unknown before it, and where the listing was resumed.
    #[must_use]
    pub fn server(&self) -> VersionRange {
        self.server
    }

    /// Rows in the whole list, as the server counted them last; `None` before the first answer.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.count
    }
}

impl<T> Unpin for Items<'_, T> {}

impl<T> Stream for Items<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.left > 0 {
            if let Some((key, item)) = self.batch.next() {
                self.progress.advance(key);
                self.left -= 1;
                return Poll::Ready(Some(Ok(item)));
            }
            match self.batches.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(batch))) => {
                    self.count = Some(batch.count);
                    self.server = self.server.or(batch.server);
                    self.progress.rows += batch.skipped.saturating_sub(self.skipped);
                    self.skipped = self.skipped.max(batch.skipped);
                    self.batch = batch.rows.into_iter();
                }
                Poll::Ready(Some(Err(error))) => {
                    self.left = 0;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => self.left = 0,
            }
        }
        Poll::Ready(None)
    }
}

impl<T> fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("rows", &self.progress.rows).field("total", &self.count).finish_non_exhaustive()
    }
}

/// Rows of a listing that stand together.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Number of the page, counted from 1.
    pub number: u64,
    /// The rows: as many as [`Paginator::page_size`] says, on the last page perhaps fewer.
    pub items: Vec<T>,
    /// Rows in the whole list, as the server counted them last.
    pub total: u64,
}

/// Every page of a listing: see [`Paginator::pages`].
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<'a, T> {
    items: Items<'a, T>,
    size: usize,
    page: Vec<T>,
    number: u64,
    ended: bool,
}

impl<T> Unpin for Pages<'_, T> {}

impl<T> Stream for Pages<'_, T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.ended {
            match self.items.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(item))) => self.page.push(item),
                Poll::Ready(Some(Err(error))) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => self.ended = true,
            }
            if self.page.len() == self.size || (self.ended && !self.page.is_empty()) {
                self.number += 1;
                let page = Page { number: self.number, items: std::mem::take(&mut self.page), total: self.items.count.unwrap_or(0) };
                return Poll::Ready(Some(Ok(page)));
            }
        }
        Poll::Ready(None)
    }
}
