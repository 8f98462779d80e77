//! The usual strategy: walk through the list in overlapping windows.
//!
//! Pages are numbered, so a row can slip between two of them: when a row that was read is deleted, everything behind it moves
//! one place up, and the first row of the next page becomes the last one of the page that has been read. `count` need not tell,
//! since another row may have been added at the end. So the windows of a walk *overlap*, by sizes that vary a little: rows
//! 0 to 99 are page 1 of 100, rows 99 to 197 are page 2 of 99, rows 196 to 293 are page 3 of 98. A window that has a row at or
//! before the last one that came, and has its rows in strict order, shows every row between that one and its own end.
//!
//! The same overlap finds servers that do not order ties. Where the rows of two windows differ in what they share, rows have
//! changed, or the server puts tied rows in another order each time; which one it is shows when it is asked for rows by primary key.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, StreamExt};

use super::listing::Settings;
use super::order::{Key, Order, Progress, Row};
use super::{ListRequest, RawPage, SkippedRow};
use crate::Error;
use crate::compat::drift::DriftReporter;
use crate::compat::version::VersionRange;
use crate::types::Pagination;

/// Tied neighbours that must have come in order before a server is taken to order ties. By chance: one in a million.
const TIES_THAT_CONVINCE: usize = 20;

/// Sizes of a window that are compared before one is taken.
const SIZES_TO_TRY: u64 = 64;

/// Rows that are asked for to see whether the server sorts by primary key.
const ROWS_OF_A_PROBE: u64 = 50;

/// Answers without a row that is new that are borne with, whatever the server says of the length of its list.
const MOST_PATIENCE: u64 = 1_000;

/// Answers with fewer rows than were due that are borne with: rows can go between the counting and the reading of a page.
const MOST_SHORT_PAGES: u32 = 4;

/// A page as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) page: u64,
    pub(super) size: u64,
}

impl Window {
    /// Place of its first row in the list, counted from 0.
    fn start(self) -> u64 {
        (self.page - 1).saturating_mul(self.size)
    }

    fn end(self) -> u64 {
        self.page.saturating_mul(self.size)
    }

    /// The window to read when the rows before `end` have been read: it has row `end - 1`, and of the windows with up to `size`
    /// rows it is the one that reaches furthest.
    fn from(end: u64, size: u64) -> Self {
        if end == 0 {
            return Self { page: 1, size };
        }
        let containing = |size: u64| Self { page: (end - 1) / size + 1, size };
        let within =
            (size.saturating_sub(SIZES_TO_TRY).max(size / 2) + 1..=size).map(containing).max_by_key(|window| (window.end(), window.size));
        within.filter(|window| window.end() > end).unwrap_or_else(|| {
            // Every one ends at `end`, which happens where pages have a few rows only: take the first size that does not.
            (size + 1..=end.saturating_add(1)).map(containing).find(|window| window.end() > end).unwrap_or(Self { page: 1, size: u64::MAX })
        })
    }
}

/// Why a walk cannot go on.
pub(super) enum Fault<T> {
    /// A request failed, or an answer contradicts itself.
    Failed(Error),
    /// Rows that are tied come in no certain order, or it cannot be told whether they do.
    Disorder,
    /// The server does not paginate: this is the whole list.
    Whole(Vec<T>),
}

impl<T> From<Error> for Fault<T> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Rows that came together, in order, each with its key.
pub(super) struct Batch<T> {
    pub(super) rows: Vec<Row<T>>,
    /// Rows in the whole list, as the server counted them last.
    pub(super) count: u64,
    /// Which releases the first answer fits.
    pub(super) server: VersionRange,
    /// Rows so far that cannot be read.
    pub(super) skipped: u64,
}

type Fetched<T> = (Window, Result<RawPage<T>, Error>);

