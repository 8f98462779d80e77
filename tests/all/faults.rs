//! The bytes that each fault of the fake server sends.
#![cfg(operation = "flows_bindings_list")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, Fault};

const REQUEST: &str = "GET /api/v3/flows/bindings/ HTTP/1.1\r\nHost: fake\r\nAuthorization: Bearer fake-authentik-token\r\n\r\n";

fn fake() -> FakeAuthentikBuilder {
    FakeAuthentik::builder().generated(3, 1)
}

fn connect(server: &FakeAuthentik) -> TcpStream {
    let mut stream = TcpStream::connect(server.address().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(REQUEST.as_bytes()).unwrap();
    stream
}

/// Everything received until the end of the connection, and how the connection ended.
fn read_to_end(mut stream: TcpStream) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, end)
}

/// The head and body of one response on a connection that stays open.
fn read_response(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        bytes.extend(byte);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut body = vec![0; content_length(&head)];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn content_length(head: &str) -> usize {
    head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap()
}

fn split(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    (String::from_utf8(bytes[..end].to_vec()).unwrap(), &bytes[end..])
}

async fn with_fault(fault: Fault) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let server = fake().always(fault).start().await.unwrap();
    let outcome = tokio::task::spawn_blocking(move || {
        let stream = connect(&server);
        (read_to_end(stream), server)
    });
    outcome.await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_response_leaves_the_connection_open() {
    let server = fake().start().await.unwrap();
    let mut stream = connect(&server);
    let (head, body) = read_response(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\ncontent-type: application/json"), "{head}");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["pagination"]["count"], 3);
    stream.write_all(REQUEST.as_bytes()).unwrap();
    assert_eq!(read_response(&mut stream).1, body);
    assert_eq!(server.received().len(), 2);
    let counted = async {
        while server.completed() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.expect("both responses are counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_target_in_absolute_form_is_served() {
    let server = fake().start().await.unwrap();
    let mut stream = TcpStream::connect(server.address().trim_start_matches("http://")).unwrap();
    stream.write_all(REQUEST.replace("GET /", "GET http://auth.example.com/").as_bytes()).unwrap();
    assert!(read_response(&mut stream).0.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_closed_or_reset_and_responses_truncated() {
    assert_eq!(with_fault(Fault::Close).await, (Vec::new(), None));
    assert_eq!(with_fault(Fault::Reset).await, (Vec::new(), Some(std::io::ErrorKind::ConnectionReset)));

    let (bytes, end) = with_fault(Fault::Cut).await;
    let (head, body) = split(&bytes);
    assert!(head.starts_with("HTTP/1.1 200 OK"));
    assert_eq!((body.len(), end), (content_length(&head) / 2, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_response_is_half_sent_and_its_connection_stays_open() {
    let server = fake().always(Fault::Stall).start().await.unwrap();
    let mut stream = connect(&server);
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
    let (head, body) = split(&bytes);
    assert_eq!(body.len(), content_length(&head) / 2);
    assert_eq!(server.completed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trickling_body_arrives_completely() {
    let server = FakeAuthentik::builder().always(Fault::Drip(Duration::from_millis(1))).start().await.unwrap();
    let began = Instant::now();
    let (_, body) = read_response(&mut connect(&server));
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    assert!(began.elapsed() >= Duration::from_millis(u64::try_from(body.len()).unwrap()), "a pause before each byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infinite_body_consists_of_spaces() {
    let server = fake().always(Fault::InfiniteBody).start().await.unwrap();
    let mut stream = connect(&server);
    let mut bytes = vec![0; 2_000_000];
    stream.read_exact(&mut bytes).unwrap();
    assert!(split(&bytes).1.iter().all(|byte| *byte == b' '));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_1_0_response_has_no_length_and_ends_with_the_connection() {
    let (bytes, end) = with_fault(Fault::Http10).await;
    let (head, body) = split(&bytes);
    assert!(head.starts_with("HTTP/1.0 200 OK") && !head.contains("content-length"), "{head}");
    assert!(serde_json::from_slice::<serde_json::Value>(body).is_ok() && end.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_closed_after_a_complete_response() {
    let (bytes, end) = with_fault(Fault::CloseAfter).await;
    let (head, body) = split(&bytes);
    assert!(!head.contains("connection: close"), "{head}");
    assert_eq!((body.len(), end), (content_length(&head), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_compressed_or_declared_as_compressed() {
    let server = fake().fault(1, Fault::Gzip).fault(2, Fault::ContentEncoding("br")).start().await.unwrap();
    let mut stream = connect(&server);
    let (head, compressed) = read_response(&mut stream);
    assert!(head.contains("content-encoding: gzip\r\n") && compressed.starts_with(&[0x1f, 0x8b]), "{head}");

    stream.write_all(REQUEST.as_bytes()).unwrap();
    let (head, plain) = read_response(&mut stream);
    assert!(head.contains("content-encoding: br\r\n") && plain.starts_with(b"{"), "{head}");
    assert!(compressed.len() * 3 < plain.len(), "{} bytes from {}", compressed.len(), plain.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_apply_to_ranges_and_the_last_one_wins() {
    let server = fake().always(Fault::html(500)).faults(2..=3, Fault::html(502)).fault(3, Fault::html(503)).faults(5.., Fault::html(504));
    let server = server.start().await.unwrap();
    let mut stream = connect(&server);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(read_response(&mut stream).0[9..12].parse::<u16>().unwrap());
        stream.write_all(REQUEST.as_bytes()).unwrap();
    }
    assert_eq!(statuses, [500, 502, 503, 500, 504, 504]);
}
