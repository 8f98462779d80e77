//! The messages and contents of errors.

use std::error::Error as _;
use std::time::Duration;

use authentik_flow_bindings::ConnectionErrorKind::{self, Closed, Dns, Refused};
use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use authentik_flow_bindings::{Client, Error};
use serde_json::json;
use uuid::Uuid;

use super::{JSON, client, error_of, faulty, response, server};

#[tokio::test]
async fn a_bad_token_is_distinguished_from_a_wrong_address() {
    let server = server().await;
    let without = Client::builder(server.address()).build().unwrap();
    let error = error_of(&without).await;
    assert!(error.is_forbidden());
    assert_eq!(error.status().unwrap(), 403);
    assert_eq!(error.detail(), Some("Authentication credentials were not provided."));
    assert_eq!(error.request_id(), Some("00000000000000000000000000000001"));

    let wrong = Client::builder(server.address()).token("wrong-token").build().unwrap();
    let error = error_of(&wrong).await;
    assert_eq!(
        error.to_string(),
        "authentik responded with 403 Forbidden: Token invalid/expired. Check the token: it must be valid, and its user needs the permission \
         to view these objects [request 00000000000000000000000000000002 in authentik's log]"
    );
    assert_eq!(server.received().len(), 2, "an error response of this status is not retried");

    let elsewhere = Client::builder(format!("{}/wrong", server.address())).token("t").build().unwrap();
    let error = error_of(&elsewhere).await;
    assert!(error.is_not_found());
    assert!(
        error.to_string().starts_with("authentik responded with 404 Not Found and an HTML page: authentik. There is no API at http"),
        "{error}"
    );
    assert!(error.to_string().contains("/wrong/api/v3/flows/bindings/: check the address of the server"), "{error}");
}

#[tokio::test]
async fn rejected_parameters_are_listed() {
    let server = server().await;
    let client = client(&server).build().unwrap();
    let error = client.flows_bindings_list().target(Uuid::nil()).invalid_response_action("explode").send().await.unwrap_err();
    let fields = error.field_errors().unwrap();
    assert_eq!(fields["target"], ["Select a valid choice. That choice is not one of the available choices."]);
    assert_eq!(fields["invalid_response_action"], ["Select a valid choice. explode is not one of the available choices."]);
    assert!(error.to_string().contains("`target`: Select a valid choice."), "{error}");
    assert!(error.to_string().contains("`invalid_response_action`: "), "{error}");

    let error = client.flows_bindings_list().search("a\0b").send().await.unwrap_err();
    assert_eq!(error.detail(), Some("Null characters are not allowed."));
    assert_eq!(error.status().unwrap(), 400);

    let error = client.flows_bindings_list().page(99).send().await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.detail(), Some("Invalid page."));
}

#[tokio::test]
async fn error_responses_are_explained() {
    let cases = [
        (Fault::html(500), "500 Internal Server Error and an HTML page: authentik. See the server's log for the reason"),
        (
            Fault::json(503, &json!({"error": "authentik starting"})),
            "503 Service Unavailable: authentik starting. authentik is starting, overloaded",
        ),
        (Fault::html(502), "502 Bad Gateway and an HTML page: authentik. authentik is starting, overloaded or down"),
        (
            Fault::json(429, &json!({"detail": "Request was throttled."})),
            "429 Too Many Requests: Request was throttled. Send fewer requests",
        ),
        (response(418, &[], "no coffee\nhere"), "418 I'm a teapot: no coffee here"),
        (
            response(302, &[("location", "https://me:secret@login.example.com/?next=/api&token=abc#id_token=x")], ""),
            "302 Found. It redirects to https://login.example.com/, to which the token was not sent",
        ),
    ];
    for (fault, message) in cases {
        let server = FakeAuthentik::builder().fault(1, fault).start().await.unwrap();
        let error = error_of(&server.client()).await;
        assert!(error.to_string().contains(message), "{message} is not in: {error}");
    }
}

