//! Decides which failures are retried, after which pauses, and for how long.
//!
//! Only GET and HEAD are retried, and only after transient failures: a connection that fails, breaks or times out, a truncated response,
//! and the statuses 408, 429, 500, 502, 503 and 504. TLS errors are final, because a retry does not fix a certificate.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::Instant;

use super::throttle::{MAX_SPREAD, Throttle};
use crate::Error;

/// The longest `Retry-After` that is honored.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The longest pause between attempts; timers do not support every `Duration`.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 86_400);

/// How many responses with status 500 end the retries. Most are caused by a bug, which a retry does not fix, and each costs the server
/// work.
const MAX_SERVER_ERRORS: usize = 5;

/// How often and for how long a request is retried after a transient failure.
///
/// By default requests survive a restart of the server: there are 12 attempts within two minutes, with pauses of 0.2 s, 0.4 s, 0.8 s and
/// so on up to 10 s between them, each randomly lengthened or shortened by up to half.
///
/// Two more rules apply. Every request of the client honors a `Retry-After` of up to 60 s; a longer one ends the retries. The requests of
/// a client share a budget of 20 retries; each success adds two, and each second half of one. Once it is spent, retries wait, so that a
/// server that is down is not flooded.
///
/// ```
/// use std::time::Duration;
///
/// use authentik_flow_bindings::{Client, RetryPolicy};
///
/// let policy = RetryPolicy::default().max_attempts(4).max_elapsed(Duration::from_secs(10));
/// let client = Client::builder("https://auth.example.com").retry(policy).build()?;
/// # Ok::<(), authentik_flow_bindings::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a policy has no effect until it is passed to `ClientBuilder::retry`"]
pub struct RetryPolicy {
    max_attempts: usize,
    max_elapsed: Duration,
    first_pause: Duration,
    max_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 12,
            max_elapsed: Duration::from_secs(120),
            first_pause: Duration::from_millis(200),
            max_pause: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// Never retries: every request is sent once.
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// The maximum number of attempts, including the first; 12 unless set. 0 counts as 1.
    pub fn max_attempts(self, attempts: usize) -> Self {
        Self { max_attempts: attempts.max(1), ..self }
    }

    /// How long after the first attempt a retry may start; two minutes unless set. A `Retry-After` may delay it further.
    pub fn max_elapsed(self, elapsed: Duration) -> Self {
        Self { max_elapsed: elapsed, ..self }
    }

    /// The first pause between attempts, which doubles each time, and the longest one; 0.2 s and 10 s unless set.
    pub fn pauses(self, first: Duration, longest: Duration) -> Self {
        Self { first_pause: first, max_pause: longest, ..self }
    }

    /// The pause after attempt number `count`, with jitter.
    fn pause(&self, count: usize) -> Duration {
        let doublings = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.first_pause.saturating_mul(2_u32.saturating_pow(doublings)).min(self.max_pause).min(LONGEST_PAUSE);
        pause.mul_f64(0.5 + fastrand::f64())
    }
}

/// The attempts of one request.
struct Attempted {
    started: Instant,
    count: usize,
    server_errors: usize,
    last: Option<Error>,
    activity: &'static str,
}

impl Attempted {
    fn begin(&mut self) {
        self.count += 1;
        self.activity = "waiting for a response";
    }

    /// Records a failed attempt. Returns the pause before the next attempt, or the error if there is no next attempt.
    fn failed(&mut self, policy: RetryPolicy, error: Error) -> Result<Duration, Error> {
        let elapsed = self.started.elapsed();
        let error = error.after(self.count, elapsed);
        self.server_errors += usize::from(error.status() == Some(StatusCode::INTERNAL_SERVER_ERROR));
        let pause = policy.pause(self.count);
        let (pause, resumes) = match error.retry_after() {
            Some(asked) if asked > MAX_RETRY_AFTER => return Err(error),
            // `Throttle::paused` waits as long as the server asks, so that time is subtracted, and does not count toward `max_elapsed`.
            Some(asked) => (pause.saturating_sub(asked), elapsed),
            None => (pause, elapsed.saturating_add(pause)),
        };
        let is_final = !error.is_retryable()
            || self.count >= policy.max_attempts
            || self.server_errors >= MAX_SERVER_ERRORS
            || resumes > policy.max_elapsed;
        if is_final {
            return Err(error);
        }
        report(&error, pause);
        self.last = Some(error);
        self.activity = "waiting for the next attempt";
        Ok(pause)
    }

    fn into_error(self, limit: Duration) -> Error {
        let Self { count, last, activity, .. } = self;
        Error::DeadlineExceeded { limit, activity: activity.to_owned(), attempts: count, source: last.map(Box::new) }
    }
}

/// Makes attempts until one succeeds, the policy ends the retries, or the deadline is exceeded.
pub(super) async fn run<T, F, Fut>(policy: RetryPolicy, throttle: &Throttle, deadline: Option<Duration>, attempt: F) -> Result<T, Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Error>>,
{
    let activity = "waiting out the pause that the server asked for";
    let attempted = Mutex::new(Attempted { started: Instant::now(), count: 0, server_errors: 0, last: None, activity });
    let attempts = until_final(policy, throttle, &attempted, attempt);
    let Some(limit) = deadline else { return attempts.await };
    match tokio::time::timeout(limit, attempts).await {
        Ok(outcome) => outcome,
        Err(_) => Err(attempted.into_inner().unwrap_or_else(PoisonError::into_inner).into_error(limit)),
    }
}

async fn until_final<T, F, Fut>(policy: RetryPolicy, throttle: &Throttle, attempted: &Mutex<Attempted>, mut attempt: F) -> Result<T, Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Error>>,
{
    let attempted = || attempted.lock().unwrap_or_else(PoisonError::into_inner);
    let started = attempted().started;
    let give_up = started.checked_add(policy.max_elapsed).unwrap_or(started + LONGEST_PAUSE);
    loop {
        // The server may renew the pause repeatedly, so a request waits for one pause only.
        let _ = tokio::time::timeout(MAX_RETRY_AFTER + MAX_SPREAD, throttle.paused()).await;
        attempted().begin();
        let error = match attempt().await {
            Ok(value) => {
                throttle.succeeded();
                return Ok(value);
            }
            Err(error) => error,
        };
        if let Some(asked) = error.retry_after().filter(|asked| *asked <= MAX_RETRY_AFTER) {
            throttle.pause(asked);
        }
        let pause = attempted().failed(policy, error)?;
        tokio::time::sleep(pause).await;
        if tokio::time::timeout_at(give_up, throttle.retry()).await.is_err()
            && let Some(error) = attempted().last.take()
        {
            return Err(error);
        }
    }
}

#[cfg(feature = "tracing")]
fn report(error: &Error, pause: Duration) {
    tracing::warn!(%error, ?pause, "a request to authentik failed and will be retried");
}

#[cfg(not(feature = "tracing"))]
fn report(_: &Error, _: Duration) {}

#[cfg(test)]
mod tests;
