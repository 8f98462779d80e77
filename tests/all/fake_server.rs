//! The fake server behaves like the real servers that were measured.
#![cfg(operation = "flows_bindings_list")]

use std::collections::BTreeSet;

use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use serde_json::{Value, json};
use uuid::Uuid;

const ROWS: usize = 1_240;

async fn fake(release: Release) -> FakeAuthentik {
    FakeAuthentik::builder().release(release).generated(ROWS, 212).start().await.unwrap()
}

/// The usual pagination loop: page 1, 2, 3 … until `next` is 0. Returns the primary keys in the order received.
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
    assert_eq!(keys.len(), ROWS, "the number of rows received always equals the server's count");
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
async fn other_releases_lose_rows_without_a_tie_break() {
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
    let expected = json!({"next": 0, "previous": 0, "count": 0, "current": 1, "total_pages": 1, "start_index": 0, "end_index": 0});
    assert_eq!(serde_json::to_value(&page.pagination).unwrap(), expected);
}

/// Prepares a request that the typed client could not send.
fn request(server: &FakeAuthentik, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new().request(method, format!("{}{path}", server.address())).bearer_auth(FakeAuthentik::TOKEN)
}

async fn raw(server: &FakeAuthentik, method: reqwest::Method, path: &str, accept: &str) -> (u16, String) {
    let page = request(server, method, path).header("accept", accept).send().await.unwrap();
    (page.status().as_u16(), page.text().await.unwrap())
}

