//! One [`Error`] for everything that can go wrong.
//!
//! No error holds the token, and what it quotes of an answer is short and without the query part of links: since 2025.12 a
//! `background_url` may be a signed link, whose query is a credential.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::span::ReleaseSpan;
use crate::types;

/// How much of a refusal's body is read.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// How much of an answer an error quotes, in characters.
const LONGEST_EXCERPT: usize = 200;

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
        server: ReleaseSpan,
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

/// An answer that cannot be read.
#[derive(Debug)]
pub struct DecodeError {
    flaw: Undecodable,
    html: bool,
    page: Option<u64>,
    request_id: Option<String>,
    attempts: usize,
}

/// What in a body cannot be read.
#[derive(Debug)]
pub(crate) struct Undecodable {
    path: String,
    row: Option<usize>,
    message: String,
    excerpt: String,
    /// The body ends too early.
    cut_off: bool,
    /// Which releases the answer fits.
    span: ReleaseSpan,
}

impl Undecodable {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn excerpt(&self) -> &str {
        &self.excerpt
    }

    /// The same flaw, seen in a row that was read on its own.
    pub(crate) fn in_row(mut self, place: usize) -> Self {
        self.path = if self.path == "." { format!("results[{place}]") } else { format!("results[{place}].{}", self.path) };
        self.row = Some(place);
        self
    }

    pub(crate) fn on_server(mut self, span: ReleaseSpan) -> Self {
        self.span = span;
        self
    }
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

    pub(crate) fn from_undecodable(flaw: Undecodable, headers: &HeaderMap) -> Self {
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

impl DecodeError {
    /// Where the answer cannot be read, such as `results[3].stage_obj.pk`; `.` for the whole of it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.flaw.path
    }

    /// Number of the page, counted from 1.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.page
    }

    /// Place of the row on its page, counted from 0 as in [`path`](Self::path).
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        self.flaw.row
    }

    /// Which releases of authentik the answer fits, as far as its keys tell.
    #[must_use]
    pub fn server(&self) -> ReleaseSpan {
        self.flaw.span
    }

    /// What the answer has there: short, and without the query part of links.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.flaw.excerpt
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flaw = &self.flaw;
        if self.html {
            write!(f, "the server answered with an HTML page where JSON was due: check its address, and what stands in front of it")?;
        } else {
            write!(f, "the answer cannot be read")?;
            if let Some(page) = self.page {
                write!(f, ", page {page}")?;
            }
            write!(f, ", at `{}`: {}", flaw.path, flaw.message)?;
            if !flaw.excerpt.is_empty() {
                write!(f, "; it has there: {}", flaw.excerpt)?;
            }
            write!(f, "{}", looks_like(flaw.span))?;
        }
        write!(f, "{}{}", tried(self.attempts), in_log(self.request_id.as_ref()))
    }
}

impl std::error::Error for DecodeError {}

/// Decodes a body; only one that fails is looked at a second time, for the place.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Undecodable> {
    decode_borrowed(body)
}

/// Like [`decode`], for what borrows from the body.
pub(crate) fn decode_borrowed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Undecodable> {
    serde_json::from_slice(body).map_err(|error| diagnose::<T>(body, &error))
}

fn diagnose<'a, T: Deserialize<'a>>(body: &'a [u8], error: &serde_json::Error) -> Undecodable {
    use serde_path_to_error::Segment;

    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)).err();
    let segments = located.as_ref().map(|error| error.path().iter().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let row = segments.iter().find_map(|segment| match segment {
        Segment::Seq { index } => Some(*index),
        _ => None,
    });
    let document = serde_json::from_slice::<Value>(body).ok();
    let found = document.as_ref().map(|document| {
        segments.iter().fold(document, |node, segment| match segment {
            Segment::Seq { index } => node.get(index).unwrap_or(node),
            Segment::Map { key } => node.get(key).unwrap_or(node),
            _ => node,
        })
    });
    let excerpt = found.map_or_else(|| excerpt(&String::from_utf8_lossy(body)), excerpt_of);
    // serde_json quotes what it found in its message, which may be a link.
    let message = without_queries(&located.map_or_else(|| error.to_string(), |error| error.inner().to_string()));
    Undecodable { path: path(&segments), row, message, excerpt, cut_off: error.is_eof(), span: ReleaseSpan::default() }
}

fn path(segments: &[serde_path_to_error::Segment]) -> String {
    use fmt::Write;
    use serde_path_to_error::Segment;

    let mut path = String::new();
    for segment in segments {
        let _ = match segment {
            Segment::Seq { index } => write!(path, "[{index}]"),
            Segment::Map { key } => write!(path, "{}{key}", if path.is_empty() { "" } else { "." }),
            _ => Ok(()),
        };
    }
    if path.is_empty() { ".".into() } else { path }
}

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

/// A few words of a text, on one line and without credentials.
pub(crate) fn excerpt(text: &str) -> String {
    let text = without_queries(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match text.char_indices().nth(LONGEST_EXCERPT) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

/// The text without the query part of the links in it, where a signed link has its credential.
///
/// What looks like a query ends with the word or the string that it stands in.
pub(crate) fn without_queries(text: &str) -> String {
    let text = text.replace("\\u003f", "?").replace("\\u003F", "?");
    let mut kept = String::with_capacity(text.len());
    let (mut in_query, mut escaped) = (false, false);
    for character in text.chars() {
        in_query = in_query && !(character.is_whitespace() || !escaped && matches!(character, '"' | '<' | '>'));
        escaped = character == '\\' && !escaped;
        if !in_query {
            kept.push(character);
        }
        if character == '?' && !in_query {
            in_query = true;
            kept.push('…');
        }
    }
    kept
}

/// The JSON of a value with every text in it without queries.
pub(crate) fn excerpt_of(value: &Value) -> String {
    fn clean(value: &mut Value) {
        match value {
            Value::String(text) => *text = without_queries(text),
            Value::Array(items) => items.iter_mut().for_each(clean),
            Value::Object(map) => map.values_mut().for_each(clean),
            _ => {}
        }
    }
    let mut value = value.clone();
    clean(&mut value);
    excerpt(&value.to_string())
}

/// Origin and path of the place that a redirect leads to: what else it has may be a credential.
fn place(location: &str) -> String {
    match reqwest::Url::parse(location) {
        Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        Err(_) => location.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
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

fn looks_like(server: ReleaseSpan) -> String {
    if server.is_unknown() { String::new() } else { format!(" (the server looks like {server})") }
}

fn tried(attempts: usize) -> String {
    if attempts > 1 { format!(" (tried {attempts} times)") } else { String::new() }
}

fn in_log(request_id: Option<&String>) -> String {
    request_id.map(|id| format!(" [request {id} in authentik's log]")).unwrap_or_default()
}
