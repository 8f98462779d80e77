//! Builds a client: an address, a token, and an HTTP client with limits.

mod address;
mod environment;
mod http;
mod loopback;
#[cfg(feature = "rustls")]
mod tls;
mod tls_settings;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::Error;
use crate::codegen::Client;
use crate::transport::limits::Limits;
use crate::transport::retry::RetryPolicy;
use crate::transport::{Settings, Token};
use address::Address;
use tls_settings::TlsSettings;

impl Client {
    /// Configures a client for the authentik server at `address`.
    ///
    /// A trailing slash and `/api/v3` are optional: `https://auth.example.com/api/v3/` is the same server as
    /// `https://auth.example.com`. If authentik is served under a path, include it: `https://example.com/auth`. `http://` is rejected
    /// unless the host is this machine or [`allow_plaintext`](ClientBuilder::allow_plaintext) is set.
    ///
    /// ```
    /// use authentik_flow_bindings::Client;
    ///
    /// let client = Client::builder("https://auth.example.com").token("not-a-real-token").build()?;
    /// assert!(!format!("{client:?}").contains("not-a-real-token"));
    /// # Ok::<(), authentik_flow_bindings::Error>(())
    /// ```
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            address: address.into(),
            token: None,
            limits: Limits::default(),
            connect_timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            user_agent_suffix: None,
            allow_plaintext: false,
            tls: TlsSettings::default(),
            http_client: None,
        }
    }
}

/// Sets up a [`Client`]; see [`Client::builder`].
///
/// # Limits
/// A request stays within these limits, regardless of what a server sends:
///
/// | limit | default | change it with |
/// | --- | --- | --- |
/// | time to connect, TLS included | 10 s | [`connect_timeout`](Self::connect_timeout) |
/// | time of one attempt, from connecting to the last byte read | 30 s | [`timeout`](Self::timeout) |
/// | additional time for each row requested above 100 | 50 ms, at most 120 s in all | not configurable |
/// | time in which the next 4 KiB of a body, or its end, must arrive | 10 s | [`idle_timeout`](Self::idle_timeout) |
/// | time of a request with its retries | none | [`deadline`](Self::deadline) |
/// | attempts of a GET or HEAD request | 12 within 120 s | [`retry`](Self::retry), [`retries`](Self::retries) |
/// | attempts of any other request | 1 | not configurable |
/// | attempts that end with status 500 | 5 | [`retry`](Self::retry) |
/// | longest `Retry-After` that is honored | 60 s | not configurable |
/// | retries of a client without a success between them | 20, then one every two seconds | not configurable |
/// | requests of a client in flight | 32 | [`max_in_flight`](Self::max_in_flight) |
/// | size of a response, after decompression | 64 MiB | [`max_response_bytes`](Self::max_response_bytes) |
/// | size of an error response that is read | 64 KiB | not configurable |
/// | headers of a response | 100, about 400 KB in all | not configurable |
/// | redirects, within the same scheme, host and port | 5 | [`http_client`](Self::http_client) |
/// | length of an error message | about 2 KB | not configurable |
/// | time of a whole listing | none | [`Paginator::deadline`](crate::pagination::Paginator::deadline) |
/// | requests of a listing in flight | 2 | [`Paginator::concurrency`](crate::pagination::Paginator::concurrency) |
/// | pages of a listing that prove nothing new | 16, plus one for each page of the list (at most 1,000 more) | not configurable |
/// | growth of a list while it is read | to four times its first count plus 10,000 rows | not configurable |
/// | rows of a listing | 40 million | [`Paginator::max_items`](crate::pagination::Paginator::max_items), which only lowers it |
/// | reports of [`drift`](crate::drift) of a listing, not counting skipped rows | 200 | not configurable |
/// | rows skipped in one response | 1,000, with [`Paginator::skip_undecodable`](crate::pagination::Paginator::skip_undecodable) | not configurable |
///
/// [`pagination`](crate::pagination#what-a-listing-costs) explains the limits of listings.
///
/// # Runtime
/// Requests need a [Tokio](https://docs.rs/tokio) runtime with timers and I/O, such as that of `#[tokio::main]`. Outside a runtime they
/// fail with [`Error::Configuration`].
///
/// # Panics
/// Requests panic in a runtime without timers or I/O. Tokio's message says which of them is disabled. Build the runtime with
/// `enable_all()`; Tokio offers no way to check beforehand.
///
/// # Proxies and certificates
/// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are respected. Requests to this machine never go through a proxy. Over `http://`
/// ([`allow_plaintext`](Self::allow_plaintext)) a proxy can read the token.
///
/// The client trusts the certificate authorities of the operating system and those of
/// [`add_root_certificate`](Self::add_root_certificate). On Linux and BSD, `SSL_CERT_FILE` and `SSL_CERT_DIR` replace those of the system;
/// a file that cannot be read is an error.
///
/// # Memory
/// The token is overwritten in memory when the last client, clone or request that holds it is dropped. The copies that hyper, TLS and the
/// operating system make while they send it cannot be overwritten.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build()` is called"]
pub struct ClientBuilder {
    address: String,
    token: Option<Result<Token, &'static str>>,
    limits: Limits,
    connect_timeout: Duration,
    retry: RetryPolicy,
    user_agent_suffix: Option<String>,
    allow_plaintext: bool,
    tls: TlsSettings,
    http_client: Option<reqwest::Client>,
}

