//! Limits of a request, which a server cannot raise.

use std::time::Duration;

use reqwest::{Response, Url};

use crate::Error;
use crate::error::DecodeFailure;

/// Requests for up to this many rows get no more time than [`ClientBuilder::timeout`](crate::ClientBuilder::timeout).
const ROWS_WITHOUT_EXTRA_TIME: u64 = 100;

/// The time for each additional row. A slow server needed 12 ms per row.
const TIME_PER_ROW: Duration = Duration::from_millis(50);

/// The limit of the time for additional rows. It is needed because their number may come from the server's count.
const MAX_EXTRA_TIME: Duration = Duration::from_secs(120);

/// How many bytes must arrive within the idle timeout, so that single bytes cannot keep a request open.
const IDLE_PROGRESS: usize = 4 * 1024;

/// The maximum number of bytes that are allocated in advance for a `Content-Length`.
const MAX_RESERVED: usize = 8 * 1024 * 1024;

/// Limits of every request of a client; [`ClientBuilder`](crate::ClientBuilder) documents each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_response_bytes: usize,
    pub(crate) max_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(10),
            deadline: None,
            max_response_bytes: 64 * 1024 * 1024,
            max_in_flight: 32,
        }
    }
}

impl Limits {
    /// The time limit of one attempt.
    pub(super) fn time_for(&self, url: &Url) -> Duration {
        let rows = url.query_pairs().find(|(name, _)| name == "page_size").map_or(0, |(_, rows)| rows.parse().unwrap_or(u64::MAX));
        let extra_rows = u32::try_from(rows.saturating_sub(ROWS_WITHOUT_EXTRA_TIME)).unwrap_or(u32::MAX);
        self.timeout.saturating_add(TIME_PER_ROW.saturating_mul(extra_rows).min(MAX_EXTRA_TIME))
    }

    /// Reads a body of up to `cap` bytes, counted after decompression; `None` if it has more.
    pub(super) async fn read_body(&self, response: &mut Response, cap: usize, address: &str) -> Result<Option<Vec<u8>>, Error> {
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > cap {
            return Ok(None);
        }
        let mut body = Vec::with_capacity(announced.min(MAX_RESERVED));
        let (mut goal, mut until) = (IDLE_PROGRESS, self.idle_until());
        loop {
            let chunk = tokio::time::timeout_at(until, response.chunk()).await;
            match chunk.map_err(|_| Error::stalled(self.idle_timeout, address))? {
                Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > cap => return Ok(None),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Some(body)),
                Err(error) => return Err(Error::from_transport(error, address)),
            }
            if body.len() >= goal {
                (goal, until) = (body.len().saturating_add(IDLE_PROGRESS), self.idle_until());
            }
        }
    }

    fn idle_until(&self) -> tokio::time::Instant {
        let now = tokio::time::Instant::now();
        now.checked_add(self.idle_timeout).unwrap_or(now + Duration::from_secs(86_400))
    }

    pub(super) fn too_large(&self) -> DecodeFailure {
        DecodeFailure::of_body(format!(
            "it is larger than the limit of {} bytes: request fewer rows, or raise `max_response_bytes`",
            self.max_response_bytes
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_limit_grows_with_the_rows_up_to_a_cap() {
        let seconds = |rows: &str| {
            let url = format!("https://auth.example.com/api/v3/flows/bindings/?page=1&page_size={rows}").parse().unwrap();
            Limits::default().time_for(&url).as_secs()
        };
        assert_eq!([seconds("20"), seconds("100"), seconds("1100")], [30, 30, 80]);
        for rows in ["10000", "4000000000", "5000000000", "18446744073709551615", "99999999999999999999999"] {
            assert_eq!(seconds(rows), 150, "{rows}");
        }
    }
}
