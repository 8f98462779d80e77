//! One [`Error`] for everything that can go wrong.
//!
//! No error holds the token, and what it quotes of an answer is short and without the query part of links: since 2025.12 a
//! `background_url` may be a signed link, whose query is a credential.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::compat::version::VersionRange;
use crate::redaction::{excerpt, excerpt_of, place};
use crate::transport::decode::{DecodeError, DecodeFailure};
use crate::types;

/// How much of a refusal's body is read.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// Why a request, or a listing of many, did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be set up like this. No request was sent.
    #[error("{message}")]
    #[non_exhaustive]
    Configuration {
        /// What is wrong, and what to do.
        message: String,
    },

    /// The request cannot be sent like this: a filter has a value that it cannot have. No request was sent.
    #[error("the request cannot be sent: {message}")]
    #[non_exhaustive]
    InvalidRequest {
        /// What is wrong.
        message: String,
    },

    /// No answer came, or it ended before it was complete.
    #[error("authentik{} cannot be reached: {}{}", at(address), chain(transport), tried(*attempts))]
    #[non_exhaustive]
    Connection {
        /// What the transport says. The message has it with all its causes, so it is no `source()` to be printed once more.
        transport: reqwest::Error,
        /// Scheme, host and port of the server, such as `https://auth.example.com`.
        address: String,
        /// How many requests were sent in all.
        attempts: usize,
    },

    /// The server answered with another status than success.
    #[error("{0}")]
    Status(Box<StatusError>),

    /// The server answered with something that this crate cannot read.
    #[error("{0}")]
    Decode(Box<DecodeError>),

    /// A listing has ended, and rows are missing.
    #[error("the listing is incomplete: {received} of {expected} rows came: {reason}{}", looks_like(*server))]
    #[non_exhaustive]
    Incomplete {
        /// How many rows the server counts.
        expected: u64,
        /// How many different rows came.
        received: u64,
        /// Why the others could not be had.
        reason: String,
        /// Which releases of authentik the answers fit, as far as their keys tell.
        server: VersionRange,
    },

    /// The rows changed whenever they were listed.
    #[error("the rows changed between each two of {passes} passes: take the snapshot when fewer people change flows")]
    #[non_exhaustive]
    Unsettled {
        /// How often they were listed.
        passes: usize,
    },

    /// The server's pages contradict each other or themselves.
    #[error("the server's pages make no sense: page {page} {problem}")]
    #[non_exhaustive]
    Pagination {
        /// Number of the page.
        page: u64,
        /// What is wrong with it.
        problem: String,
    },
}

/// An answer with another status than success.
#[derive(Debug)]
pub struct StatusError {
    status: StatusCode,
    detail: Option<String>,
    field_errors: BTreeMap<String, Vec<String>>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    html: bool,
    redirect: Option<String>,
    address: String,
    attempts: usize,
}

