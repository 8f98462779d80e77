//! Addresses, parameters and headers.

use authentik_flow_bindings::testing::FakeAuthentik;
use authentik_flow_bindings::{Client, Error, PolicyEngineMode};
use uuid::Uuid;

use super::{client, error_of, response, server};

#[tokio::test]
async fn all_forms_of_an_address_lead_to_the_same_server() {
    let server = server().await;
    for suffix in ["", "/", "/api/v3", "/api/v3/", "//"] {
        let client = Client::builder(format!("{}{suffix}", server.address())).token(FakeAuthentik::TOKEN).build().unwrap();
        assert_eq!(client.flows_bindings_list().send().await.unwrap().results.len(), 20, "{suffix}");
    }
    assert!(server.received().iter().all(|request| request.path == "/api/v3/flows/bindings/"));
}

#[tokio::test]
async fn authentik_can_be_served_under_a_path() {
    let server = server().await;
    let client = Client::builder(format!("{}/auth/", server.address())).token("t").retries(0).build().unwrap();
    error_of(&client).await;
    assert_eq!(server.received()[0].path, "/auth/api/v3/flows/bindings/");
}

#[test]
fn invalid_addresses_are_rejected_with_help() {
    let cases = [
        ("auth.example.com", "write it like https://auth.example.com"),
        ("", "write it like https://auth.example.com"),
        ("localhost:9000", "write it like https://auth.example.com"),
        ("https://", "write it like https://auth.example.com"),
        ("ftp://auth.example.com", "does not begin with https://"),
        ("http://auth.example.com", "sends the token unencrypted"),
        ("secret-token", "is not a URL"),
        ("secret:token", "is not a URL"),
        ("https://user:secret@auth.example.com", "set the token instead"),
        ("http://user:secret@", "write it like https://auth.example.com"),
        ("https://auth.example.com/api/v3/flows/bindings/", "leave out /api/v3 and everything after it"),
        ("https://auth.example.com/if/admin/#/flow", "leave out everything after the host"),
        ("https://auth.example.com/?next=1", "leave out everything after the host"),
    ];
    for (address, help) in cases {
        let error = Client::builder(address).token("t").build().unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{address}: {error:?}");
        assert!(error.to_string().contains(help), "{address}: {error}");
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
    let response = client
        .flows_bindings_list()
        .policies(policies.to_vec())
        .policy_engine_mode(PolicyEngineMode::Any)
        .evaluate_on_plan(false)
        .search("identification & co?")
        .page(1)
        .page_size(7)
        .send()
        .await;
    assert_eq!(response.unwrap().results.len(), 0);

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
async fn filters_select_matching_rows() {
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
async fn an_invalid_parameter_is_rejected_without_a_request() {
    let server = server().await;
    let error = server.client().flows_bindings_list().page(u64::MAX).send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest { .. }), "{error:?}");
    assert!(error.to_string().contains("page"), "{error}");

    // The slug of a flow is not its primary key.
    let error = server.client().flows_bindings_list().target("default-authentication-flow").send().await.unwrap_err();
    assert!(error.to_string().contains("`target` must be the UUID of a flow"), "{error}");
    assert!(error.to_string().ends_with(", not \"default-authentication-flow\""), "{error}");
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_redirect_within_the_server_is_followed() {
    let redirect = response(307, &[("location", "/api/v3/flows/bindings/?page_size=3")], "");
    let server = FakeAuthentik::builder().generated(5, 1).fault(1, redirect).start().await.unwrap();
    assert_eq!(server.client().flows_bindings_list().send().await.unwrap().results.len(), 3);
}
