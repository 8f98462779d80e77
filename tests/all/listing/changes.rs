//! Rows that are inserted, deleted and moved while they are listed.

use authentik_flow_bindings::testing::bindings;

use super::*;

/// A row whose key precedes all other keys.
fn in_front(number: u128) -> FlowStageBinding {
    let mut row = bindings(1, 1).remove(0);
    row.pk = Uuid::from_u128(number);
    row
}

/// Pages sorted by `order` would miss this row: it moves from after the position of the listing to before it.
#[tokio::test]
async fn a_row_that_moves_in_front_of_the_listing_is_returned() {
    let mut pool = bindings(200, 20);
    for (place, row) in pool.iter_mut().enumerate() {
        row.order = i64::try_from(place / 6).unwrap();
    }
    for request in 2..9 {
        let inserted = pool[150..152].to_vec();
        let server = FakeAuthentik::builder().release(Release::V2025_10).bindings(pool[..145].iter().cloned());
        let server = server.before_request(request, move |rows| {
            let mut places = rows.iter().map(|row| (row.order, row.pk)).collect::<Vec<_>>();
            places.sort_unstable();
            let mut moved = rows.remove(places[26].1).unwrap();
            moved.order = 0;
            rows.insert(moved);
            rows.remove(places[3].1);
            rows.remove(places[5].1);
            for (mut row, order) in inserted.into_iter().zip([9, 10]) {
                row.order = order;
                rows.insert(row);
            }
        });
        let server = server.start().await.unwrap();
        let before = server.with_rows(|rows| rows.iter().map(|row| row.pk).collect::<Vec<_>>());
        let list = server.client().flows_bindings_list().ordering("order").paginate().page_size(22).concurrency(1);
        let received = list.await.unwrap().into_iter().map(|row| row.pk).collect::<BTreeSet<_>>();
        let after = server.with_rows(|rows| rows.iter().map(|row| row.pk).collect::<BTreeSet<_>>());
        assert!(before.iter().filter(|pk| after.contains(pk)).all(|pk| received.contains(pk)), "before request {request}");
    }
}

/// The server counts its rows, then limits the page to that count: a row inserted in between pushes out the last one.
#[tokio::test]
async fn a_row_that_is_pushed_off_the_last_page_is_returned() {
    for release in SORTED {
        for rows in [6, 90, 250] {
            for request in 1..8 {
                let server = fake(release, rows).between_count_and_select(request, |rows| rows.insert(in_front(1))).start().await.unwrap();
                let before = server.with_rows(|rows| sorted_keys(rows));
                let received = collect(&server).await.unwrap().into_iter().map(|row| row.pk).collect::<BTreeSet<_>>();
                assert!(before.iter().all(|pk| received.contains(pk)), "{release}, {rows} rows, request {request}");
            }
        }
    }
}

/// Rows are constantly inserted in front, so every count is too small.
#[tokio::test]
async fn no_row_is_lost_during_constant_inserts() {
    for release in SORTED {
        let mut server = fake(release, 6);
        for request in 1..20 {
            server = server.between_count_and_select(request, move |rows| rows.insert(in_front(request as u128)));
        }
        let server = server.start().await.unwrap();
        let before = server.with_rows(|rows| sorted_keys(rows));
        let received = collect(&server).await.unwrap().into_iter().map(|row| row.pk).collect::<BTreeSet<_>>();
        assert!(before.iter().all(|pk| received.contains(pk)), "{release}");
    }
}

/// Rows that were read are deleted, and as many are added at the end, so the count stays the same.
#[tokio::test]
async fn rows_that_move_up_are_returned() {
    let pool = bindings(400, 4);
    for concurrency in [1, 4] {
        let added = pool[390..].to_vec();
        let server = FakeAuthentik::builder().release(Release::V2025_12).bindings(pool[..390].iter().cloned());
        let server = server.before_request(4, move |rows| {
            for pk in sorted_keys(rows).into_iter().take(10) {
                rows.remove(pk);
            }
            for (number, mut row) in added.into_iter().enumerate() {
                row.pk = Uuid::from_u128(u128::MAX - number as u128);
                rows.insert(row);
            }
        });
        let server = server.start().await.unwrap();
        let before = server.with_rows(|rows| sorted_keys(rows));
        let received = server.client().flows_bindings_list().paginate().page_size(50).concurrency(concurrency).await.unwrap();
        let received = received.into_iter().map(|row| row.pk).collect::<BTreeSet<_>>();
        assert!(before[10..].iter().all(|pk| received.contains(pk)), "{concurrency} in flight");
    }
}

