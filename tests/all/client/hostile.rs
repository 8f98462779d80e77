//! Malformed and hostile responses, written byte by byte.

use std::time::Duration;

use authentik_flow_bindings::testing::FakeAuthentik;
use authentik_flow_bindings::{Client, ConnectionErrorKind, Error, RetryPolicy};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{JSON, client, error_of, faulty, response, run_alone};

const PAGE: &str =
    r#"{"pagination":{"count":0,"current":1,"end_index":0,"next":0,"previous":0,"start_index":0,"total_pages":1},"results":[]}"#;

/// A server that sends these bytes to every client; returns its host and port.
async fn serve(bytes: impl Into<Vec<u8>>) -> String {
    let (bytes, listener) = (bytes.into(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                // Waits for the client to disconnect: closing earlier may discard bytes that the client has not read yet.
                while stream.read(&mut [0; 4096]).await.is_ok_and(|length| length > 0) {}
            });
        }
    });
    address
}

/// A client that makes two attempts.
fn client_of(address: &str) -> Client {
    let retry = RetryPolicy::default().max_attempts(2).pauses(Duration::from_millis(1), Duration::from_millis(1));
    Client::builder(format!("http://{address}")).token(FakeAuthentik::TOKEN).retry(retry).build().unwrap()
}

fn page(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{PAGE}", PAGE.len())
}

#[tokio::test]
async fn malformed_headers_are_ignored_and_too_many_are_an_error() {
    // `page` adds two headers, which makes 100, the most that the client accepts.
    let many = "x-filler: 1\r\n".repeat(98);
    for headers in [
        many.as_str(),
        "x-authentik-id: \u{fc}\u{1f600}\r\nretry-after: \u{fc}\r\n",
        "content-type: \u{fc}\r\nlocation: \u{fc}\r\n",
        "content-encoding: \r\n",
        "content-encoding: Identity\r\n",
        &format!("x-authentik-id: {}\r\n", "7".repeat(100_000)),
    ] {
        let page = client_of(&serve(page(headers)).await).flows_bindings_list().send().await;
        assert!(page.is_ok(), "{headers:.60}: {}", page.unwrap_err());
    }
    for headers in ["x-filler: 1\r\n".repeat(99), "x-filler: 1\r\n".repeat(100_000), format!("x-filler: {}\r\n", "1".repeat(10_000_000))] {
        let error = error_of(&client_of(&serve(page(&headers)).await)).await;
        assert!(matches!(error, Error::Connection(_)) && error.to_string().len() < 2_048, "{error}");
    }
    let headers = format!("x-authentik-id: {}\r\n", "7".repeat(100_000));
    let error = error_of(&client_of(&serve(page(&headers).replace("200 OK", "400 Bad Request")).await)).await;
    assert!(error.status().unwrap() == 400 && error.to_string().len() < 2_048, "{error}");
}

#[tokio::test]
async fn a_wrong_content_length_is_detected() {
    let head = |length: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{PAGE}");
    let error = error_of(&client_of(&serve(head("2000")).await)).await;
    assert!(error.is_retryable() && error.attempts() == 2 && error.to_string().contains("early"), "{error}");
    let error = error_of(&client_of(&serve(head("50")).await)).await;
    let Error::Decode(error) = error else { panic!("{error:?}") };
    assert!(error.is_cut_off(), "{error}");
    let error = error_of(&client_of(&serve(head("18446744073709551610")).await)).await;
    assert!(error.to_string().contains("larger than the limit") || matches!(error, Error::Connection(_)), "{error}");
    for length in ["-1", "18446744073709551616", "1e3", "113\r\ncontent-length: 7"] {
        let error = error_of(&client_of(&serve(head(length)).await)).await;
        assert!(matches!(error, Error::Connection(_)), "{length}: {error:?}");
    }
}

#[tokio::test]
async fn a_mismatched_content_encoding_is_explained() {
    let error = error_of(&client_of(&serve(page("content-encoding: gzip\r\n")).await)).await;
    assert!(error.to_string().contains("the response is not valid gzip"), "{error}");
    for encoding in ["gzip, br", "br, gzip", "deflate", "\u{fc}"] {
        let error = error_of(&client_of(&serve(page(&format!("content-encoding: {encoding}\r\n"))).await)).await;
        assert!(error.to_string().contains("this client accepts gzip only"), "{encoding}: {error}");
    }
}

/// Seconds or a date: a date in the past means no pause, and a date in the distant future ends the retries.
#[tokio::test]
async fn every_form_of_retry_after_is_accepted() {
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (value, attempts) in [
        ("0", 2),
        (past, 2),
        ("-1", 2),
        ("soon", 2),
        ("1e9", 2),
        ("", 2),
        ("3600", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 1),
        ("18446744073709551615", 1),
    ] {
        let server = faulty(response(503, &[("retry-after", value)], "")).await;
        let retry = RetryPolicy::default().max_attempts(2).pauses(Duration::from_millis(1), Duration::from_millis(1));
        let error = error_of(&client(&server).retry(retry).build().unwrap()).await;
        assert_eq!(error.attempts(), attempts, "{value}: {error}");
    }
}

/// A redirect to the same server is followed even if its URL contains credentials, but these are not sent.
#[tokio::test]
async fn credentials_in_a_redirect_are_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let location = format!("http://eve:secret@{address}/api/v3/flows/bindings/?page_size=2");
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let client = client_of(&address);
    let request = tokio::spawn(client.flows_bindings_list().send());
    exchange(&listener, &redirect).await;
    let followed = exchange(&listener, &page("").replace("\"count\":0", "\"count\":false")).await;
    assert!(followed.starts_with("GET /api/v3/flows/bindings/?page_size=2 HTTP/1.1\r\n"), "{followed}");
    assert!(followed.contains(&format!("\r\nauthorization: Bearer {}\r\n", FakeAuthentik::TOKEN)), "{followed}");
    assert!(!followed.contains("Basic") && !followed.contains("secret"), "{followed}");
    let error = request.await.unwrap().unwrap_err();
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

