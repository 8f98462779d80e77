//! What `paginate()` does on each kind of server, one strategy and one oddity at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authentik_flow_bindings::pagination::Position;
use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, Fault, ReceivedRequest, Release, bindings};
use authentik_flow_bindings::{Error, FlowStageBinding};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

fn fake(release: Release, rows: usize) -> FakeAuthentikBuilder {
    FakeAuthentik::builder().release(release).generated(rows, rows / 6 + 1)
}

/// Rows without ties, so that nothing but the count and the places tell of changes.
fn untied(rows: usize) -> Vec<FlowStageBinding> {
    let mut bindings = bindings(rows, rows / 6 + 1);
    for (place, binding) in bindings.iter_mut().enumerate() {
        binding.order = i64::try_from(place).unwrap();
    }
    bindings
}

async fn collect(server: &FakeAuthentik) -> Result<Vec<FlowStageBinding>, Error> {
    server.client().flows_bindings_list().paginate().collect().await
}

fn sizes(requests: &[ReceivedRequest]) -> Vec<u64> {
    requests.iter().map(|request| request.parameter("page_size").unwrap().parse().unwrap()).collect()
}

fn pk(row: &FlowStageBinding) -> uuid::Uuid {
    row.pk
}

// --- strategies -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_list_in_total_order_is_walked_in_overlapping_pages() {
    let server = fake(Release::V2025_12, 1_240).start().await.unwrap();
    // One at a time: the order in which requests arrive is what is looked at.
    let rows = server.client().flows_bindings_list().paginate().concurrency(1).collect().await.unwrap();
    assert_eq!(rows.len(), 1_240);
    assert!(rows.windows(2).all(|pair| (pair[0].order, pair[0].pk) < (pair[1].order, pair[1].pk)));

    let requests = server.received();
    assert!((13..=15).contains(&requests.len()), "{} requests", requests.len());
    assert!(requests.iter().all(|request| request.parameter("ordering") == Some("order,pk")));
    let mut end = 0;
    for request in &requests {
        let (page, size): (u64, u64) = (request.parameter("page").unwrap().parse().unwrap(), sizes(std::slice::from_ref(request))[0]);
        assert!(size <= 100);
        assert!(end == 0 || (page - 1) * size < end, "page {page} of {size} begins behind row {end}");
        end = page * size;
    }
}

#[tokio::test]
async fn ties_in_no_certain_order_are_read_on_one_page() {
    let server = fake(Release::V2025_6, 1_240).start().await.unwrap();
    assert_eq!(collect(&server).await.unwrap().len(), 1_240);
    assert_eq!(sizes(&server.received()), [100, 1, 1_240]);
}

#[tokio::test]
async fn ties_in_no_certain_order_on_small_pages_are_read_flow_by_flow() {
    let server = fake(Release::V2025_6, 600).page_sizes(20, Some(50)).start().await.unwrap();
    assert_eq!(collect(&server).await.unwrap().len(), 600);
    let targets: std::collections::BTreeSet<_> =
        server.received().iter().filter_map(|request| request.parameter("target").map(str::to_owned)).collect();
    assert_eq!(targets.len(), 101);
}

#[tokio::test]
async fn a_small_list_takes_one_request_on_every_release() {
    for release in Release::ALL {
        let server = fake(release, 90).start().await.unwrap();
        let rows = collect(&server).await.unwrap();
        assert!(rows.windows(2).all(|pair| (pair[0].order, pair[0].pk) < (pair[1].order, pair[1].pk)), "{release}");
        assert_eq!((rows.len(), server.received().len()), (90, 1), "{release}");
    }
}

#[tokio::test]
async fn an_order_of_the_caller_is_kept_on_every_release() {
    for release in Release::ALL {
        let server = fake(release, 300).start().await.unwrap();
        let list = async |ordering: &str| server.client().flows_bindings_list().ordering(ordering).paginate().collect().await.unwrap();
        let rows = list("order").await;
        assert!(rows.len() == 300 && rows.windows(2).all(|pair| (pair[0].order, pair[0].pk) < (pair[1].order, pair[1].pk)), "{release}");
        let rows = list("-order,pk").await;
        assert!(rows.len() == 300 && rows.windows(2).all(|pair| (pair[1].order, pair[0].pk) < (pair[0].order, pair[1].pk)), "{release}");
        let rows = list("target__uuid,order").await;
        assert!(rows.len() == 300 && rows.is_sorted_by_key(|row| (row.target, row.order, row.pk)), "{release}");
        let rows = list("-stage__name").await;
        assert!(rows.len() == 300 && rows.windows(2).all(|pair| pair[0].stage_obj.name >= pair[1].stage_obj.name), "{release}");
    }
}

