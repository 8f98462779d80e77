//! One [`Error`] for everything that can go wrong.
//!
//! No error contains the token. What it quotes of a response is short, without characters that a terminal obeys, and without the
//! query of a URL: since 2025.12 a `background_url` may be a signed URL, whose query is a credential.

mod attempts;
mod connection;
mod decode;
mod status;
#[cfg(feature = "rustls")]
mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

pub(crate) use attempts::Attempts;
pub use connection::{ConnectionError, ConnectionErrorKind};
pub use decode::DecodeError;
pub(crate) use decode::DecodeFailure;
pub use status::StatusError;

use crate::compat::version::VersionRange;
use crate::redaction::Quoter;

/// Why a request, or a listing of many requests, failed.
///
/// The message says what failed, where, and what to do. [`source`](std::error::Error::source) leads to the technical causes, and
/// `Debug` prints the message with all of them, which is what `fn main() -> Result<(), Error>` shows.
///
/// | variant | ask | what to do |
/// | --- | --- | --- |
/// | `Configuration`, `InvalidRequest` | the message | correct the program or its environment |
/// | `Connection` | [`is_timeout`](Self::is_timeout), [`is_connect`](Self::is_connect), [`is_tls`](Self::is_tls) | try later, or correct the address or the certificates |
/// | `DeadlineExceeded` | [`is_timeout`](Self::is_timeout) | allow more time, or ask for less |
/// | `Status` | [`is_forbidden`](Self::is_forbidden), [`is_not_found`](Self::is_not_found), [`field_errors`](Self::field_errors) | correct the token or the filters |
/// | `Decode` | [`DecodeError::path`] | look at what is in front of the server; report a server that this crate should understand |
/// | `Incomplete`, `Unsettled`, `Pagination` | the message | list again, or resume |
/// | `Interrupted` | [`into_cause`](Self::into_cause), one of the above | resume the listing at its position |
///
/// ```no_run
/// # async fn example(client: authentik_flow_bindings::Client) -> Result<(), authentik_flow_bindings::Error> {
/// match client.flows_bindings_list().send().await {
///     Ok(page) => println!("{} rows", page.results.len()),
///     Err(error) if error.is_forbidden() => eprintln!("check the token: {error}"),
///     Err(error) if error.is_retryable() => eprintln!("the server may be back later: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(()) }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be built like this. No request was sent.
    #[error("{message}")]
    #[non_exhaustive]
    Configuration {
        /// What is wrong, and what to do.
        message: String,
    },

    /// The request cannot be sent like this: a parameter has an invalid value. No request was sent.
    #[error("the request cannot be sent: {message}")]
    #[non_exhaustive]
    InvalidRequest {
        /// What is wrong.
        message: String,
    },

    /// No response arrived, or it ended before it was complete.
    #[error(transparent)]
    Connection(Box<ConnectionError>),

    /// The deadline passed.
    #[error("the deadline of {limit:?} passed while {activity}{}", attempted(*attempts))]
    #[non_exhaustive]
    DeadlineExceeded {
        /// The deadline, counted from the start of the request or the listing.
        limit: Duration,
        /// What was going on, such as `waiting for a response`.
        activity: String,
        /// How many requests had been sent.
        attempts: usize,
        /// Why the last attempt failed, if one did.
        source: Option<Box<Error>>,
    },

    /// The server responded with a status other than success.
    #[error(transparent)]
    Status(Box<StatusError>),

    /// The response cannot be read.
    #[error(transparent)]
    Decode(Box<DecodeError>),

    /// A listing ended, and rows are missing.
    #[error("the listing is incomplete: {received} of {expected} rows were received: {reason}{}", looks_like(*server))]
    #[non_exhaustive]
    Incomplete {
        /// How many rows the server counts.
        expected: u64,
        /// How many distinct rows were received.
        received: u64,
        /// Why the others could not be received.
        reason: String,
        /// Which releases of authentik the responses match, as far as their keys tell.
        server: VersionRange,
    },

    /// The rows changed whenever they were listed.
    #[error("the rows changed between each two of {passes} passes: take the snapshot when fewer people change flows")]
    #[non_exhaustive]
    Unsettled {
        /// How often they were listed.
        passes: usize,
    },

    /// A stream of rows failed after it had returned some of them. The methods of `Error` answer for the cause.
    #[error("{cause}. The listing had returned {returned} rows: `Items::position()` resumes it after them")]
    #[non_exhaustive]
    Interrupted {
        /// How many rows were returned.
        returned: u64,
        /// Why the listing could not go on.
        cause: Box<Error>,
    },

    /// The server's pages contradict each other or themselves.
    #[error("the server's pages are inconsistent: page {page} {problem}")]
    #[non_exhaustive]
    Pagination {
        /// Number of the page.
        page: u64,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration { message: message.into() }
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::InvalidRequest { message: message.into() }
    }

    /// The error itself, or the cause of an [`Interrupted`](Self::Interrupted) listing.
    #[must_use]
    pub fn into_cause(self) -> Self {
        match self {
            Self::Interrupted { cause, .. } => *cause,
            error => error,
        }
    }

    fn cause(&self) -> &Self {
        match self {
            Self::Interrupted { cause, .. } => cause,
            error => error,
        }
    }

    /// Says how many rows a stream had returned, if any.
    pub(crate) fn interrupting(self, returned: u64) -> Self {
        if returned == 0 { self } else { Self::Interrupted { returned, cause: Box::new(self) } }
    }

    /// The status of the response, if it was not success.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status_error().map(StatusError::status)
    }

    /// The server's own explanation. Since 2025.12 it follows the language of the request: do not match on it.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.status_error()?.detail()
    }

    /// The parameters that the server rejected (status 400), each with its messages.
    #[must_use]
    pub fn field_errors(&self) -> Option<&BTreeMap<String, Vec<String>>> {
        self.status_error().map(StatusError::field_errors).filter(|errors| !errors.is_empty())
    }

    /// The request's id in authentik's log, from the header `x-authentik-id`.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self.cause() {
            Self::Status(error) => error.request_id(),
            Self::Decode(error) => error.request_id(),
            _ => None,
        }
    }

    /// How many requests were sent before this error was final; 0 when none was.
    #[must_use]
    pub fn attempts(&self) -> usize {
        match self.cause() {
            Self::DeadlineExceeded { attempts, .. } => *attempts,
            _ => self.attempt_record().map_or(0, |attempts| attempts.count),
        }
    }

    /// How long the request took with its retries; zero when none was sent.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match self.cause() {
            Self::DeadlineExceeded { limit, .. } => *limit,
            _ => self.attempt_record().map_or(Duration::ZERO, |attempts| attempts.elapsed),
        }
    }

    /// Whether the token is missing, invalid or expired, or its user lacks a permission: authentik responds with 403 in each case.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.status(), Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED))
    }

    /// Whether there is nothing at that place: a page past the end, or an address without an API.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the server asked for fewer requests.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether a time limit passed: of the connection, of one attempt, or of the whole request.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause(), Self::DeadlineExceeded { .. }) || self.connection_kind() == Some(ConnectionErrorKind::Timeout)
    }

    /// Whether no connection was established: the name was not resolved, or the connection was refused or took too long.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.cause(), Self::Connection(error) if error.is_connect())
    }

    /// Whether TLS failed: a certificate was not accepted, or there is no common version.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.connection_kind() == Some(ConnectionErrorKind::Tls)
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.cause() {
            Self::Connection(error) => error.is_retryable(),
            Self::Status(error) => matches!(error.status().as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
            Self::Decode(error) => error.is_cut_off(),
            _ => false,
        }
    }

    /// How long the server asks to wait (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.status_error()?.retry_after()
    }

    fn status_error(&self) -> Option<&StatusError> {
        match self.cause() {
            Self::Status(error) => Some(error),
            _ => None,
        }
    }

    fn connection_kind(&self) -> Option<ConnectionErrorKind> {
        match self.cause() {
            Self::Connection(error) => Some(error.kind()),
            _ => None,
        }
    }

    fn attempt_record(&self) -> Option<&Attempts> {
        match self.cause() {
            Self::Connection(error) => Some(&error.attempts),
            Self::Status(error) => Some(&error.attempts),
            Self::Decode(error) => Some(&error.attempts),
            _ => None,
        }
    }

    pub(crate) fn after(mut self, record: Attempts) -> Self {
        match &mut self {
            Self::Connection(error) => error.attempts = record,
            Self::Status(error) => error.attempts = record,
            Self::Decode(error) => error.attempts = record,
            _ => {}
        }
        self
    }

    pub(crate) fn on_page(mut self, number: u64) -> Self {
        if let Self::Decode(error) = &mut self {
            error.page = Some(number);
        }
        self
    }

    pub(crate) fn from_generated(error: progenitor_client::Error<()>) -> Self {
        use progenitor_client::Error as Generated;
        match error {
            Generated::InvalidRequest(message) | Generated::Custom(message) => Self::invalid_request(message),
            Generated::CommunicationError(error) | Generated::InvalidUpgrade(error) | Generated::ResponseBodyError(error) => {
                Self::invalid_request(error.without_url().to_string())
            }
            // The generated code builds requests and reads no response.
            Generated::ErrorResponse(_) | Generated::InvalidResponsePayload(..) | Generated::UnexpectedResponse(_) => {
                Self::invalid_request("the generated client read a response by itself")
            }
        }
    }
}

/// For people: the message, then its causes, each on a line.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = std::error::Error::source(self);
        if source.is_some() {
            write!(f, "\n\nCaused by:")?;
        }
        while let Some(cause) = source {
            write!(f, "\n    {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html"))
}

fn request_id(headers: &HeaderMap, quoter: Quoter<'_>) -> Option<String> {
    headers.get("x-authentik-id")?.to_str().ok().map(|id| quoter.quote(id))
}

fn in_log(request_id: Option<&str>) -> String {
    request_id.map(|id| format!(" [request {id} in authentik's log]")).unwrap_or_default()
}

fn looks_like(server: VersionRange) -> String {
    if server.is_unknown() { String::new() } else { format!(" (the server looks like {server})") }
}

fn attempted(attempts: usize) -> String {
    match attempts {
        0 => String::new(),
        1 => " (1 attempt)".to_owned(),
        attempts => format!(" ({attempts} attempts)"),
    }
}