impl Error {
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration { message: message.into() }
    }

    /// The status of the answer, if the server refused.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// What the server says about the refusal, in its words. Since 2025.12 they follow the request's language: not for matching on.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.refusal()?.detail.as_deref()
    }

    /// The filters that the server refused (status 400), each with its messages.
    #[must_use]
    pub fn field_errors(&self) -> Option<&BTreeMap<String, Vec<String>>> {
        self.refusal().map(|refusal| &refusal.field_errors).filter(|errors| !errors.is_empty())
    }

    /// The request's id in authentik's log, from the header `x-authentik-id`.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Status(error) => error.request_id.as_deref(),
            Self::Decode(error) => error.request_id.as_deref(),
            _ => None,
        }
    }

    /// How many requests were sent before this error was final; 0 when none was.
    #[must_use]
    pub fn attempts(&self) -> usize {
        match self {
            Self::Connection { attempts, .. } => *attempts,
            Self::Status(error) => error.attempts,
            Self::Decode(error) => error.attempts,
            _ => 0,
        }
    }

    /// Whether the token is missing, invalid or expired, or its user may not do this: authentik answers 403 in each case.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.status(), Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED))
    }

    /// Whether nothing is there: a page past the end, or an address that is no API.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the server asked for fewer requests.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connection { transport, .. } => !transport.is_builder() && !transport.is_redirect(),
            Self::Status(error) => matches!(error.status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
            Self::Decode(error) => error.flaw.cut_off,
            _ => false,
        }
    }

    /// How long the server asks to wait (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    fn refusal(&self) -> Option<&StatusError> {
        match self {
            Self::Status(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn from_transport(error: reqwest::Error) -> Self {
        let address = error.url().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Self::Connection { transport: error.without_url(), address, attempts: 0 }
    }

    pub(crate) fn from_generated(error: progenitor_client::Error<()>) -> Self {
        use progenitor_client::Error as Generated;
        match error {
            Generated::InvalidRequest(message) | Generated::Custom(message) => Self::InvalidRequest { message },
            Generated::CommunicationError(error) | Generated::InvalidUpgrade(error) | Generated::ResponseBodyError(error) => {
                Self::from_transport(error)
            }
            // Answers do not come this way: `execute()` hands them out unread, whatever their status.
            Generated::ErrorResponse(_) | Generated::InvalidResponsePayload(..) | Generated::UnexpectedResponse(_) => {
                Self::InvalidRequest { message: "the generated client read an answer by itself".into() }
            }
        }
    }

    /// Reads an answer with another status than success.
    pub(crate) async fn from_refusal(mut response: Response) -> Self {
        let mut body = Vec::new();
        // A body that breaks off is read as far as it came: the status is known all the same.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_REFUSAL {
                body.truncate(LONGEST_REFUSAL);
                break;
            }
        }
        let headers = response.headers();
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let html = is_html(headers);
        let (detail, field_errors) = if html { (html_title(&body), BTreeMap::new()) } else { explanation(&body) };
        let url = response.url();
        Self::Status(Box::new(StatusError {
            status: response.status(),
            detail,
            field_errors,
            request_id: request_id(headers),
            retry_after: header(RETRY_AFTER).and_then(pause),
            html,
            redirect: response.status().is_redirection().then(|| header(LOCATION).map(place)).flatten(),
            address: format!("{}{}", url.origin().ascii_serialization(), url.path()),
            attempts: 0,
        }))
    }

    pub(crate) fn from_undecodable(flaw: DecodeFailure, headers: &HeaderMap) -> Self {
        Self::Decode(Box::new(DecodeError { flaw, html: is_html(headers), page: None, request_id: request_id(headers), attempts: 0 }))
    }

    pub(crate) fn after_attempts(mut self, number: usize) -> Self {
        match &mut self {
            Self::Connection { attempts, .. } => *attempts = number,
            Self::Status(error) => error.attempts = number,
            Self::Decode(error) => error.attempts = number,
            _ => {}
        }
        self
    }

    pub(crate) fn on_page(mut self, number: u64) -> Self {
        if let Self::Decode(error) = &mut self {
            error.page = Some(number);
        }
        self
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "authentik answered {}", self.status)?;
        if self.html {
            write!(f, " with an HTML page")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {}", detail.trim_end_matches('.'))?;
        }
        for (field, messages) in &self.field_errors {
            write!(f, "; `{field}`: {}", messages.join(" ").trim_end_matches('.'))?;
        }
        match self.status.as_u16() {
            300..=399 => match &self.redirect {
                Some(target) => write!(f, ". It redirects to {target}, where the token does not go: is that the address to use?")?,
                None => write!(f, ". It redirects, but does not say where")?,
            },
            401 | 403 => write!(f, ". Check the token: it must be valid, and its user may need the right to view flow stage bindings")?,
            404 if self.html => write!(f, ". There is no API at {}: check the address of the server", self.address)?,
            429 => write!(f, ". Ask less often")?,
            500 => write!(f, ". The server's log says why")?,
            502..=504 => write!(f, ". authentik is starting, overloaded or down; a proxy in front may say so in its place")?,
            _ => {}
        }
        if let Some(pause) = self.retry_after {
            write!(f, ". It asks to wait {} s", pause.as_secs())?;
        }
        write!(f, "{}{}", tried(self.attempts), in_log(self.request_id.as_ref()))
    }
}

impl std::error::Error for StatusError {}

/// What a refusal says: one sentence, and messages by filter.
fn explanation(body: &[u8]) -> (Option<String>, BTreeMap<String, Vec<String>>) {
    if let Ok(types::GenericError { detail, .. }) = serde_json::from_slice(body) {
        return (Some(excerpt(&detail)), BTreeMap::new());
    }
    if let Ok(types::ValidationError { code, non_field_errors, extra }) = serde_json::from_slice(body) {
        let mut sentences = non_field_errors.iter().map(|text| excerpt(text)).collect::<Vec<_>>();
        let mut field_errors = BTreeMap::new();
        for (key, value) in extra {
            match value {
                // What authentik's own proxy answers while authentik starts.
                Value::String(text) if key == "error" => sentences.push(excerpt(&text)),
                Value::Array(messages) => {
                    field_errors.insert(key, messages.iter().map(words).collect());
                }
                other => {
                    field_errors.insert(key, vec![words(&other)]);
                }
            }
        }
        return ((!sentences.is_empty()).then(|| sentences.join(" ")).or(code.map(|code| excerpt(&code))), field_errors);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Array(messages)) => (Some(messages.iter().map(words).collect::<Vec<_>>().join(" ")), BTreeMap::new()),
        _ => (Some(excerpt(&String::from_utf8_lossy(body))).filter(|text| !text.is_empty()), BTreeMap::new()),
    }
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| excerpt_of(value), excerpt)
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html"))
}

fn html_title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once("<title>")?;
    let title = excerpt(rest.split_once("</title>")?.0);
    (!title.is_empty()).then_some(title)
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-authentik-id")?.to_str().ok().map(str::to_owned)
}

/// `Retry-After`: seconds, or the date of its end.
fn pause(value: &str) -> Option<Duration> {
    let seconds = value.trim().parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Some(httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).unwrap_or_default()))
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn at(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!(" at {address}") }
}

pub(crate) fn looks_like(server: VersionRange) -> String {
    if server.is_unknown() { String::new() } else { format!(" (the server looks like {server})") }
}

pub(crate) fn tried(attempts: usize) -> String {
    if attempts > 1 { format!(" (tried {attempts} times)") } else { String::new() }
}

pub(crate) fn in_log(request_id: Option<&String>) -> String {
    request_id.map(|id| format!(" [request {id} in authentik's log]")).unwrap_or_default()
}