#[tokio::test]
async fn an_order_that_no_row_has_is_refused_without_a_request() {
    let server = fake(Release::V2025_12, 10).start().await.unwrap();
    let error = server.client().flows_bindings_list().ordering("-color").paginate().collect().await.unwrap_err();
    assert!(error.to_string().contains("rows cannot be ordered by `color`: use one of order, pk,"), "{error}");
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_server_without_pages_sends_everything_at_once() {
    for release in Release::ALL {
        let server = fake(release, 300).page_sizes(20, Some(0)).start().await.unwrap();
        let rows = collect(&server).await.unwrap();
        assert!(rows.len() == 300 && rows.is_sorted_by_key(|row| (row.order, row.pk)), "{release}");
        assert_eq!(server.client().flows_bindings_list().paginate().count().await.unwrap(), 300, "{release}");
    }
}

// --- changes --------------------------------------------------------------------------------------------------------

/// Rows that were read go, as many come at the end: `count` stays, and a loop by pages loses as many rows as went.
#[tokio::test]
async fn rows_that_move_up_unseen_are_not_lost() {
    let rows = bindings(400, 4);
    let server = FakeAuthentik::builder()
        .release(Release::V2025_12)
        .bindings(rows.iter().take(390).cloned())
        .before_request(3, move |rows_now| {
            let mut first = rows_now.iter().map(|row| (row.order, row.pk)).collect::<Vec<_>>();
            first.sort_unstable();
            for (_, pk) in first.into_iter().take(10) {
                rows_now.remove(pk);
            }
            rows_now.extend(rows[390..].iter().cloned().map(|mut row| {
                row.order = i64::MAX;
                row
            }));
        })
        .start()
        .await
        .unwrap();
    let received = server.client().flows_bindings_list().paginate().page_size(50).concurrency(1).collect().await.unwrap();
    let keys: std::collections::BTreeSet<_> = received.iter().map(pk).collect();
    assert_eq!(keys.len(), received.len());
    server.with_rows(|rows| assert!(rows.iter().all(|row| keys.contains(&row.pk))));
}

/// Somebody sorts the stages of a flow: the rows were there throughout, and only their places changed.
#[tokio::test]
async fn rows_that_are_moved_past_the_walk_come_once() {
    for release in [Release::V2024_2, Release::V2025_10, Release::V2025_12] {
        for (from, to) in [(350, i64::MIN), (5, i64::MAX)] {
            let server = fake(release, 400)
                .before_request(4, move |rows| {
                    let mut all = rows.iter().map(|row| (row.order, row.pk)).collect::<Vec<_>>();
                    all.sort_unstable();
                    let mut row = rows.remove(all[from].1).unwrap();
                    row.order = to;
                    rows.insert(row);
                })
                .start()
                .await
                .unwrap();
            let rows = server.client().flows_bindings_list().paginate().page_size(50).concurrency(1).collect().await.unwrap();
            let keys: std::collections::BTreeSet<_> = rows.iter().map(pk).collect();
            assert_eq!((rows.len(), keys.len()), (400, 400), "{release}, row {from}");
        }
    }
}

/// Without ties nothing has shown yet that the server orders them: one request for rows by primary key does.
#[tokio::test]
async fn one_change_does_not_leave_the_walk_on_a_server_in_order() {
    let server = FakeAuthentik::builder()
        .release(Release::V2025_12)
        .bindings(untied(1_240))
        .before_request(5, |rows| {
            let pk = rows.iter().next().unwrap().pk;
            rows.remove(pk);
        })
        .start()
        .await
        .unwrap();
    assert!(collect(&server).await.unwrap().len() >= 1_239);
    let requests = server.received();
    assert!(requests.len() < 35, "{} requests", requests.len());
    assert!(requests.iter().all(|request| request.parameter("target").is_none()));
}

/// A filter on one flow leaves nothing to divide; rows that go meanwhile must not stand in for others.
#[tokio::test]
async fn deletions_in_one_flow_hide_no_row() {
    let delete_first = |rows: &mut authentik_flow_bindings::testing::Rows| {
        let first = rows.iter().min_by_key(|row| row.order).unwrap().pk;
        rows.remove(first);
    };
    let mut rows = bindings(250, 1);
    for (place, row) in rows.iter_mut().enumerate() {
        row.order = i64::try_from(place).unwrap();
    }
    let target = rows[0].target;
    let server =
        FakeAuthentik::builder().release(Release::V2025_12).bindings(rows).before_request(3, delete_first).before_request(8, delete_first);
    let server = server.start().await.unwrap();
    let rows = server.client().flows_bindings_list().target(target).paginate().page_size(50).concurrency(1).collect().await.unwrap();
    let keys: std::collections::BTreeSet<_> = rows.iter().map(pk).collect();
    server.with_rows(|rows| assert!(rows.iter().all(|row| keys.contains(&row.pk))));
}

#[tokio::test]
async fn a_page_size_of_any_number_is_quick() {
    let server = fake(Release::V2025_10, 500).start().await.unwrap();
    let rows = server.client().flows_bindings_list().paginate().page_size(u64::MAX).collect().await.unwrap();
    assert_eq!((rows.len(), server.received().len()), (500, 1));
}

#[tokio::test]
async fn a_position_that_cannot_be_is_refused() {
    let server = fake(Release::V2025_12, 200).start().await.unwrap();
    let client = server.client();
    let mut items = client.flows_bindings_list().paginate().items();
    items.try_next().await.unwrap();
    let good = serde_json::to_value(items.position().unwrap()).unwrap();
    for (name, value) in [("rows", json!(u64::MAX)), ("last", json!([])), ("last", Value::Null)] {
        let mut bad = good.clone();
        bad[name] = value;
        let position: Position = serde_json::from_value(bad).unwrap();
        let error = client.flows_bindings_list().paginate().resume(position).collect().await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
    }
    let mut alien = good.clone();
    alien["last"][0] = json!({"Text": "x"});
    let error = client.flows_bindings_list().paginate().resume(serde_json::from_value(alien).unwrap()).collect().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");

    // A list that has become much shorter than where the listing stood.
    let mut far = good;
    far["rows"] = json!(100_000);
    let rest = client.flows_bindings_list().paginate().resume(serde_json::from_value(far).unwrap()).collect().await.unwrap();
    assert_eq!(rest.len(), 199);
}

#[tokio::test]
async fn a_list_that_becomes_shorter_than_an_announced_page_is_listed() {
    let server = fake(Release::V2025_12, 300)
        .before_request(3, |rows| {
            let mut all = rows.iter().map(|row| (row.order, row.pk)).collect::<Vec<_>>();
            all.sort_unstable();
            for (_, pk) in &all[60..] {
                rows.remove(*pk);
            }
        })
        .start()
        .await
        .unwrap();
    let received = server.client().flows_bindings_list().paginate().page_size(50).concurrency(1).collect().await.unwrap();
    let keys: std::collections::BTreeSet<_> = received.iter().map(pk).collect();
    server.with_rows(|rows| assert!(rows.iter().all(|row| keys.contains(&row.pk))));
}

#[tokio::test]
async fn a_snapshot_is_taken_until_two_passes_agree() {
    let server = fake(Release::V2025_12, 150)
        .before_request(3, |rows| {
            let pk = rows.iter().next().unwrap().pk;
            rows.remove(pk);
        })
        .start()
        .await
        .unwrap();
    let rows = server.client().flows_bindings_list().paginate().snapshot().await.unwrap();
    assert_eq!(rows.len(), 149);
    assert_eq!(server.received().len(), 6, "three passes of two pages");

    let number = Arc::new(AtomicUsize::new(0));
    let server = fake(Release::V2025_12, 10)
        .tamper(move |_, answer| answer["results"][3]["pk"] = json!(uuid::Uuid::from_u128(number.fetch_add(1, Ordering::Relaxed) as u128)))
        .start()
        .await
        .unwrap();
    let error = server.client().flows_bindings_list().paginate().snapshot().await.unwrap_err();
    assert!(matches!(error, Error::Unsettled { .. }), "{error}");
}

/// The signed link of a picture differs from read to read; the row is the same.
#[tokio::test]
async fn a_snapshot_compares_rows_and_places_only() {
    let number = Arc::new(AtomicUsize::new(0));
    let server = fake(Release::V2025_12, 10)
        .tamper(move |_, answer| {
            answer["results"][3]["stage_obj"]["flow_set"][0]["background_url"] =
                json!(format!("/bg.jpg?token={}", number.fetch_add(1, Ordering::Relaxed)));
        })
        .start()
        .await
        .unwrap();
    assert_eq!(server.client().flows_bindings_list().paginate().snapshot().await.unwrap().len(), 10);
    assert_eq!(server.received().len(), 2);
}

// --- nonsense -------------------------------------------------------------------------------------------------------

/// Lists 500 rows of a server that says what `tamper` makes of the truth.
async fn list_nonsense(tamper: impl FnMut(&ReceivedRequest, &mut Value) + Send + 'static) -> (Result<Vec<FlowStageBinding>, Error>, usize) {
    let server = fake(Release::V2025_12, 500).tamper(tamper).start().await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(30), collect(&server)).await.expect("the listing does not end");
    (outcome, server.received().len())
}

