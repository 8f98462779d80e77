use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::server::{Change, Row, Server, Sorting, collate, serve};
use super::{BY_GROUP, BY_GROUP_AND_NUMBER, BY_GROUP_AND_SLUG, BY_NULLABLE, BY_NUMBER, BY_SLUG, paginate};
use crate::Error;
use crate::pagination::{Operation, Paginator, Position};

/// A row whose keys are unrelated to each other and to the order of insertion. No two numbers share a slug.
fn row(number: i64) -> Row {
    let mut rng = fastrand::Rng::with_seed(u64::from_be_bytes(number.to_be_bytes()));
    let letters = ["a", "B", "c", "D", "e", "É", "z"];
    let mark = ["-", "_", "", " "][rng.usize(..4)];
    let slug = format!("{}{mark}{}{number}", letters[rng.usize(..7)], letters[rng.usize(..7)]);
    Row { number: number.wrapping_mul(0x1003f) % 100_003, slug, group: rng.i64(0..12), nullable: Some(number) }
}

#[derive(Clone, Debug)]
struct Case {
    rows: i64,
    key: usize,
    sorting: Sorting,
    page_size: u64,
    largest_page: Option<usize>,
    concurrency: usize,
    changes: Vec<Change>,
}

const KEYS: [&Operation<Row>; 4] = [&BY_SLUG, &BY_NUMBER, &BY_GROUP_AND_NUMBER, &BY_GROUP_AND_SLUG];

fn case(changes: impl Strategy<Value = Vec<Change>>) -> impl Strategy<Value = Case> {
    let sorting = prop_oneof![
        5 => Just(Sorting::AsAsked),
        1 => Just(Sorting::FirstTerm),
        1 => Just(Sorting::Fixed),
        1 => Just(Sorting::FixedWithTies),
    ];
    let rows = prop_oneof![1 => 0..20_i64, 3 => 0..200_i64, 1 => 200..600_i64];
    let page_size = prop_oneof![2..12_u64, 5..60_u64, Just(100)];
    let largest_page = prop_oneof![4 => Just(None), 1 => (3..60_usize).prop_map(Some)];
    (rows, 0..KEYS.len(), sorting, page_size, largest_page, 1..5_usize, changes).prop_map(
        |(rows, key, sorting, page_size, largest_page, concurrency, changes)| Case {
            rows,
            key,
            sorting,
            page_size,
            largest_page,
            concurrency,
            changes,
        },
    )
}

fn some_changes() -> impl Strategy<Value = Vec<Change>> {
    // Most deletions remove neighboring rows, some of which are the ones at which pages overlap.
    let delete = prop_oneof![
        prop::collection::vec(0..200_usize, 0..8),
        (0..200_usize, 0..30_usize).prop_map(|(from, rows)| (from..from + rows).collect()),
    ];
    let insert = prop::collection::vec((1_000..1_400_i64).prop_map(row), 0..12);
    let change = (1..12_usize, any::<bool>(), delete, insert);
    let change =
        change.prop_map(|(request, between_count_and_select, delete, insert)| Change { request, between_count_and_select, delete, insert });
    prop::collection::vec(change, 1..5)
}

/// Whether every row has a unique place in the server's order: only if it sorts by the whole key.
fn sorts_by_key(case: &Case) -> bool {
    case.sorting == Sorting::AsAsked || case.sorting == Sorting::FirstTerm && KEYS[case.key].key.len() == 1
}

