//! The pages that a listing requests.

use super::*;

#[tokio::test]
async fn pages_are_sorted_by_key_and_overlap() {
    for release in SORTED {
        let server = fake(release, 1_240).start().await.unwrap();
        // One request at a time, so that requests arrive in the order in which they were planned.
        let rows = server.client().flows_bindings_list().paginate().concurrency(1).collect().await.unwrap();
        assert!(rows.len() == 1_240 && rows.is_sorted_by_key(|row| row.pk), "{release}");

        let requests = server.received();
        assert!(requests.len() <= 16, "{release}: {} requests", requests.len());
        assert_eq!(sizes(&requests).iter().filter(|size| **size < 0).collect::<Vec<_>>(), [&-1], "{release}: one request for the last row");
        let mut end = 0;
        for request in requests.iter().filter(|request| request.parameter("ordering") == Some("pk")) {
            let [page, size] = ["page", "page_size"].map(|name| request.parameter(name).unwrap().parse::<u64>().unwrap());
            assert!(size <= 100);
            assert!(end == 0 || (page - 1) * size < end, "page {page} of {size} begins after offset {end}");
            end = page * size;
        }
    }
}

#[tokio::test]
async fn one_page_takes_two_requests_and_an_empty_list_takes_one() {
    for release in SORTED {
        for (rows, expected) in [(90, vec![100, -1]), (5, vec![100, -100]), (1, vec![100, -100]), (0, vec![100])] {
            let server = fake(release, rows).start().await.unwrap();
            assert_eq!(collect(&server).await.unwrap().len(), rows);
            assert_eq!(sizes(&server.received()), expected, "{release}, {rows} rows");
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_sort_by_key_sends_one_page_and_a_count() {
    let server = fake(Release::V2025_6, 1_240).start().await.unwrap();
    assert_all(&server, &collect(&server).await.unwrap(), "1,240 rows");
    assert_eq!(sizes(&server.received()), [100, 1_240, 1]);

    let server = fake(Release::V2025_6, 90).start().await.unwrap();
    assert_all(&server, &collect(&server).await.unwrap(), "90 rows");
    assert_eq!(sizes(&server.received()), [100, 1]);
}

#[tokio::test]
async fn an_unsorted_server_with_small_pages_is_listed_flow_by_flow() {
    let server = fake(Release::V2025_6, 600).page_sizes(20, Some(50)).start().await.unwrap();
    assert_all(&server, &collect(&server).await.unwrap(), "600 rows");
    let targets = server.received().iter().filter_map(|request| request.parameter("target").map(str::to_owned)).collect::<BTreeSet<_>>();
    assert_eq!(targets.len(), 101);
}

#[tokio::test]
async fn an_ordering_is_honored_on_every_release() {
    for &release in Release::ALL {
        let server = fake(release, 300).start().await.unwrap();
        let list = async |ordering: &str| {
            let rows = server.client().flows_bindings_list().ordering(ordering).paginate().await.unwrap();
            assert_all(&server, &rows, ordering);
            rows
        };
        assert!(list("order").await.is_sorted_by_key(|row| (row.order, row.pk)), "{release}");
        assert!(list("-order,pk").await.is_sorted_by_key(|row| (std::cmp::Reverse(row.order), row.pk)), "{release}");
        assert!(list("-pk").await.is_sorted_by_key(|row| std::cmp::Reverse(row.pk)), "{release}");
        assert!(list("target__uuid,order").await.is_sorted_by_key(|row| (row.target, row.order, row.pk)), "{release}");
        assert!(list("-stage__name").await.windows(2).all(|pair| pair[0].stage_obj.name >= pair[1].stage_obj.name), "{release}");
    }
}

#[tokio::test]
async fn an_ordering_by_an_unknown_term_fails_without_a_request() {
    let server = fake(Release::V2025_12, 10).start().await.unwrap();
    let error = server.client().flows_bindings_list().ordering("-color").paginate().await.unwrap_err();
    assert!(error.to_string().contains("rows cannot be sorted by `color`; `ordering` accepts order, pk,"), "{error}");
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn invalid_settings_fail_without_a_request() {
    let server = fake(Release::V2025_12, 10).start().await.unwrap();
    let list = || server.client().flows_bindings_list().paginate();
    for paginator in [list().page_size(0), list().page_size(1), list().page_size(u64::MAX), list().concurrency(0), list().max_items(0)] {
        assert!(matches!(paginator.await, Err(Error::InvalidRequest { .. })));
    }
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_server_that_does_not_paginate_sends_everything_at_once() {
    for &release in Release::ALL {
        let server = fake(release, 300).page_sizes(20, Some(0)).start().await.unwrap();
        let rows = collect(&server).await.unwrap();
        assert!(rows.is_sorted_by_key(|row| row.pk), "{release}");
        assert_all(&server, &rows, "300 rows");
        assert_eq!(server.received().len(), 1, "{release}");
        assert_eq!(server.client().flows_bindings_list().paginate().count().await.unwrap(), 300, "{release}");

        let error = server.client().flows_bindings_list().page_size(20).send().await.unwrap_err();
        assert!(error.to_string().contains("this server does not paginate"), "{error}");
    }
}

/// Every page size up to five divides 60, so no page contains the rows on both sides of an offset that is a multiple of 60.
#[tokio::test]
async fn lists_with_very_small_pages_are_also_read_in_descending_order() {
    for rows in [119, 121, 200, 301] {
        let server = fake(Release::V2025_12, rows).page_sizes(5, Some(5)).start().await.unwrap();
        assert_all(&server, &collect(&server).await.unwrap(), "pages of five rows");
        assert!(server.received().iter().filter(|request| request.parameter("ordering") == Some("-pk")).count() > 1);
    }
    let server = fake(Release::V2025_12, 240).page_sizes(5, Some(5)).start().await.unwrap();
    let error = collect(&server).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
}

#[tokio::test]
async fn pages_of_one_row_are_rejected() {
    let server = fake(Release::V2025_12, 24).page_sizes(1, Some(1)).start().await.unwrap();
    let error = collect(&server).await.unwrap_err();
    assert!(error.to_string().contains("the server sends one row per page"), "{error}");
}

#[tokio::test]
async fn a_server_that_starts_to_limit_page_sizes_is_supported() {
    let server = fake(Release::V2025_12, 1_000).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().concurrency(1).items();
    let mut rows = Vec::new();
    while let Some(row) = items.try_next().await.unwrap() {
        rows.push(row);
        match rows.len() {
            300 => server.set_largest_page_size(Some(30)),
            600 => server.set_largest_page_size(Some(20)),
            _ => {}
        }
    }
    assert_all(&server, &rows, "pages of 100, 30 and 20 rows");
}

#[tokio::test]
async fn no_more_rows_are_requested_than_needed() {
    let server = fake(Release::V2025_12, 2_000).start().await.unwrap();
    let list = |ordering: &str| server.client().flows_bindings_list().ordering(ordering).paginate().concurrency(8);
    assert_eq!(list("pk").max_items(5).await.unwrap().len(), 5);
    assert_eq!(list("pk").max_items(100).await.unwrap().len(), 100);
    assert_eq!(list("order").max_items(50).await.unwrap().len(), 50);
    assert_eq!(sizes(&server.received()), [13, 100, 63]);
    assert_eq!(list("pk").max_items(150).await.unwrap().len(), 150);
    assert_eq!(server.received().len(), 3 + 3);
    assert_eq!(list("pk").max_items(5_000).await.unwrap().len(), 2_000);
}

/// The first rows in an `ordering` come from a single page only if that page proves that they are the first.
#[tokio::test]
async fn the_first_rows_match_the_whole_list() {
    for &release in Release::ALL {
        let server = fake(release, 400).start().await.unwrap();
        for ordering in ["order", "-order,-pk", "stage__name"] {
            let list = || server.client().flows_bindings_list().ordering(ordering).paginate();
            let all = list().await.unwrap();
            for wanted in [1, 60, 130] {
                assert_eq!(list().max_items(wanted as u64).await.unwrap(), all[..wanted], "{release}, {ordering}, {wanted} rows");
            }
        }
    }
}