fn is_page(request: &ReceivedRequest, page: u64) -> bool {
    request.parameter("page") == Some(&page.to_string())
}

#[tokio::test]
async fn nonsense_about_pages_is_an_error_that_names_the_page() {
    type Tamper = fn(&ReceivedRequest, &mut Value);
    let cases: [(&str, Tamper); 6] = [
        ("page 2 announces page 2 as the next, where 3 is due", |request, answer| {
            if is_page(request, 2) {
                answer["pagination"]["next"] = 2.into();
            }
        }),
        ("page 2 announces page 0 as the next, where 3 is due", |request, answer| {
            if is_page(request, 2) {
                answer["pagination"]["next"] = 0.into();
            }
        }),
        ("page 3 was asked for, and page 7 was answered", |request, answer| {
            if is_page(request, 3) {
                answer["pagination"]["current"] = 7.into();
            }
        }),
        ("500 rows were received: page 3 of 98 rows had 0, where 98 were due", |request, answer| {
            if is_page(request, 3) {
                answer["results"] = json!([]);
            }
        }),
        ("500 rows were received: page 2 of 99 rows had 98, where 99 were due", |request, answer| {
            if is_page(request, 2) {
                answer["results"].as_array_mut().unwrap().remove(50);
            }
        }),
        ("page 1 has 101 rows, where at most 100 were asked for", |request, answer| {
            if is_page(request, 1) {
                let row = answer["results"][0].clone();
                answer["results"].as_array_mut().unwrap().push(row);
            }
        }),
    ];
    for (message, tamper) in cases {
        let (outcome, requests) = list_nonsense(tamper).await;
        let error = outcome.expect_err(message);
        assert!(error.to_string().contains(message), "{message} is not in: {error}");
        assert!(requests < 40, "{requests} requests");
    }
}