async fn check(case: &Case) -> Result<bool, TestCaseError> {
    let rows = (0..case.rows).map(row).collect::<Vec<_>>();
    let Case { sorting, largest_page, changes, .. } = case.clone();
    let (address, server) = serve(Server { rows: rows.clone(), sorting, largest_page, changes, requests: Vec::new() }).await;
    let listing = paginate(&address, "", KEYS[case.key]).page_size(case.page_size).concurrency(case.concurrency);
    let outcome = listing.collect().await;
    let server = server.lock().unwrap();

    prop_assert!(server.requests.len() < 300 + 12 * rows.len(), "{} requests", server.requests.len());
    let received = match outcome {
        Ok(received) => received,
        Err(Error::Incomplete { .. }) if may_be_incomplete(case) => return Ok(false),
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let numbers = received.iter().map(|row| row.number).collect::<BTreeSet<_>>();
    prop_assert_eq!(numbers.len(), received.len(), "a row was returned twice");
    if case.changes.is_empty() || sorts_by_key(case) {
        for row in rows.iter().filter(|row| server.rows.contains(row)) {
            prop_assert!(numbers.contains(&row.number), "a row that existed throughout is missing: {row:?}");
        }
    }
    Ok(true)
}

fn may_be_incomplete(case: &Case) -> bool {
    !case.changes.is_empty() || case.largest_page.is_some() && !sorts_by_key(case) || case.largest_page.is_some_and(|rows| rows < 11)
}

fn run(cases: u32, strategy: &impl Strategy<Value = Case>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = std::env::var("PROPTEST_CASES").map_or(cases, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let complete = std::cell::Cell::new(0);
    let outcome = TestRunner::new(config).run(strategy, |case| {
        complete.set(complete.get() + u32::from(runtime.block_on(check(&case))?));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    println!("{} of {cases} listings were complete", complete.get());
    assert!(complete.get() > cases / 2, "only {} of {cases} listings were complete", complete.get());
}

#[test]
fn keys_of_every_kind_are_listed_once() {
    run(50, &case(Just(Vec::new())));
}

#[test]
fn keys_of_every_kind_are_listed_once_while_rows_change() {
    run(50, &case(some_changes()));
}

async fn server_of(rows: i64, sorting: Sorting) -> (String, std::sync::Arc<std::sync::Mutex<Server>>) {
    let rows = (0..rows).map(row).collect();
    serve(Server { rows, sorting, largest_page: Some(100), changes: Vec::new(), requests: Vec::new() }).await
}

async fn failure(listing: Paginator<Row>) -> Error {
    listing.collect().await.map(|rows| rows.len()).unwrap_err()
}

#[tokio::test]
async fn texts_are_collected_in_the_order_of_the_server_and_sorted_by_code_point() {
    let (address, server) = server_of(250, Sorting::AsAsked).await;
    let rows = paginate(&address, "", &BY_SLUG).collect().await.unwrap();
    assert_eq!(rows.len(), 250);
    assert!(rows.is_sorted_by(|a, b| a.slug < b.slug));
    assert!(!rows.is_sorted_by(|a, b| collate(&a.slug, &b.slug).is_lt()), "the rows are still in the server's order");
    let sizes = server.lock().unwrap().requests.iter().map(|(_, size)| *size).collect::<Vec<_>>();
    assert!(sizes.len() <= 4, "{sizes:?}");

    // The first rows in the client's order are not the first ones in the server's order.
    let first = paginate(&address, "", &BY_SLUG).max_items(3).collect().await.unwrap();
    assert_eq!(first, rows[..3]);
    let first = paginate(&address, "ordering=slug,number", &BY_NUMBER).max_items(3).collect().await.unwrap();
    assert_eq!(first, rows[..3]);
}

#[tokio::test]
async fn a_listing_by_text_resumes_after_a_deleted_row() {
    let (address, server) = server_of(120, Sorting::AsAsked).await;
    let mut items = paginate(&address, "", &BY_SLUG).items();
    let mut rows = Vec::new();
    for _ in 0..50 {
        rows.push(items.try_next().await.unwrap().unwrap());
    }
    let position = serde_json::to_string(&items.position().unwrap()).unwrap();
    server.lock().unwrap().rows.retain(|row| *row != rows[49]);
    let position = serde_json::from_str::<Position>(&position).unwrap();
    rows.extend(paginate(&address, "", &BY_SLUG).resume(position).collect().await.unwrap());
    assert_eq!(rows.len(), 120);
    assert!(rows.is_sorted_by(|a, b| a.slug < b.slug));
}

#[tokio::test]
async fn all_terms_of_a_composite_key_are_requested_in_the_same_direction() {
    let (address, server) = server_of(30, Sorting::AsAsked).await;
    let rows = paginate(&address, "", &BY_GROUP_AND_NUMBER).page_size(20).collect().await.unwrap();
    assert!(rows.len() == 30 && rows.is_sorted_by_key(|row| (row.group, row.number)));
    let orderings = server.lock().unwrap().requests.iter().map(|(ordering, _)| ordering.clone()).collect::<BTreeSet<_>>();
    assert_eq!(orderings, BTreeSet::from(["group,number".to_owned(), "-group,-number".to_owned()]));
}

#[tokio::test]
async fn rows_with_ambiguous_keys_end_in_an_error() {
    let (address, server) = server_of(60, Sorting::AsAsked).await;
    let error = failure(paginate(&address, "", &BY_GROUP)).await;
    assert!(matches!(error, Error::Incomplete { expected: 60, .. }), "{error}");
    assert!(error.to_string().contains("two rows on one page have the same `group`"), "{error}");

    assert_eq!(paginate(&address, "", &BY_NULLABLE).collect().await.unwrap().len(), 60);
    server.lock().unwrap().rows[7].nullable = None;
    let error = failure(paginate(&address, "", &BY_NULLABLE)).await;
    assert!(error.to_string().contains("a row without `nullable` cannot be distinguished from others"), "{error}");
    server.lock().unwrap().sorting = Sorting::Fixed;
    let error = failure(paginate(&address, "", &BY_NULLABLE)).await;
    assert!(error.to_string().contains("a row without `nullable`"), "{error}");
}

#[tokio::test]
async fn a_server_that_ignores_a_text_key_in_ordering_is_detected() {
    for sorting in [Sorting::Fixed, Sorting::FixedWithTies] {
        let (address, _server) = server_of(90, sorting).await;
        assert_eq!(paginate(&address, "", &BY_SLUG).collect().await.unwrap().len(), 90, "{sorting:?}: one page has every row");
    }
    let (address, _server) = server_of(250, Sorting::FixedWithTies).await;
    let error = failure(paginate(&address, "", &BY_SLUG)).await;
    assert!(matches!(error, Error::Incomplete { expected: 250, .. }), "{error}");
}
