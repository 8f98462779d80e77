//! Links whose query may be a credential.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A URL or path whose query may be a short-lived credential.
///
/// Since 2025.12 authentik signs the URLs of its files: whoever has the `token` in the query can fetch the file until it expires.
/// `Debug` and `Display` therefore leave out the query, so that a logged link reveals nothing. [`as_str`](Self::as_str) and
/// serialization keep it.
///
/// ```
/// use authentik_flow_bindings::SignedLink;
///
/// let link = SignedLink::from("/files/media/flow.png?token=secret");
/// assert_eq!(link.to_string(), "/files/media/flow.png?…");
/// assert_eq!(format!("{link:?}"), r#""/files/media/flow.png?…""#);
/// assert_eq!(link.as_str(), "/files/media/flow.png?token=secret");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct SignedLink(String);

impl SignedLink {
    /// The whole link, with its credential.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the link has a query, which may be a credential.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.0.contains('?')
    }
}

impl fmt::Display for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('?') {
            Some((path, _)) => f.pad(&format!("{path}?…")),
            None => f.pad(&self.0),
        }
    }
}

impl fmt::Debug for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl AsRef<str> for SignedLink {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SignedLink {
    fn from(link: &str) -> Self {
        Self(link.to_owned())
    }
}

impl From<String> for SignedLink {
    fn from(link: String) -> Self {
        Self(link)
    }
}

impl From<SignedLink> for String {
    fn from(link: SignedLink) -> Self {
        link.0
    }
}

impl FromStr for SignedLink {
    type Err = Infallible;

    fn from_str(link: &str) -> Result<Self, Self::Err> {
        Ok(link.into())
    }
}

impl PartialEq<str> for SignedLink {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for SignedLink {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
