//! Reads a list from a server that does not sort by key, whose pages may repeat some rows and miss others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::key::{SortKey, SortValue};
use super::page::RawPage;
use super::request::ListRequest;
use super::{Settings, incomplete};
use crate::Error;
use crate::compat::version::VersionRange;

/// How many times a list is read if it changes while it is read.
const ATTEMPTS: usize = 4;

/// The most rows that are requested on one page. A server takes 7 to 12 ms for each row, and sends nothing until it has collected the last
/// one.
pub(super) const MAX_ROWS_ON_ONE_PAGE: u64 = 100_000;

/// The most pages that are read, of the list and of its parts.
const MAX_PAGES: u64 = 100_000;

/// Every row of the list, in any order.
///
/// Only a page with all rows is read in a single SELECT. It is complete when it has as many distinct rows as the server counts
/// *afterwards*. If the server limits the page size, one list is read for each value of the operation's partition, and their total is
/// compared with the same count.
pub(super) async fn list_unsorted<T: Send + Sync>(
    request: &ListRequest<T>,
    first_page: Option<RawPage<T>>,
    settings: &Settings,
) -> Result<Vec<T>, Error> {
    let listing = Unsorted { request, settings, requests: AtomicU64::new(0) };
    match listing.on_one_page(first_page).await? {
        Some(items) => Ok(items),
        None => listing.by_partition().await,
    }
}

/// The rows from a server that does not paginate and sends the whole list at once.
pub(super) fn whole_list<T: Send + Sync>(request: &ListRequest<T>, page: RawPage<T>, settings: &Settings) -> Result<Vec<T>, Error> {
    let mut rows = Rows::new(request);
    rows.add(page, 1, settings)?;
    Ok(rows.items.into_values().collect())
}

struct Unsorted<'a, T: 'static> {
    request: &'a ListRequest<T>,
    settings: &'a Settings,
    requests: AtomicU64,
}

