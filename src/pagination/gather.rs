//! What is left when a walk cannot have the order asked for: gather every row in another way, and sort here.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use super::order::{Order, Progress, Row};
use super::walk::{Fault, Walk};
use super::{ListRequest, RawPage};
use crate::Error;

/// How often a list that changes while it is gathered is gathered anew.
const TRIES: usize = 4;

/// Every row of the list in the order asked for, by the cheapest way that the server allows.
pub(super) async fn gather<R: ListRequest>(
    request: &R,
    order: &Order,
    page_size: u64,
    concurrency: usize,
) -> Result<Vec<Row<R::Item>>, Error> {
    let total = Order::parse::<R>(R::TOTAL_ORDER)?;
    let items = match walk_through(request.clone(), &total, page_size, concurrency).await {
        Ok(items) => items,
        Err(Fault::Whole(items)) => return whole::<R>(items, order),
        Err(Fault::Failed(error)) => return Err(error),
        Err(Fault::Disorder) => gather_ties(request, &total, page_size, concurrency).await?,
    };
    Ok(sorted::<R>(items, order))
}

/// Every row of a list whose tied rows come in no certain order.
pub(super) async fn gather_ties<R: ListRequest>(
    request: &R,
    total: &Order,
    page_size: u64,
    concurrency: usize,
) -> Result<Vec<R::Item>, Error> {
    match one_page(request, total).await? {
        OnePage::Complete(items) => Ok(items),
        OnePage::CutDown => partition_by_partition(request, total, page_size, concurrency).await,
    }
}

/// The rows of an answer that is the whole list, in the order asked for.
pub(super) fn whole<R: ListRequest>(items: Vec<R::Item>, order: &Order) -> Result<Vec<Row<R::Item>>, Error> {
    if keys::<R>(&items).len() == items.len() {
        Ok(sorted::<R>(items, order))
    } else {
        Err(Error::Pagination { page: 1, problem: "has the same row twice".into() })
    }
}

pub(super) fn sorted<R: ListRequest>(items: Vec<R::Item>, order: &Order) -> Vec<Row<R::Item>> {
    let mut rows = items.into_iter().map(|item| (order.key::<R>(&item), item)).collect::<Vec<_>>();
    rows.sort_by(|(a, _), (b, _)| order.compare(a, b));
    rows
}

fn keys<R: ListRequest>(items: &[R::Item]) -> BTreeSet<Uuid> {
    items.iter().map(R::key).collect()
}

async fn walk_through<R: ListRequest>(
    request: R,
    order: &Order,
    page_size: u64,
    concurrency: usize,
) -> Result<Vec<R::Item>, Fault<R::Item>> {
    let mut walk = Walk::new(request, order.clone(), page_size, concurrency, u64::MAX, Progress::default());
    let mut items = Vec::new();
    while let Some(batch) = walk.next().await? {
        items.extend(batch.rows.into_iter().map(|(_, item)| item));
    }
    Ok(items)
}

enum OnePage<T> {
    Complete(Vec<T>),
    /// The server sends no page with as many rows.
    CutDown,
}

/// One page with every row: it is read from the database in one go, so no row can slip through.
async fn one_page<R: ListRequest>(request: &R, order: &Order) -> Result<OnePage<R::Item>, Error> {
    let mut size = 1;
    let (mut received, mut expected) = (0, 0);
    // The first answer only tells the size.
    for _ in 0..=TRIES {
        let RawPage { pagination, items } = request.for_page(&order.parameter(), 1, size).send_page().await?;
        let Some(pagination) = pagination else { return Ok(OnePage::Complete(items)) };
        (expected, received) = (pagination.count, keys::<R>(&items).len() as u64);
        if received == expected {
            return Ok(OnePage::Complete(items));
        }
        if (items.len() as u64) < size.min(expected) && pagination.next != 0 {
            return Ok(OnePage::CutDown);
        }
        size = expected;
    }
    Err(Error::Incomplete { expected, received, reason: format!("{TRIES} pages of all rows did not have them all") })
}

/// One list for each partition, small enough for one page: for bindings, the bindings of each flow.
///
/// Plain page loops, which lose rows, find the first partitions; their rows tell of others. Each further try loops over pages of
/// another size, and so loses other rows.
async fn partition_by_partition<R: ListRequest>(
    request: &R,
    order: &Order,
    page_size: u64,
    concurrency: usize,
) -> Result<Vec<R::Item>, Error> {
    let mut partitions = BTreeSet::new();
    let (mut received, mut expected) = (0, 0);
    for size in (1..=page_size).rev().take(TRIES) {
        let mut rows = BTreeMap::new();
        for item in page_loop(request, order, size).await? {
            partitions.extend(R::partitions(&item));
            rows.insert(R::key(&item), item);
        }
        let mut waiting = partitions.iter().copied().collect::<Vec<_>>();
        while !waiting.is_empty() {
            let lists = waiting.drain(..).filter_map(|partition| request.for_partition(partition));
            let lists = lists.map(|list| one_partition(list, order, page_size)).collect::<Vec<_>>();
            let lists: Vec<_> = stream::iter(lists).buffer_unordered(concurrency).try_collect().await?;
            for item in lists.into_iter().flatten() {
                waiting.extend(R::partitions(&item).into_iter().filter(|partition| partitions.insert(*partition)));
                rows.insert(R::key(&item), item);
            }
        }
        received = rows.len() as u64;
        expected = request.for_page(&order.parameter(), 1, 1).send_page().await?.count();
        if received == expected {
            return Ok(rows.into_values().collect());
        }
    }
    let reason =
        "the server neither puts rows in a total order nor sends them all on one page, and its parts do not make up the whole".into();
    Err(Error::Incomplete { expected, received, reason })
}

/// The rows of a partition; those that pages show, where the partition has more than a page.
async fn one_partition<R: ListRequest>(request: R, order: &Order, page_size: u64) -> Result<Vec<R::Item>, Error> {
    match walk_through(request.clone(), order, page_size, 1).await {
        Ok(items) | Err(Fault::Whole(items)) => Ok(items),
        Err(Fault::Disorder) => page_loop(&request, order, page_size).await,
        // What the partition stands for has been deleted.
        Err(Fault::Failed(error)) if error.field_errors().is_some() => Ok(Vec::new()),
        Err(Fault::Failed(error)) => Err(error),
    }
}

/// Page after page, as they are announced. Rows may be missing, and others come twice.
async fn page_loop<R: ListRequest>(request: &R, order: &Order, page_size: u64) -> Result<Vec<R::Item>, Error> {
    let mut items = Vec::new();
    let mut page = 1;
    loop {
        let answer = match request.for_page(&order.parameter(), page, page_size).send_page().await {
            Err(error) if error.is_not_found() && page > 1 => return Ok(items),
            answer => answer?,
        };
        let more = answer.pagination.as_ref().is_some_and(|pagination| pagination.next == page + 1) && !answer.items.is_empty();
        items.extend(answer.items);
        if !more {
            return Ok(items);
        }
        page += 1;
    }
}
