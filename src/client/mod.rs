//! The client: an address, a token, and an HTTP client with limits.

mod address;
mod environment;
#[cfg(feature = "rustls")]
mod tls;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Url, redirect};
use zeroize::Zeroizing;

use crate::Error;
use crate::codegen::Client;
use crate::transport::limits::Limits;
use crate::transport::retry::RetryPolicy;
use crate::transport::{Settings, Token};
use address::Address;

impl Client {
    /// Begins a client for the authentik server at `address`.
    ///
    /// `https://auth.example.com`, the same with a trailing slash and the same with `/api/v3` mean one server; authentik under a
    /// path of its host is `https://example.com/auth`. `http://` is refused, unless it leads to this machine or
    /// [`allow_plaintext`](ClientBuilder::allow_plaintext) is set.
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
/// Nothing that a server sends costs more than these:
///
/// | limit | default | change it with |
/// | --- | --- | --- |
/// | time to connect, TLS included | 10 s | [`connect_timeout`](Self::connect_timeout) |
/// | time of one attempt, from the first byte sent to the last byte read | 30 s | [`timeout`](Self::timeout) |
/// | more time for requests of more than 100 rows | 50 ms a row, at most 120 s | not configurable |
/// | time in which 4 KiB of a body, or its end, must arrive | 10 s | [`idle_timeout`](Self::idle_timeout) |
/// | time of a request with its retries | none | [`deadline`](Self::deadline) |
/// | attempts of a GET or HEAD request | 12 within 120 s | [`retry`](Self::retry), [`retries`](Self::retries) |
/// | attempts of any other request | 1 | not configurable |
/// | attempts that end with status 500 | 5 | [`retry`](Self::retry) |
/// | `Retry-After` that is waited for | 60 s | not configurable |
/// | retries of a client without a success | 20, then one in two seconds | not configurable |
/// | requests of a client in flight | 32 | [`max_in_flight`](Self::max_in_flight) |
/// | size of a response, after decompression | 64 MiB | [`max_response_bytes`](Self::max_response_bytes) |
/// | size of an error response that is read | 64 KiB | not configurable |
/// | headers of a response | 100, of about 400 KB in all | not configurable |
/// | redirects, which stay on the same scheme, host and port | 5 | [`http_client`](Self::http_client) |
/// | length of an error message | about 2 KB | not configurable |
/// | time of a whole listing | none | [`Paginator::deadline`](crate::pagination::Paginator::deadline) |
/// | requests of a listing in flight | 2 | [`Paginator::concurrency`](crate::pagination::Paginator::concurrency) |
/// | pages of a listing that prove nothing new | 16, and one for each page up to 1,000 | not configurable |
/// | growth of a list while it is read | to four times its first count and 10,000 rows | not configurable |
/// | rows of a listing | 40 million, or [`Paginator::max_items`](crate::pagination::Paginator::max_items) | not configurable |
/// | reports of [`drift`](crate::drift) of a listing, skipped rows aside | 200 | not configurable |
/// | rows skipped in one response | 1,000, with [`Paginator::skip_undecodable`](crate::pagination::Paginator::skip_undecodable) | not configurable |
///
/// [`pagination`](crate::pagination#what-a-listing-costs) explains those of listings.
///
/// # Runtime
/// Requests need a [Tokio](https://docs.rs/tokio) runtime with timers and I/O, such as that of `#[tokio::main]`. Outside a runtime they fail
/// with [`Error::Configuration`].
///
/// # Panics
/// Requests panic in a runtime that was built without timers or without I/O, with a message of Tokio that says which: "timers are disabled"
/// or "IO is disabled". Whether they are enabled cannot be asked. Build the runtime with `enable_all()`.
///
/// # Proxies and certificates
/// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are obeyed, except for addresses of this machine, which are never asked
/// for through a proxy. With [`allow_plaintext`](Self::allow_plaintext) a proxy sees the token, as everybody on the way does.
///
/// Trusted are the certificate authorities of the operating system and those of [`add_root_certificate`](Self::add_root_certificate).
/// On Linux and BSD, `SSL_CERT_FILE` and `SSL_CERT_DIR` name other ones than those of the system.
///
/// # Memory
/// The token is overwritten when the last client, clone and request that hold it are gone. The copies that hyper, TLS and the
/// operating system make in their buffers while they send it are out of reach.
#[derive(Clone, Debug)]
#[must_use = "a builder makes no client before `build()`"]
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

/// Whom the client trusts, and who it is.
#[derive(Clone, Default)]
struct TlsSettings {
    roots: Vec<String>,
    identity: Option<Zeroizing<String>>,
    accept_invalid_certs: bool,
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("roots", &self.roots.len())
            .field("identity", &self.identity.is_some())
            .field("accept_invalid_certs", &self.accept_invalid_certs)
            .finish()
    }
}

