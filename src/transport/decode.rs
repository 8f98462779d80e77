//! Decoding, and what is said of a body that cannot be decoded: where, why, and what is there.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::compat::version::VersionRange;
use crate::error::{in_log, looks_like, tried};
use crate::redaction::{excerpt, excerpt_of};

/// An answer that cannot be read.
#[derive(Debug)]
pub struct DecodeError {
    pub(crate) flaw: DecodeFailure,
    pub(crate) html: bool,
    pub(crate) page: Option<u64>,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: usize,
}

impl DecodeError {
    /// Where the answer cannot be read, such as `results[3].stage_obj.pk`; `.` for the whole of it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.flaw.path
    }

    /// Number of the page, counted from 1.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.page
    }

    /// Place of the row on its page, counted from 0 as in [`path`](Self::path).
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        self.flaw.row
    }

    /// Which releases of authentik the answer fits, as far as its keys tell.
    #[must_use]
    pub fn server(&self) -> VersionRange {
        self.flaw.span
    }

    /// What the answer has there: short, and without the query part of links.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.flaw.excerpt
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flaw = &self.flaw;
        if self.html {
            write!(f, "the server answered with an HTML page where JSON was due: check its address, and what stands in front of it")?;
        } else {
            write!(f, "the answer cannot be read")?;
            if let Some(page) = self.page {
                write!(f, ", page {page}")?;
            }
            write!(f, ", at `{}`: {}", flaw.path, flaw.message)?;
            if !flaw.excerpt.is_empty() {
                write!(f, "; it has there: {}", flaw.excerpt)?;
            }
            write!(f, "{}", looks_like(flaw.span))?;
        }
        write!(f, "{}{}", tried(self.attempts), in_log(self.request_id.as_ref()))
    }
}

impl std::error::Error for DecodeError {}

/// What in a body cannot be read.
#[derive(Debug)]
pub(crate) struct DecodeFailure {
    path: String,
    row: Option<usize>,
    message: String,
    excerpt: String,
    /// The body ends too early.
    pub(crate) cut_off: bool,
    /// Which releases the answer fits.
    span: VersionRange,
}

impl DecodeFailure {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn excerpt(&self) -> &str {
        &self.excerpt
    }

    /// The same flaw, seen in a row that was read on its own.
    pub(crate) fn in_row(mut self, rows: &str, place: usize) -> Self {
        self.path = if self.path == "." { format!("{rows}[{place}]") } else { format!("{rows}[{place}].{}", self.path) };
        self.row = Some(place);
        self
    }

    pub(crate) fn on_server(mut self, span: VersionRange) -> Self {
        self.span = span;
        self
    }
}

/// Decodes a body; only one that fails is looked at a second time, for the place.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeFailure> {
    decode_borrowed(body)
}

/// Like [`decode`], for what borrows from the body.
pub(crate) fn decode_borrowed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeFailure> {
    serde_json::from_slice(body).map_err(|error| diagnose::<T>(body, &error))
}

fn diagnose<'a, T: Deserialize<'a>>(body: &'a [u8], error: &serde_json::Error) -> DecodeFailure {
    use serde_path_to_error::Segment;

    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)).err();
    let segments = located.as_ref().map(|error| error.path().iter().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let row = segments.iter().find_map(|segment| match segment {
        Segment::Seq { index } => Some(*index),
        _ => None,
    });
    let document = serde_json::from_slice::<Value>(body).ok();
    let found = document.as_ref().map(|document| {
        segments.iter().fold(document, |node, segment| match segment {
            Segment::Seq { index } => node.get(index).unwrap_or(node),
            Segment::Map { key } => node.get(key).unwrap_or(node),
            _ => node,
        })
    });
    // serde_json quotes what it found in its message, which may be a link.
    let message = excerpt(&located.map_or_else(|| error.to_string(), |error| error.inner().to_string()));
    let excerpt = found.map_or_else(|| excerpt(&String::from_utf8_lossy(body)), excerpt_of);
    DecodeFailure { path: path(&segments), row, message, excerpt, cut_off: error.is_eof(), span: VersionRange::default() }
}

fn path(segments: &[serde_path_to_error::Segment]) -> String {
    use fmt::Write;
    use serde_path_to_error::Segment;

    let mut path = String::new();
    for segment in segments {
        let _ = match segment {
            Segment::Seq { index } => write!(path, "[{index}]"),
            Segment::Map { key } => write!(path, "{}{key}", if path.is_empty() { "" } else { "." }),
            _ => Ok(()),
        };
    }
    if path.is_empty() { ".".into() } else { path }
}