/// Page 1 in the place of page 2, with the numbers of page 2.
#[tokio::test]
async fn a_page_that_is_sent_twice_ends_in_an_error_or_in_every_row() {
    let first = Arc::new(std::sync::Mutex::new(Value::Null));
    let (outcome, requests) = list_nonsense(move |request, answer| {
        let mut first = first.lock().unwrap();
        if is_page(request, 1) {
            *first = answer["results"].clone();
        } else if request.parameter("page_size") == Some("99") {
            answer["results"] = first.as_array().unwrap()[..99].to_vec().into();
        }
    })
    .await;
    assert!(requests < 60, "{requests} requests");
    match outcome {
        Ok(rows) => assert_eq!(rows.iter().map(pk).collect::<std::collections::BTreeSet<_>>().len(), 500),
        Err(error) => assert!(matches!(error, Error::Incomplete { .. } | Error::Pagination { .. }), "{error}"),
    }
}

#[tokio::test]
async fn a_count_that_never_settles_ends_in_an_error() {
    let mut count = 500;
    let (outcome, requests) = list_nonsense(move |_, answer| {
        count += 100;
        answer["pagination"]["count"] = count.into();
        answer["pagination"]["next"] = json!(answer["pagination"]["current"].as_u64().unwrap() + 1);
    })
    .await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. } | Error::Pagination { .. }), "{error}");
    assert!(requests < 100, "{requests} requests");
}

