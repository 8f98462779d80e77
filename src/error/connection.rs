//! Connection errors: no complete response arrived.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use super::{Error, RequestSummary};

/// No response arrived, or it ended before it was complete.
#[derive(Debug)]
pub struct ConnectionError {
    kind: ConnectionErrorKind,
    /// Whether the connection was not established.
    connect: bool,
    explanation: String,
    address: String,
    source: Option<reqwest::Error>,
    pub(super) request: RequestSummary,
}

/// The kind of a [`ConnectionError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionErrorKind {
    /// The host name could not be resolved.
    Dns,
    /// The connection was refused.
    Refused,
    /// The connection was reset or closed before the response was complete.
    Closed,
    /// A time limit was exceeded.
    Timeout,
    /// A certificate was rejected, or there is no common version of TLS.
    Tls,
    /// The server does not speak HTTP.
    NotHttp,
    /// The proxy refused the connection.
    Proxy,
    /// Any other error.
    Other,
}

impl ConnectionError {
    /// The kind of error.
    #[must_use]
    pub fn kind(&self) -> ConnectionErrorKind {
        self.kind
    }

    /// What failed, and what to do about it, as in the message.
    #[must_use]
    pub fn explanation(&self) -> &str {
        &self.explanation
    }

    /// Scheme, host and port of the server, such as `https://auth.example.com`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether no connection was established.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.connect
    }

    /// How many times the request was sent, how long it took, and its id in the server's log.
    #[must_use]
    pub fn request(&self) -> &RequestSummary {
        &self.request
    }

    /// Whether a retry may succeed. TLS, protocol and proxy errors are caused by a wrong configuration, which a retry cannot fix.
    pub(super) fn is_retryable(&self) -> bool {
        use ConnectionErrorKind::{NotHttp, Proxy, Tls};
        !matches!(self.kind, Tls | NotHttp | Proxy) && !self.source.as_ref().is_some_and(|error| error.is_builder() || error.is_redirect())
    }
}

impl Error {
    pub(crate) fn from_transport(error: reqwest::Error, address: &str) -> Self {
        let error = error.without_url();
        let (kind, explanation) = explain(&error, address.starts_with("https:"));
        let connect = error.is_connect();
        Self::Connection(Box::new(ConnectionError {
            kind,
            connect,
            explanation,
            address: address.to_owned(),
            source: Some(error),
            request: RequestSummary::default(),
        }))
    }

    /// The body stalled or arrived too slowly.
    pub(crate) fn stalled(limit: Duration, address: &str) -> Self {
        Self::Connection(Box::new(ConnectionError {
            kind: ConnectionErrorKind::Timeout,
            connect: false,
            explanation: format!("the response stalled: too few bytes arrived within the idle timeout of {limit:?}"),
            address: address.to_owned(),
            source: None,
            request: RequestSummary::default(),
        }))
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = if self.connect { "cannot connect to authentik" } else { "no complete response from authentik" };
        write!(f, "{failed} at {}: {}{}", self.address, self.explanation, self.request)
    }
}

impl StdError for ConnectionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

fn explain(error: &reqwest::Error, is_https: bool) -> (ConnectionErrorKind, String) {
    use ConnectionErrorKind as Kind;
    let causes = causes(error);
    #[cfg(feature = "rustls")]
    if let Some(tls) = causes.iter().find_map(|cause| super::tls::explain(*cause)) {
        return (Kind::Tls, tls);
    }
    let texts = causes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let last = texts.last().map_or("unknown", String::as_str);
    let io = causes.iter().rev().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let tunnel = texts.iter().find_map(|text| text.strip_prefix("tunnel error: "));
    if let Some(reply @ ("proxy authorization required" | "unsuccessful")) = tunnel {
        let hint = match reply {
            "unsuccessful" => "the proxy does not connect to this host: check its rules, or list the host in NO_PROXY",
            _ => "the proxy asks for a user name and password: set HTTPS_PROXY to http://user:password@proxy",
        };
        (Kind::Proxy, hint.to_owned())
    } else if texts.iter().any(|text| text == "dns error") {
        (Kind::Dns, format!("the host name cannot be resolved: {last}"))
    } else if error.is_timeout() || io == Some(io::ErrorKind::TimedOut) {
        let text = match (error.is_connect(), is_https) {
            (true, true) => "the connection timed out: the host does not respond, or the port does not speak TLS",
            (true, false) => "the connection timed out: the host does not respond",
            (false, _) => "timed out",
        };
        (Kind::Timeout, text.to_owned())
    } else if io == Some(io::ErrorKind::ConnectionRefused) {
        (Kind::Refused, "the connection was refused: no server listens on that port".to_owned())
    } else if texts.iter().any(|text| text.contains("invalid HTTP")) {
        let hint = if is_https { "" } else { ": if the port expects TLS, use https://" };
        (Kind::NotHttp, format!("the server does not speak HTTP{hint} ({last})"))
    } else if matches!(
        io,
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof)
    ) {
        (Kind::Closed, format!("the connection was closed early: {last}"))
    } else if error.is_decode() && io.is_some_and(|kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
        (Kind::Other, format!("the response is not valid gzip: {last}"))
    } else if error.is_body() || error.is_decode() || last.contains("before message completed") || last.contains("end of file") {
        (Kind::Closed, format!("the response ended early: {last}"))
    } else if texts.iter().any(|text| text.contains("certificate")) {
        (Kind::Tls, format!("TLS failed: {last}"))
    } else {
        (Kind::Other, texts.join(": "))
    }
}

/// The error and its causes, including the error inside an `io::Error`, which `source()` skips.
fn causes(error: &reqwest::Error) -> Vec<&(dyn StdError + 'static)> {
    let mut causes: Vec<&(dyn StdError + 'static)> = vec![error];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    causes
}
