//! Finding a flow by its slug, and the flow of a binding.
#![cfg(operation = "flows_bindings_list")]

use authentik_flow_bindings::testing::{FakeAuthentik, bindings};
use authentik_flow_bindings::{FlowSet, FlowStageBinding, SignedLink};
use serde_json::{Value, json};

#[tokio::test]
async fn a_flow_is_found_by_its_slug() {
    let rows = bindings(300, 20);
    let last = rows.iter().max_by_key(|row| row.pk).unwrap().flow().unwrap().clone();
    let server = FakeAuthentik::builder().bindings(rows).start().await.unwrap();
    let client = server.client();
    assert_eq!(client.find_flow(&last.slug).await.unwrap(), Some(last));
    assert_eq!(client.find_flow("no-such-flow").await.unwrap(), None);
}

#[tokio::test]
async fn a_slug_in_place_of_a_uuid_is_explained() {
    let server = FakeAuthentik::builder().bindings(bindings(1, 1)).start().await.unwrap();
    let request = server.client().flows_bindings_list().target("default-authentication-flow");
    let message = request.send().await.unwrap_err().to_string();
    assert!(message.contains("`target` must be the UUID of a flow"), "{message}");
    assert!(message.contains("`Client::find_flow` finds it by slug"), "{message}");
    assert!(message.contains(r#"not "default-authentication-flow""#), "{message}");

    let message = server.client().flows_bindings_list().page(u64::MAX).send().await.unwrap_err().to_string();
    assert!(message.contains("`page` must be an integer, not 18446744073709551615"), "{message}");
}

fn flow(properties: &Value) -> serde_json::Result<FlowSet> {
    let mut flow = serde_json::to_value(bindings(1, 1)[0].flow().unwrap()).unwrap();
    flow.as_object_mut().unwrap().remove("background");
    flow.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    serde_json::from_value(flow)
}

/// While upstream renames a property, servers send it under both names.
#[test]
fn a_property_that_is_sent_under_both_of_its_names_is_decoded() {
    let both = json!({ "background": "/a.png", "background_url": "/b.png" });
    assert_eq!(flow(&both).unwrap().background, "/a.png", "the name in the specification wins");
    assert_eq!(flow(&json!({ "background": null, "background_url": "/b.png" })).unwrap().background, "/b.png");
    assert_eq!(flow(&json!({ "background": "/a.png", "background_url": null })).unwrap().background, "/a.png");
    assert_eq!(flow(&json!({ "background_url": "/b.png" })).unwrap().background, "/b.png");
    for none in [json!({}), json!({ "background": null }), json!({ "background_url": null })] {
        assert_eq!(flow(&none).unwrap_err().to_string(), "missing field `background`");
    }
    let number = flow(&json!({ "background": 1 })).unwrap_err().to_string();
    assert!(number.contains("invalid type: integer `1`, expected a string"), "{number}");
}

#[test]
fn a_signed_link_reveals_its_credential_only_on_request() {
    let flow = flow(&json!({ "background_url": "/media/flow.png?token=not-a-real-token" })).unwrap();
    let shown = format!("{flow:?} {flow:#?} {}", flow.background);
    assert!(!shown.contains("not-a-real-token") && shown.contains("/media/flow.png?…"), "{shown}");
    assert_eq!(flow.background.as_str(), "/media/flow.png?token=not-a-real-token");
    assert_eq!(serde_json::to_value(&flow).unwrap()["background"], "/media/flow.png?token=not-a-real-token");
    assert_eq!("/a?b".parse(), Ok(SignedLink::from("/a?b")));
}

/// Models are `#[non_exhaustive]`, so other crates use their builders, whose errors name missing fields.
#[test]
fn models_are_built_field_by_field() {
    let error = FlowStageBinding::try_from(FlowStageBinding::builder().order(1)).unwrap_err().to_string();
    assert!(error.contains("pk"), "{error}");
    let binding = bindings(1, 1).remove(0);
    let copy = FlowStageBinding::builder()
        .evaluate_on_plan(binding.evaluate_on_plan)
        .invalid_response_action(binding.invalid_response_action.clone())
        .order(binding.order)
        .pk(binding.pk)
        .policy_engine_mode(binding.policy_engine_mode.clone())
        .policybindingmodel_ptr_id(binding.policybindingmodel_ptr_id)
        .re_evaluate_policies(binding.re_evaluate_policies)
        .stage(binding.stage)
        .stage_obj(binding.stage_obj.clone())
        .target(binding.target);
    let copy = FlowStageBinding::try_from(copy).unwrap();
    assert_eq!(copy, binding);
    assert_eq!(std::collections::HashSet::from([copy, binding]).len(), 1, "models are hashable");
}
