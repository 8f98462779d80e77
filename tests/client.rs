//! The client: which requests it sends, and what it says when they fail.

use std::time::Duration;

use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use authentik_flow_bindings::{Client, Error, PolicyEngineMode};
use serde_json::json;
use uuid::Uuid;

async fn server() -> FakeAuthentik {
    FakeAuthentik::builder().release(Release::V2025_12).generated(30, 5).start().await.unwrap()
}

fn client(server: &FakeAuthentik) -> authentik_flow_bindings::ClientBuilder {
    Client::builder(server.address()).token(FakeAuthentik::TOKEN)
}

async fn error_of(client: &Client) -> Error {
    client.flows_bindings_list().send().await.unwrap_err()
}

#[tokio::test]
async fn every_spelling_of_an_address_means_the_same() {
    let server = server().await;
    for suffix in ["", "/", "/api/v3", "/api/v3/", "//"] {
        let client = Client::builder(format!("{}{suffix}", server.address())).token(FakeAuthentik::TOKEN).build().unwrap();
        assert_eq!(client.flows_bindings_list().send().await.unwrap().results.len(), 20, "{suffix}");
    }
    assert!(server.received().iter().all(|request| request.path == "/api/v3/flows/bindings/"));
}

#[tokio::test]
async fn authentik_under_a_path_is_found_there() {
    let server = server().await;
    let client = Client::builder(format!("{}/auth/", server.address())).token("t").retries(0).build().unwrap();
    error_of(&client).await;
    assert_eq!(server.received()[0].path, "/auth/api/v3/flows/bindings/");
}

