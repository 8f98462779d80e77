//! The fake server behaves as real servers were measured to.
#![cfg(operation = "flows_bindings_list")]

use std::collections::BTreeSet;

use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use uuid::Uuid;

const ROWS: usize = 1_240;

async fn fake(release: Release) -> FakeAuthentik {
    FakeAuthentik::builder().release(release).generated(ROWS, 212).start().await.unwrap()
}

/// The loop of every tutorial: page 1, 2, 3 … until `next` is 0. Returns the primary keys in the order received.
async fn plain_loop(server: &FakeAuthentik, ordering: &str, page_size: Option<u64>) -> Vec<Uuid> {
    let client = server.client();
    let (mut keys, mut page) = (Vec::new(), 1);
    while page > 0 {
        let mut request = client.flows_bindings_list().page(page).ordering(ordering);
        if let Some(size) = page_size {
            request = request.page_size(size);
        }
        let response = request.send().await.unwrap();
        keys.extend(response.results.iter().map(|row| row.pk));
        page = response.pagination.next;
    }
    assert_eq!(keys.len(), ROWS, "the number of rows always equals the count of the server");
    keys
}

async fn lost(server: &FakeAuthentik, ordering: &str, page_size: Option<u64>) -> usize {
    ROWS - plain_loop(server, ordering, page_size).await.into_iter().collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn release_2025_6_loses_rows_like_a_real_server() {
    let server = fake(Release::V2025_6).await;
    for (ordering, page_size) in [("", None), ("", Some(20)), ("", Some(50)), ("", Some(100)), ("pk", Some(100)), ("order,pk", Some(20))] {
        let lost = lost(&server, ordering, page_size).await;
        let percent = 100.0 * f64::from(u32::try_from(lost).unwrap()) / f64::from(u32::try_from(ROWS).unwrap());
        assert!((15.0..=22.0).contains(&percent), "ordering `{ordering}`, pages of {page_size:?}: {lost} rows are lost, {percent:.1} %");
    }
    assert_eq!(lost(&server, "", Some(5_000)).await, 0);
}

#[tokio::test]
async fn a_page_requested_twice_has_the_same_rows() {
    let server = fake(Release::V2025_6).await;
    assert_eq!(plain_loop(&server, "", Some(50)).await, plain_loop(&server, "", Some(50)).await);
    assert_ne!(plain_loop(&server, "", Some(50)).await, plain_loop(&server, "", Some(20)).await);
}

#[tokio::test]
async fn other_releases_lose_rows_when_the_tie_break_is_taken_away() {
    let server = fake(Release::V2025_12).await;
    for (ordering, loses) in [("", false), ("pk", false), ("order", true), ("order,pk", false), ("target,order", true), ("nonsense", false)]
    {
        assert_eq!(lost(&server, ordering, Some(100)).await > 0, loses, "{ordering}");
    }
    let server = fake(Release::V2024_2).await;
    for (ordering, loses) in [("", true), ("pk", false), ("order,pk", false), ("target__uuid,order", true), ("target,order,pk", false)] {
        assert_eq!(lost(&server, ordering, Some(100)).await > 0, loses, "{ordering}");
    }
}

#[tokio::test]
async fn page_sizes_follow_the_release() {
    for (release, default, largest) in [(Release::V2025_6, 100, ROWS), (Release::V2025_10, 100, ROWS), (Release::V2025_12, 20, 100)] {
        let client = fake(release).await;
        let client = client.client();
        let rows = async |size: Option<i64>| {
            let request = client.flows_bindings_list();
            let request = match size {
                Some(size) => request.page_size(size),
                None => request,
            };
            request.send().await.unwrap().results.len()
        };
        assert_eq!(rows(None).await, default);
        assert_eq!(rows(Some(5_000)).await, largest);
        assert_eq!(rows(Some(0)).await, default, "a size of 0 is ignored");
        assert_eq!(rows(Some(7)).await, 7);
    }
}

#[tokio::test]
async fn ordering_by_target_and_order_is_a_500_on_newer_releases() {
    let request = |server: &FakeAuthentik| {
        let client = server.client();
        async move { client.flows_bindings_list().ordering("target__uuid,order").send().await.map(|_| ()) }
    };
    let error = request(&fake(Release::V2026_8).await).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 500);
    request(&fake(Release::V2025_10).await).await.unwrap();
}

#[tokio::test]
async fn an_empty_list_is_one_page() {
    let server = FakeAuthentik::builder().start().await.unwrap();
    let page = server.client().flows_bindings_list().send().await.unwrap();
    let expected =
        serde_json::json!({"next": 0, "previous": 0, "count": 0, "current": 1, "total_pages": 1, "start_index": 0, "end_index": 0});
    assert_eq!(serde_json::to_value(&page.pagination).unwrap(), expected);
}

/// Raw requests, for what the typed client does not send.
async fn raw(server: &FakeAuthentik, method: reqwest::Method, path: &str, accept: &str) -> (u16, String) {
    let url = format!("{}{path}", server.address());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::new().request(method, url).bearer_auth(FakeAuthentik::TOKEN).header("accept", accept);
    let page = request.send().await.unwrap();
    (page.status().as_u16(), page.text().await.unwrap())
}

