//! Errors of responses that cannot be decoded.

use std::fmt;

use reqwest::header::HeaderMap;

use super::{Error, RequestSummary, is_html, looks_like, summary_of};
use crate::compat::version::VersionRange;
use crate::redaction::Quoter;

/// A response that cannot be decoded.
///
/// It has no `source()`: the message of the JSON parser may quote a credential, so only a redacted copy of it is kept.
#[derive(Debug)]
pub struct DecodeError {
    failure: DecodeFailure,
    html: bool,
    pub(super) page: Option<u64>,
    pub(super) request: RequestSummary,
}

impl DecodeError {
    /// The path of the value that cannot be decoded, such as `results[3].stage_obj.pk`; `.` for the whole response.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.failure.path
    }

    /// The number of the page, counted from 1.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.page
    }

    /// The index of the row on its page, counted from 0 as in [`path`](Self::path).
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        self.failure.row
    }

    /// What is wrong with the value.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.failure.message
    }

    /// An excerpt of the value: at most 200 characters, without the queries of URLs.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.failure.excerpt
    }

    /// The releases of authentik that the response is compatible with.
    #[must_use]
    pub fn server(&self) -> VersionRange {
        self.failure.server
    }

    /// Whether the response is an HTML page.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.html
    }

    /// Whether the body is truncated.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.failure.cut_off
    }

    /// How many times the request was sent, how long it took, and its id in the server's log.
    #[must_use]
    pub fn request(&self) -> &RequestSummary {
        &self.request
    }
}

impl Error {
    pub(crate) fn from_decode_failure(failure: DecodeFailure, headers: &HeaderMap, quoter: Quoter<'_>) -> Self {
        Self::Decode(Box::new(DecodeError { failure, html: is_html(headers), page: None, request: summary_of(headers, quoter) }))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DecodeFailure { path, message, excerpt, server, .. } = &self.failure;
        if self.html {
            write!(f, "the server responded with an HTML page instead of JSON: check its address and any proxy in front of it")?;
        } else {
            write!(f, "the response cannot be read")?;
            if let Some(page) = self.page {
                write!(f, ", page {page}")?;
            }
            if path != "." {
                write!(f, ", at `{path}`")?;
            }
            write!(f, ": {message}")?;
            if !excerpt.is_empty() {
                write!(f, "; found: {excerpt}")?;
            }
            write!(f, "{}", looks_like(*server))?;
        }
        write!(f, "{}", self.request)
    }
}

impl std::error::Error for DecodeError {}

/// Why a body, or one row of it, cannot be decoded.
#[derive(Debug)]
pub(crate) struct DecodeFailure {
    path: String,
    row: Option<usize>,
    message: String,
    excerpt: String,
    cut_off: bool,
    /// The releases that the body is compatible with.
    server: VersionRange,
}

impl DecodeFailure {
    /// All texts are already redacted.
    pub(crate) fn new(path: String, row: Option<usize>, message: String, excerpt: String) -> Self {
        Self { path, row, message, excerpt, cut_off: false, server: VersionRange::default() }
    }

    /// A problem with the whole body.
    pub(crate) fn of_body(message: impl Into<String>) -> Self {
        Self::new(".".into(), None, message.into(), String::new())
    }

    pub(crate) fn cut_off(self, cut_off: bool) -> Self {
        Self { cut_off, ..self }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn excerpt(&self) -> &str {
        &self.excerpt
    }

    /// Turns the failure of a row that was decoded on its own into one of the whole body, by prefixing the path.
    pub(crate) fn in_row(mut self, rows: &str, position: usize) -> Self {
        self.path = if self.path == "." { format!("{rows}[{position}]") } else { format!("{rows}[{position}].{}", self.path) };
        self.row = Some(position);
        self
    }

    pub(crate) fn on_server(self, server: VersionRange) -> Self {
        Self { server, ..self }
    }
}
