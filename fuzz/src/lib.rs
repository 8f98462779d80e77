//! The properties that the fuzz targets check. `tests/all/fuzz.rs` checks them on stable Rust too.

use std::sync::LazyLock;
use std::time::Duration;

use authentik_flow_bindings::pagination::Position;
use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, Fault};
use authentik_flow_bindings::{Client, Error, PaginatedFlowStageBindingList};

/// Longer messages would flood a log.
const MAX_MESSAGE: usize = 4_000;

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime"));

/// A page that decodes is serialized and decoded again as the same page.
pub fn page(bytes: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<PaginatedFlowStageBindingList>(bytes) {
        let written = serde_json::to_vec(&read).expect("a page can be serialized");
        let again: PaginatedFlowStageBindingList = serde_json::from_slice(&written).expect("a serialized page decodes");
        assert_eq!(again, read);
    }
}

/// Any status and body result in an error or a page; the message is short and does not contain the token.
pub fn error_body(bytes: &[u8]) {
    let (status, kind, body) = match bytes {
        [status, kind, body @ ..] => (200 + u16::from(*status) * 2 % 400, *kind, body),
        _ => return,
    };
    let kind = ["application/json", "text/html", "text/plain", ""][usize::from(kind) % 4];
    let response = Fault::Response { status, headers: vec![("content-type", kind.into())], body: body.to_vec() };
    if let Err(error) = send_to(FakeAuthentik::builder().always(response)) {
        check_error(&error);
    }
}

/// Any `Retry-After` is a duration or ignored.
pub fn retry_after(bytes: &[u8]) {
    let value = String::from_utf8_lossy(bytes).replace(|character: char| character.is_control(), "");
    let response = Fault::Response { status: 429, headers: vec![("retry-after", value)], body: Vec::new() };
    if let Err(error) = send_to(FakeAuthentik::builder().always(response)) {
        let _: Option<Duration> = error.retry_after();
        check_error(&error);
    }
}

/// Decoding any text returns a position or an error. A position can be stored again, and a listing resumes from it or returns an error.
pub fn position(bytes: &[u8]) {
    let Ok(position) = serde_json::from_slice::<Position>(bytes) else { return };
    let stored = serde_json::to_string(&position).expect("a position can be serialized");
    let again: Position = serde_json::from_str(&stored).expect("a serialized position decodes");
    assert_eq!(format!("{position:?}"), format!("{again:?}"));
    RUNTIME.block_on(async {
        let server = FakeAuthentik::builder().generated(5, 2).start().await.expect("a free port");
        if let Err(error) = client(&server.address()).flows_bindings_list().paginate().resume(position).collect().await {
            check_error(&error);
        }
    });
}

/// Any address builds a client or causes an error that does not repeat a password.
pub fn address(bytes: &[u8]) {
    let address = String::from_utf8_lossy(bytes);
    // Without certificates to check, the store of the system is not loaded for each address.
    let builder = |address: &str| Client::builder(address).token(FakeAuthentik::TOKEN).danger_accept_invalid_certs(true);
    match builder(&address).build() {
        Ok(client) => assert!(!format!("{client:?}").contains(FakeAuthentik::TOKEN)),
        Err(error) => check_error(&error),
    }
    if let Err(error) = builder(&format!("https://user:{PASSWORD}@{address}")).build() {
        assert!(!error.to_string().contains(PASSWORD), "{error}");
    }
}

const PASSWORD: &str = "correct-horse-battery-staple";

fn client(address: &str) -> Client {
    let client = Client::builder(address).token(FakeAuthentik::TOKEN).retries(0).timeout(Duration::from_secs(20));
    client.build().expect("the address of a fake server")
}

fn send_to(server: FakeAuthentikBuilder) -> Result<(), Error> {
    RUNTIME.block_on(async {
        let server = server.start().await.expect("a free port");
        client(&server.address()).flows_bindings_list().send().await.map(drop)
    })
}

fn check_error(error: &Error) {
    let text = format!("{error} {error:?}");
    assert!(!text.contains(FakeAuthentik::TOKEN), "the token is in {text}");
    assert!(error.to_string().len() < MAX_MESSAGE, "{} bytes: {error}", error.to_string().len());
}
