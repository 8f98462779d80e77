//! Which releases an answer fits.

use std::fmt;

/// A release by year and month: `(2025, 12)` is 2025.12.
type Month = (u16, u8);

/// A key that not every release puts into its answers.
#[doc(hidden)]
pub struct VersionMarker {
    /// The key with its quotes and colon, as it stands in JSON: inside a text its quotes would be escaped.
    pub(crate) key: &'static str,
    /// The first release that sends it.
    pub(crate) sent_since: Option<Month>,
    /// The first release that no longer sends it.
    pub(crate) sent_until: Option<Month>,
    /// The first release that puts it into every answer with rows.
    pub(crate) always_since: Option<Month>,
}

/// The releases of authentik that an answer fits, as far as its keys tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionRange {
    since: Option<Month>,
    until: Option<Month>,
}

impl VersionRange {
    /// Looks at the keys of an answer.
    pub(crate) fn of(body: &[u8], markers: &[VersionMarker]) -> Self {
        let mut span = Self::default();
        // What is not there tells something only of an answer that is whole and has rows.
        let whole = body.trim_ascii_end().ends_with(b"}") && contains(body, "\"stage_obj\":");
        if !contains(body, "\"pk\":") {
            return span;
        }
        for marker in markers {
            if contains(body, marker.key) {
                span.since = span.since.max(marker.sent_since);
                span.until = earlier(span.until, marker.sent_until);
            } else if whole {
                span.until = earlier(span.until, marker.always_since);
            }
        }
        // Keys of no release: nothing can be told.
        if span.since.zip(span.until).is_some_and(|(since, until)| since >= until) { Self::default() } else { span }
    }

    /// This one, or the other where nothing is known.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.is_unknown() { other } else { self }
    }

    /// The oldest release that it may be, by year and month: `(2025, 12)` for 2025.12.
    #[must_use]
    pub const fn since(self) -> Option<(u16, u8)> {
        self.since
    }

    /// The first release that is too new.
    #[must_use]
    pub const fn until(self) -> Option<(u16, u8)> {
        self.until
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        self.since.is_none() && self.until.is_none()
    }
}

/// `2025.12 or later`, `older than 2025.12`, `2022.10 or later, and older than 2025.12`.
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
    memchr::memmem::find(body, key.as_bytes()).is_some()
}