/// A server that makes rows up as long as it is asked.
#[tokio::test]
async fn a_list_without_end_ends_in_an_error() {
    let template = serde_json::to_value(&bindings(1, 1)[0]).unwrap();
    let server = FakeAuthentik::builder()
        .release(Release::V2025_12)
        .tamper(move |request, answer| {
            let [page, size] = ["page", "page_size"].map(|name| request.parameter(name).unwrap().parse::<u64>().unwrap());
            let rows = ((page - 1) * size..page * size).map(|place| {
                let mut row = template.clone();
                row["pk"] = json!(uuid::Uuid::from_u128(place.into()));
                row["order"] = 1.into();
                row
            });
            answer["results"] = rows.collect();
            answer["pagination"] = json!({"next": page + 1, "previous": page - 1, "count": page * size + 500, "current": page, "total_pages": page + 5,
                "start_index": (page - 1) * size + 1, "end_index": page * size});
        })
        .start()
        .await
        .unwrap();
    // Asked for pages that are not there, the fake answers 404: it must believe in them.
    server.with_rows(|rows| rows.extend(bindings(30_000, 100)));
    let error = collect(&server).await.unwrap_err();
    assert!(error.to_string().contains("the list grew on and on"), "{error}");
}

#[tokio::test]
async fn a_server_that_cuts_pages_down_on_the_way_is_followed() {
    let server = Arc::new(fake(Release::V2025_12, 1_000).start().await.unwrap());
    let client = server.client();
    let mut items = client.flows_bindings_list().paginate().concurrency(1).items();
    let mut keys = std::collections::BTreeSet::new();
    while let Some(row) = items.try_next().await.unwrap() {
        assert!(keys.insert(row.pk));
        if keys.len() == 300 {
            server.set_largest_page_size(Some(30));
        }
        if keys.len() == 600 {
            server.set_largest_page_size(Some(20));
        }
    }
    assert_eq!(keys.len(), 1_000);
}

#[tokio::test]
async fn a_failed_page_ends_the_stream_after_the_rows_before_it() {
    let server = fake(Release::V2025_12, 500).fault(3, Fault::html(500)).start().await.unwrap();
    let client = server.client();
    let results: Vec<_> = client.flows_bindings_list().paginate().concurrency(1).items().collect().await;
    let good = results.iter().take_while(|result| result.is_ok()).count();
    assert_eq!(good, 198);
    assert_eq!(results.len(), 199, "the stream goes on after its error");
    assert_eq!(results[198].as_ref().unwrap_err().status().unwrap(), 500);
}

#[tokio::test]
async fn an_undecodable_row_is_an_error_with_the_number_of_its_page() {
    let server = fake(Release::V2025_12, 300)
        .tamper(|request, answer| {
            if is_page(request, 2) {
                answer["results"][5]["order"] = "first".into();
            }
        })
        .start()
        .await
        .unwrap();
    let error = collect(&server).await.unwrap_err();
    assert!(error.to_string().contains("page 2, at `results[5].order`: invalid type: string \"first\", expected i64"), "{error}");
}

// --- laziness, pages, positions -------------------------------------------------------------------------------------

#[tokio::test]
async fn nothing_is_fetched_before_it_is_polled_nor_beyond_the_pages_in_flight() {
    let server = fake(Release::V2025_12, 2_000).start().await.unwrap();
    let client = server.client();
    let mut items = client.flows_bindings_list().paginate().concurrency(3).items();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.received().len(), 0);
    for _ in 0..50 {
        items.try_next().await.unwrap();
    }
    assert_eq!(server.received().len(), 1, "the first page goes alone");
    for _ in 50..150 {
        items.try_next().await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.received().len() <= 1 + 3, "{}", server.received().len());
}

#[tokio::test]
async fn as_many_pages_are_in_flight_as_allowed_and_rows_keep_their_order() {
    for concurrency in [1, 4, 8] {
        let server = fake(Release::V2025_12, 2_000).latency(Duration::from_millis(80)).start().await.unwrap();
        let rows = server.client().flows_bindings_list().paginate().concurrency(concurrency).collect().await.unwrap();
        assert!(rows.is_sorted_by_key(|row| (row.order, row.pk)));
        assert_eq!(server.most_in_flight(), concurrency);
    }
}

#[tokio::test]
async fn a_dropped_stream_cancels_its_requests() {
    let server = fake(Release::V2025_12, 2_000).latency(Duration::from_millis(200)).start().await.unwrap();
    let client = server.client();
    let mut items = client.flows_bindings_list().paginate().concurrency(8).items();
    assert!(tokio::time::timeout(Duration::from_millis(50), items.next()).await.is_err());
    drop(items);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(server.received().len(), 1);
    assert_eq!(server.completed(), 0);
}

