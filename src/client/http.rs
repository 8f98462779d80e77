//! Builds the underlying HTTP client: proxies, redirects and TLS.

use std::time::Duration;

use reqwest::{Url, redirect};

use super::address::Address;
use super::tls_settings::TlsSettings;
use crate::Error;

/// The maximum number of redirects to follow.
const MAX_REDIRECTS: usize = 5;

/// An HTTP client for one server.
pub(super) fn client(address: &Address, tls: &TlsSettings, connect_timeout: Duration, max_idle: usize) -> Result<reqwest::Client, Error> {
    let mut builder =
        reqwest::Client::builder().connect_timeout(connect_timeout).pool_max_idle_per_host(max_idle).redirect(same_origin_only());
    if address.is_loopback {
        builder = builder.no_proxy();
    }
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_preconfigured(super::tls::config(tls, address.is_https)?);
    #[cfg(not(feature = "rustls"))]
    if address.is_https || tls.accept_invalid_certs || tls.identity.is_some() || !tls.roots.is_empty() {
        return Err(Error::configuration("https:// needs the feature `rustls`, or an `http_client` with TLS"));
    }
    builder.build().map_err(|error| Error::configuration(format!("the HTTP client cannot be built: {error:?}")))
}

/// Follows redirects within one origin only, so that no other server gets the token or responds in place of the API.
fn same_origin_only() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let first = attempt.previous().first().map(Url::origin);
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("more than five redirects")
        } else if first == Some(attempt.url().origin()) {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}