pub(super) struct Walk<'a, R: ListRequest> {
    request: R,
    order: Order,
    watch: DriftReporter,
    page_size: u64,
    concurrency: usize,
    /// How many rows are needed, and how many have been given out.
    limit: u64,
    given: u64,
    /// Where it began.
    start: u64,
    pub(super) progress: Progress,
    in_flight: FuturesOrdered<BoxFuture<'a, Fetched<R::Item>>>,
    /// The window to ask for next; `None` when there is no more to ask for.
    next: Option<Window>,
    /// Where the window that was read last ends, and the keys of its rows.
    end: u64,
    tail: Vec<Place>,
    /// The row that was read last, in the order asked for.
    last: Option<Key>,
    /// Rows that were read and are held back: see [`release`](Self::release).
    held: Vec<Row<R::Item>>,
    /// Rows in the list as the server counted them first and last; `None` before the first answer.
    first_count: Option<u64>,
    pub(super) count: u64,
    pub(super) span: VersionRange,
    /// Neighbours tied but for their primary keys that came in order.
    ties_in_order: usize,
    /// Answers that may still come without a row that is new.
    patience: u64,
    /// Answers with fewer rows than were due.
    short_pages: u32,
    step_back: u64,
    /// Whether rows were seen to move, come or go: then some may have moved past the walk.
    pub(super) changed: bool,
    /// Rows that cannot be read.
    pub(super) skipped: u64,
}

