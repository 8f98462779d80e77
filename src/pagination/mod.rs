//! Complete listings, on every release.
//!
//! [`paginate()`](crate::builder::FlowsBindingsList::paginate) makes a [`Paginator`] of a request. It promises:
//!
//! > **Every row that exists during the whole listing comes exactly once, in the order asked for, or the listing ends in an
//! > error that says what is missing.**
//!
//! Rows that are added or deleted while the listing runs may come or not; one whose place is changed comes, but perhaps behind the
//! others. A plain loop over pages does not keep this promise: authentik 2025.6 answers it with 15 to 22 % of the rows missing and
//! as many others twice, the same way each time, and on every release rows slip through when others are deleted or moved
//! meanwhile. In each case as many rows may come as the server counts: only different primary keys prove anything.
//!
//! ```no_run
//! use authentik_flow_bindings::Client;
//! use futures_util::TryStreamExt;
//!
//! # async fn list() -> Result<(), authentik_flow_bindings::Error> {
//! let client = Client::from_env()?;
//! let all = client.flows_bindings_list().paginate().collect().await?;
//!
//! let mut items = client.flows_bindings_list().paginate().concurrency(8).items();
//! while let Some(binding) = items.try_next().await? {
//!     println!("{} {}", binding.order, binding.stage_obj.name);
//! }
//! # Ok(()) }
//! ```
//!
//! # How a listing is read
//!
//! Rows come in the caller's `ordering` with `pk` at its end; `order,pk` without one. Of these ways the paginator takes the first
//! that the server allows, and takes none on faith:
//!
//! | way | when | what it costs | what it holds | its limits |
//! | --- | --- | --- | --- | --- |
//! | **walk**: overlapping pages in the order asked for, each checked row by row | an ordering by `order` and `pk`, wherever the server puts tied rows in order: all but 2024.4 to 2025.8.3 | a request for each page, and about one more in seven | `concurrency + 1` pages, and the keys of the rows that came (some 35 bytes each) | see below |
//! | **second walk**, by primary key | rows were seen to change during the first | as much again | all rows | none |
//! | **walk by primary key, sorted here** | any other ordering, such as `stage__name`: some releases drop it, others answer it with 500 | as a walk | all rows | texts are sorted by code point, a database may sort them by language |
//! | **one page** with as many rows as there are | tied rows come in no certain order (2024.4 to 2025.8.3) | one large request: the server sends nothing before it has every row, 13.6 s for 1,239 rows | all rows | none |
//! | **partitions**: one list for each flow, after a plain loop that finds the flows | the same, and the server cuts large pages down (no release does both) | a request for each page and each flow | all rows | flows of which no page shows anything are not found, nor what moves inside a flow with more than a page of bindings; the count tells of missing rows, and the listing ends in [`Error::Incomplete`] |
//!
//! A server that does not paginate at all (an administrator can set it so) sends its whole list in one answer, which is checked
//! for rows that come twice.
//!
//! Two things no request can show. The server counts its rows and reads them in two steps: a row that is added between the two of
//! the *last* page may push the last row out of it. And where, between the same two requests, one row is moved from behind the walk
//! to before it, another that came is deleted and a third is added at the end, count and places are as before.
//! [`snapshot`](Paginator::snapshot) lists twice, and finds both.
//!
//! # What a listing costs
//!
//! Streams are lazy: nothing is fetched beyond what is polled and [`concurrency`](Paginator::concurrency) pages in flight, and
//! dropping a stream cancels its requests. Every listing ends: answers that bring nothing new are borne with a bounded number of
//! times, then comes an [`Error::Incomplete`] or [`Error::Pagination`].

mod gather;
mod listing;
mod order;
mod walk;

use std::future::Future;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

pub use listing::{Items, Page, Pages, Paginator, Position};
#[doc(hidden)]
pub use order::SortValue;

use crate::compat::drift::DriftReporter;
use crate::compat::schema::ObjectSchema;
use crate::compat::version::{VersionMarker, VersionRange};
use crate::redaction::without_queries;
use crate::transport::decode::{DecodeFailure, decode, decode_borrowed};
use crate::{Error, Pagination};

/// A request for one page of a list. The generator writes it for every list operation; it is not for implementing by hand.
pub trait ListRequest: Clone + Send + Sync {
    /// What one page is decoded from.
    #[doc(hidden)]
    type Answer: DeserializeOwned;

    /// A row.
    type Item: DeserializeOwned + Send + 'static;

    /// Terms by which rows can be ordered, on some release at least.
    const SORT_TERMS: &'static [&'static str];

    /// The order of a listing that is asked for none.
    const TOTAL_ORDER: &'static str;

    #[doc(hidden)]
    fn ordering(&self) -> Result<Option<&str>, Error>;

    /// What the listing lists: the server, the operation and its filters.
    #[doc(hidden)]
    fn identity(&self) -> String;

    #[doc(hidden)]
    #[must_use]
    fn for_page(&self, ordering: &str, page: u64, page_size: u64) -> Self;

    #[doc(hidden)]
    fn for_partition(&self, partition: Uuid) -> Option<Self>;

    #[doc(hidden)]
    fn send_page(self, watch: &DriftReporter) -> impl Future<Output = Result<RawPage<Self::Item>, Error>> + Send;

    #[doc(hidden)]
    fn split(answer: Self::Answer) -> (Pagination, Vec<Self::Item>);

    #[doc(hidden)]
    fn shape() -> &'static ObjectSchema;

    #[doc(hidden)]
    fn version_markers() -> &'static [VersionMarker];

    #[doc(hidden)]
    fn key(item: &Self::Item) -> Uuid;

    #[doc(hidden)]
    fn sort_value(item: &Self::Item, term: &str) -> Option<SortValue>;

    #[doc(hidden)]
    fn partitions(item: &Self::Item) -> Vec<Uuid>;
}

