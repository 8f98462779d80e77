//! Dates, kept as the server wrote them.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A date, or a date and time, as the server wrote it: RFC 3339, such as `2025-06-24T09:30:00.123456Z`.
///
/// It keeps the text, so a date of any form decodes and serializes unchanged. [`parse`](Self::parse) converts it to the type of a date
/// library, such as `jiff::Timestamp` or `chrono::DateTime<Utc>`. For `time::OffsetDateTime`, call `OffsetDateTime::parse` with
/// [`as_str`](Self::as_str). Dates do not implement `Ord`: as strings, they do not sort by time if some have microseconds or other time
/// zones.
///
/// ```
/// use authentik_flow_bindings::DateTime;
///
/// let date = DateTime::from("2025-06-24T09:30:00Z");
/// assert_eq!(date, "2025-06-24T09:30:00Z");
/// assert_eq!(date.parse::<String>().as_deref(), Ok("2025-06-24T09:30:00Z"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct DateTime(Box<str>);

impl DateTime {
    /// The date as the server wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses the date, as [`str::parse`] does.
    ///
    /// # Errors
    /// Fails if `T` rejects the text.
    pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
        self.0.parse()
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for DateTime {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for DateTime {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for DateTime {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<DateTime> for String {
    fn from(date: DateTime) -> Self {
        date.0.into()
    }
}

impl FromStr for DateTime {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl PartialEq<str> for DateTime {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for DateTime {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}