impl<'a, R: ListRequest + 'a> Walk<'a, R> {
    /// Walks from where `progress` stands, until `limit` rows have come or the list ends.
    pub(super) fn new(request: R, order: Order, settings: &Settings, limit: u64, progress: Progress) -> Self {
        let Settings { page_size, concurrency, watch } = settings.clone();
        // So many more rows tell whether those that are wanted come in order.
        let page_size = page_size.min(limit.saturating_add(TIES_THAT_CONVINCE as u64 + 1));
        Self {
            request,
            order,
            watch,
            page_size,
            concurrency,
            limit,
            given: 0,
            start: progress.rows,
            in_flight: FuturesOrdered::new(),
            next: Some(Window::from(progress.rows, page_size)),
            end: progress.rows,
            tail: progress.last.iter().cloned().map(Place::Row).collect(),
            last: progress.last.clone(),
            held: Vec::new(),
            progress,
            first_count: None,
            count: 0,
            span: VersionRange::default(),
            ties_in_order: 0,
            patience: 16,
            short_pages: 0,
            step_back: page_size,
            changed: false,
            skipped: 0,
        }
    }

    /// The next rows; `None` at the end of the list.
    pub(super) async fn next(&mut self) -> Result<Option<Batch<R::Item>>, Fault<R::Item>> {
        loop {
            self.ask();
            let Some((window, answer)) = self.in_flight.next().await else { return Ok(None) };
            let page = match answer {
                Ok(page) => page,
                // The list has become shorter than this.
                Err(error) if error.is_not_found() && window.page > 1 => {
                    self.prove_order().await?;
                    self.go_back(window)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if window.page == 1 {
                self.span = page.span;
            }
            let Some(pagination) = page.pagination else {
                self.tell_skipped(&page.skipped, 1);
                return Err(Fault::Whole(page.items));
            };
            self.count = pagination.count;
            if self.first_count.is_none() {
                self.first_count = Some(self.count);
                self.patience += (self.count / self.page_size).min(MOST_PATIENCE);
            }
            self.changed |= self.first_count != Some(self.count);
            let rows = (page.items.len() + page.skipped.len()) as u64;
            let Some(window) = self.check_window(window, &pagination, rows)? else { continue };
            let rows = self.check_rows(window, page.items, &page.skipped).await?;
            if !rows.is_empty() {
                return Ok(Some(Batch { rows, count: self.count, server: self.span, skipped: self.skipped }));
            }
        }
    }

    /// At the end of the walk: whether rows may have moved past it, of which `seen` different ones have come.
    pub(super) fn may_have_missed(&self, seen: usize) -> bool {
        let ended = self.next.is_none();
        let all = self.start > 0 || seen as u64 + self.skipped == self.count;
        ended && (self.changed || !all)
    }

    fn orders_ties(&self) -> bool {
        self.ties_in_order >= TIES_THAT_CONVINCE
    }

    /// Rows have moved, or the server does not order ties: asks it for rows by primary key, which those that do not cannot either.
    async fn prove_order(&mut self) -> Result<(), Fault<R::Item>> {
        if !self.orders_ties() {
            let probe = self.request.for_page("pk", 1, ROWS_OF_A_PROBE).send_page(&self.watch).await?;
            let in_order = probe.items.is_sorted_by(|a, b| R::key(a) < R::key(b));
            if !in_order || probe.items.len() <= TIES_THAT_CONVINCE {
                return Err(Fault::Disorder);
            }
            self.ties_in_order = TIES_THAT_CONVINCE;
        }
        self.changed = true;
        Ok(())
    }

    /// Keeps up to `concurrency` requests in flight. The first goes alone: only its answer tells how many rows there are.
    fn ask(&mut self) {
        while let Some(window) = self.next {
            if self.in_flight.is_empty() {
                if self.given >= self.limit {
                    return;
                }
            } else if self.in_flight.len() >= self.concurrency
                || self.first_count.is_none()
                || window.start() >= self.count.min(self.start.saturating_add(self.limit))
            {
                return;
            }
            let request = self.request.for_page(&self.order.parameter(), window.page, window.size);
            let watch = self.watch.clone();
            self.in_flight.push_back(Box::pin(async move { (window, request.send_page(&watch).await) }));
            self.next = Some(Window::from(window.end(), self.page_size));
        }
    }

    /// Forgets what is in flight, and asks for this window next.
    fn ask_anew(&mut self, window: Window) {
        self.in_flight = FuturesOrdered::new();
        self.next = Some(window);
    }

    /// Asks for rows further in front: those before the window have become fewer.
    fn go_back(&mut self, from: Window) -> Result<(), Error> {
        self.wait_for_better("rows were deleted while they were read")?;
        let start = from.start().saturating_sub(self.step_back);
        self.step_back = self.step_back.saturating_mul(2);
        self.ask_anew(Window { page: start / self.page_size + 1, size: self.page_size });
        Ok(())
    }

    fn wait_for_better(&mut self, reason: &str) -> Result<(), Error> {
        self.patience = self.patience.checked_sub(1).ok_or_else(|| self.incomplete(reason))?;
        Ok(())
    }

    fn incomplete(&self, reason: &str) -> Error {
        Error::Incomplete { expected: self.count, received: self.progress.rows, reason: reason.into(), server: self.span }
    }

    /// The window that the answer is; `None` where it is of no use and another has been asked for.
    fn check_window(&mut self, window: Window, pagination: &Pagination, rows: u64) -> Result<Option<Window>, Fault<R::Item>> {
        let nonsense = |problem| Err(Fault::Failed(Error::Pagination { page: window.page, problem }));
        if pagination.current != window.page {
            return nonsense(format!("was asked for, and page {} was answered", pagination.current));
        }
        if rows > window.size {
            return nonsense(format!("has {rows} rows, where at most {} were asked for", window.size));
        }
        if let Some(size) = smaller_size(window, pagination, rows) {
            if window.size > self.page_size {
                // So few rows on a page that windows cannot overlap.
                return Err(Fault::Disorder);
            }
            self.page_size = size;
            if window.page > 1 {
                self.wait_for_better("the server sends smaller and smaller pages")?;
                self.ask_anew(Window::from(self.end, size));
                return Ok(None);
            }
            self.ask_anew(Window::from(size, size));
            return Ok(Some(Window { page: 1, size }));
        }
        let due = self.count.saturating_sub(window.start()).min(window.size);
        if rows != due {
            self.short_pages += 1;
            if self.short_pages > MOST_SHORT_PAGES {
                return Err(self
                    .incomplete(&format!("page {} of {} rows had {rows}, where {due} were due", window.page, window.size))
                    .into());
            }
            self.ask_anew(window);
            return Ok(None);
        }
        let next = if window.end() < self.count { window.page + 1 } else { 0 };
        if pagination.next != next {
            return nonsense(format!("announces page {} as the next, where {next} is due", pagination.next));
        }
        Ok(Some(window))
    }

    /// The rows of a window that have not come yet.
    async fn check_rows(
        &mut self,
        window: Window,
        items: Vec<R::Item>,
        skipped: &[SkippedRow],
    ) -> Result<Vec<Row<R::Item>>, Fault<R::Item>> {
        let mut rows = items.into_iter().map(|item| (self.order.key::<R>(&item), item)).collect::<Vec<_>>();
        let whole = window.start() == 0 && window.end() >= self.count;
        if !rows.windows(2).all(|pair| self.order.compare(&pair[0].0, &pair[1].0) == Ordering::Less) {
            if !(whole && all_differ(&rows)) {
                return Err(Fault::Disorder);
            }
            self.tell_skipped(skipped, window.page);
            return Err(Fault::Whole(rows.into_iter().map(|(_, item)| item).collect()));
        }
        self.ties_in_order += rows.windows(2).filter(|pair| Order::is_tie(&pair[0].0, &pair[1].0)).count();

        Order::check_alike(self.last.as_ref(), rows.first().map(|(key, _)| key))?;
        let places = places(&rows, skipped);
        let known = rows.partition_point(|(key, _)| !self.order.is_after(key, self.last.as_ref()));
        if !self.is_seamless(window, &places, known) {
            self.prove_order().await?;
            if known == 0 && window.start() > 0 {
                self.go_back(window)?;
                return Ok(Vec::new());
            }
        }
        self.end = window.start() + (rows.len() + skipped.len()) as u64;
        self.tail = places;
        if self.end >= self.count {
            self.in_flight = FuturesOrdered::new();
            self.next = None;
        }

        rows.drain(..known);
        let newly_skipped = self.tell_skipped(skipped, window.page);
        self.skipped += newly_skipped;
        self.progress.rows += newly_skipped;
        if rows.is_empty() && newly_skipped == 0 && self.next.is_some() {
            self.wait_for_better("rows were added faster than they were read")?;
        }
        if self.progress.rows - self.start > self.first_count.unwrap_or(0).saturating_mul(4).saturating_add(10_000) {
            return Err(self.incomplete("the list grew on and on while it was read").into());
        }
        self.step_back = self.page_size;
        Ok(self.release(rows))
    }

    /// What can be given out of the rows that were held back and those that follow them.
    ///
    /// As long as the server has not shown that it orders ties, the rows tied with the last one are held back: the next window may
    /// show that it does not, and then others of them belong before it. They are few, since some twenty in order show that it does.
    fn release(&mut self, rows: Vec<Row<R::Item>>) -> Vec<Row<R::Item>> {
        self.held.extend(rows);
        let Some((last, _)) = self.held.last() else { return Vec::new() };
        self.last = Some(last.clone());
        let free = if self.orders_ties() || self.next.is_none() {
            self.held.len()
        } else {
            self.held.partition_point(|(key, _)| !Order::is_tie(key, last))
        };
        let released = self.held.drain(..free).collect::<Vec<_>>();
        for (key, _) in &released {
            self.progress.advance(key.clone());
        }
        self.given += released.len() as u64;
        released
    }

    /// Whether the window begins with the very rows that stood at those places before, so that nothing has moved.
    fn is_seamless(&self, window: Window, places: &[Place], known: usize) -> bool {
        let overlap = self.end.saturating_sub(window.start());
        let Some(shared) = usize::try_from(overlap).ok().and_then(|overlap| places.get(..overlap)) else { return false };
        let readable = shared.iter().filter(|place| matches!(place, Place::Row(_))).count();
        let same = shared.iter().rev().zip(self.tail.iter().rev()).all(|(now, before)| now == before);
        (overlap > 0 || self.end == 0) && readable == known && same
    }

    /// Tells of rows that cannot be read; returns how many are new.
    fn tell_skipped(&self, skipped: &[SkippedRow], page: u64) -> u64 {
        skipped.iter().filter(|row| row.report(&self.watch, page)).count() as u64
    }
}

/// What stands at a place of the list.
#[derive(Clone, PartialEq)]
enum Place {
    Row(Key),
    /// A row that cannot be read, by its identity.
    Skipped(String),
}

/// The places of a window, one after the other.
fn places<T>(rows: &[Row<T>], skipped: &[SkippedRow]) -> Vec<Place> {
    let mut readable = rows.iter();
    let mut skipped = skipped.iter().peekable();
    (0..rows.len() + skipped.len())
        .filter_map(|place| match skipped.next_if(|row| row.place == place) {
            Some(row) => Some(Place::Skipped(row.identity.clone())),
            None => readable.next().map(|(key, _)| Place::Row(key.clone())),
        })
        .collect()
}

/// The size down to which the server cut the pages, seen from where it says that this one stands.
fn smaller_size(window: Window, pagination: &Pagination, rows: u64) -> Option<u64> {
    if pagination.end_index + 1 != pagination.start_index + rows {
        return None;
    }
    let size = match window.page {
        1 if pagination.next == 0 => return None,
        1 => rows,
        page => pagination.start_index.checked_sub(1)? / (page - 1),
    };
    let fits = (window.page - 1).checked_mul(size)?.checked_add(1) == Some(pagination.start_index);
    (fits && size > 0 && size < window.size).then_some(size)
}

fn all_differ<T>(rows: &[Row<T>]) -> bool {
    let mut seen = BTreeSet::new();
    rows.iter().all(|(key, _)| seen.insert(key.last()))
}
