//! A list operation as authentik serves it: count, page, order. Rows are accessed only through [`Table`].

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::query::Query;
use super::release::{PageRules, Release};

/// An error response: status and JSON body. A body of `null` stands for an HTML page.
pub(super) type ErrorResponse = (u16, Value);

/// The rows of one list operation, each with an index.
pub(super) trait Table {
    /// The id of the operation.
    fn id(&self) -> &'static str;
    /// The path below `/api/v3`.
    fn path(&self) -> &'static str;
    /// A number that changes whenever the rows change.
    fn revision(&self) -> u64;
    /// The rows that the filters of a query select.
    fn select(&self, query: &Query<'_>) -> Result<Vec<usize>, ErrorResponse>;
    /// A number that is almost certainly unique to the row.
    fn scatter(&self, row: usize) -> u128;
    /// Compares two rows by a term of `ordering`.
    fn compare(&self, a: usize, b: usize, term: &str) -> Ordering;
    fn order_rules(&self, release: Release) -> OrderRules<'_>;

    /// The row with this key, as written in the path of a request.
    fn find(&self, key: &str) -> Option<usize>;
    /// A row as the release sends it.
    fn get(&self, row: usize, release: Release) -> Option<Value>;
    /// Adds a row with these properties; returns its index.
    fn create(&mut self, properties: Map<String, Value>) -> Result<usize, ErrorResponse>;
    /// Changes properties of a row.
    fn change(&mut self, row: usize, changes: Map<String, Value>) -> Result<(), ErrorResponse>;
    fn delete(&mut self, row: usize);
}

/// How a release orders the rows of an operation.
#[derive(Clone, Copy)]
pub(super) struct OrderRules<'a> {
    pub(super) default_order: &'a [&'static str],
    /// Terms of `ordering` that the release accepts; it ignores others.
    pub(super) sort_terms: &'a [&'static str],
    /// Terms that make the server respond with 500 if all of them are used together.
    pub(super) conflicting_terms: &'a [&'static str],
    /// Terms that together identify a row: an ordering that has all of them leaves no ties.
    pub(super) key: &'a [&'static str],
}

impl PageRules {
    /// The body of a page; a bare array if the server does not paginate.
    pub(super) fn body(&self, rows: Vec<Value>, pagination: Option<Value>) -> Value {
        match pagination {
            None => Value::Array(rows),
            Some(pagination) if self.autocomplete => json!({ "pagination": pagination, "results": rows, "autocomplete": {} }),
            Some(pagination) => json!({ "pagination": pagination, "results": rows }),
        }
    }
}

/// The result of COUNT, before SELECT: the last page ends at this count, no matter how many rows SELECT finds.
pub(super) struct Counted {
    count: u64,
    /// `None` if the server does not paginate.
    page: Option<Page>,
}

struct Page {
    number: u64,
    size: u64,
    last: u64,
}

/// The rows of one page, by index, and the object `pagination`.
pub(super) struct Selected {
    pub(super) rows: Vec<usize>,
    /// `None` if the server does not paginate.
    pub(super) pagination: Option<Value>,
}

