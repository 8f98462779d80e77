//! Servers with inconsistent responses.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authentik_flow_bindings::testing::{Fault, bindings};
use serde_json::{Value, json};

use super::*;

/// Lists a server with 500 rows, whose responses are changed by `tamper`. Returns the outcome and the number of requests.
async fn list_from(
    tamper: impl FnMut(&ReceivedRequest, &mut Value) + Send + Sync + 'static,
) -> (Result<Vec<FlowStageBinding>, Error>, usize) {
    let server = fake(Release::V2025_12, 500).tamper(tamper).start().await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(60), collect(&server)).await.expect("the listing does not end");
    (outcome, server.received().len())
}

fn is_page(request: &ReceivedRequest, page: u64) -> bool {
    request.parameter("page") == Some(&page.to_string()) && request.parameter("ordering") == Some("pk")
}

#[tokio::test]
async fn inconsistencies_are_errors_that_name_the_page() {
    type Tamper = fn(&ReceivedRequest, &mut Value);
    let cases: [(&str, Tamper); 5] = [
        ("page 3 was requested, but page 7 was received", |request, response| {
            if is_page(request, 3) {
                response["pagination"]["current"] = 7.into();
            }
        }),
        ("page 1 has 101 rows, but at most 100 were requested", |request, response| {
            if is_page(request, 1) {
                let row = response["results"][0].clone();
                response["results"].as_array_mut().unwrap().push(row);
            }
        }),
        ("page 2 has 99 rows, but its `pagination` describes 7", |request, response| {
            if is_page(request, 2) {
                response["pagination"]["end_index"] = json!(response["pagination"]["start_index"].as_u64().unwrap() + 6);
            }
        }),
        ("page 2 is not sorted by `pk`, unlike the pages before it", |request, response| {
            if is_page(request, 2) {
                response["results"].as_array_mut().unwrap().swap(3, 50);
            }
        }),
        ("page 3 has no page numbers, unlike the pages before it", |request, response| {
            if is_page(request, 3) {
                *response = response["results"].take();
            }
        }),
    ];
    for (message, tamper) in cases {
        let (outcome, requests) = list_from(tamper).await;
        let error = outcome.expect_err(message);
        assert!(error.to_string().contains(message), "{message} is not in: {error}");
        assert!(requests < 10, "{requests} requests");
    }
}

/// A bare array is the whole list of a server that does not paginate, but this server paginates.
#[tokio::test]
async fn a_bare_array_among_pages_is_an_error() {
    for request in [2, 3, 5, 8] {
        for &release in Release::ALL {
            let server = fake(release, 700).fault(request, Fault::json(200, &json!([]))).start().await.unwrap();
            let outcome = collect(&server).await;
            if server.received().len() >= request {
                assert!(matches!(outcome, Err(Error::Pagination { .. })), "{release}, request {request}: {outcome:?}");
            }
        }
    }
}

/// A page that withholds rows is shorter than its `pagination` says.
#[tokio::test]
async fn pages_that_withhold_rows_end_in_an_error() {
    for withheld in [0, 50, 98] {
        let (outcome, requests) = list_from(move |request, response| {
            if is_page(request, 2) {
                response["results"].as_array_mut().unwrap().remove(withheld);
            }
        })
        .await;
        assert!(matches!(outcome, Err(Error::Incomplete { .. })), "{outcome:?}");
        assert!(requests < 40, "{requests} requests");
    }
}

/// Page 1 is sent in place of page 2, with the page numbers of page 2.
#[tokio::test]
async fn a_page_that_is_sent_twice_causes_an_error_or_loses_no_row() {
    let first = Arc::new(Mutex::new(Value::Null));
    let (outcome, requests) = list_from(move |request, response| {
        let mut first = first.lock().unwrap();
        if is_page(request, 1) {
            *first = response["results"].clone();
        } else if request.parameter("page_size") == Some("99") {
            response["results"] = first.as_array().unwrap()[..99].to_vec().into();
        }
    })
    .await;
    assert!(requests < 60, "{requests} requests");
    match outcome {
        Ok(rows) => assert_eq!(rows.iter().map(|row| row.pk).collect::<BTreeSet<_>>().len(), 500),
        Err(error) => assert!(matches!(error, Error::Incomplete { .. }), "{error}"),
    }
}

#[tokio::test]
async fn an_ever_changing_count_does_no_harm() {
    let mut count = 500;
    let (outcome, requests) = list_from(move |_, response| {
        count += 100;
        response["pagination"]["count"] = count.into();
        response["pagination"]["next"] = json!(response["pagination"]["current"].as_u64().unwrap() + 1);
    })
    .await;
    assert_eq!(outcome.unwrap().len(), 500);
    assert!(requests < 12, "{requests} requests");
}