#[tokio::test]
async fn decode_errors_locate_the_problem_and_hide_credentials() {
    let server = FakeAuthentik::builder()
        .release(Release::V2025_12)
        .generated(30, 5)
        .tamper(|_, response| {
            response["results"][3]["stage_obj"]["flow_set"][0]["background_url"] =
                json!({"url": "https://cdn.example.com/bg.jpg?token=eyJhbGciOi", "token": "x?y=eyJhbGciOi"});
        })
        .start()
        .await
        .unwrap();
    let error = server.client().flows_bindings_list().page(2).page_size(10).send().await.unwrap_err();
    let Error::Decode(decode) = &error else { panic!("{error:?}") };
    assert_eq!(decode.page(), Some(2));
    assert_eq!(decode.row(), Some(3));
    assert!(decode.path().starts_with("results[3].stage_obj.flow_set[0].background"), "{}", decode.path());
    assert!(decode.excerpt().contains("https://cdn.example.com/bg.jpg?…"), "{}", decode.excerpt());
    assert!(error.request_id().is_some());
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains("results[3]") && !text.contains("eyJ"), "{text}");
    }
}

#[tokio::test]
async fn an_html_page_instead_of_json_suggests_checking_the_address() {
    let server = FakeAuthentik::builder().fault(1, Fault::html(200)).start().await.unwrap();
    let error = error_of(&server.client()).await;
    assert!(error.to_string().contains("an HTML page instead of JSON: check its address"), "{error}");
}

#[tokio::test]
async fn connection_faults_are_distinguished() {
    let error = error_of(
        &client(&faulty(Fault::Delay(Duration::from_secs(60))).await).timeout(Duration::from_millis(50)).retries(0).build().unwrap(),
    )
    .await;
    assert!(error.is_timeout() && !error.is_connect(), "{error}");
    assert!(error.to_string().contains("timed out"), "{error}");

    let server = server().await;
    let address = server.address();
    drop(server);
    tokio::task::yield_now().await;
    let refused = error_of(&Client::builder(&address).token("t").retries(0).build().unwrap()).await;
    assert!(refused.is_connect() && !refused.is_timeout() && !refused.is_tls(), "{refused}");
    let message = format!("cannot connect to authentik at {address}: the connection was refused: no server listens on that port");
    assert_eq!(refused.to_string(), message);

    let unknown = error_of(&Client::builder("https://no-such-host.invalid").token("t").retries(0).build().unwrap()).await;
    assert!(unknown.is_connect() && unknown.to_string().contains("the host name cannot be resolved"), "{unknown}");

    let mut kinds = vec![kind(&refused), kind(&unknown)];
    for fault in [Fault::Reset, Fault::Close, Fault::Cut] {
        let error = error_of(&faulty(fault.clone()).await.client()).await;
        assert!(error.is_retryable() && !error.is_connect() && !error.is_timeout(), "{fault:?}: {error}");
        assert!(error.to_string().contains("early"), "{fault:?}: {error}");
        kinds.push(kind(&error));
    }
    assert_eq!(kinds, [Refused, Dns, Closed, Closed, Closed]);
}

fn kind(error: &Error) -> ConnectionErrorKind {
    let Error::Connection(error) = error else { panic!("{error:?}") };
    error.kind()
}

#[tokio::test]
async fn errors_contain_attempts_elapsed_time_and_the_last_cause() {
    let server = faulty(Fault::html(504)).await;
    let error = error_of(&client(&server).retries(2).build().unwrap()).await;
    assert_eq!((error.attempts(), server.received().len()), (3, 3));
    assert!(error.elapsed() > Duration::from_millis(300), "{:?}", error.elapsed());
    assert!(error.to_string().contains("504 Gateway Timeout") && error.to_string().contains(" (3 attempts in "), "{error}");
}

