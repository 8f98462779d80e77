//! Derives the possible releases of a server from a response.

use std::fmt;

/// A release by year and month: `(2025, 12)` is 2025.12.
type Month = (u16, u8);

/// A key that only some releases send.
#[doc(hidden)]
pub struct VersionMarker {
    /// The key with its quotes and colon, as in JSON. It cannot match inside a string, where quotes are escaped.
    pub(crate) key: &'static str,
    /// The first release that sends it.
    pub(crate) sent_since: Option<Month>,
    /// The first release that no longer sends it.
    pub(crate) sent_until: Option<Month>,
    /// The first release that sends it in every response with rows.
    pub(crate) always_since: Option<Month>,
}

/// A range of authentik releases, derived from the keys of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionRange {
    since: Option<Month>,
    until: Option<Month>,
}

impl VersionRange {
    /// Derives the range from the keys of a response.
    pub(crate) fn of(body: &[u8], markers: &[VersionMarker]) -> Self {
        let mut range = Self::default();
        if !has_rows(body) {
            return range;
        }
        // An absent key is evidence only in a complete page.
        let complete = body.trim_ascii_end().ends_with(b"}");
        for marker in markers {
            if contains(body, marker.key) {
                range.since = range.since.max(marker.sent_since);
                range.until = earlier(range.until, marker.sent_until);
            } else if complete {
                range.until = earlier(range.until, marker.always_since);
            }
        }
        // Keys that no release sends together are no evidence.
        if range.since.zip(range.until).is_some_and(|(since, until)| since >= until) { Self::default() } else { range }
    }

    /// This range, or `other` if this one is unknown.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.is_unknown() { other } else { self }
    }

    /// The oldest release in the range, by year and month: `(2025, 12)` for 2025.12.
    #[must_use]
    pub const fn since(self) -> Option<(u16, u8)> {
        self.since
    }

    /// The first release after the range, by year and month.
    #[must_use]
    pub const fn until(self) -> Option<(u16, u8)> {
        self.until
    }

    /// Whether the range is unbounded, because nothing in the response depends on the release.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        self.since.is_none() && self.until.is_none()
    }
}

/// Displays, for example, `2025.12 or later`, `older than 2025.12`, or `2022.10 or later, and older than 2025.12`.
impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.since, self.until) {
            (Some((year, month)), None) => write!(f, "{year}.{month} or later"),
            (None, Some((year, month))) => write!(f, "older than {year}.{month}"),
            (Some(since), Some(until)) => write!(f, "{}.{} or later, and older than {}.{}", since.0, since.1, until.0, until.1),
            (None, None) => write!(f, "any release"),
        }
    }
}

fn earlier(a: Option<Month>, b: Option<Month>) -> Option<Month> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn contains(body: &[u8], key: &str) -> bool {
    find(body, key).is_some()
}

fn find(body: &[u8], key: &str) -> Option<usize> {
    memchr::memmem::find(body, key.as_bytes())
}

/// Whether a page or a bare array has rows.
fn has_rows(body: &[u8]) -> bool {
    const RESULTS: &str = "\"results\":";
    let rows = find(body, RESULTS).and_then(|start| body.get(start + RESULTS.len()..)).unwrap_or(body);
    rows.trim_ascii_start().strip_prefix(b"[").is_some_and(|rows| rows.trim_ascii_start().starts_with(b"{"))
}
