//! The limits of a request, which hold no matter how the server behaves.

use std::num::NonZeroUsize;
use std::time::Duration;

use authentik_flow_bindings::testing::{FakeAuthentik, Fault};
use authentik_flow_bindings::{Client, Error, RetryPolicy};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{JSON, client, error_of, faulty, response, run_alone};

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let error = error_of(&client(&faulty(Fault::InfiniteBody).await).max_response_bytes(1_000_000).build().unwrap()).await;
    assert!(matches!(error, Error::Decode(_)) && error.attempts() == 1, "{error:?}");
    assert!(
        error.to_string().contains("larger than the limit of 1000000 bytes: request fewer rows, or raise `max_response_bytes`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_with_a_content_length_over_the_limit_is_not_read() {
    let server = faulty(response(200, &[JSON], vec![b' '; 2_000])).await;
    let error = error_of(&client(&server).max_response_bytes(1_999).build().unwrap()).await;
    assert!(error.to_string().contains("the limit of 1999 bytes"), "{error}");
    let error = error_of(&client(&server).max_response_bytes(2_000).retries(0).build().unwrap()).await;
    assert!(error.to_string().contains("EOF while parsing"), "a body of exactly the limit is read: {error}");
}

#[tokio::test]
async fn gzip_is_negotiated_and_the_limit_applies_after_decompression() {
    let server = faulty(Fault::Gzip).await;
    let page = client(&server).build().unwrap().flows_bindings_list().send().await.unwrap();
    assert_eq!(page.results.len(), 30);
    assert_eq!(server.received()[0].headers["accept-encoding"], "gzip");

    let error = error_of(&client(&server).max_response_bytes(10_000).build().unwrap()).await;
    assert!(error.to_string().contains("the limit of 10000 bytes"), "{error}");
}

#[tokio::test]
async fn a_body_that_stalls_or_trickles_ends_at_the_idle_timeout() {
    for fault in [Fault::Stall, Fault::Drip(Duration::from_millis(20))] {
        let server = faulty(fault.clone()).await;
        let error = error_of(&client(&server).idle_timeout(Duration::from_millis(200)).retries(0).build().unwrap()).await;
        assert!(error.is_timeout() && error.is_retryable(), "{fault:?}: {error}");
        assert!(error.to_string().contains("stalled: too few bytes arrived within the idle timeout of 200ms"), "{error}");
    }
}

#[tokio::test]
async fn the_deadline_covers_retries_and_its_error_says_what_was_awaited() {
    let server = faulty(Fault::html(502)).await;
    let long_pauses = RetryPolicy::default().pauses(Duration::from_secs(60), Duration::from_secs(60));
    let error = error_of(&client(&server).retry(long_pauses).deadline(Duration::from_secs(1)).build().unwrap()).await;
    assert!(error.is_timeout() && error.attempts() == 1, "{error}");
    assert_eq!(error.to_string(), "the deadline of 1s passed while waiting for the next attempt (1 attempt)");
    assert!(format!("{error:?}").contains("Caused by:\n    authentik responded with 502 Bad Gateway"), "{error:?}");

    let server = faulty(Fault::Delay(Duration::from_secs(60))).await;
    let error = error_of(&client(&server).deadline(Duration::from_millis(100)).build().unwrap()).await;
    assert_eq!(error.to_string(), "the deadline of 100ms passed while waiting for a response (1 attempt)");
}

#[tokio::test]
async fn a_client_has_a_limited_number_of_requests_in_flight() {
    let server = FakeAuthentik::builder().generated(30, 5).latency(Duration::from_millis(20)).start().await.unwrap();
    let limited = client(&server).max_in_flight(NonZeroUsize::new(3).unwrap()).build().unwrap();
    let requests = (0..40).map(|_| limited.clone().flows_bindings_list().send());
    assert!(join_all(requests).await.iter().all(Result::is_ok));
    assert_eq!(server.most_in_flight(), 3);

    let default = client(&server).build().unwrap();
    join_all((0..100).map(|_| default.flows_bindings_list().send())).await;
    assert!(server.most_in_flight() <= 32, "{}", server.most_in_flight());
}

/// Error responses with thousands of messages, and names of thousands of characters.
#[tokio::test]
async fn messages_are_bounded() {
    let long = "x".repeat(5_000);
    let fields = (0..3_000).map(|number| (format!("field_{number}_{long:.100}"), json!(["no", "never"]))).collect();
    let bodies = [
        Value::Object(fields),
        json!(vec![long.clone(); 8_000]),
        json!({long.as_str(): [{"x": long}]}),
        json!({"detail": long}),
        json!({"non_field_errors": vec![long.clone(); 50]}),
    ];
    for body in bodies {
        // At most 64 KiB of an error response is read, so the first two bodies are also truncated.
        for status in [400, 200] {
            let error = error_of(&faulty(response(status, &[JSON], body.to_string())).await.client()).await;
            assert!(error.to_string().len() < 2_048, "{} bytes: {error}", error.to_string().len());
        }
    }
    let fields = (0..3_000).map(|number| (format!("f{number}"), json!(["no"]))).collect();
    let error = error_of(&faulty(response(400, &[JSON], Value::Object(fields).to_string())).await.client()).await;
    assert!(error.to_string().contains("; and 2980 more"), "{error}");
    assert_eq!(error.field_errors().unwrap().len(), 20);
}

#[tokio::test]
async fn a_request_for_many_rows_gets_more_time() {
    let server = faulty(Fault::Delay(Duration::from_millis(300))).await;
    let impatient = client(&server).timeout(Duration::from_millis(100)).retries(0).build().unwrap();
    assert!(impatient.flows_bindings_list().page_size(100).send().await.unwrap_err().is_timeout());
    impatient.flows_bindings_list().page_size(1_000).send().await.unwrap();
}

/// The body is read into a single buffer, so a large response is not copied.
#[cfg(target_os = "linux")]
#[test]
fn a_large_response_is_buffered_once() {
    let page = json!({"pagination": {"count": 0, "current": 1, "end_index": 0, "next": 0, "previous": 0, "start_index": 0, "total_pages": 1},
        "results": [], "filler": "x".repeat(LARGE)});
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(faulty(response(200, &[JSON], page.to_string())));
    run_alone("limits::memory_of_a_large_response", |command| {
        command.env("SERVER", server.address());
    });
}

const LARGE: usize = 40 * 1024 * 1024;

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "run by the test above, with a server"]
async fn memory_of_a_large_response() {
    let kib = |name: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches(|character: char| !character.is_ascii_digit()).parse::<usize>().unwrap()
    };
    let client = Client::builder(std::env::var("SERVER").unwrap()).token(FakeAuthentik::TOKEN).build().unwrap();
    let before = kib("VmRSS");
    client.flows_bindings_list().send().await.unwrap();
    let held = (kib("VmHWM") - before) * 1024;
    assert!((LARGE..LARGE * 3 / 2).contains(&held), "{held} bytes for a response of {LARGE}");
}
