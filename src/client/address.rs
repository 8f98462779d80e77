//! Parses the address of a server.

use reqwest::Url;

use super::loopback::is_loopback;
use crate::Error;
use crate::codegen::API_PATH;

/// A valid address. Errors do not repeat the input, because it may be a token that was set in the wrong variable.
#[derive(Debug)]
pub(super) struct Address {
    /// The base URL of the operations, without a trailing slash.
    pub(super) api: String,
    pub(super) is_loopback: bool,
    pub(super) is_https: bool,
}

impl Address {
    pub(super) fn parse(address: &str, allow_plaintext: bool) -> Result<Self, Error> {
        let invalid = |problem: &str| Err(Error::configuration(format!("the address of the server {problem}")));
        let Some(url) = Url::parse(address.trim()).ok().filter(Url::has_host) else {
            return invalid("is not a URL: write it like https://auth.example.com");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return invalid("does not begin with https://: write it like https://auth.example.com");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("contains a user name or password: remove them, and set the token instead");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return invalid("contains `?` or `#`: leave out everything after the host, as in https://auth.example.com");
        }
        let (is_loopback, is_https) = (url.host_str().is_some_and(is_loopback), url.scheme() == "https");
        if !(is_https || is_loopback || allow_plaintext) {
            return invalid(
                "begins with http://, which sends the token unencrypted: use https://, or allow it with `allow_plaintext(true)` \
                 (AUTHENTIK_ALLOW_PLAINTEXT=true)",
            );
        }
        let host = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix(API_PATH).filter(|path| path.ends_with('/')).unwrap_or(path).trim_end_matches('/');
        if path.contains(&format!("/{API_PATH}/")) {
            return invalid(&format!("continues after /{API_PATH}: leave out /{API_PATH} and everything after it"));
        }
        Ok(Self { api: format!("{host}{path}/{API_PATH}"), is_loopback, is_https })
    }
}