/// The operation, the query without `page` and `page_size`, the revision of the rows, and the size of the heap: see [`select`].
type SortedBy = (&'static str, Vec<(String, String)>, u64, u64);

/// Caches the sorted rows of the last query, because sorting 200,000 rows again for each of 2,000 pages takes minutes.
#[derive(Default)]
pub(super) struct SortCache {
    sorted_by: Option<SortedBy>,
    rows: Arc<Vec<usize>>,
}

/// Counts the rows that the filters select, and validates the page number against that count.
pub(super) fn count(query: &Query<'_>, table: &dyn Table, rules: &PageRules) -> Result<Counted, ErrorResponse> {
    let count = table.select(query)?.len() as u64;
    let requested = query.get("page_size").and_then(|size| size.parse::<u64>().ok()).filter(|size| *size > 0);
    if requested.is_some() && rules.largest_size == Some(0) {
        return Ok(Counted { count, page: None });
    }
    let size = requested.unwrap_or(rules.default_size).min(rules.largest_size.unwrap_or(u64::MAX)).max(1);
    let last = count.div_ceil(size).max(1);
    let number = match query.raw("page") {
        None => 1,
        Some("") if rules.empty_number_is_first => 1,
        Some("last") => last,
        Some(number) => number.parse().ok().filter(|page| (1..=last).contains(page)).ok_or((404, json!({"detail": "Invalid page."})))?,
    };
    Ok(Counted { count, page: Some(Page { number, size, last }) })
}

/// Selects the rows of the page. They may have changed since they were counted.
pub(super) fn select(
    counted: &Counted,
    query: &Query<'_>,
    table: &dyn Table,
    rules: OrderRules<'_>,
    cache: &mut SortCache,
) -> Result<Selected, ErrorResponse> {
    let count = counted.count;
    let Some(Page { number, size, last }) = counted.page else {
        let rows = sort(query, table, rules, 0, cache)?;
        return Ok(Selected { rows: rows.to_vec(), pagination: None });
    };
    let bound = number.saturating_mul(size);
    let (start, end) = ((number - 1).saturating_mul(size), bound.min(count));
    // PostgreSQL uses a top-N heapsort of `bound` rows for a page that ends in the first half, and sorts all rows for a later one.
    let heap = if bound.saturating_mul(2) >= count { 0 } else { bound };
    let sorted = sort(query, table, rules, heap, cache)?;
    let pagination = json!({
        "next": if number < last { number + 1 } else { 0 },
        "previous": number - 1,
        "count": count,
        "current": number,
        "total_pages": last,
        "start_index": if count == 0 { 0 } else { start + 1 },
        "end_index": end,
    });
    let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let rows = sorted.iter().copied().take(index(end)).skip(index(start)).collect();
    Ok(Selected { rows, pagination: Some(pagination) })
}

/// The rows that the filters select, in order. The order of tied rows differs for each size of the heap, but
/// is always the same for the same size.
fn sort(
    query: &Query<'_>,
    table: &dyn Table,
    rules: OrderRules<'_>,
    heap: u64,
    cache: &mut SortCache,
) -> Result<Arc<Vec<usize>>, ErrorResponse> {
    let terms = sort_terms(query.get("ordering").unwrap_or_default(), rules);
    let has_all = |names: &[&str]| !names.is_empty() && names.iter().all(|name| terms.iter().any(|(term, _)| term == name));
    if has_all(rules.conflicting_terms) {
        return Err((500, Value::Null));
    }
    let heap = if has_all(rules.key) { 0 } else { heap };
    let sorted_by = (table.id(), query.without_page(), table.revision(), heap);
    if cache.sorted_by.as_ref() != Some(&sorted_by) {
        let mut rows = table.select(query)?;
        rows.sort_by_cached_key(|row| scramble(table.scatter(*row), heap));
        rows.sort_by(|a, b| {
            let by_term = terms.iter().map(|(name, descending)| match descending {
                true => table.compare(*b, *a, name),
                false => table.compare(*a, *b, name),
            });
            by_term.fold(Ordering::Equal, Ordering::then)
        });
        *cache = SortCache { sorted_by: Some(sorted_by), rows: Arc::new(rows) };
    }
    Ok(Arc::clone(&cache.rows))
}

/// The terms of `ordering` that the release accepts, each with whether it is descending; the default order if there are none.
fn sort_terms<'a>(ordering: &'a str, rules: OrderRules<'_>) -> Vec<(&'a str, bool)> {
    let requested = ordering.split(',').map(str::trim).map(|term| term.strip_prefix('-').map_or((term, false), |name| (name, true)));
    let accepted = requested.filter(|(name, _)| rules.sort_terms.contains(name)).collect::<Vec<_>>();
    if accepted.is_empty() { rules.default_order.iter().map(|name| (*name, false)).collect() } else { accepted }
}

/// The sort key of a tied row: the finalizer of SplitMix64 over [`Table::scatter`] and the size of the heap.
fn scramble(key: u128, heap: u64) -> u64 {
    #[allow(clippy::cast_possible_truncation, reason = "the two halves of the key")]
    let (high, low) = ((key >> 64) as u64, key as u64);
    let mut hash = high ^ low.rotate_left(32) ^ heap.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