/// Responds on one connection, and returns the head of the request.
async fn exchange(listener: &TcpListener, response: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(response.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    String::from_utf8(head).unwrap()
}

/// The status is reported even if the body cannot be read completely.
#[tokio::test]
async fn a_stalled_error_response_is_read_as_far_as_it_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let builder = Client::builder(address).token(FakeAuthentik::TOKEN).idle_timeout(Duration::from_millis(100));
    let request = tokio::spawn(builder.build().unwrap().flows_bindings_list().send());
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 1000\r\n\r\nno entry").await.unwrap();
    let error = request.await.unwrap().unwrap_err();
    assert!(error.is_forbidden() && error.detail() == Some("no entry"), "{error}");
}

/// A hostile server can write the token as JSON escapes.
#[tokio::test]
async fn an_escaped_token_is_redacted() {
    let escaped = FakeAuthentik::TOKEN.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect::<Vec<_>>().concat();
    for body in [
        format!("{{\"pagination\": \"{escaped}\"}}"),
        format!("{{\"pagination\": {{\"count\": \"{}{escaped}\"}}}}", "x ".repeat(90)),
        format!("{{\"pagination\": \"{escaped}\" broken"),
        format!("{{\"detail\": \"{escaped}\", \"{escaped}\": 1}}"),
    ] {
        for status in [200, 400] {
            let error = error_of(&faulty(response(status, &[JSON], body.clone())).await.client()).await;
            assert!(!format!("{error} {error:?}").contains("fake-auth"), "{body} becomes {error:?}");
        }
    }
}

#[tokio::test]
async fn tokens_with_unusual_characters_are_sent_or_rejected() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    for token in ["with space", "quo\"ted", "back\\slash", "t\u{f6}ken", "a/b+c==", &"long".repeat(2_000)] {
        let client = Client::builder(&address).token(token).build().unwrap();
        let request = tokio::spawn(client.flows_bindings_list().send());
        let echo = format!("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{}", json!({"detail": token}));
        let head = exchange(&listener, &echo).await;
        assert!(head.contains(&format!("\r\nauthorization: Bearer {token}\r\n")), "{head}");
        let error = request.await.unwrap().unwrap_err();
        // Tokens of fewer than 8 bytes are not redacted, because ordinary words may contain them.
        assert!(error.is_forbidden() && (token.len() < 8 || !format!("{error:?}").contains(token)), "{error}");
    }
    for token in ["new\nline", "car\rriage", "nul\0", "del\u{7f}"] {
        let error = Client::builder(&address).token(token).build().unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }) && !error.to_string().contains(token), "{error}");
    }
}

/// Environment variables apply to the whole process, so each proxy gets a separate process.
#[test]
fn a_refusal_by_a_proxy_is_explained() {
    let run = |test: &str, head: &str| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let proxy =
            format!("http://{}", runtime.block_on(serve(format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"))));
        run_alone(test, |command| {
            command.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
            command.envs(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"].map(|variable| (variable, &proxy)));
        });
    };
    run("hostile::through_a_proxy_that_asks_for_a_password", "407 Proxy Authentication Required");
    run("hostile::through_a_proxy_that_does_not_connect", "403 Forbidden");
}

async fn error_through_the_proxy(address: &str) -> Error {
    // No certificate store is needed, because no connection to the server is made.
    let builder = Client::builder(address).token(FakeAuthentik::TOKEN).allow_plaintext(true).danger_accept_invalid_certs(true);
    let error = error_of(&builder.build().unwrap()).await;
    assert!(!error.is_retryable() && error.attempts() == 1, "{error}");
    error
}

#[tokio::test]
#[ignore = "run by the test above, with a proxy"]
async fn through_a_proxy_that_asks_for_a_password() {
    let Error::Connection(error) = error_through_the_proxy("https://auth.invalid").await else { panic!("no connection error") };
    assert_eq!(error.kind(), ConnectionErrorKind::Proxy);
    assert!(error.to_string().contains("the proxy asks for a user name and password: set HTTPS_PROXY"), "{error}");
    let error = error_through_the_proxy("http://auth.invalid").await;
    assert!(error.to_string().contains("A proxy asks for a user name and password"), "{error}");
}

#[tokio::test]
#[ignore = "run by the test above, with a proxy"]
async fn through_a_proxy_that_does_not_connect() {
    let error = error_through_the_proxy("https://auth.invalid").await;
    assert!(error.to_string().contains("the proxy does not connect to this host: check its rules"), "{error}");
}

fn send_in(mut runtime: tokio::runtime::Builder) -> Error {
    runtime.build().unwrap().block_on(async { error_of(&Client::builder("http://127.0.0.1:1").token("t").build().unwrap()).await })
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_timers_panics_with_tokios_message() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_io();
    send_in(runtime);
}

#[test]
#[should_panic(expected = "IO is disabled")]
fn a_runtime_without_io_panics_with_tokios_message() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time();
    send_in(runtime);
}

/// "No limit" may be written as `Duration::MAX`.
#[tokio::test]
async fn limits_of_any_length_are_accepted() {
    let server = faulty(response(200, &[JSON], json!([]).to_string())).await;
    let never = Duration::MAX;
    let builder = client(&server).timeout(never).idle_timeout(never).deadline(never).connect_timeout(never);
    let error = error_of(&builder.max_response_bytes(usize::MAX).retry(RetryPolicy::default().max_elapsed(never)).build().unwrap()).await;
    assert!(matches!(error, Error::Decode(_)), "{error}");
}
