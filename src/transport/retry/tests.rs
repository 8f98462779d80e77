use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use reqwest::header::HeaderMap;

use super::*;
use crate::redaction::Quoter;

fn status(code: u16, retry_after: Option<&str>) -> Error {
    let headers = retry_after.map(|value| (reqwest::header::RETRY_AFTER, value.parse().unwrap()));
    let headers = headers.into_iter().collect::<HeaderMap>();
    let url = "https://auth.example.com/api/v3/".parse().unwrap();
    Error::from_status(StatusCode::from_u16(code).unwrap(), &headers, &url, b"", Quoter::default())
}

async fn run_until(policy: RetryPolicy, throttle: &Throttle, mut succeeds: impl FnMut() -> bool) -> Result<(), Error> {
    run(policy, throttle, None, || std::future::ready(if succeeds() { Ok(()) } else { Err(status(503, None)) })).await
}

#[test]
fn pauses_grow_and_are_random() {
    let policy = RetryPolicy::default();
    for (count, base) in [(1, 0.2), (2, 0.4), (5, 3.2), (7, 10.0), (1_000, 10.0)] {
        let pauses = (0..100).map(|_| policy.pause(count).as_secs_f64()).collect::<Vec<_>>();
        assert!(pauses.iter().all(|pause| (base * 0.5..base * 1.5).contains(pause)), "{pauses:?}");
        let spread = pauses.iter().fold(0.0_f64, |most, pause| most.max((pause - pauses[0]).abs()));
        assert!(spread > base * 0.2, "the jitter is a constant: {pauses:?}");
    }
}

/// Every thread and process must draw different numbers: with a constant seed, all clients would send their requests at once.
#[test]
fn jitter_differs_between_threads() {
    let first = || std::thread::spawn(|| RetryPolicy::default().pause(1)).join().unwrap();
    assert_ne!(first(), first());
}

#[tokio::test(start_paused = true)]
async fn the_default_policy_survives_an_outage_of_half_a_minute() {
    for _ in 0..200 {
        let throttle = Throttle::new(32);
        let started = Instant::now();
        run_until(RetryPolicy::default(), &throttle, || started.elapsed() > Duration::from_secs(30)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn many_concurrent_requests_survive_an_outage_of_half_a_minute() {
    let throttle = Throttle::new(1_000);
    let started = Instant::now();
    let requests = (0..64).map(|_| run_until(RetryPolicy::default(), &throttle, || started.elapsed() > Duration::from_secs(30)));
    assert!(join_all(requests).await.iter().all(Result::is_ok));
    assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_down_is_not_flooded() {
    let (throttle, sent) = (Throttle::new(1_000), AtomicUsize::new(0));
    let requests = (0..64).map(|_| {
        run_until(RetryPolicy::default(), &throttle, || {
            sent.fetch_add(1, Ordering::Relaxed);
            false
        })
    });
    assert!(join_all(requests).await.iter().all(Result::is_err));
    // The first attempt of each request, the budget, and the retries that two minutes add to it.
    assert!(sent.load(Ordering::Relaxed) <= 64 + 20 + 60, "{sent:?}");
}

/// A request that never gets its turn would hang.
#[tokio::test(start_paused = true)]
async fn a_pause_that_is_renewed_forever_does_not_block_requests_forever() {
    let throttle = Throttle::new(1);
    let renewed = async {
        loop {
            throttle.pause(Duration::from_secs(60));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let started = Instant::now();
    tokio::select! {
        () = renewed => unreachable!(),
        outcome = run_until(RetryPolicy::default(), &throttle, || true) => outcome.unwrap(),
    }
    assert!(started.elapsed() <= Duration::from_secs(66), "{:?}", started.elapsed());
}

/// "No limit" may be written as `Duration::MAX`.
#[tokio::test(start_paused = true)]
async fn durations_of_any_length_are_accepted() {
    let policy = RetryPolicy::default().max_elapsed(Duration::MAX).pauses(Duration::MAX, Duration::MAX);
    assert!(policy.pause(1) > Duration::from_secs(86_400));
    run(policy, &Throttle::new(1), Some(Duration::MAX), || std::future::ready(Ok(()))).await.unwrap();
    let limit = Some(Duration::from_secs(5));
    let error = run(policy, &Throttle::new(1), limit, || std::future::ready(Err::<(), _>(status(503, None)))).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn retries_end_in_time_with_the_last_error() {
    let started = Instant::now();
    let policy = RetryPolicy::default().max_attempts(1_000).max_elapsed(Duration::from_secs(20));
    let error = run_until(policy, &Throttle::new(1), || false).await.unwrap_err();
    assert!(started.elapsed() <= Duration::from_secs(20) && error.elapsed() <= Duration::from_secs(20));
    assert!(error.attempts() > 3 && error.to_string().contains("attempts in "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn requests_resume_at_different_times_after_a_retry_after() {
    let throttle = Throttle::new(1_000);
    let started = Instant::now();
    let returns = Mutex::new(Vec::new());
    let requests = (0..8).map(|_| {
        run(RetryPolicy::default(), &throttle, None, || {
            let elapsed = started.elapsed();
            std::future::ready(if elapsed < Duration::from_secs(10) {
                Err(status(429, Some("10")))
            } else {
                returns.lock().unwrap().push(elapsed);
                Ok(())
            })
        })
    });
    assert!(join_all(requests).await.iter().all(Result::is_ok));
    let mut returns = returns.into_inner().unwrap();
    returns.sort();
    assert!(returns[0] >= Duration::from_secs(10) && returns[7] <= Duration::from_secs(16), "{returns:?}");
    assert!(returns[7] > returns[0] + Duration::from_millis(200), "all at once: {returns:?}");
}