#[tokio::test]
async fn a_deletion_costs_few_additional_requests() {
    let server = fake(Release::V2025_12, 1_240).before_request(5, |rows| {
        let first = sorted_keys(rows)[0];
        rows.remove(first);
    });
    let server = server.start().await.unwrap();
    assert!(collect(&server).await.unwrap().len() >= 1_239);
    let requests = server.received();
    assert!(requests.len() <= 18, "{} requests", requests.len());
}

#[tokio::test]
async fn a_list_that_shrinks_while_it_is_read_is_listed() {
    for concurrency in [1, 3, 8] {
        for left in [0, 1, 60, 110] {
            let server = fake(Release::V2025_12, 300).before_request(3, move |rows| {
                for pk in &sorted_keys(rows)[left..] {
                    rows.remove(*pk);
                }
            });
            let server = server.start().await.unwrap();
            let received = server.client().flows_bindings_list().paginate().page_size(50).concurrency(concurrency).await.unwrap();
            assert_all(&server, &received, "a list that becomes shorter");
        }
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_when_two_passes_agree() {
    let server = fake(Release::V2025_12, 150).before_request(4, |rows| {
        let pk = rows.iter().next().unwrap().pk;
        rows.remove(pk);
    });
    let server = server.start().await.unwrap();
    let rows = server.client().flows_bindings_list().paginate().snapshot().await.unwrap();
    assert_eq!(rows.len(), 149);
    assert_eq!(server.received().len(), 9, "three passes, each with two pages and a request for the last row");

    let number = std::sync::atomic::AtomicUsize::new(0);
    let server = fake(Release::V2025_12, 90).tamper(move |_, response| {
        response["results"][0]["order"] = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed).into();
    });
    let server = server.start().await.unwrap();
    let error = server.client().flows_bindings_list().paginate().snapshot().await.unwrap_err();
    assert!(matches!(error, Error::Unsettled { .. }), "{error}");
}

/// The signed link of a picture differs on each read, although the row is the same.
#[tokio::test]
async fn a_snapshot_compares_what_rows_are_sorted_by() {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let server = fake(Release::V2025_12, 10).tamper(move |_, response| {
        let link = format!("/bg.jpg?token={}", number.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        response["results"][3]["stage_obj"]["flow_set"][0]["background_url"] = link.into();
    });
    let server = server.start().await.unwrap();
    assert_eq!(server.client().flows_bindings_list().paginate().snapshot().await.unwrap().len(), 10);
}

/// By chance, two small pages of an unsorted list can look like pages of a sorted one.
#[tokio::test]
async fn small_pages_of_an_unsorted_list_are_not_mistaken_for_sorted_ones() {
    let pool = bindings(200, 20);
    let mut walked = 0;
    for number in 0..40 {
        let mut rows = pool[number..number + 60].to_vec();
        for (place, row) in rows.iter_mut().enumerate() {
            row.order = i64::try_from(place / 10).unwrap();
        }
        let inserted = pool[150 + number].clone();
        let server = FakeAuthentik::builder().release(Release::V2025_6).bindings(rows).before_request(2, move |rows| {
            let mut row = inserted;
            row.order = -1;
            rows.insert(row);
        });
        let server = server.start().await.unwrap();
        let before = server.with_rows(|rows| sorted_keys(rows));
        let received = server.client().flows_bindings_list().paginate().page_size(2).concurrency(1).await.unwrap();
        let received = received.into_iter().map(|row| row.pk).collect::<BTreeSet<_>>();
        assert!(before.iter().all(|pk| received.contains(pk)), "list {number}");
        walked += usize::from(sizes(&server.received()).starts_with(&[2, -2]));
    }
    assert!(walked > 5, "the first page of {walked} lists looked sorted");
}