#[tokio::test]
async fn absurd_numbers_cause_an_error_or_lose_no_row() {
    for name in ["count", "next", "start_index", "end_index", "total_pages", "previous"] {
        for number in [0, 1, 5_000_000_000, u64::MAX] {
            let (outcome, requests) = list_from(move |_, response| response["pagination"][name] = number.into()).await;
            assert!(requests < 100, "{name} {number}: {requests} requests");
            match outcome {
                Ok(rows) if name == "count" && number == 0 => assert_eq!(rows.len(), 0),
                Ok(rows) => assert_eq!(rows.len(), 500, "{name} {number}"),
                Err(error) => assert!(matches!(error, Error::Incomplete { .. } | Error::Pagination { .. }), "{name} {number}: {error}"),
            }
        }
    }
}

/// A server that invents rows for as long as they are requested, with a last row that is never reached.
#[tokio::test]
async fn an_infinite_list_ends_in_an_error() {
    let template = serde_json::to_value(&bindings(1, 1)[0]).unwrap();
    let server = FakeAuthentik::builder().release(Release::V2025_10).tamper(move |request, response| {
        let [page, size] = ["page", "page_size"].map(|name| request.parameter(name).unwrap().parse::<u64>().unwrap());
        let rows = ((page - 1) * size..page * size).map(|place| {
            let place = if request.parameter("ordering") == Some("-pk") { u64::MAX - place } else { place };
            let mut row = template.clone();
            row["pk"] = json!(Uuid::from_u128(place.into()));
            row
        });
        response["results"] = rows.collect();
        response["pagination"] = json!({"next": page + 1, "previous": page - 1, "count": page * size + 500, "current": page,
            "total_pages": page + 5, "start_index": (page - 1) * size + 1, "end_index": page * size});
    });
    let server = server.start().await.unwrap();
    // The fake responds with 404 for pages past its own rows.
    server.with_rows(|rows| rows.extend(bindings(13_000, 100)));
    let error = collect(&server).await.unwrap_err();
    assert!(error.to_string().contains("the list kept growing"), "{error}");
}

#[tokio::test]
async fn a_row_that_cannot_be_decoded_is_an_error_with_the_number_of_its_page() {
    let server = fake(Release::V2025_12, 300).tamper(|request, response| {
        if is_page(request, 2) {
            response["results"][5]["order"] = "first".into();
        }
    });
    let server = server.start().await.unwrap();
    let error = collect(&server).await.unwrap_err();
    assert!(error.to_string().contains("page 2, at `results[5].order`"), "{error}");
}

/// A response with too many invalid rows is rejected early, whether it is a bare array or a page.
#[tokio::test]
async fn rows_that_cannot_be_decoded_are_skipped_up_to_a_limit() {
    let junk = vec![0; 200_000];
    for (body, message) in [
        (json!(junk), "at `[1000]`"),
        (
            json!({"pagination": {"count": 200_000, "current": 1, "end_index": 100, "next": 2, "previous": 0, "start_index": 1, "total_pages": 2_000},
            "results": junk}),
            "it has 200000 rows, but at most 100 were requested",
        ),
    ] {
        let server = fake(Release::V2025_12, 10).fault(1, Fault::json(200, &body)).start().await.unwrap();
        let error = server.client().flows_bindings_list().paginate().skip_undecodable().await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// A skipped row may have any key; it must not count as evidence for the rest of the list.
#[tokio::test]
async fn a_skipped_row_with_a_strange_key_proves_nothing() {
    for (index, key) in [(99, json!("garbage")), (0, json!(5)), (50, json!("garbage"))] {
        for page in [1, 2, 3] {
            let strange = key.clone();
            let server = fake(Release::V2025_12, 500).tamper(move |request, response| {
                if is_page(request, page)
                    && let Some(row) = response["results"].get_mut(index.min(96))
                {
                    row["pk"] = strange.clone();
                }
            });
            let server = server.start().await.unwrap();
            match server.client().flows_bindings_list().paginate().skip_undecodable().await {
                Ok(rows) => assert!(rows.len() >= 499, "{} rows, {key} on page {page}", rows.len()),
                Err(error) => assert!(matches!(error, Error::Incomplete { .. }), "{error}"),
            }
        }
    }
}

/// If the first page does not suffice, more are requested, and those responses must be pages too.
#[tokio::test]
async fn a_bare_array_after_a_page_in_another_order_is_an_error() {
    let server = fake(Release::V2025_12, 20).fault(2, Fault::json(200, &json!([]))).start().await.unwrap();
    let error = server.client().flows_bindings_list().ordering("order").paginate().max_items(10).await.unwrap_err();
    assert!(matches!(error, Error::Pagination { .. }), "{error}");
}

/// The client itself sorts the rows of a page in another order, so their order does not reveal that a row occurs twice.
#[tokio::test]
async fn a_row_twice_on_the_first_page_in_another_order_is_not_returned_twice() {
    let server = fake(Release::V2025_12, 300).tamper(|_, response| {
        if let Some(rows) = response["results"].as_array_mut().filter(|rows| rows.len() > 1) {
            rows[1] = rows[0].clone();
        }
    });
    let server = server.start().await.unwrap();
    let error = server.client().flows_bindings_list().ordering("order").paginate().max_items(75).await.map(|rows| rows.len()).unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
}