/// `fn main() -> Result<(), Error>` prints the `Debug` output.
#[tokio::test]
async fn debug_output_is_readable() {
    let error = error_of(&faulty(Fault::Reset).await.client()).await;
    let shown = format!("{error:?}");
    assert!(shown.starts_with(&format!("{error}\n\nCaused by:\n    ")), "{shown}");
    assert!(shown.to_lowercase().contains("reset") && !shown.contains("Kind"), "{shown}");
    assert!(error.source().is_some_and(<dyn std::error::Error>::is::<reqwest::Error>), "{shown}");

    let error = error_of(&faulty(response(400, &[JSON], "{}")).await.client()).await;
    assert_eq!(format!("{error:?}"), error.to_string(), "without causes, `Debug` shows only the message");
}

#[tokio::test]
async fn error_payloads_have_accessors() {
    let fault = response(400, &[JSON, ("x-authentik-id", "7f"), ("retry-after", "5")], json!({"order": ["Enter a number."]}).to_string());
    let server = faulty(fault).await;
    let Error::Status(error) = error_of(&server.client()).await else { panic!("not a status") };
    assert_eq!((error.status().as_u16(), error.detail(), error.request().id(), error.request().attempts()), (400, None, Some("7f"), 1));
    assert_eq!(
        (error.field_errors()["order"].as_slice(), error.more_field_errors(), error.is_html(), error.redirect()),
        (["Enter a number.".to_owned()].as_slice(), 0, false, None)
    );
    assert_eq!(
        (error.retry_after(), error.address()),
        (Some(Duration::from_secs(5)), format!("{}/api/v3/flows/bindings/", server.address()).as_str())
    );

    let server = faulty(response(200, &[JSON, ("x-authentik-id", "7f")], "{\"pagination\": 1}")).await;
    let Error::Decode(error) = error_of(&server.client()).await else { panic!("not a decode error") };
    assert_eq!((error.path(), error.excerpt(), error.row(), error.request().id()), ("pagination", "1", None, Some("7f")));
    assert!(error.problem().contains("invalid type: integer `1`") && !error.is_html() && !error.is_cut_off(), "{error}");

    let server = faulty(Fault::Close).await;
    let Error::Connection(error) = error_of(&server.client()).await else { panic!("not a connection error") };
    assert_eq!((error.address(), error.request().attempts(), error.is_connect()), (server.address().as_str(), 1, false));
}

#[tokio::test]
async fn syntax_errors_byte_order_marks_and_undeclared_gzip_are_explained() {
    let cases: [(Fault, &str); 5] = [
        (response(200, &[JSON], "{\"pagination\": {\"count\": 3,, \"next\": 0}}"), "found: {\"pagination\": {\"count\": 3,, \"next\": 0}}"),
        (response(200, &[JSON], "\u{feff}{}"), "begins with a byte order mark"),
        (response(200, &[JSON], [0x1f, 0x8b, 8, 0]), "is compressed with gzip, but does not say so"),
        (Fault::ContentEncoding("br"), "is encoded as `br`, and this client accepts gzip only"),
        (response(200, &[JSON], ""), "EOF while parsing"),
    ];
    for (fault, message) in cases {
        let error = error_of(&faulty(fault).await.client()).await;
        assert!(matches!(error, Error::Decode(_)) && error.to_string().contains(message), "{message} is not in: {error}");
    }
}

/// An administrator can disable pagination.
#[tokio::test]
async fn a_server_that_does_not_paginate_is_explained() {
    let server = FakeAuthentik::builder().generated(30, 5).page_sizes(20, Some(0)).start().await.unwrap();
    let client = server.client();
    let error = client.flows_bindings_list().page_size(10).send().await.unwrap_err();
    assert!(error.to_string().contains("this server does not paginate; it sends the whole list as one array: use `paginate()`"), "{error}");
    assert_eq!(client.flows_bindings_list().paginate().collect().await.unwrap().len(), 30);
}

/// Requests need a runtime. A future that is polled without one must say so, not panic.
#[test]
fn a_request_outside_a_runtime_is_an_error() {
    let client = Client::builder("https://auth.example.com").token("not-a-real-token").build().unwrap();
    let mut request = Box::pin(client.flows_bindings_list().send());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = request.as_mut().poll(&mut context) else { panic!("the request is pending") };
    assert!(error.to_string().contains("need a Tokio runtime"), "{error}");
}