#[test]
fn addresses_that_cannot_be_used_are_refused_with_a_remedy() {
    let cases = [
        ("auth.example.com", "write it as https://auth.example.com"),
        ("", "write it as https://auth.example.com"),
        ("localhost:9000", "write it as https://auth.example.com"),
        ("https://", "write it as https://auth.example.com"),
        ("ftp://auth.example.com", "write it with https://"),
        ("http://auth.example.com", "would send the token unencrypted"),
        ("https://user:secret@auth.example.com", "set the token instead"),
        ("http://user:secret@", "write it as https://auth.example.com"),
        ("https://auth.example.com/api/v3/flows/bindings/", "give the address of the server, as https://auth.example.com"),
        ("https://auth.example.com/if/admin/#/flow", "give it up to the host"),
        ("https://auth.example.com/?next=1", "give it up to the host"),
    ];
    for (address, remedy) in cases {
        let error = Client::builder(address).token("t").build().unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{address}: {error:?}");
        assert!(error.to_string().contains(remedy), "{address}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    for address in ["http://localhost:9000", "http://127.0.0.1", "http://[::1]:9000", "https://auth.example.com"] {
        Client::builder(address).token("t").build().unwrap();
    }
    Client::builder("http://auth.example.com").allow_plaintext(true).token("t").build().unwrap();
}

#[tokio::test]
async fn parameters_reach_the_server_as_authentik_expects_them() {
    let server = server().await;
    let policies = [Uuid::from_u128(1), Uuid::from_u128(2)];
    server.with_rows(|rows| {
        let pk = rows.iter().next().unwrap().pk;
        for policy in policies {
            rows.bind_policy(pk, policy);
        }
    });
    let client = client(&server).user_agent_suffix("my-service/1.2").build().unwrap();
    let answer = client
        .flows_bindings_list()
        .policies(policies.to_vec())
        .policy_engine_mode(PolicyEngineMode::Any)
        .evaluate_on_plan(false)
        .search("identification & co?")
        .page(1)
        .page_size(7)
        .send()
        .await;
    assert_eq!(answer.unwrap().results.len(), 0);

    let request = &server.received()[0];
    let query: Vec<_> = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (first, second) = (policies[0].to_string(), policies[1].to_string());
    assert_eq!(
        query,
        [
            ("evaluate_on_plan", "false"),
            ("page", "1"),
            ("page_size", "7"),
            ("policies", &*first),
            ("policies", &*second),
            ("policy_engine_mode", "any"),
            ("search", "identification & co?"),
        ]
    );
    assert_eq!(request.headers["accept"], "application/json");
    assert_eq!(request.headers["user-agent"], concat!("authentik-flow-bindings/", env!("CARGO_PKG_VERSION"), " my-service/1.2"));
    assert!(!request.headers.contains_key("api-version"));
}

#[tokio::test]
async fn filters_keep_what_they_say() {
    let server = FakeAuthentik::builder().generated(200, 20).start().await.unwrap();
    let client = server.client();
    let all = client.flows_bindings_list().paginate().collect().await.unwrap();
    let row = &all[7];
    let same = |keep: &dyn Fn(&authentik_flow_bindings::FlowStageBinding) -> bool| all.iter().filter(|row| keep(row)).count() as u64;
    let list = || client.flows_bindings_list();
    assert_eq!(list().target(row.target).paginate().count().await.unwrap(), same(&|other| other.target == row.target));
    assert_eq!(list().stage(row.stage).paginate().count().await.unwrap(), same(&|other| other.stage == row.stage));
    assert_eq!(list().order(row.order).paginate().count().await.unwrap(), same(&|other| other.order == row.order));
    assert_eq!(list().fsb_uuid(row.pk).paginate().count().await.unwrap(), 1);
    assert_eq!(list().pbm_uuid(row.policybindingmodel_ptr_id).paginate().count().await.unwrap(), 1);
    let retried = list().invalid_response_action("retry").paginate().count().await.unwrap();
    assert_eq!(retried, same(&|other| other.invalid_response_action == Some("retry".into())));
    let evaluated = list().re_evaluate_policies(true).paginate().count().await.unwrap();
    assert_eq!(evaluated, same(&|other| other.re_evaluate_policies == Some(true)));
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_told_apart_from_a_wrong_address() {
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
        "authentik answered 403 Forbidden: Token invalid/expired. Check the token: it must be valid, and its user may need the right to view \
         flow stage bindings [request 00000000000000000000000000000002 in authentik's log]"
    );
    assert_eq!(server.received().len(), 2, "a refusal is not tried again");

    let elsewhere = Client::builder(format!("{}/wrong", server.address())).token("t").build().unwrap();
    let error = error_of(&elsewhere).await;
    assert!(error.is_not_found());
    assert!(
        error.to_string().starts_with("authentik answered 404 Not Found with an HTML page: authentik. There is no API at http"),
        "{error}"
    );
    assert!(error.to_string().contains("/wrong/api/v3/flows/bindings/: check the address of the server"), "{error}");
}

#[tokio::test]
async fn refused_filters_are_listed() {
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
async fn a_value_that_no_filter_can_have_is_refused_without_a_request() {
    let server = server().await;
    let error = server.client().flows_bindings_list().page(u64::MAX).send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest { .. }), "{error:?}");
    assert!(error.to_string().contains("page"), "{error}");
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn crashes_proxies_and_starting_servers_are_explained() {
    let cases = [
        (Fault::html(500), "500 Internal Server Error with an HTML page: authentik. The server's log says why"),
        (
            Fault::json(503, &json!({"error": "authentik starting"})),
            "503 Service Unavailable: authentik starting. authentik is starting, overloaded",
        ),
        (Fault::html(502), "502 Bad Gateway with an HTML page: authentik. authentik is starting, overloaded or down"),
        (Fault::json(429, &json!({"detail": "Request was throttled."})), "429 Too Many Requests: Request was throttled. Ask less often"),
        (Fault::Response { status: 418, headers: vec![], body: "no coffee\nhere".into() }, "418 I'm a teapot: no coffee here"),
        (
            Fault::Response {
                status: 302,
                headers: vec![("location", "https://me:secret@login.example.com/?next=/api&token=abc#id_token=x".into())],
                body: Vec::new(),
            },
            "302 Found. It redirects to https://login.example.com/, where the token does not go",
        ),
    ];
    for (fault, message) in cases {
        let server = FakeAuthentik::builder().fault(1, fault).start().await.unwrap();
        let error = error_of(&server.client()).await;
        assert!(error.to_string().contains(message), "{message} is not in: {error}");
    }
}

#[tokio::test]
async fn passing_faults_are_tried_again_and_counted() {
    let server = FakeAuthentik::builder()
        .generated(3, 1)
        .fault(1, Fault::html(502))
        .fault(2, Fault::Cut)
        .fault(3, Fault::json(503, &json!({"error": "authentik starting"})))
        .start()
        .await
        .unwrap();
    let answer = client(&server).build().unwrap().flows_bindings_list().send().await.unwrap();
    assert_eq!(answer.results.len(), 3);
    assert_eq!(server.received().len(), 4);

    let server = (1..=3).fold(FakeAuthentik::builder(), |server, number| server.fault(number, Fault::html(504))).start().await.unwrap();
    let error = error_of(&client(&server).retries(2).build().unwrap()).await;
    assert_eq!(error.attempts(), 3);
    assert!(error.to_string().contains("(tried 3 times)"), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_kept_unless_it_is_long() {
    let throttled = |seconds: &str| Fault::Response {
        status: 429,
        headers: vec![("retry-after", seconds.into())],
        body: "{\"detail\":\"Wait.\"}".into(),
    };
    let server = FakeAuthentik::builder().fault(1, throttled("1")).start().await.unwrap();
    let started = std::time::Instant::now();
    client(&server).build().unwrap().flows_bindings_list().send().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));

    let server = FakeAuthentik::builder().fault(1, throttled("3600")).start().await.unwrap();
    let error = error_of(&client(&server).build().unwrap()).await;
    assert!(error.is_rate_limited());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!((error.attempts(), server.received().len()), (1, 1));
    assert!(error.to_string().contains("It asks to wait 3600 s"), "{error}");
}

#[tokio::test]
async fn time_outs_and_unreachable_servers_are_told() {
    let server = FakeAuthentik::builder().fault(1, Fault::Delay(Duration::from_secs(60))).start().await.unwrap();
    let error = error_of(&client(&server).timeout(Duration::from_millis(50)).retries(0).build().unwrap()).await;
    assert!(error.to_string().contains("timed out"), "{error}");

    let address = server.address();
    drop(server);
    tokio::task::yield_now().await;
    let error = error_of(&Client::builder(address).token("t").retries(0).build().unwrap()).await;
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert!(error.to_string().starts_with("authentik at http://127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_request_for_many_rows_has_more_time() {
    let slow = || FakeAuthentik::builder().generated(2, 1).fault(1, Fault::Delay(Duration::from_millis(300)));
    let server = slow().start().await.unwrap();
    let impatient = client(&server).timeout(Duration::from_millis(100)).retries(0).build().unwrap();
    assert!(impatient.flows_bindings_list().page_size(100).send().await.is_err());
    let server = slow().start().await.unwrap();
    let impatient = client(&server).timeout(Duration::from_millis(100)).retries(0).build().unwrap();
    impatient.flows_bindings_list().page_size(1_000).send().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_where_and_shows_no_credential() {
    let server = FakeAuthentik::builder()
        .release(Release::V2025_12)
        .generated(30, 5)
        .tamper(|_, answer| {
            answer["results"][3]["stage_obj"]["flow_set"][0]["background_url"] =
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
async fn signed_links_are_cut_wherever_a_server_puts_them() {
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
        let fault = Fault::Response { status, headers: vec![("content-type", "application/json".into())], body: body.clone().into() };
        let server = FakeAuthentik::builder().fault(1, fault).start().await.unwrap();
        let error = error_of(&server.client()).await;
        for text in [error.to_string(), format!("{error:?}"), format!("{:?}", error.field_errors())] {
            assert!(!text.contains("eyJ"), "{body} becomes {text}");
        }
    }
}

#[tokio::test]
async fn a_page_of_html_in_place_of_json_points_at_the_address() {
    let server = FakeAuthentik::builder().fault(1, Fault::html(200)).start().await.unwrap();
    let error = error_of(&server.client()).await;
    assert!(error.to_string().contains("an HTML page where JSON was due: check its address"), "{error}");
}

#[tokio::test]
async fn the_token_is_shown_nowhere_and_goes_nowhere_else() {
    let other = server().await;
    let redirect = Fault::Response {
        status: 307,
        headers: vec![("location", format!("{}/api/v3/flows/bindings/", other.address()))],
        body: Vec::new(),
    };
    let server = FakeAuthentik::builder().fault(1, redirect).start().await.unwrap();
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
async fn a_redirect_within_the_server_is_followed() {
    let redirect =
        Fault::Response { status: 307, headers: vec![("location", "/api/v3/flows/bindings/?page_size=3".into())], body: Vec::new() };
    let server = FakeAuthentik::builder().generated(5, 1).fault(1, redirect).start().await.unwrap();
    assert_eq!(server.client().flows_bindings_list().send().await.unwrap().results.len(), 3);
}

/// The environment belongs to the whole process: a test of its own process for each setting of it.
#[test]
fn the_environment_sets_up_a_client() {
    let run = |variables: &[(&str, &str)]| {
        let mut command = assert_cmd::Command::new(example("list_bindings"));
        command.env_remove("AUTHENTIK_URL").env_remove("AUTHENTIK_TOKEN").env_remove("AUTHENTIK_INSECURE").envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let url = ("AUTHENTIK_URL", "http://auth.invalid");
    let token = ("AUTHENTIK_TOKEN", "not-a-real-token");
    assert!(run(&[url]).contains("AUTHENTIK_TOKEN is not set: set it to an API token"));
    assert!(run(&[token]).contains("AUTHENTIK_URL is not set: set it to the address"));
    assert!(run(&[url, token]).contains("would send the token unencrypted"));
    assert!(run(&[url, token, ("AUTHENTIK_INSECURE", "perhaps")]).contains("AUTHENTIK_INSECURE is neither"));
    assert!(run(&[("AUTHENTIK_URL", "http://127.0.0.1:1"), token]).contains("error: authentik at http://127.0.0.1:1 cannot be reached"));
}

/// The path of an example, which cargo builds beside the tests.
fn example(name: &str) -> std::path::PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples").join(name)
}