impl<T: Send + Sync> Unsorted<'_, T> {
    async fn fetch(&self, request: &ListRequest<T>, page: u64, size: u64) -> Result<RawPage<T>, Error> {
        if self.requests.fetch_add(1, Ordering::Relaxed) >= MAX_PAGES {
            return Err(Error::Pagination { page, problem: format!("exceeds the limit of {MAX_PAGES} pages for one listing") });
        }
        let response = request.fetch(&request.operation.key_ordering(false), page, size, &self.settings.reporter).await?;
        if response.pagination.is_none() {
            let problem = "has no page numbers, unlike the pages before it".into();
            return Err(Error::Pagination { page, problem });
        }
        Ok(response)
    }

    async fn count(&self) -> Result<u64, Error> {
        Ok(self.fetch(self.request, 1, 1).await?.count())
    }

    /// All rows on one page; `None` if the server does not send such a page.
    async fn on_one_page(&self, first_page: Option<RawPage<T>>) -> Result<Option<Vec<T>>, Error> {
        let mut next = first_page;
        let (mut received, mut counted, mut server) = (0, 0, VersionRange::default());
        for _ in 0..=ATTEMPTS {
            let page = match next.take() {
                Some(page) => page,
                None if counted > MAX_ROWS_ON_ONE_PAGE => return Ok(None),
                None => {
                    let page = self.fetch(self.request, 1, counted.max(1)).await?;
                    if (page.rows.len() as u64) < counted && page.pagination.as_ref().is_some_and(|pagination| pagination.next != 0) {
                        return Ok(None);
                    }
                    page
                }
            };
            (received, counted, server) = (page.rows.len() as u64, page.count(), server.or(page.server));
            if received < counted {
                continue;
            }
            let mut rows = Rows::new(self.request);
            rows.add(page, 1, self.settings)?;
            received = rows.len();
            let afterwards = self.count().await?;
            if received == counted && received == afterwards {
                return Ok(Some(rows.items.into_values().collect()));
            }
            counted = afterwards;
        }
        Err(incomplete(
            counted,
            received,
            &format!("in {ATTEMPTS} attempts, the rows on a page with all rows never matched the count read after it"),
            server,
        ))
    }

    /// All rows of the partitions that can be found.
    ///
    /// Plain page loops, which miss rows, find the first partitions, whose rows lead to others. Each attempt uses a different page size,
    /// and therefore misses different rows.
    async fn by_partition(&self) -> Result<Vec<T>, Error> {
        let (mut received, mut counted, mut server) = (0, 0, VersionRange::default());
        let mut partitions = BTreeSet::new();
        for size in (1..=self.settings.page_size).rev().take(ATTEMPTS) {
            let mut rows = Rows::new(self.request);
            let mut requested = BTreeSet::new();
            let mut pages = self.page_loop(self.request, size).await?;
            server = server.or(pages.first().map(|page| page.server).unwrap_or_default());
            let counts = pages.iter().map(RawPage::count).collect::<Vec<_>>();
            while !pages.is_empty() {
                for (index, page) in pages.into_iter().enumerate() {
                    rows.add(page, index as u64 + 1, self.settings)?;
                }
                pages = self.new_partitions(&rows, &mut partitions, &mut requested).await?;
            }
            received = rows.len();
            counted = self.count().await?;
            // A row that was deleted in the meantime must not compensate for a missing one.
            if received == counted && counts.iter().all(|count| *count == counted) {
                return Ok(rows.items.into_values().collect());
            }
        }
        let reason =
            "the server neither sorts rows by key nor sends them all on one page, and the partition lists do not add up to the count";
        Err(incomplete(counted, received, reason, server))
    }

    /// The pages of partitions that appear in the rows and have not been requested yet.
    async fn new_partitions(
        &self,
        rows: &Rows<'_, T>,
        known: &mut BTreeSet<SortValue>,
        requested: &mut BTreeSet<SortValue>,
    ) -> Result<Vec<RawPage<T>>, Error> {
        let Some(partition) = &self.request.operation.partition else { return Ok(Vec::new()) };
        known.extend(rows.items.values().flat_map(partition.values));
        let new = known.iter().filter(|value| requested.insert((*value).clone()));
        let lists = new.filter_map(|value| self.request.in_partition(partition.parameter, value)).collect::<Vec<_>>();
        let lists = lists.into_iter().map(|list| async move {
            match self.page_loop(&list, self.settings.page_size).await {
                // The object that defines the partition was deleted.
                Err(error) if error.field_errors().is_some() => Ok(Vec::new()),
                pages => pages,
            }
        });
        let pages: Vec<Vec<_>> = stream::iter(lists).buffer_unordered(self.settings.concurrency).try_collect().await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// All pages, one after the other. Some rows may be missing, and others repeated.
    async fn page_loop(&self, request: &ListRequest<T>, size: u64) -> Result<Vec<RawPage<T>>, Error> {
        let mut pages = Vec::new();
        for number in 1.. {
            let page = match self.fetch(request, number, size).await {
                Err(error) if error.is_not_found() && number > 1 => return Ok(pages),
                page => page?,
            };
            let is_last = page.rows.is_empty() || page.pagination.as_ref().is_none_or(|pagination| pagination.next != number + 1);
            pages.push(page);
            if is_last {
                return Ok(pages);
            }
        }
        Ok(pages)
    }
}

/// The distinct rows, and the identities of those that cannot be decoded.
struct Rows<'a, T: 'static> {
    request: &'a ListRequest<T>,
    items: BTreeMap<SortKey, T>,
    skipped: BTreeSet<String>,
}

impl<'a, T> Rows<'a, T> {
    fn new(request: &'a ListRequest<T>) -> Self {
        Self { request, items: BTreeMap::new(), skipped: BTreeSet::new() }
    }

    fn add(&mut self, page: RawPage<T>, number: u64, settings: &Settings) -> Result<(), Error> {
        if let Some(reason) = page.ambiguity(self.request.operation) {
            return Err(incomplete(page.count(), self.len(), &reason, page.server));
        }
        let (items, skipped) = page.decoded(number, &settings.reporter);
        self.items.extend(items.into_iter().map(|item| (self.request.operation.key_of(&item), item)));
        self.skipped.extend(skipped.into_iter().map(|row| row.identity));
        Ok(())
    }

    fn len(&self) -> u64 {
        (self.items.len() + self.skipped.len()) as u64
    }
}
