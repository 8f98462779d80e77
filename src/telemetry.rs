//! Spans for every request and every listing, with the feature `tracing`.
//!
//! | span | level | one for |
//! | --- | --- | --- |
//! | `authentik_request` | `INFO` | each attempt of a request, from the connection to the decoded response |
//! | `authentik_listing` | `INFO` | each listing, from the first poll to its end, or until the stream is dropped; its requests are its children |
//!
//! Names follow OpenTelemetry's [semantic conventions for HTTP clients], so `tracing-opentelemetry` exports them unchanged:
//!
//! | field | of | value |
//! | --- | --- | --- |
//! | `otel.name`, `otel.kind` | both | what exporters call the span: the method, or the operation of the listing |
//! | `http.request.method` | request | `GET` |
//! | `url.full` | request | the URL; the values in its query are `REDACTED`, except those of `page`, `page_size` and `ordering` |
//! | `server.address`, `server.port` | request | the host of the server, and its port |
//! | `http.request.resend_count` | request | how many times the request was sent before |
//! | `http.response.status_code` | both | the status of the response, if one arrived; for a listing, the status that ended it |
//! | `error.type` | both | why it failed: the status, or one of `connection`, `timeout`, `tls`, `decode`, `incomplete`, `invalid` |
//! | `authentik.operation` | listing | the operation, such as `flows_bindings_list` |
//! | `authentik.rows` | listing | rows that were returned |
//!
//! Three kinds of events have the level `WARN`: a retry, a client with insecure transport settings, and a difference from the specification
//! ([`drift`](crate::drift)). No span, event or field contains the token.
//!
//! A metrics layer can derive durations, retries and failures from the spans; it needs no other hook.
//!
//! For a program that uses the crate `log`, enable the feature `log` of `tracing` in its `Cargo.toml`. Then, unless a `tracing` subscriber
//! is set, spans and events become `log` records.
//!
//! [semantic conventions for HTTP clients]: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client

use std::future::Future;

use reqwest::Request;

use crate::Error;
use crate::redaction::Quoter;

/// Query parameters whose values do not reveal what is searched for.
#[cfg(feature = "tracing")]
const PLAIN_PARAMETERS: [&str; 3] = ["page", "page_size", "ordering"];

/// A span, or nothing without the feature `tracing`.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

#[cfg(feature = "tracing")]
impl Span {
    /// The span of a listing.
    pub(crate) fn listing(operation: &str) -> Self {
        let span = tracing::info_span!(
            "authentik_listing",
            otel.name = operation,
            otel.kind = "internal",
            authentik.operation = operation,
            authentik.rows = tracing::field::Empty,
            http.response.status_code = tracing::field::Empty,
            error.type = tracing::field::Empty,
        );
        Self { span }
    }

    /// The span of one attempt.
    pub(crate) fn request(request: &Request, resends: u64, quoter: Quoter<'_>) -> Self {
        let (method, url) = (request.method().as_str(), request.url());
        let span = tracing::info_span!(
            "authentik_request",
            otel.name = method,
            otel.kind = "client",
            http.request.method = method,
            http.request.resend_count = (resends > 0).then_some(resends),
            http.response.status_code = tracing::field::Empty,
            url.full = redacted(url, quoter),
            server.address = url.host_str(),
            server.port = url.port_or_known_default(),
            error.type = tracing::field::Empty,
        );
        Self { span }
    }

    /// Runs the function inside the span.
    pub(crate) fn within<T>(&self, function: impl FnOnce() -> T) -> T {
        self.span.in_scope(function)
    }

    /// Runs the future inside the span.
    pub(crate) async fn around<T>(&self, future: impl Future<Output = T>) -> T {
        tracing::Instrument::instrument(future, self.span.clone()).await
    }

    pub(crate) fn record_status(&self, status: u16) {
        self.span.record("http.response.status_code", status);
    }

    pub(crate) fn record_rows(&self, rows: u64) {
        self.span.record("authentik.rows", rows);
    }

    /// Records why the request or the listing failed.
    pub(crate) fn record_error(&self, error: &Error) {
        if let Some(status) = error.status() {
            self.span.record("http.response.status_code", status.as_u16());
            self.span.record("error.type", status.as_str());
        } else {
            self.span.record("error.type", kind_of(error));
        }
    }
}

#[cfg(not(feature = "tracing"))]
#[allow(clippy::unused_self)]
impl Span {
    pub(crate) fn listing(_: &str) -> Self {
        Self {}
    }

    pub(crate) fn request(_: &Request, _: u64, _: Quoter<'_>) -> Self {
        Self {}
    }

    pub(crate) fn within<T>(&self, function: impl FnOnce() -> T) -> T {
        function()
    }

    pub(crate) async fn around<T>(&self, future: impl Future<Output = T>) -> T {
        future.await
    }

    pub(crate) fn record_status(&self, _: u16) {}

    pub(crate) fn record_rows(&self, _: u64) {}

    pub(crate) fn record_error(&self, _: &Error) {}
}

#[cfg(feature = "tracing")]
fn kind_of(error: &Error) -> &'static str {
    match error {
        error if error.is_timeout() => "timeout",
        error if error.is_tls() => "tls",
        Error::Interrupted { cause, .. } => kind_of(cause),
        Error::Connection(_) => "connection",
        Error::Decode(_) => "decode",
        Error::Incomplete { .. } | Error::Unsettled { .. } | Error::Pagination { .. } => "incomplete",
        _ => "invalid",
    }
}

/// A URL without credentials or search terms.
#[cfg(feature = "tracing")]
fn redacted(url: &reqwest::Url, quoter: Quoter<'_>) -> String {
    let address = quoter.quote_location(url, url.path());
    let value = |name: &str, value: &str| if PLAIN_PARAMETERS.contains(&name) { quoter.quote(value) } else { "REDACTED".to_owned() };
    let query = url.query_pairs().map(|(name, text)| format!("{name}={}", value(&name, &text))).collect::<Vec<_>>();
    if query.is_empty() { address } else { format!("{address}?{}", query.join("&")) }
}
