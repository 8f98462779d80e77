//! Retries: when, how often, and the state that requests share. The schedule itself is tested without a network in
//! `src/transport/retry/tests.rs`.

use std::time::{Duration, Instant};

use authentik_flow_bindings::RetryPolicy;
use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use futures_util::future::join_all;
use serde_json::json;

use super::{client, error_of, faulty, response};

#[tokio::test(start_paused = true)]
async fn transient_faults_are_retried_and_counted() {
    let server = FakeAuthentik::builder()
        .generated(3, 1)
        .fault(1, Fault::html(502))
        .fault(2, Fault::Cut)
        .fault(3, Fault::Reset)
        .fault(4, Fault::json(503, &json!({"error": "authentik starting"})))
        .start()
        .await
        .unwrap();
    let page = client(&server).build().unwrap().flows_bindings_list().send().await.unwrap();
    assert_eq!((page.results.len(), server.received().len()), (3, 5));
}

/// While a server restarts, its port refuses connections.
#[tokio::test]
async fn requests_survive_a_restart_of_the_server() {
    let server = FakeAuthentik::builder().generated(3, 1).start().await.unwrap();
    let port = server.address().rsplit(':').next().unwrap().parse().unwrap();
    let client = client(&server).retry(RetryPolicy::default().pauses(Duration::from_millis(1), Duration::from_millis(5))).build().unwrap();
    drop(server);
    assert_eq!(error_of(&client).await.attempts(), 12, "nothing listens on the port");
    let request = tokio::spawn(client.flows_bindings_list().send());
    let _server = FakeAuthentik::builder().generated(3, 1).port(port).start().await.unwrap();
    assert_eq!(request.await.unwrap().unwrap().results.len(), 3);
}

#[tokio::test]
async fn permanent_faults_are_not_retried() {
    for fault in [Fault::json(403, &json!({"detail": "no"})), Fault::html(404), Fault::html(200), Fault::ContentEncoding("br")] {
        let server = faulty(fault.clone()).await;
        let error = error_of(&client(&server).build().unwrap()).await;
        assert!(!error.is_retryable() && server.received().len() == 1, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn the_policy_limits_attempts() {
    let server = faulty(Fault::html(503)).await;
    let pauses = RetryPolicy::default().pauses(Duration::from_millis(1), Duration::from_millis(5));
    assert_eq!(error_of(&client(&server).retry(pauses).build().unwrap()).await.attempts(), 12);
    assert_eq!(error_of(&client(&server).retry(pauses.max_attempts(3)).build().unwrap()).await.attempts(), 3);
    assert_eq!(error_of(&client(&server).retry(RetryPolicy::never()).build().unwrap()).await.attempts(), 1);

    let server = faulty(Fault::html(500)).await;
    assert_eq!(
        error_of(&client(&server).retry(pauses).build().unwrap()).await.attempts(),
        5,
        "a 500 is usually caused by a bug, which a retry does not fix"
    );
}

#[tokio::test]
async fn a_long_retry_after_ends_the_retries() {
    let server = faulty(response(429, &[("retry-after", "3600")], "")).await;
    let error = error_of(&client(&server).build().unwrap()).await;
    assert!(error.is_rate_limited());
    assert_eq!((error.retry_after(), error.attempts()), (Some(Duration::from_secs(3600)), 1));
    assert!(error.to_string().contains("Retry after 3600 s"), "{error}");
}

/// One request receives `Retry-After`; another request that starts during the pause waits too.
#[tokio::test]
async fn a_retry_after_delays_every_request_of_the_client() {
    let server = FakeAuthentik::builder().generated(3, 1).fault(1, response(503, &[("retry-after", "1")], "")).start().await.unwrap();
    let client = client(&server).build().unwrap();
    let started = Instant::now();
    let first = tokio::spawn(client.flows_bindings_list().send());
    while server.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.flows_bindings_list().send().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    first.await.unwrap().unwrap();
    assert_eq!(server.received().len(), 3);
}

/// A listing of 100 pages with the default settings, from a server at which every fifth request fails.
async fn list_under_transient_faults(seed: u64) {
    let faults = [Fault::Reset, Fault::Cut, Fault::Close, Fault::html(502), Fault::html(500), Fault::html(503), Fault::Stall];
    let mut random = fastrand::Rng::with_seed(seed);
    let mut server = FakeAuthentik::builder().release(Release::V2025_12).generated(260, 20);
    for number in 1..=400 {
        if random.f32() < 0.2 {
            server = server.fault(number, faults[random.usize(..faults.len())].clone());
        }
    }
    let server = server.start().await.unwrap();
    let rows = client(&server).build().unwrap().flows_bindings_list().paginate().page_size(5).collect().await;
    assert_eq!(rows.map(|rows| rows.len()).map_err(|error| error.to_string()), Ok(260), "seed {seed}");
    assert!(server.completed() >= 100, "{} pages", server.completed());
}

/// Uses the default pauses and idle timeouts: Tokio's paused clock advances when the runtime is idle.
#[tokio::test(start_paused = true)]
async fn listings_complete_under_transient_faults() {
    for seed in 0..30 {
        list_under_transient_faults(seed).await;
    }
}

/// The test above, in real time: `cargo test --test all -- --ignored in_real_time`.
#[tokio::test]
#[ignore = "takes minutes"]
async fn listings_complete_under_transient_faults_in_real_time() {
    join_all((0..60).map(list_under_transient_faults)).await;
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let server = FakeAuthentik::builder().generated(3, 1).always(Fault::CloseAfter).start().await.unwrap();
    let client = client(&server).build().unwrap();
    for _ in 0..5 {
        client.flows_bindings_list().send().await.unwrap();
    }
}

#[tokio::test]
async fn http_1_0_is_understood() {
    let server = faulty(Fault::Http10).await;
    assert_eq!(client(&server).build().unwrap().flows_bindings_list().send().await.unwrap().results.len(), 30);
}
