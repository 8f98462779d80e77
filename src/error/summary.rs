//! A summary of a failed request: attempts, duration and request id.

use std::fmt;
use std::time::Duration;

/// A failed request: how many times it was sent, how long it took, and how to find it in the server's log.
#[derive(Clone, Debug, Default)]
pub struct RequestSummary {
    attempts: usize,
    elapsed: Duration,
    id: Option<String>,
}

impl RequestSummary {
    /// `id` is already redacted.
    pub(super) fn new(id: Option<String>) -> Self {
        Self { id, ..Self::default() }
    }

    pub(super) fn set_attempts(&mut self, attempts: usize, elapsed: Duration) {
        (self.attempts, self.elapsed) = (attempts, elapsed);
    }

    /// How many times the request was sent.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// How long the request took, with its retries and the pauses between them.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The request's id in authentik's log, from the header `x-authentik-id` of the last response.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Displays, for example, ` (4 attempts in 31.2 s) [request 7f in authentik's log]`; a single attempt is not mentioned.
impl fmt::Display for RequestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts > 1 {
            write!(f, " ({} attempts in {:.1} s)", self.attempts, self.elapsed.as_secs_f64())?;
        }
        self.id.iter().try_for_each(|id| write!(f, " [request {id} in authentik's log]"))
    }
}