impl ClientBuilder {
    /// The API token that requests carry. It is shown nowhere, and sent to no other host.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::new(token.into()));
        self
    }

    /// How long one attempt may take, from the first byte sent to the last byte read; 30 s unless set.
    ///
    /// A request for more than 100 rows gets 50 ms more for each row above, up to two minutes: a server sends nothing before it has
    /// the last row.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long it may take to connect, TLS included; 10 s unless set. Not used with [`http_client`](Self::http_client).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a body may bring less than 4 KiB and not end; 10 s unless set.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// How long one request may take with its retries and pauses; no limit unless set. Then comes [`Error::DeadlineExceeded`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = Some(deadline);
        self
    }

    /// How large a response may be after decompression; 64 MiB (67,108,864 bytes) unless set.
    ///
    /// A row is 1 to 3 KB, so the default is enough for more than 20,000 of them in one response.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// How many requests of this client and its clones are in flight at a time, whatever the number of listings; 32 unless set.
    pub fn max_in_flight(mut self, requests: NonZeroUsize) -> Self {
        self.limits.max_in_flight = requests.get();
        self
    }

    /// How often and for how long GET and HEAD requests are retried. No other request is.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How often a request is sent again: short for [`retry`](Self::retry) with the default pauses. 0 for never.
    pub fn retries(self, retries: u32) -> Self {
        let attempts = usize::try_from(retries).unwrap_or(usize::MAX).saturating_add(1);
        self.retry(RetryPolicy::default().max_attempts(attempts))
    }

    /// Adds a name to the `User-Agent`, so that the server's log shows who sends requests: `my-service/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Allows an `http://` address that is not this machine. Everybody on the way can read the token, a proxy included.
    pub fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// Accepts any certificate, from anybody: whoever is on the way can read the token.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.tls.accept_invalid_certs = accept;
        self
    }

    /// Trusts the certificate authorities in this PEM text as well, such as that of a company.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn add_root_certificate(mut self, pem: impl Into<String>) -> Self {
        self.tls.roots.push(pem.into());
        self
    }

    /// Identifies the client to a server that demands a certificate: its certificate chain and private key as one PEM text.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn client_identity(mut self, pem: impl Into<String>) -> Self {
        self.tls.identity = Some(Zeroizing::new(pem.into()));
        self
    }

    /// Sends requests through this client: its proxies, certificates, TLS and redirects.
    ///
    /// Time limits, retries and the cap on responses stay those of this builder. So does where the token goes with each request; with
    /// redirects, it goes where the HTTP client takes it: the example follows none. A loopback address is asked for through a proxy if the
    /// HTTP client has one.
    ///
    /// # Cryptography
    /// This crate enables reqwest's TLS without a cryptography provider, and installs none for the process: that is for the program to
    /// choose. Without one, `reqwest::Client::new()` panics with "No rustls crypto provider is configured". Install one at the start of the
    /// program, or enable the feature `rustls` of reqwest.
    ///
    /// ```
    /// # #[cfg(feature = "rustls")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Fails if the process has a provider already, which serves as well.
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

    /// Makes the client. No request is sent.
    ///
    /// # Errors
    /// [`Error::Configuration`] when the address, the token, a certificate or the suffix cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let address = Address::parse(&self.address, self.allow_plaintext)?;
        let token = self.token.clone().transpose().map_err(Error::configuration)?;
        let mut user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned();
        if let Some(suffix) = &self.user_agent_suffix {
            user_agent = format!("{user_agent} {suffix}");
        }
        let user_agent = HeaderValue::from_str(&user_agent).map_err(|_| {
            Error::configuration("the user agent suffix has characters that a header cannot have: use letters, digits, `/` and `.`")
        })?;
        let client = match &self.http_client {
            Some(client) => client.clone(),
            None => self.new_http_client(&address)?,
        };
        self.warn(&address);
        let inner = Settings::new(token, user_agent, self.limits, self.retry);
        Ok(Client { baseurl: address.api.into(), client, inner: Arc::new(inner) })
    }

    fn new_http_client(&self, address: &Address) -> Result<reqwest::Client, Error> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.limits.max_in_flight)
            .redirect(within_one_origin());
        if address.is_loopback {
            builder = builder.no_proxy();
        }
        #[cfg(feature = "rustls")]
        let builder = builder.tls_backend_preconfigured(tls::config(&self.tls, address.is_https)?);
        #[cfg(not(feature = "rustls"))]
        if address.is_https || self.tls.accept_invalid_certs || self.tls.identity.is_some() || !self.tls.roots.is_empty() {
            return Err(Error::configuration("https:// needs the feature `rustls`, or an `http_client` with TLS"));
        }
        builder.build().map_err(|error| Error::configuration(format!("the HTTP client cannot be built: {error:?}")))
    }

    /// What weakens a client should not go unnoticed in production.
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
    #[allow(clippy::unused_self, reason = "it warns with the feature `tracing`")]
    fn warn(&self, _: &Address) {}
}

/// Follows a redirect inside the server only: a token is for one server, and a login page elsewhere is not an API.
fn within_one_origin() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let first = attempt.previous().first().map(Url::origin);
        if attempt.previous().len() > 5 {
            attempt.error("more than five redirects")
        } else if first == Some(attempt.url().origin()) {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}