/// One answer to a [`ListRequest`].
#[doc(hidden)]
#[derive(Debug)]
pub struct RawPage<T> {
    /// `None` where the server does not paginate and the rows are the whole list.
    pub(crate) pagination: Option<Pagination>,
    pub(crate) items: Vec<T>,
    /// Rows that cannot be read, where they are to be gone past.
    pub(crate) skipped: Vec<SkippedRow>,
    /// Number of the page, as it was asked for.
    pub(crate) number: u64,
    /// Which releases the answer fits; only looked for on page 1.
    pub(crate) span: VersionRange,
}

/// A row that cannot be read.
#[doc(hidden)]
#[derive(Debug)]
pub struct SkippedRow {
    /// Its place on the page, counted from 0.
    pub(crate) place: usize,
    /// Its primary key, if that can be read.
    pub(crate) pk: Option<Uuid>,
    /// What tells it from others: its primary key, or what it has and where it stands in the list.
    pub(crate) identity: String,
    pub(crate) flaw: DecodeFailure,
}

impl SkippedRow {
    /// Reports the row, unless it was reported before; returns whether it was new.
    fn report(&self, reporter: &DriftReporter, page: u64) -> bool {
        let row = self.pk.map(|pk| format!("row {pk}: ")).unwrap_or_default();
        let excerpt = format!("{row}{}: {}", self.flaw.message(), self.flaw.excerpt());
        reporter.report_skipped(&self.identity, page, self.flaw.path(), excerpt)
    }
}

impl<T> RawPage<T> {
    /// Rows on the page, readable or not.
    fn len(&self) -> u64 {
        (self.items.len() + self.skipped.len()) as u64
    }

    /// Rows in the whole list.
    fn count(&self) -> u64 {
        self.pagination.as_ref().map_or(self.len(), |pagination| pagination.count)
    }
}

/// Reads a page, or the bare array of a server that does not paginate.
pub(crate) fn read_page<R: ListRequest>(
    body: &[u8],
    page: u64,
    start: u64,
    watch: &DriftReporter,
) -> Result<RawPage<R::Item>, DecodeFailure> {
    let span = if page == 1 { VersionRange::of(body, R::version_markers()) } else { VersionRange::default() };
    let rows = if is_whole_list(body) {
        decode(body).map(|items| (None, items, Vec::new()))
    } else {
        decode(body).map(R::split).map(|(pagination, items)| (Some(pagination), items, Vec::new()))
    };
    let rows = match rows {
        Err(_) if watch.skip_undecodable => read_row_by_row::<R>(body, start),
        rows => rows,
    };
    let (pagination, items, skipped) = rows.map_err(|flaw| flaw.on_server(VersionRange::of(body, R::version_markers())))?;
    watch.compare(body, R::shape(), page);
    Ok(RawPage { pagination, items, skipped, number: page, span })
}

/// Reads one page as it is.
pub(crate) fn read_answer<R: ListRequest>(body: &[u8]) -> Result<R::Answer, DecodeFailure> {
    if is_whole_list(body) {
        return Err(DecodeFailure::of_body("this server does not paginate, it sends the whole list as one array: use `paginate()`"));
    }
    decode(body).map_err(|flaw| flaw.on_server(VersionRange::of(body, R::version_markers())))
}

/// Whether the body is a bare array: what a server sends that does not paginate.
fn is_whole_list(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

/// A page without the rows that cannot be read, and these.
type ReadRows<T> = (Option<Pagination>, Vec<T>, Vec<SkippedRow>);

/// A page of which every row that can be read is read.
fn read_row_by_row<R: ListRequest>(body: &[u8], start: u64) -> Result<ReadRows<R::Item>, DecodeFailure> {
    #[derive(Deserialize)]
    struct Rows<'a> {
        pagination: Pagination,
        #[serde(borrow)]
        results: Vec<&'a RawValue>,
    }

    let list = if is_whole_list(body) { "" } else { "results" };
    let (pagination, rows) = if is_whole_list(body) {
        (None, decode_borrowed::<Vec<&RawValue>>(body)?)
    } else {
        let Rows { pagination, results } = decode_borrowed(body)?;
        (Some(pagination), results)
    };
    let (mut items, mut skipped) = (Vec::with_capacity(rows.len()), Vec::new());
    for (place, row) in rows.into_iter().enumerate() {
        match decode(row.get().as_bytes()) {
            Ok(item) => items.push(item),
            Err(flaw) => {
                let pk = serde_json::from_str::<Value>(row.get()).ok().and_then(|row| row.get("pk")?.as_str()?.parse::<Uuid>().ok());
                let place_in_list = start + place as u64;
                let what = || format!("{:016x} at {place_in_list}", fnv1a(&without_queries(row.get())));
                skipped.push(SkippedRow { place, pk, identity: pk.map_or_else(what, |pk| pk.to_string()), flaw: flaw.in_row(list, place) });
            }
        }
    }
    Ok((pagination, items, skipped))
}

/// A hash that is the same on every machine and in every release.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
