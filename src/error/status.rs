//! Errors of responses with a status other than success.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::{Error, RequestSummary, is_html, summary_of};
use crate::redaction::{Quoter, head};

/// How many rejected fields are kept, and how many messages for each, since a response may have thousands.
const MAX_FIELDS: usize = 20;
const MAX_MESSAGES: usize = 3;

/// How many bytes an error message spends on the fields.
const FIELDS_SHOWN: usize = 1200;

/// A response with a status other than success.
#[derive(Debug)]
pub struct StatusError {
    status: StatusCode,
    detail: Option<String>,
    field_errors: BTreeMap<String, Vec<String>>,
    /// Rejected fields that were not kept.
    more_fields: usize,
    retry_after: Option<Duration>,
    html: bool,
    redirect: Option<String>,
    address: String,
    pub(super) request: RequestSummary,
}

impl StatusError {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The server's explanation, or the title of its HTML page: at most 200 characters, with control characters escaped.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The parameters that the server rejected, each with its messages: the first 20, with up to three messages each.
    #[must_use]
    pub fn field_errors(&self) -> &BTreeMap<String, Vec<String>> {
        &self.field_errors
    }

    /// How many more parameters the server rejected.
    #[must_use]
    pub fn more_field_errors(&self) -> usize {
        self.more_fields
    }

    /// How long the server asked the client to wait (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the body is an HTML page, for example from a proxy or after a crash.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.html
    }

    /// The target of a redirect: scheme, host, port and path.
    #[must_use]
    pub fn redirect(&self) -> Option<&str> {
        self.redirect.as_deref()
    }

    /// The URL of the request, without its query.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many times the request was sent, how long it took, and its id in the server's log.
    #[must_use]
    pub fn request(&self) -> &RequestSummary {
        &self.request
    }
}

impl Error {
    /// An error response, whose body may be truncated.
    pub(crate) fn from_status(status: StatusCode, headers: &HeaderMap, url: &Url, body: &[u8], quoter: Quoter<'_>) -> Self {
        let html = is_html(headers);
        let explanation = if html { Explanation::of_html(body, quoter) } else { Explanation::of_json(body, quoter) };
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Explanation { detail, field_errors, more_fields } = explanation;
        Self::Status(Box::new(StatusError {
            status,
            detail,
            field_errors,
            more_fields,
            retry_after: header(RETRY_AFTER).and_then(retry_after),
            html,
            redirect: header(LOCATION).filter(|_| status.is_redirection()).map(|location| quoter.quote_location(url, location)),
            address: quoter.quote(&format!("{}{}", url.origin().ascii_serialization(), url.path())),
            request: summary_of(headers, quoter),
        }))
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "authentik responded with {}", self.status)?;
        if self.html {
            write!(f, " and an HTML page")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {}", detail.trim_end_matches('.'))?;
        }
        self.fmt_fields(f)?;
        match self.status.as_u16() {
            300..=399 => match &self.redirect {
                Some(target) => {
                    write!(f, ". It redirects to {target}, to which the token was not sent: check whether that is the right address")?;
                }
                None => write!(f, ". It redirects without a location")?,
            },
            401 | 403 => write!(f, ". Check the token: it must be valid, and its user needs the permission to view these objects")?,
            404 if self.html => write!(f, ". There is no API at {}: check the address of the server", self.address)?,
            407 => write!(f, ". A proxy asks for a user name and password: set HTTP_PROXY to http://user:password@proxy")?,
            429 => write!(f, ". Send fewer requests")?,
            500 => write!(f, ". See the server's log for the reason")?,
            502..=504 => write!(f, ". authentik is starting, overloaded or down; the response may come from a proxy in front of it")?,
            _ => {}
        }
        if let Some(pause) = self.retry_after {
            write!(f, ". Retry after {} s", pause.as_secs())?;
        }
        write!(f, "{}", self.request)
    }
}

impl StatusError {
    fn fmt_fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut shown, mut length) = (0, 0);
        for (field, messages) in &self.field_errors {
            let text = format!("; `{field}`: {}", head(&messages.join(" "), 400).trim_end_matches('.'));
            length += text.len();
            if length > FIELDS_SHOWN && shown > 0 {
                break;
            }
            write!(f, "{text}")?;
            shown += 1;
        }
        match self.field_errors.len() - shown + self.more_fields {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for StatusError {}

/// The content of an error response.
#[derive(Default)]
struct Explanation {
    detail: Option<String>,
    field_errors: BTreeMap<String, Vec<String>>,
    more_fields: usize,
}

impl Explanation {
    fn of_html(body: &[u8], quoter: Quoter<'_>) -> Self {
        let text = String::from_utf8_lossy(body);
        let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| quoter.quote(title));
        Self { detail: title.filter(|title| !title.is_empty()), ..Self::default() }
    }

    fn of_json(body: &[u8], quoter: Quoter<'_>) -> Self {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Self::of_object(&object, quoter),
            Ok(Value::Array(messages)) => Self { detail: sentence(&messages, quoter), ..Self::default() },
            _ => Self { detail: Some(quoter.quote(&String::from_utf8_lossy(body))).filter(|text| !text.is_empty()), ..Self::default() },
        }
    }

    /// Reads `{"detail": …}` (Django REST framework), `{"error": …}` (authentik's proxy), or messages by field.
    fn of_object(object: &serde_json::Map<String, Value>, quoter: Quoter<'_>) -> Self {
        if let Some(Value::String(detail)) = object.get("detail") {
            return Self { detail: Some(quoter.quote(detail)), ..Self::default() };
        }
        let mut explanation = Self::default();
        for (field, value) in object {
            let messages = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            match field.as_str() {
                // The messages say more than the code.
                "code" if object.len() > 1 => {}
                "code" | "error" | "non_field_errors" => explanation.detail = sentence(messages, quoter),
                _ if explanation.field_errors.len() == MAX_FIELDS => explanation.more_fields += 1,
                _ => {
                    let messages = messages.iter().take(MAX_MESSAGES).map(|message| quoter.quote_value(message)).collect();
                    explanation.field_errors.insert(quoter.quote(field), messages);
                }
            }
        }
        explanation
    }
}

fn sentence(messages: &[Value], quoter: Quoter<'_>) -> Option<String> {
    let sentences = messages.iter().take(MAX_MESSAGES).map(|message| quoter.quote_value(message)).collect::<Vec<_>>();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// Parses `Retry-After`: a number of seconds, or the date when the pause ends.
fn retry_after(value: &str) -> Option<Duration> {
    let seconds = value.trim().parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Some(httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).unwrap_or_default()))
}
