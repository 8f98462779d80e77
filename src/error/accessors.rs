//! Accessors of [`Error`], which save matching on its variants.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;

use super::{ConnectionErrorKind, Error, RequestSummary, StatusError};

impl Error {
    /// The status of the response, if it was not a success.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status_error().map(StatusError::status)
    }

    /// The server's explanation. Since 2025.12 it is in the language of the request, so do not match on it.
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
        self.request()?.id()
    }

    /// How many times the failed request was sent; 0 if it was not sent, or if no single request failed.
    #[must_use]
    pub fn attempts(&self) -> usize {
        match self.cause() {
            Self::DeadlineExceeded { attempts, .. } => *attempts,
            _ => self.request().map_or(0, RequestSummary::attempts),
        }
    }

    /// How long the failed request took, including retries, or the deadline that was exceeded; zero for other errors.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match self.cause() {
            Self::DeadlineExceeded { limit, .. } => *limit,
            _ => self.request().map_or(Duration::ZERO, RequestSummary::elapsed),
        }
    }

    /// Whether the token is missing, invalid or expired, or its user lacks a permission (status 403 from authentik, or 401).
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.status(), Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED))
    }

    /// Whether the server responded with 404: the page is past the last one, or there is no API at the address.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the server limited the rate of requests (429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether a time limit was exceeded: for connecting, for a stalled body, for one attempt, for the request, or for the listing.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause(), Self::DeadlineExceeded { .. }) || self.connection_kind() == Some(ConnectionErrorKind::Timeout)
    }

    /// Whether no connection was established: the name could not be resolved, or the connection was refused or timed out.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.cause(), Self::Connection(error) if error.is_connect())
    }

    /// Whether TLS failed, for example because a certificate was rejected or there is no common version.
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

    /// How long the server asked the client to wait (`Retry-After`).
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

    fn request(&self) -> Option<&RequestSummary> {
        match self.cause() {
            Self::Connection(error) => Some(error.request()),
            Self::Status(error) => Some(error.request()),
            Self::Decode(error) => Some(error.request()),
            _ => None,
        }
    }
}