#[tokio::test]
async fn odd_requests_get_the_responses_of_authentik() {
    use reqwest::Method;
    let path = |query: &str| format!("/api/v3/flows/bindings/?{query}");
    let server = fake(Release::V2025_12).await;
    for query in ["page=0", "page=-1", "page=abc", "page=9999"] {
        assert_eq!(raw(&server, Method::GET, &path(query), "*/*").await, (404, r#"{"detail":"Invalid page."}"#.into()), "{query}");
    }
    for query in ["page=last", "page=", "page_size=-1", "nothing=1", "evaluate_on_plan=perhaps", "target=", "pk=1"] {
        assert_eq!(raw(&server, Method::GET, &path(query), "*/*").await.0, 200, "{query}");
    }
    assert_eq!(raw(&fake(Release::V2024_2).await, Method::GET, &path("page="), "*/*").await.0, 404);

    let (status, body) = raw(&server, Method::GET, &path("order=x&target=x&policy_engine_mode=bogus"), "*/*").await;
    let errors: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 400);
    assert_eq!(
        errors,
        serde_json::json!({
            "order": ["Enter a number."],
            "target": ["“x” is not a valid UUID."],
            "policy_engine_mode": ["Select a valid choice. bogus is not one of the available choices."],
        })
    );
    assert_eq!(raw(&server, Method::GET, &path("policies=a,b"), "*/*").await.0, 400);
    assert_eq!(raw(&server, Method::DELETE, &path(""), "*/*").await, (405, r#"{"detail":"Method \"DELETE\" not allowed."}"#.into()));
    assert_eq!(raw(&server, Method::GET, &path(""), "text/html").await.0, 406);
    let (status, body) = raw(&server, Method::GET, "/api/v3/flows/bindings", "*/*").await;
    assert!(status == 404 && body.contains("<title>authentik</title>"));
}

#[tokio::test]
async fn rows_have_the_fields_of_the_release() {
    for release in Release::ALL {
        let (_, body) = raw(&fake(release).await, reqwest::Method::GET, "/api/v3/flows/bindings/?page_size=1", "*/*").await;
        let page: serde_json::Value = serde_json::from_str(&body).unwrap();
        let flow = &page["results"][0]["stage_obj"]["flow_set"][0];
        let renamed = release >= Release::V2025_12;
        assert_eq!((flow.get("background").is_some(), flow.get("background_url").is_some()), (!renamed, renamed), "{release}");
        assert_eq!(page.get("autocomplete").is_some(), renamed, "{release}");
    }
}

#[tokio::test]
async fn a_row_inserted_between_count_and_select_pushes_the_last_row_off_the_last_page() {
    let mut bindings = authentik_flow_bindings::testing::bindings(9, 1);
    for (order, binding) in bindings.iter_mut().enumerate() {
        binding.order = i64::try_from(order).unwrap();
    }
    let inserted = bindings.remove(0);
    let removed = bindings[7].pk;
    let server = FakeAuthentik::builder()
        .release(Release::V2025_12)
        .bindings(bindings.clone())
        .between_count_and_select(2, move |rows| rows.insert(inserted))
        .between_count_and_select(3, move |rows| drop(rows.remove(removed)))
        .start()
        .await
        .unwrap();
    let client = server.client();
    let page = async |page| {
        let page = client.flows_bindings_list().page(page).page_size(4).send().await.unwrap().into_inner();
        (page.pagination.count, page.results.iter().map(|row| row.order).collect::<Vec<_>>())
    };
    assert_eq!(page(1).await, (8, vec![1, 2, 3, 4]));
    assert_eq!(page(2).await, (8, vec![4, 5, 6, 7]), "row 8 existed throughout, and is on neither page");
    assert_eq!(page(3).await, (9, vec![]), "the page exists by the count, and its row is gone");
}

#[tokio::test]
async fn a_server_listens_on_the_port_that_it_is_given() {
    let first = FakeAuthentik::builder().start().await.unwrap();
    let port = first.address().rsplit(':').next().unwrap().parse().unwrap();
    let taken = FakeAuthentik::builder().port(port).start().await.unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);

    let address = first.address();
    drop(first);
    // The first server's task ends soon after the server is dropped.
    for _ in 0..1_000 {
        if let Ok(second) = FakeAuthentik::builder().port(port).start().await {
            assert_eq!(second.address(), address);
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("port {port} is still in use");
}

#[tokio::test]
async fn rows_are_loaded_from_a_saved_page_or_an_array() {
    let server = FakeAuthentik::builder().release(Release::V2025_12).generated(3, 1).start().await.unwrap();
    let (_, page) = raw(&server, reqwest::Method::GET, "/api/v3/flows/bindings/", "application/json").await;
    let rows = serde_json::to_string(&authentik_flow_bindings::testing::bindings(3, 1)).unwrap();
    for json in [page, rows] {
        let copy = FakeAuthentik::builder().json(&json).unwrap().start().await.unwrap();
        let listed = copy.client().flows_bindings_list().paginate().await.unwrap();
        assert_eq!(listed, server.client().flows_bindings_list().paginate().await.unwrap());
    }
    let error = FakeAuthentik::builder().json("[\n{}]").unwrap_err();
    assert_eq!(error.line(), 2, "{error}");
}
