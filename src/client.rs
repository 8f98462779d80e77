//! The client: an address, a token, a transport.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Url, redirect};
use secrecy::SecretString;

use crate::Error;
use crate::codegen::{API_PATH, Client};
use crate::transport::{Settings, bearer};

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
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            retries: 3,
            user_agent_suffix: None,
            allow_plaintext: false,
            accept_invalid_certs: false,
            http_client: None,
        }
    }

    /// A client as the environment describes it, with the variables of
    /// [authentik's Terraform provider](https://registry.terraform.io/providers/goauthentik/authentik/latest/docs):
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `AUTHENTIK_URL` | address of the server, as for [`builder`](Self::builder) |
    /// | `AUTHENTIK_TOKEN` | API token |
    /// | `AUTHENTIK_INSECURE` | `true` or `1`: accept any certificate, and plain `http://` |
    ///
    /// # Errors
    /// [`Error::Configuration`] names the variable that is missing or cannot be used.
    ///
    /// ```no_run
    /// let client = authentik_flow_bindings::Client::from_env()?;
    /// # Ok::<(), authentik_flow_bindings::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        let variable = |name: &str, what: &str| match std::env::var(name) {
            Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
            Ok(_) | Err(std::env::VarError::NotPresent) => Err(Error::configuration(format!("{name} is not set: set it to {what}"))),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::configuration(format!("{name} is no text: set it to {what}"))),
        };
        let address = variable("AUTHENTIK_URL", "the address of the server, such as https://auth.example.com")?;
        let token = variable("AUTHENTIK_TOKEN", "an API token (authentik: Directory, Tokens and App passwords)")?;
        let insecure = match std::env::var("AUTHENTIK_INSECURE").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "0" | "f" | "false" => false,
            "1" | "t" | "true" => true,
            _ => return Err(Error::configuration("AUTHENTIK_INSECURE is neither `true` nor `false`: correct it, or unset it")),
        };
        Self::builder(address).token(token).allow_plaintext(insecure).danger_accept_invalid_certs(insecure).build()
    }
}

/// Sets up a [`Client`]; see [`Client::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder makes no client before `build()`"]
pub struct ClientBuilder {
    address: String,
    token: Option<SecretString>,
    timeout: Duration,
    connect_timeout: Duration,
    retries: u32,
    user_agent_suffix: Option<String>,
    allow_plaintext: bool,
    accept_invalid_certs: bool,
    http_client: Option<reqwest::Client>,
}

impl ClientBuilder {
    /// The API token that requests carry. It is shown nowhere, and sent to no other host.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(SecretString::from(token.into()));
        self
    }

    /// How long one request may take, from the first byte sent to the last byte read; 30 s unless set.
    ///
    /// A request for more than 100 rows gets 50 ms more for each row above: a server sends nothing before it has the last row.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a connection may take to come about; 10 s unless set. Not used with [`http_client`](Self::http_client).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a request that failed for a passing reason is sent again; 3 unless set, 0 for never.
    ///
    /// Passing reasons are a connection that breaks or times out, an answer that ends early, and the statuses 408, 429, 500,
    /// 502, 503 and 504. Pauses grow from 0.2 s to 10 s; a `Retry-After` of up to 60 s is obeyed, a longer one ends the tries.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Adds a name to the `User-Agent`, so that the server's log tells who asks: `my-service/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Lets the token travel unencrypted, to an `http://` address that is not this machine.
    pub fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// Accepts any certificate, from anybody: whoever stands between can read the token.
    ///
    /// Needs the feature `rustls`; not used with [`http_client`](Self::http_client).
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.accept_invalid_certs = accept;
        self
    }

    /// Sends requests through this client: its proxies, certificates, TLS and redirects.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Makes the client. No request is sent.
    ///
    /// # Errors
    /// [`Error::Configuration`] when the address, the token or the suffix cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let baseurl = api_address(&self.address, self.allow_plaintext)?;
        if let Some(token) = &self.token {
            bearer(token)?;
        }
        let mut user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned();
        if let Some(suffix) = &self.user_agent_suffix {
            user_agent = format!("{user_agent} {suffix}");
        }
        let user_agent = HeaderValue::from_str(&user_agent).map_err(|_| {
            Error::configuration("the user agent suffix has characters that no header may have: use letters, digits, `/` and `.`")
        })?;
        let client = match &self.http_client {
            Some(client) => client.clone(),
            None => self.transport()?,
        };
        let inner = Settings { token: self.token, user_agent, timeout: self.timeout, retries: self.retries };
        Ok(Client { baseurl: baseurl.into(), client, inner: Arc::new(inner) })
    }

    fn transport(&self) -> Result<reqwest::Client, Error> {
        let builder = reqwest::Client::builder().connect_timeout(self.connect_timeout).redirect(within_one_origin());
        #[cfg(feature = "rustls")]
        let builder = builder.danger_accept_invalid_certs(self.accept_invalid_certs);
        #[cfg(not(feature = "rustls"))]
        if self.accept_invalid_certs {
            return Err(Error::configuration(
                "certificates are not ours to ignore without the feature `rustls`: pass an `http_client` that does",
            ));
        }
        builder.build().map_err(|error| Error::configuration(format!("the HTTP client cannot be made: {error}")))
    }
}

/// Follows a redirect inside the server only: a token is for one server, and a login page elsewhere is no API.
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

/// The address below which the operations stand, without a trailing slash.
fn api_address(address: &str, allow_plaintext: bool) -> Result<String, Error> {
    let shown = address.trim();
    let url = Url::parse(shown).ok().filter(reqwest::Url::has_host);
    let Some(url) = url else {
        // What is no address may still hold a password.
        let shown = if shown.contains('@') { "the address given" } else { shown };
        return Err(Error::configuration(format!("`{shown}` is no address of a server: write it as https://auth.example.com")));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration("the address holds a user name or password: remove them, and set the token instead"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration("the address goes on after `?` or `#`: give it up to the host, as https://auth.example.com"));
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_plaintext || is_loopback(&url) => {}
        "http" => {
            return Err(Error::configuration(format!(
                "`{shown}` would send the token unencrypted: use https://, or allow it with `allow_plaintext(true)` (AUTHENTIK_INSECURE=true)"
            )));
        }
        scheme => return Err(Error::configuration(format!("an address with `{scheme}:` cannot be used: write it with https://"))),
    }
    let host = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(API_PATH).filter(|path| path.ends_with('/')).unwrap_or(path).trim_end_matches('/');
    if path.contains(&format!("/{API_PATH}/")) {
        return Err(Error::configuration(format!("`{host}{path}` goes on after /{API_PATH}: give the address of the server, as {host}")));
    }
    Ok(format!("{host}{path}/{API_PATH}"))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
