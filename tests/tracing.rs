//! With the feature `tracing`: what is retried and what differs is an event.
#![cfg(operation = "flows_bindings_list")]
#![cfg(feature = "tracing")]

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
fn a_client_that_gives_up_protection_is_logged() {
    let (log, _guard) = log();
    let builder = |address: &str| Client::builder(address).token(FakeAuthentik::TOKEN).allow_plaintext(true);
    builder("https://auth.example.com").build().unwrap();
    builder("http://127.0.0.1:9000").build().unwrap();
    assert!(log.0.lock().unwrap().is_empty(), "nothing is given up");

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
    assert_eq!(text.matches("a request to authentik failed and is sent again").count(), 1, "{text}");
    assert_eq!(text.matches("`unheard_of` is an unknown field").count(), 1, "{text}");
    let messages = text.lines().map(|line| line.split_once("WARN").unwrap().1).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(text.lines().count(), messages.len(), "something is said twice: {text}");
    assert!(!text.contains(FakeAuthentik::TOKEN), "{text}");
}
