//! Each difference between a response and the specification is reported once.

use std::collections::BTreeSet;

use authentik_flow_bindings::testing::FakeAuthentik;
use authentik_flow_bindings::{Drift, DriftKind};
use serde_json::{Value, json};

use super::random_responses::full_page;
use super::releases::{PAGE, aliases, all_enum_values, ours, schemas};
use super::{page_response, recorder};

/// Lists a server that sends this page, and returns the reported drift.
async fn drift_of(page: &Value) -> Vec<Drift> {
    let server = page_response(page.to_string()).start().await.unwrap();
    let (reported, recorder) = recorder();
    server.client().flows_bindings_list().paginate().on_drift(recorder).collect().await.unwrap();
    let reported = reported.lock().unwrap();
    reported.clone()
}

/// The differences between the schema of a release and the checked-in one, as pairs of kind and field name.
pub fn differences(theirs: &Value) -> BTreeSet<(DriftKind, String)> {
    let (ours, aliases) = (ours(), aliases());
    let mut found = BTreeSet::new();
    let schemas = |spec: &Value, name: &str| {
        let all = &spec["components"]["schemas"];
        // The items of `flow_set` were whole flows up to 2022.9.
        if name == "FlowSet" && all.get(name).is_none() { all["Flow"].clone() } else { all[name].clone() }
    };
    let names = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for component in [PAGE, "FlowStageBinding", "Stage", "FlowSet"] {
        let (old, new) = (schemas(&ours, component), schemas(theirs, component));
        for name in names(&new).difference(&names(&old)).filter(|name| !aliases.contains_key(*name)) {
            found.insert((DriftKind::UnknownField, name.clone()));
        }
        for name in names(&old).difference(&names(&new)) {
            let by_another_name = aliases.iter().any(|(alias, known)| known == name && names(&new).contains(alias));
            if by_another_name {
                continue;
            }
            if old["required"].as_array().unwrap().contains(&json!(name)) {
                found.insert((DriftKind::MissingField, name.clone()));
            }
        }
        for (name, schema) in new["properties"].as_object().unwrap() {
            let target = schema["$ref"].as_str().or(schema["allOf"][0]["$ref"].as_str()).map(|path| path.trim_start_matches('#'));
            let Some(values) = target.and_then(|path| theirs.pointer(path)).and_then(|target| target["enum"].as_array()) else { continue };
            let known = all_enum_values(&ours);
            if values.iter().any(|value| !known.contains(value.as_str().unwrap())) {
                found.insert((DriftKind::UnknownValue, name.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_difference_and_nothing_else_is_reported_once() {
    for (name, spec) in schemas() {
        let reported = drift_of(&full_page(&spec, 7)).await;
        let fields = reported.iter().map(|drift| (drift.kind, drift.path.rsplit('.').next().unwrap().to_owned()));
        assert_eq!(fields.collect::<BTreeSet<_>>(), differences(&spec), "{name}: {reported:?}");
        let different: BTreeSet<_> = reported.iter().map(|drift| (drift.kind, drift.path.rsplit('.').next(), &drift.excerpt)).collect();
        assert_eq!(reported.len(), different.len(), "{name}: reported twice: {reported:?}");
    }
}

#[tokio::test]
async fn drift_names_page_path_and_excerpt() {
    let spec = ours();
    let mut page = full_page(&spec, 3);
    page["results"][0]["order"] = (-3_000_000_000_i64).into();
    page["results"][4]["invalid_response_action"] = "explode".into();
    page["results"][5]["invalid_response_action"] = "implode".into();
    page["results"][6]["color"] = "https://cdn.example.com/x?token=eyJhb".into();
    let reported: Vec<String> = drift_of(&page).await.iter().map(ToString::to_string).collect();
    assert_eq!(
        reported,
        [
            "page 1: `results[0].order` is out of range: -3000000000",
            "page 1: `results[4].invalid_response_action` has an unknown value: \"explode\"",
            "page 1: `results[5].invalid_response_action` has an unknown value: \"implode\"",
            "page 1: `results[6].color` is an unknown field: a string of 37 characters",
        ]
    );
}

/// Once for all pages of a listing, again for a second listing, and once for all passes of a snapshot.
#[tokio::test]
async fn drift_is_reported_once_per_listing() {
    let server = FakeAuthentik::builder().generated(350, 40).tamper(|_, page| page["unheard_of"] = json!(1)).start().await.unwrap();
    let (reported, recorder) = recorder();
    let reports = || reported.lock().unwrap().iter().filter(|drift| drift.path == "unheard_of").count();
    let client = server.client();
    let list = client.flows_bindings_list().paginate().on_drift(recorder);
    list.clone().collect().await.unwrap();
    assert_eq!(reports(), 1, "`unheard_of` is on every page");
    list.clone().collect().await.unwrap();
    assert_eq!(reports(), 2);
    list.snapshot().await.unwrap();
    assert_eq!(reports(), 3);
}

#[tokio::test]
async fn an_unpaginated_response_is_compared_too() {
    let server = FakeAuthentik::builder().generated(5, 1).page_sizes(20, Some(0)).tamper(|_, page| page[3]["color"] = json!("red"));
    let server = server.start().await.unwrap();
    let (reported, recorder) = recorder();
    server.client().flows_bindings_list().paginate().on_drift(recorder).collect().await.unwrap();
    let reported: Vec<String> = reported.lock().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(reported, ["page 1: `[3].color` is an unknown field: a string of 3 characters"]);
}

#[tokio::test]
async fn an_unknown_field_is_described_by_type_and_length_only() {
    let values = [
        (json!("secret"), "a string of 6 characters"),
        (json!("é"), "a string of 1 character"),
        (json!([1, 2, 3]), "an array of 3 items"),
        (json!({"secret": "secret"}), "an object of 1 field"),
        (json!(31_337), "a number"),
        (json!(true), "a boolean"),
        (json!(null), "null"),
    ];
    for (value, description) in values {
        let mut page = full_page(&ours(), 3);
        page["unheard_of"] = value;
        let reported = drift_of(&page).await;
        assert_eq!(reported.iter().map(|drift| drift.excerpt.as_str()).collect::<Vec<_>>(), [description]);
    }
}

#[tokio::test]
async fn drift_can_be_serialized_for_a_log() {
    let mut page = full_page(&ours(), 3);
    page["results"][0]["order"] = (-3_000_000_000_i64).into();
    let reported = drift_of(&page).await;
    let expected = json!([{"kind": "out_of_range", "page": 1, "path": "results[0].order", "excerpt": "-3000000000"}]);
    assert_eq!(serde_json::to_value(&reported).unwrap(), expected);
}
