//! What is left when a walk cannot have the order asked for: gather every row in another way, and sort here.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use super::listing::Settings;
use super::order::{Order, Progress, Row};
use super::walk::{Fault, Walk};
use super::{ListRequest, RawPage};
use crate::Error;
use crate::compat::drift::DriftReporter;
use crate::compat::version::VersionRange;

/// Pages of a plain loop, which believes what it is told, after which it believes no more.
const MOST_PAGES: u64 = 100_000;

/// How often a list that changes while it is gathered is gathered anew.
const TRIES: usize = 4;

/// Every row of the list in the order asked for, by the cheapest way that the server allows.
///
/// The rows are walked through by primary key, which never changes: no row can move past the walk.
///
/// Where rows cannot be read, a walk does not know their places: it counts only if nothing changed meanwhile.
pub(super) async fn gather<R: ListRequest>(request: &R, order: &Order, settings: &Settings) -> Result<Gathered<R::Item>, Error> {
    let by_key = Order::parse::<R>("pk")?;
    let (mut received, mut expected, mut server) = (0, 0, VersionRange::default());
    for _ in 0..TRIES {
        let mut walk = Walk::new(request.clone(), by_key.clone(), settings, u64::MAX, Progress::default());
        let mut items = Vec::new();
        loop {
            match walk.next().await {
                Ok(Some(batch)) => items.extend(batch.rows.into_iter().map(|(_, item)| item)),
                Ok(None) => break,
                Err(Fault::Whole(items)) => return Ok((whole::<R>(items, order)?, walk.span)),
                Err(Fault::Failed(error)) => return Err(error),
                Err(Fault::Disorder) => return Ok((gather_ties(request, order, settings).await?, walk.span)),
            }
        }
        if walk.skipped == 0 || !walk.may_have_missed(items.len()) {
            return Ok((sorted::<R>(items, order), walk.span));
        }
        (received, expected, server) = (items.len() as u64 + walk.skipped, walk.count, walk.span);
    }
    let reason = "rows changed whenever they were read, and some of them cannot be read".into();
    Err(Error::Incomplete { expected, received, reason, server })
}

/// Every row of a list, and which releases the server's first answer fits.
pub(super) type Gathered<T> = (Vec<Row<T>>, VersionRange);

/// Every row of a list whose tied rows come in no certain order, in the order asked for.
pub(super) async fn gather_ties<R: ListRequest>(request: &R, order: &Order, settings: &Settings) -> Result<Vec<Row<R::Item>>, Error> {
    let total = Order::parse::<R>(R::TOTAL_ORDER)?;
    let items = match one_page(request, &total, &settings.watch).await? {
        OnePage::Complete(items) => items,
        OnePage::CutDown => partition_by_partition(request, &total, settings).await?,
    };
    Ok(sorted::<R>(items, order))
}

/// The rows of an answer that is the whole list, in the order asked for.
pub(super) fn whole<R: ListRequest>(items: Vec<R::Item>, order: &Order) -> Result<Vec<Row<R::Item>>, Error> {
    if items.iter().map(R::key).collect::<BTreeSet<_>>().len() == items.len() {
        Ok(sorted::<R>(items, order))
    } else {
        Err(Error::Pagination { page: 1, problem: "has the same row twice".into() })
    }
}

fn sorted<R: ListRequest>(items: Vec<R::Item>, order: &Order) -> Vec<Row<R::Item>> {
    let mut rows = items.into_iter().map(|item| (order.key::<R>(&item), item)).collect::<Vec<_>>();
    rows.sort_by(|(a, _), (b, _)| order.compare(a, b));
    rows
}

enum OnePage<T> {
    Complete(Vec<T>),
    /// The server sends no page with as many rows.
    CutDown,
}

/// One page with every row: it is read from the database in one go, so no row can slip through.
async fn one_page<R: ListRequest>(request: &R, order: &Order, watch: &DriftReporter) -> Result<OnePage<R::Item>, Error> {
    // The first answer only tells the size.
    let mut size = 1;
    let (mut received, mut expected, mut server) = (0, 0, VersionRange::default());
    for _ in 0..=TRIES {
        let page = request.for_page(&order.parameter(), 1, size).send_page(watch).await?;
        let came = page.len();
        (expected, server) = (page.count(), page.span);
        let cut_down = came < size.min(expected) && page.pagination.as_ref().is_some_and(|pagination| pagination.next != 0);
        let mut rows = Rows::<R>::default();
        rows.add(page, watch);
        received = rows.len();
        if received == expected && received == came {
            return Ok(OnePage::Complete(rows.items.into_values().collect()));
        }
        if cut_down {
            return Ok(OnePage::CutDown);
        }
        size = expected;
    }
    let reason = format!("{TRIES} pages of all rows did not have them all");
    Err(Error::Incomplete { expected, received, reason, server })
}