#[tokio::test]
async fn no_more_than_the_rows_wanted_are_asked_for() {
    let server = fake(Release::V2025_12, 2_000).start().await.unwrap();
    let client = server.client();
    let list = || client.flows_bindings_list().paginate().concurrency(8);
    let rows = list().max_items(10).collect().await.unwrap();
    assert_eq!((rows.len(), sizes(&server.received())), (10, vec![31]));
    assert_eq!(list().max_items(0).collect().await.unwrap().len(), 0);
    assert_eq!(server.received().len(), 1);
    assert_eq!(list().max_items(150).collect().await.unwrap().len(), 150);
    assert_eq!(server.received().len(), 3);
    assert_eq!(list().max_items(5_000).collect().await.unwrap().len(), 2_000);
}

#[tokio::test]
async fn pages_have_the_size_asked_for_whatever_the_requests() {
    for release in Release::ALL {
        let server = fake(release, 250).start().await.unwrap();
        let client = server.client();
        let pages: Vec<_> = client.flows_bindings_list().paginate().page_size(60).pages().try_collect().await.unwrap();
        assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [60, 60, 60, 60, 10], "{release}");
        assert_eq!(pages.iter().map(|page| page.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(pages.iter().all(|page| page.total == 250), "{release}");
    }
}

#[tokio::test]
async fn a_listing_is_taken_up_where_it_stopped_on_every_release() {
    for release in Release::ALL {
        for ordering in ["order", "-order,pk", "stage__name", "pk"] {
            let server = fake(release, 400).start().await.unwrap();
            let client = server.client();
            let list = || client.flows_bindings_list().ordering(ordering).paginate().page_size(50);
            let whole: Vec<_> = list().collect().await.unwrap().iter().map(pk).collect();
            let (mut keys, mut stored) = (Vec::new(), None::<String>);
            loop {
                let mut paginator = list();
                if let Some(stored) = &stored {
                    paginator = paginator.resume(serde_json::from_str::<Position>(stored).unwrap());
                }
                let mut items = paginator.max_items(130).items();
                let before = keys.len();
                while let Some(row) = items.try_next().await.unwrap() {
                    keys.push(row.pk);
                }
                if keys.len() == before {
                    break;
                }
                stored = Some(serde_json::to_string(&items.position().unwrap()).unwrap());
            }
            assert_eq!(keys, whole, "{release}, {ordering}");
            assert!(stored.unwrap().len() < 250);
        }
    }
}

#[tokio::test]
async fn a_position_stays_good_when_rows_around_it_change() {
    let server = fake(Release::V2025_12, 400).start().await.unwrap();
    let client = server.client();
    let mut items = client.flows_bindings_list().paginate().items();
    let mut read = Vec::new();
    for _ in 0..150 {
        read.push(items.try_next().await.unwrap().unwrap());
    }
    let position = items.position().unwrap();
    drop(items);
    // The very row at which it stopped goes, and many before it.
    server.with_rows(|rows| {
        for row in &read[100..] {
            rows.remove(row.pk);
        }
    });
    let rest = client.flows_bindings_list().paginate().resume(position).collect().await.unwrap();
    assert_eq!(rest.len(), 250);
}

#[tokio::test]
async fn a_position_of_another_listing_is_refused() {
    let (server, other) = (fake(Release::V2025_12, 200).start().await.unwrap(), fake(Release::V2025_12, 200).start().await.unwrap());
    let (client, elsewhere) = (server.client(), other.client());
    let mut items = client.flows_bindings_list().paginate().items();
    items.try_next().await.unwrap();
    let position = items.position().unwrap();
    let strangers = [
        client.flows_bindings_list().search("prompt"),
        client.flows_bindings_list().ordering("-order"),
        client.flows_bindings_list().target(uuid::Uuid::nil()),
        elsewhere.flows_bindings_list(),
    ];
    for stranger in strangers {
        let error = stranger.paginate().resume(position.clone()).collect().await.unwrap_err();
        assert!(error.to_string().contains("the position belongs to another listing"), "{error}");
    }
    // The same listing, spelled differently.
    let same = client.flows_bindings_list().ordering("order").page(3).paginate().page_size(17).resume(position).collect().await.unwrap();
    assert_eq!(same.len(), 199);
}

#[tokio::test]
async fn rows_without_ties_are_walked_on_every_release() {
    for release in Release::ALL {
        let server = FakeAuthentik::builder().release(release).bindings(untied(500)).start().await.unwrap();
        assert_eq!(collect(&server).await.unwrap().len(), 500, "{release}");
        assert!(sizes(&server.received()).into_iter().all(|size| size <= 100), "{release}");
    }
}