impl ClientBuilder {
    /// The API token, sent with every request. It appears in no error, log or `Debug` output, and is sent to no other host.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::new(token.into()));
        self
    }

    /// How long one attempt may take, from connecting to the last byte read; 30 s unless set.
    ///
    /// A request for more than 100 rows gets 50 ms more for each additional row, up to two minutes more: authentik sends nothing before it
    /// has collected the last row.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long connecting may take, TLS included; 10 s unless set. Not used with [`http_client`](Self::http_client).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long to wait for the next 4 KiB of a body, or for its end; 10 s unless set.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// How long one request may take with its retries and pauses; no limit unless set. After that it fails with
    /// [`Error::DeadlineExceeded`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = Some(deadline);
        self
    }

    /// How many bytes a response may have after decompression; 64 MiB (67,108,864) unless set.
    ///
    /// A row takes 1 to 3 KB, so by default a response can hold more than 20,000 rows.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// How many requests of this client and its clones may be in flight at the same time, in all listings together; 32 unless set.
    pub fn max_in_flight(mut self, requests: NonZeroUsize) -> Self {
        self.limits.max_in_flight = requests.get();
        self
    }

    /// How many times and for how long GET and HEAD requests are retried. Other requests are never retried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many times a request may be retried; 0 means never. A shorthand for [`retry`](Self::retry) with the default pauses.
    pub fn retries(self, retries: u32) -> Self {
        let attempts = usize::try_from(retries).unwrap_or(usize::MAX).saturating_add(1);
        self.retry(RetryPolicy::default().max_attempts(attempts))
    }

    /// Appends to the `User-Agent`, so that the server's log shows which program sends requests: `my-service/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Allows `http://` for hosts other than this machine. Anyone on the network path, proxies included, can read the token.
    pub fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// Accepts any server certificate. Anyone who can intercept the connection can read the token.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.tls.accept_invalid_certs = accept;
        self
    }

    /// Also trusts the certificate authorities in this PEM text, such as your company's.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn add_root_certificate(mut self, pem: impl Into<String>) -> Self {
        self.tls.roots.push(pem.into());
        self
    }

    /// The client certificate for servers that require one: the certificate chain and its private key in one PEM text.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn client_identity(mut self, pem: impl Into<String>) -> Self {
        self.tls.identity = Some(Zeroizing::new(pem.into()));
        self
    }

    /// Sends requests with this HTTP client: its settings for proxies, TLS and redirects apply.
    ///
    /// This builder's limits (except `connect_timeout`) and retries apply. If the HTTP client follows redirects, it may send the token
    /// to another host: the client in the example follows none. If it has a proxy, requests to this machine go through it too.
    ///
    /// # Cryptography
    /// This crate enables TLS in reqwest without a cryptography provider, and installs none for the process, because that is the program's
    /// choice. Without a provider, `reqwest::Client::new()` panics with "No rustls crypto provider is configured". Install one at the start
    /// of the program, or enable the feature `rustls` of reqwest.
    ///
    /// ```
    /// # #[cfg(feature = "rustls")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Fails if the process already has a provider, which is fine.
    /// let _ = rustls::crypto::ring::default_provider().install_default();
    ///
    /// let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    /// let client = authentik_flow_bindings::Client::builder("https://auth.example.com").http_client(http).build()?;
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rustls"))]
    /// # fn main() {}
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Builds the client. Sends no request.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the address, the token, a certificate or the suffix of the user agent is invalid.
    pub fn build(self) -> Result<Client, Error> {
        let address = Address::parse(&self.address, self.allow_plaintext)?;
        let token = self.token.clone().transpose().map_err(Error::configuration)?;
        let mut user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned();
        if let Some(suffix) = &self.user_agent_suffix {
            user_agent = format!("{user_agent} {suffix}");
        }
        let user_agent = HeaderValue::from_str(&user_agent).map_err(|_| {
            Error::configuration(
                "the user agent suffix contains characters that are not allowed in a header: use letters, digits, `/` and `.`",
            )
        })?;
        let client = match &self.http_client {
            Some(client) => client.clone(),
            None => http::client(&address, &self.tls, self.connect_timeout, self.limits.max_in_flight)?,
        };
        self.warn(&address);
        let inner = Settings::new(token, user_agent, self.limits, self.retry);
        Ok(Client { baseurl: address.api.into(), client, inner: Arc::new(inner) })
    }

    /// Logs settings that weaken security, so that they are noticed in production.
    #[cfg(feature = "tracing")]
    fn warn(&self, address: &Address) {
        if !address.is_https && !address.is_loopback {
            tracing::warn!("the token is sent unencrypted: plain http:// is allowed (`allow_plaintext`, AUTHENTIK_ALLOW_PLAINTEXT)");
        }
        if self.tls.accept_invalid_certs {
            tracing::warn!("certificates are not checked (`danger_accept_invalid_certs`, AUTHENTIK_INSECURE)");
        }
    }

    #[cfg(not(feature = "tracing"))]
    #[allow(clippy::unused_self, reason = "used with the feature `tracing`")]
    fn warn(&self, _: &Address) {}
}