/// Sends a JSON body; returns the status and the JSON of the response.
async fn write(server: &FakeAuthentik, method: reqwest::Method, path: &str, body: &Value) -> (u16, Value) {
    let request = request(server, method, path).header("content-type", "application/json").body(body.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn unusual_requests_get_authentiks_responses() {
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
    let errors: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 400);
    assert_eq!(
        errors,
        json!({
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
    for &release in Release::ALL {
        let (_, body) = raw(&fake(release).await, reqwest::Method::GET, "/api/v3/flows/bindings/?page_size=1", "*/*").await;
        let page: Value = serde_json::from_str(&body).unwrap();
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
    assert_eq!(page(2).await, (8, vec![4, 5, 6, 7]), "the row with order 8 existed throughout, and is on neither page");
    assert_eq!(page(3).await, (9, vec![]), "the count includes the row on this page, but the row was deleted");
}

#[tokio::test]
async fn a_server_listens_on_the_given_port() {
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

#[tokio::test]
async fn bindings_are_created_changed_and_deleted() {
    use reqwest::Method;
    const LIST: &str = "/api/v3/flows/bindings/";
    let server = FakeAuthentik::builder().release(Release::V2025_12).generated(6, 2).start().await.unwrap();
    let (target, stage) = server.with_rows(|rows| rows.iter().map(|row| (row.target, row.stage)).next().unwrap());

    let body = json!({ "target": target, "stage": stage, "order": 70, "pk": Uuid::nil() });
    let (status, created) = write(&server, Method::POST, LIST, &body).await;
    assert_eq!((status, &created["order"], &created["re_evaluate_policies"]), (201, &json!(70), &json!(true)), "{created}");
    assert_eq!(created["stage_obj"]["pk"], json!(stage));
    let flows = created["stage_obj"]["flow_set"].as_array().unwrap();
    assert!(flows.iter().any(|flow| flow["pk"] == json!(target) && flow["background_url"].is_string()), "{created}");
    assert_ne!(created["pk"], json!(Uuid::nil()), "a read-only property of the body is ignored");

    let row = format!("{LIST}{}/", created["pk"].as_str().unwrap());
    let (status, changed) = write(&server, Method::PATCH, &row, &json!({ "order": 80 })).await;
    assert_eq!((status, &changed["order"], &changed["pk"]), (200, &json!(80), &created["pk"]));
    assert_eq!(write(&server, Method::GET, &row, &Value::Null).await, (200, changed));
    let listed = server.client().flows_bindings_list().target(target).paginate().await.unwrap();
    assert!(listed.iter().any(|binding| json!(binding.pk) == created["pk"] && binding.order == 80));

    assert_eq!(write(&server, Method::DELETE, &row, &Value::Null).await, (204, Value::Null));
    assert_eq!(write(&server, Method::DELETE, &row, &Value::Null).await, (404, json!({ "detail": "Not found." })));
    assert_eq!(server.with_rows(|rows| rows.len()), 6);
}

#[tokio::test]
async fn bodies_that_authentik_rejects_change_nothing() {
    let server = FakeAuthentik::builder().generated(6, 2).start().await.unwrap();
    let (target, stage, order) = server.with_rows(|rows| rows.iter().map(|row| (row.target, row.stage, row.order)).next().unwrap());
    let nil = Uuid::nil();
    for (body, errors) in [
        (json!({ "target": target }), json!({ "stage": ["This field is required."], "order": ["This field is required."] })),
        (
            json!({ "target": nil, "stage": stage, "order": 1 }),
            json!({ "target": [format!("Invalid pk \"{nil}\" - object does not exist.")] }),
        ),
        (
            json!({ "target": "x", "stage": stage, "order": "first", "policy_engine_mode": "none" }),
            json!({
                "target": ["Must be a valid UUID."],
                "order": ["A valid integer is required."],
                "policy_engine_mode": ["\"none\" is not a valid choice."],
            }),
        ),
        (
            json!({ "target": target, "stage": stage, "order": order }),
            json!({ "non_field_errors": ["The fields target, stage, order must make a unique set."] }),
        ),
    ] {
        assert_eq!(write(&server, reqwest::Method::POST, "/api/v3/flows/bindings/", &body).await, (400, errors), "{body}");
    }
    assert_eq!(server.with_rows(|rows| rows.len()), 6);
}

#[tokio::test]
async fn a_row_needs_only_the_properties_that_matter_to_the_test() {
    let (stage, target) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let rows = [json!({ "order": 5, "target": target }), json!({ "order": 6, "stage": stage }), json!({ "order": 7, "stage": stage })];
    let server = FakeAuthentik::builder().rows("flows_bindings_list", rows).start().await.unwrap();
    let mut bindings = server.client().flows_bindings_list().paginate().await.unwrap();
    bindings.sort_by_key(|binding| binding.order);
    assert_eq!(bindings.iter().map(|binding| binding.order).collect::<Vec<_>>(), [5, 6, 7]);
    assert!(bindings.iter().all(|binding| binding.stage == binding.stage_obj.pk), "{bindings:?}");
    assert!(bindings[0].target == target && bindings[0].flow().unwrap().pk == target);
    assert!(bindings[1].stage == stage && bindings[1].stage_obj == bindings[2].stage_obj);
    assert_eq!(bindings.iter().map(|binding| binding.pk).collect::<BTreeSet<_>>().len(), 3);

    let slug = json!({ "name": "ask", "flow_set": [{ "slug": "sign-in", "pk": target }] });
    let rows = [json!({ "order": 1, "target": target, "stage_obj": slug }), json!({ "order": 2, "target": target })];
    let server = FakeAuthentik::builder().rows("flows_bindings_list", rows).start().await.unwrap();
    let bindings = server.client().flows_bindings_list().target(target).ordering("order").paginate().await.unwrap();
    assert_eq!((bindings[0].stage_obj.name.as_str(), bindings[0].flow().unwrap().slug.as_str()), ("ask", "sign-in"));
    assert_eq!(bindings[0].flow(), bindings[1].flow(), "rows with the same target belong to one flow");
    assert_ne!(bindings[0].stage, bindings[1].stage);

    // A known stage in another flow, and a stage with a name.
    let stage = Uuid::from_u128(1);
    let rows =
        [json!({ "stage": stage }), json!({ "stage": stage, "target": target }), json!({ "stage_obj": { "name": "x" }, "target": target })];
    let server = FakeAuthentik::builder().rows("flows_bindings_list", rows).start().await.unwrap();
    let bindings = server.client().flows_bindings_list().paginate().await.unwrap();
    assert!(bindings.iter().all(|binding| binding.flow().is_some()), "every binding's flow is in its `flow_set`: {bindings:?}");
    let error =
        FakeAuthentik::builder().rows("flows_bindings_list", [json!({ "stage": stage, "stage_obj": 5 })]).start().await.unwrap_err();
    assert!(error.to_string().starts_with("row 1 of `flows_bindings_list`: stage_obj: invalid type"), "{error}");

    let rows = [json!({ "order": 1 }), json!({ "order": 2, "evaluate_on_plan": "maybe" })];
    let error = FakeAuthentik::builder().rows("flows_bindings_list", rows).start().await.unwrap_err().to_string();
    assert!(error.starts_with("row 2 of `flows_bindings_list`: evaluate_on_plan: invalid type: string \"maybe\""), "{error}");
}
