//! The token and signed URLs: where they are sent, and that they are never shown.

use authentik_flow_bindings::Client;
use authentik_flow_bindings::testing::FakeAuthentik;
use serde_json::json;

use super::{JSON, client, error_of, faulty, response, run_alone, server};

#[tokio::test]
async fn signed_urls_are_redacted_anywhere_in_a_response() {
    let link = "https://cdn.example.com/bg.jpg?a=1&token=eyJhbGciOi";
    let bodies = [
        (400, json!({"detail": link}).to_string()),
        (400, json!({"target": [link, {"x": [link]}], "non_field_errors": [link], "order": link}).to_string()),
        (400, json!([link, {"x": link}]).to_string()),
        (500, format!("broken at {link}\" and on")),
        (200, json!({"pagination": link, "results": link}).to_string()),
        (200, format!("{{\"results\": \"{}", link.replace('?', "\\u003f"))),
        (200, "{\"results\": \"https://cdn.example.com/bg.jpg?a=\\\"x\\\"&token=eyJhbGciOi".to_string()),
    ];
    for (status, body) in bodies {
        let error = error_of(&faulty(response(status, &[JSON], body.clone())).await.client()).await;
        for text in [error.to_string(), format!("{error:?}"), format!("{:?}", error.field_errors())] {
            assert!(!text.contains("eyJ"), "{body} becomes {text}");
        }
    }
}

#[tokio::test]
async fn the_token_is_never_shown_or_sent_to_another_host() {
    let other = server().await;
    let server = faulty(response(307, &[("location", &format!("{}/api/v3/flows/bindings/", other.address()))], "")).await;
    let builder = client(&server).retries(0);
    let shown = format!("{builder:?} {:?} {:?}", builder.clone().build().unwrap(), builder.clone().build().unwrap().flows_bindings_list());
    assert!(!shown.contains(FakeAuthentik::TOKEN), "{shown}");

    let error = error_of(&builder.build().unwrap()).await;
    assert_eq!(error.status().unwrap(), 307);
    assert_eq!(other.received().len(), 0, "the redirect was followed");

    for token in ["", "  ", "sec\nret-part"] {
        let error = Client::builder(server.address()).token(token).build().unwrap_err();
        assert!(error.to_string().contains("token") && !error.to_string().contains("ret-part"), "{error}");
    }
}

#[tokio::test]
async fn a_token_echoed_by_the_server_is_redacted() {
    const TOKEN: &str = FakeAuthentik::TOKEN;
    let padded = format!("{}{TOKEN}", "x ".repeat(95));
    let cases = [
        response(403, &[JSON], json!({"detail": format!("bad token {TOKEN}")}).to_string()),
        response(403, &[JSON], json!({"detail": padded}).to_string()),
        response(400, &[JSON], json!({TOKEN: [TOKEN, {"a": TOKEN}], "non_field_errors": [TOKEN]}).to_string()),
        response(400, &[JSON], json!([TOKEN]).to_string()),
        response(403, &[JSON, ("x-authentik-id", TOKEN)], "{}"),
        response(500, &[("content-type", "text/html")], format!("<title>{TOKEN}</title>")),
        response(500, &[], format!("echo: {TOKEN}")),
        response(302, &[("location", &format!("/login/{TOKEN}?{TOKEN}#{TOKEN}"))], ""),
        response(302, &[("location", &format!("//{TOKEN}:{TOKEN}@login.example.com/"))], ""),
        response(200, &[JSON], json!({"pagination": TOKEN}).to_string()),
        response(200, &[JSON], format!("{{\"pagination\": \"{TOKEN}\" broken")),
        response(200, &[JSON, ("content-encoding", TOKEN)], "{}"),
    ];
    for fault in cases {
        let error = error_of(&faulty(fault.clone()).await.client()).await;
        for text in [error.to_string(), format!("{error:?}"), format!("{:?} {:?}", error.field_errors(), error.request_id())] {
            assert!(!text.contains("fake-auth"), "{fault:?} becomes {text}");
        }
    }
}

/// The token appears in an unknown enum value, or in a row that cannot be decoded.
#[tokio::test]
async fn an_echoed_token_is_redacted_in_drift_reports() {
    let server = FakeAuthentik::builder().generated(30, 3).tamper(|_, response| {
        let rows = response["results"].as_array_mut().unwrap();
        rows[0]["policy_engine_mode"] = FakeAuthentik::TOKEN.into();
        if let Some(row) = rows.get_mut(7) {
            row["order"] = FakeAuthentik::TOKEN.into();
        }
    });
    let server = server.start().await.unwrap();
    let reports = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let collected = std::sync::Arc::clone(&reports);
    let list = server.client().flows_bindings_list().paginate().skip_undecodable();
    list.on_drift(move |drift| collected.lock().unwrap().push(drift.to_string())).await.unwrap();
    let reports = reports.lock().unwrap().join("\n");
    assert!(reports.contains("policy_engine_mode") && reports.contains("order"), "{reports}");
    assert!(!reports.contains("fake-auth"), "{reports}");
}

#[tokio::test]
async fn control_and_bidirectional_characters_are_escaped() {
    let text = "\u{1b}]0;owned\u{7}\u{202e}txt\u{9b}2J";
    for fault in [
        response(403, &[JSON], json!({"detail": text}).to_string()),
        response(400, &[JSON], json!({text: [text]}).to_string()),
        response(500, &[("content-type", "text/html")], format!("<title>{text}</title>")),
        response(500, &[], text),
        response(200, &[JSON], json!({"pagination": {text: text}}).to_string()),
        response(200, &[JSON], text),
    ] {
        let error = error_of(&faulty(fault.clone()).await.client()).await;
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{fault:?} becomes {text:?}");
        }
    }
}

/// Requests to loopback addresses must bypass proxies. Environment variables apply to the whole process, so this needs a separate
/// one.
#[test]
fn loopback_addresses_are_not_reached_through_a_proxy() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    run_alone("secrets::a_request_to_a_loopback_address", |command| {
        let variables = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"];
        command.envs(variables.map(|variable| (variable, &address)));
        command.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
    });
    assert!(proxy.accept().is_err(), "the proxy was connected to");
}

#[tokio::test]
#[ignore = "run by the test above, with proxies in its environment"]
async fn a_request_to_a_loopback_address() {
    let server = server().await;
    client(&server).retries(0).build().unwrap().flows_bindings_list().send().await.unwrap();
    assert_eq!(server.received().len(), 1);
}