/// Different rows that have come, readable or not.
struct Rows<R: ListRequest> {
    items: BTreeMap<Uuid, R::Item>,
    skipped: BTreeSet<String>,
}

impl<R: ListRequest> Default for Rows<R> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), skipped: BTreeSet::new() }
    }
}

impl<R: ListRequest> Rows<R> {
    fn add(&mut self, page: RawPage<R::Item>, watch: &DriftReporter) {
        self.items.extend(page.items.into_iter().map(|item| (R::key(&item), item)));
        for row in page.skipped {
            row.report(watch, page.number);
            self.skipped.insert(row.identity);
        }
    }

    fn len(&self) -> u64 {
        (self.items.len() + self.skipped.len()) as u64
    }
}

/// One list for each partition, small enough for one page: for bindings, the bindings of each flow.
///
/// Plain page loops, which lose rows, find the first partitions; their rows tell of others. Each further try loops over pages of
/// another size, and so loses other rows.
async fn partition_by_partition<R: ListRequest>(request: &R, order: &Order, settings: &Settings) -> Result<Vec<R::Item>, Error> {
    let Settings { page_size, concurrency, watch } = settings;
    let mut partitions = BTreeSet::new();
    let (mut received, mut expected, mut server) = (0, 0, VersionRange::default());
    for size in (1..=*page_size).rev().take(TRIES) {
        let mut rows = Rows::<R>::default();
        let mut asked = BTreeSet::new();
        let mut pages = page_loop(request.clone(), order, size, watch).await?;
        server = pages.first().map(|page| page.span).unwrap_or_default();
        let counted = pages.iter().map(RawPage::count).collect::<Vec<_>>();
        while !pages.is_empty() {
            for page in pages {
                rows.add(page, watch);
            }
            partitions.extend(rows.items.values().flat_map(R::partitions));
            let new =
                partitions.iter().filter(|partition| asked.insert(**partition)).filter_map(|partition| request.for_partition(*partition));
            let lists = new.map(|list| one_partition(list, order, *page_size, watch)).collect::<Vec<_>>();
            let lists: Vec<_> = stream::iter(lists).buffer_unordered(*concurrency).try_collect().await?;
            pages = lists.into_iter().flatten().collect();
        }
        received = rows.len();
        expected = request.for_page(&order.parameter(), 1, 1).send_page(watch).await?.count();
        // A row that was deleted meanwhile must not stand in for one that did not come.
        if received == expected && counted.iter().all(|count| *count == expected) {
            return Ok(rows.items.into_values().collect());
        }
    }
    let reason =
        "the server neither puts rows in a total order nor sends them all on one page, and its parts do not make up the whole".into();
    Err(Error::Incomplete { expected, received, reason, server })
}

async fn one_partition<R: ListRequest>(
    request: R,
    order: &Order,
    page_size: u64,
    watch: &DriftReporter,
) -> Result<Vec<RawPage<R::Item>>, Error> {
    match page_loop(request, order, page_size, watch).await {
        // What the partition stands for has been deleted.
        Err(error) if error.field_errors().is_some() => Ok(Vec::new()),
        pages => pages,
    }
}

/// Page after page, as they are announced. Rows may be missing, and others come twice.
async fn page_loop<R: ListRequest>(
    request: R,
    order: &Order,
    page_size: u64,
    watch: &DriftReporter,
) -> Result<Vec<RawPage<R::Item>>, Error> {
    let mut pages = Vec::new();
    loop {
        let number = pages.len() as u64 + 1;
        let page = match request.for_page(&order.parameter(), number, page_size).send_page(watch).await {
            Err(error) if error.is_not_found() && number > 1 => return Ok(pages),
            page => page?,
        };
        let more = page.pagination.as_ref().is_some_and(|pagination| pagination.next == number + 1) && page.len() > 0;
        pages.push(page);
        if !more {
            return Ok(pages);
        }
        if number >= MOST_PAGES {
            return Err(Error::Pagination { page: number, problem: "is not the last one, and there is no end to them".into() });
        }
    }
}
