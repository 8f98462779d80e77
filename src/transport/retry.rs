//! What is retried, when, and for how long.
//!
//! Every request of this crate reads and changes nothing, so it may be sent again. Faults that pass are: a connection that
//! breaks or times out, an answer that ends early, and the statuses 408, 429, 500, 502, 503 and 504.

use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};

use crate::Error;

/// A server that asks for a longer pause (`Retry-After`) is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Sends up to `1 + retries` requests, with pauses of about 0.2 s, 0.4 s, 0.8 s … up to 10 s between them, or as long as the server asks for.
pub(crate) async fn with_retries<T, F, Fut>(retries: u32, mut request: F) -> Result<T, Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Error>>,
{
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(retries as usize)
        .with_jitter();
    let mut attempts = 0;
    let outcome = (|| {
        attempts += 1;
        request()
    })
    .retry(pauses)
    .when(Error::is_retryable)
    .adjust(|error, pause| match error.retry_after() {
        Some(asked) if asked > LONGEST_PAUSE => None,
        Some(asked) => pause.map(|pause| pause.max(asked)),
        None => pause,
    })
    .notify(report)
    .await;
    outcome.map_err(|error| error.after_attempts(attempts))
}

#[cfg(feature = "tracing")]
fn report(error: &Error, pause: Duration) {
    tracing::warn!(%error, ?pause, "a request to authentik failed and is sent again");
}

#[cfg(not(feature = "tracing"))]
fn report(_: &Error, _: Duration) {}
