//! The feature `tracing`: spans, and events for retries, differences from the specification and disabled protections.
#![cfg(all(feature = "tracing", operation = "flows_bindings_list"))]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use authentik_flow_bindings::Client;
use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Collects what this thread logs, until the guard is dropped.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(tracing::Level::WARN).with_ansi(false).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[test]
fn a_client_with_disabled_protection_is_logged() {
    let (log, _guard) = log();
    let builder = |address: &str| Client::builder(address).token(FakeAuthentik::TOKEN).allow_plaintext(true);
    builder("https://auth.example.com").build().unwrap();
    builder("http://127.0.0.1:9000").build().unwrap();
    assert!(log.0.lock().unwrap().is_empty(), "no protection is disabled");

    builder("http://auth.example.com").build().unwrap();
    builder("https://auth.example.com").danger_accept_invalid_certs(true).build().unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("WARN").count(), 2, "{text}");
    assert!(text.contains("the token is sent unencrypted") && text.contains("certificates are not checked"), "{text}");
    assert!(!text.contains(FakeAuthentik::TOKEN), "{text}");
}

#[tokio::test]
async fn retries_and_differences_are_logged_once_and_without_the_token() {
    let (log, _guard) = log();
    let server = FakeAuthentik::builder().release(Release::V2026_8).generated(500, 60).fault(2, Fault::html(502));
    let server = server.tamper(|_, response| response["unheard_of"] = 1.into()).start().await.unwrap();
    let client = Client::builder(server.address()).token(FakeAuthentik::TOKEN).build().unwrap();
    assert_eq!(client.flows_bindings_list().paginate().collect().await.unwrap().len(), 500);

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("a request to authentik failed and will be retried").count(), 1, "{text}");
    assert_eq!(text.matches("`unheard_of` is an unknown field").count(), 1, "{text}");
    let messages = text.lines().map(|line| line.split_once("WARN").unwrap().1).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(text.lines().count(), messages.len(), "an event is logged twice: {text}");
    assert!(!text.contains(FakeAuthentik::TOKEN), "{text}");
}

/// The log lines of closed spans: each has the names and fields of the span and of its parents.
fn spans(log: &Log) -> Vec<String> {
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains(FakeAuthentik::TOKEN), "{text}");
    text.lines().filter(|line| line.contains(": close")).map(str::to_owned).collect()
}

fn log_spans() -> (Log, tracing::subscriber::DefaultGuard) {
    use tracing_subscriber::fmt::format::FmtSpan;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(tracing::Level::INFO).with_ansi(false);
    (log, tracing::subscriber::set_default(subscriber.with_span_events(FmtSpan::CLOSE).finish()))
}

#[tokio::test]
async fn a_listing_is_a_span_with_a_span_for_each_request() {
    let (log, _guard) = log_spans();
    let server = FakeAuthentik::builder().release(Release::V2026_8).generated(150, 20).start().await.unwrap();
    let list = server.client().flows_bindings_list().search("stage");
    let rows = list.paginate().collect().await.unwrap().len();

    let spans = spans(&log);
    let (listing, requests) = spans.split_last().unwrap();
    assert!(listing.contains("authentik_listing{otel.name=\"flows_bindings_list\""), "{listing}");
    assert!(listing.contains(&format!("authentik.rows={rows}")), "{listing}");
    assert_eq!(requests.len(), server.received().len());
    let host = format!("server.address=\"127.0.0.1\" server.port={}", server.address().rsplit_once(':').unwrap().1);
    for request in requests {
        let fields = request.split_once("authentik_request{").unwrap().1;
        assert!(request.contains("authentik_listing{"), "not a child of the listing: {request}");
        for field in ["otel.kind=\"client\"", "http.request.method=\"GET\"", "http.response.status_code=200", &host, "page_size="] {
            assert!(fields.contains(field), "{field}: {request}");
        }
        assert!(fields.contains("search=REDACTED") && !fields.contains("stage"), "{request}");
        assert!(!fields.contains("error.type") && !fields.contains("resend_count"), "{request}");
    }
}

#[tokio::test]
async fn a_failed_span_has_an_error_type_and_a_retry_has_its_number() {
    let (log, _guard) = log_spans();
    let server = FakeAuthentik::builder().generated(5, 1).fault(1, Fault::html(502)).start().await.unwrap();
    let client = Client::builder(server.address()).token(FakeAuthentik::TOKEN).build().unwrap();
    client.flows_bindings_list().send().await.unwrap();
    let spans_of_retry = spans(&log);
    assert!(spans_of_retry[0].contains("http.response.status_code=502 error.type=\"502\""), "{spans_of_retry:?}");
    assert!(spans_of_retry[1].contains("http.request.resend_count=1"), "{spans_of_retry:?}");

    log.0.lock().unwrap().clear();
    let unreachable = Client::builder("http://127.0.0.1:1").token(FakeAuthentik::TOKEN).retries(0).build().unwrap();
    let mut items = unreachable.flows_bindings_list().paginate().items();
    items.try_next().await.unwrap_err();
    let failed = spans(&log);
    assert_eq!(failed.len(), 2, "one span for the request, and one for the listing: {failed:?}");
    assert!(failed.iter().all(|span| span.contains("error.type=\"connection\"")), "{failed:?}");
    assert!(failed[1].contains("authentik.rows=0"), "{failed:?}");
}
