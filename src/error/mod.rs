//! One [`Error`] for everything that can go wrong.
//!
//! No error contains the token. Excerpts of a response are short, with control characters escaped, and without the
//! queries of URLs: since 2025.12 a `background_url` may be a signed URL, whose query is a credential.

mod accessors;
mod connection;
mod decode;
mod status;
mod summary;
#[cfg(feature = "rustls")]
mod tls;

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};

pub use connection::{ConnectionError, ConnectionErrorKind};
pub use decode::DecodeError;
pub(crate) use decode::DecodeFailure;
pub use status::StatusError;
pub use summary::RequestSummary;

use crate::compat::version::VersionRange;
use crate::redaction::Quoter;

/// Why a request, or a listing of many requests, failed.
///
/// The message says what failed, where, and what to do. [`source`](std::error::Error::source) leads to the technical causes, and
/// `Debug` prints the message with all of them, which is what `fn main() -> Result<(), Error>` shows.
///
/// | variant | see | what to do |
/// | --- | --- | --- |
/// | `Configuration`, `InvalidRequest` | the message | correct the program or its environment |
/// | `Connection` | [`is_timeout`](Self::is_timeout), [`is_connect`](Self::is_connect), [`is_tls`](Self::is_tls) | try again later, or correct the address or the certificates |
/// | `DeadlineExceeded` | [`is_timeout`](Self::is_timeout) | allow more time, or request fewer rows |
/// | `Status` | [`is_forbidden`](Self::is_forbidden), [`is_not_found`](Self::is_not_found), [`field_errors`](Self::field_errors) | correct the token or the filters |
/// | `Decode` | [`DecodeError::path`] | check proxies in front of the server; report a response that this crate should decode |
/// | `Incomplete`, `Unsettled`, `Pagination` | the message | repeat the listing, or resume it |
/// | `Interrupted` | [`into_cause`](Self::into_cause), one of the above | resume the listing at its position |
///
/// ```no_run
/// # #[cfg(operation = "flows_bindings_list")]
/// # async fn example(client: authentik_flow_bindings::Client) -> Result<(), authentik_flow_bindings::Error> {
/// match client.flows_bindings_list().send().await {
///     Ok(page) => println!("{} rows", page.results.len()),
///     Err(error) if error.is_forbidden() => eprintln!("check the token: {error}"),
///     Err(error) if error.is_retryable() => eprintln!("the server may be back later: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum Error {
    /// The client cannot be built as configured. No request was sent.
    #[non_exhaustive]
    Configuration {
        /// What is wrong and what to do.
        message: String,
    },

    /// A parameter of the request has an invalid value. No request was sent.
    #[non_exhaustive]
    InvalidRequest {
        /// What is wrong.
        message: String,
    },

    /// No response arrived, or it ended before it was complete.
    Connection(Box<ConnectionError>),

    /// The deadline was exceeded.
    #[non_exhaustive]
    DeadlineExceeded {
        /// The deadline, counted from the start of the request or the listing.
        limit: Duration,
        /// What the request was doing, such as `waiting for a response`.
        activity: String,
        /// How many times the request had been sent; 0 for the deadline of a listing, which does not count its requests.
        attempts: usize,
        /// Why the last attempt failed, if one did.
        source: Option<Box<Error>>,
    },

    /// The server responded with a status other than success.
    Status(Box<StatusError>),

    /// The response cannot be read.
    Decode(Box<DecodeError>),

    /// A listing ended, but rows are missing.
    #[non_exhaustive]
    Incomplete {
        /// How many rows the server counted.
        expected: u64,
        /// How many distinct rows were received.
        received: u64,
        /// Why the other rows could not be received.
        reason: String,
        /// The releases of authentik that the responses are compatible with.
        server: VersionRange,
    },

    /// No two consecutive passes of a snapshot returned the same rows.
    #[non_exhaustive]
    Unsettled {
        /// The number of passes.
        passes: usize,
    },

    /// A stream failed after it had returned some rows. The accessors of `Error` describe the cause.
    #[non_exhaustive]
    Interrupted {
        /// How many rows were returned, including those before a `resume`.
        returned: u64,
        /// Why the listing failed.
        cause: Box<Error>,
    },

    /// The server's pages are inconsistent.
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

    /// Adds how many rows a stream had returned, if any. An error of a request that cannot be sent stays unchanged.
    pub(crate) fn interrupting(self, returned: u64) -> Self {
        if returned == 0 || matches!(self, Self::InvalidRequest { .. }) {
            self
        } else {
            Self::Interrupted { returned, cause: Box::new(self) }
        }
    }

    /// Records how many times the request was sent, and how long it took.
    pub(crate) fn after(mut self, attempts: usize, elapsed: Duration) -> Self {
        let request = match &mut self {
            Self::Connection(error) => &mut error.request,
            Self::Status(error) => &mut error.request,
            Self::Decode(error) => &mut error.request,
            _ => return self,
        };
        request.set_attempts(attempts, elapsed);
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
            // The generated code builds requests and decodes no responses.
            Generated::ErrorResponse(_) | Generated::InvalidResponsePayload(..) | Generated::UnexpectedResponse(_) => {
                Self::invalid_request("the generated client decoded a response itself")
            }
        }
    }
}

/// Lets functions that return I/O errors use `?`.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { message } => f.write_str(message),
            Self::InvalidRequest { message } => write!(f, "the request cannot be sent: {message}"),
            Self::Connection(error) => error.fmt(f),
            Self::DeadlineExceeded { limit, activity, attempts, .. } => {
                write!(f, "the deadline of {limit:?} passed while {activity}{}", attempted(*attempts))
            }
            Self::Status(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Incomplete { expected, received, reason, server } => {
                let server = looks_like(*server);
                write!(f, "the listing is incomplete: {received} of {expected} rows were received: {reason}{server}")
            }
            Self::Unsettled { passes } => {
                write!(f, "of {passes} passes, no two consecutive ones returned the same rows: take the snapshot when fewer rows change")
            }
            Self::Interrupted { returned, cause } => {
                write!(f, "{cause}. The listing had returned {returned} rows: resume after them at `Items::position()`")
            }
            Self::Pagination { page, problem } => write!(f, "the server's pages are inconsistent: page {page} {problem}"),
        }
    }
}

impl std::error::Error for Error {
    /// The first cause that is not part of the message. An interrupted listing's own cause is, so it is left out.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.cause() {
            Self::Connection(error) => error.source(),
            Self::Status(error) => error.source(),
            Self::Decode(error) => error.source(),
            Self::DeadlineExceeded { source, .. } => source.as_deref().map(|error| error as &(dyn std::error::Error + 'static)),
            _ => None,
        }
    }
}

/// Prints the message, then each cause on a line of its own.
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

fn summary_of(headers: &HeaderMap, quoter: Quoter<'_>) -> RequestSummary {
    let id = headers.get("x-authentik-id").and_then(|id| id.to_str().ok());
    RequestSummary::new(id.map(|id| quoter.quote(id)))
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
