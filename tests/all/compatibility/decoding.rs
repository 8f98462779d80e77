//! Responses of every release decode without loss; damaged ones never cause a panic.

use std::collections::BTreeMap;

use authentik_flow_bindings::{FlowStageBinding, PaginatedFlowStageBindingList};
use fastrand::Rng;
use serde_json::{Value, json};

use super::page_response;
use super::random_responses::{Generator, Optional, damaged};
use super::releases::{PAGE, aliases, ours, schemas};

/// Checks that `read` has everything that was sent, except fields that the models do not have.
fn as_read(sent: &Value, read: &Value, path: &str, aliases: &BTreeMap<String, String>) -> Result<(), String> {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => {
            for (name, value) in sent {
                match read.get(name).or_else(|| read.get(aliases.get(name)?)) {
                    Some(read) => as_read(value, read, &format!("{path}.{name}"), aliases)?,
                    None if ["autocomplete", "stages", "policies", "cache_count", "x_unknown_field"].contains(&name.as_str()) => {}
                    // An empty list is not serialized.
                    None if *value == json!([]) => {}
                    None => return Err(format!("{path}.{name} is lost")),
                }
            }
            Ok(())
        }
        (Value::Array(sent), Value::Array(read)) if sent.len() == read.len() => sent
            .iter()
            .zip(read)
            .enumerate()
            .try_for_each(|(index, (sent, read))| as_read(sent, read, &format!("{path}[{index}]"), aliases)),
        (Value::Number(sent), Value::Number(read)) if sent.as_f64() == read.as_f64() => Ok(()),
        (sent, read) if sent == read => Ok(()),
        (sent, read) => Err(format!("{path} was {sent} and is {read}")),
    }
}

#[test]
fn random_responses_of_every_release_decode_without_loss() {
    let aliases = aliases();
    for (name, spec) in schemas() {
        for seed in 0..150_u64 {
            let optional = match seed % 3 {
                0 => Optional::All,
                1 => Optional::None,
                _ => Optional::Some,
            };
            let mut generator = Generator { spec: &spec, rng: Rng::with_seed(seed), optional, extra: seed % 2 == 0 };
            let sent = generator.value(&spec["components"]["schemas"][PAGE]);
            let read: PaginatedFlowStageBindingList =
                serde_json::from_value(sent.clone()).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}: {sent}"));
            let written = serde_json::to_value(&read).unwrap();
            as_read(&sent, &written, "", &aliases).unwrap_or_else(|problem| panic!("{name}, seed {seed}: {problem}"));
            assert_eq!(serde_json::from_value::<PaginatedFlowStageBindingList>(written).unwrap(), read, "{name}, seed {seed}");
        }
    }
}

#[test]
fn damaged_pages_decode_or_fail_without_panicking() {
    let spec = ours();
    for seed in 0..3_000 {
        if let Ok(read) = serde_json::from_slice::<PaginatedFlowStageBindingList>(&damaged(&spec, seed)) {
            let written = serde_json::to_vec(&read).unwrap();
            assert_eq!(serde_json::from_slice::<PaginatedFlowStageBindingList>(&written).unwrap(), read);
        }
    }
}

/// Damaged pages, listed by the client: this covers skipped rows, drift, excerpts and the version range.
#[tokio::test]
async fn listings_of_damaged_pages_end_with_short_messages() {
    let spec = ours();
    let _ = rustls::crypto::ring::default_provider().install_default();
    for seed in 0..400 {
        let server = page_response(String::from_utf8_lossy(&damaged(&spec, seed)).into_owned()).start().await.unwrap();
        let client = server.client();
        let list =
            client.flows_bindings_list().paginate().skip_undecodable().on_drift(|drift| assert!(drift.excerpt.chars().count() < 700));
        if let Err(error) = list.collect().await {
            assert!(error.to_string().chars().count() < 1_200, "seed {seed}: {error}");
        }
        assert!(server.received().len() < 60, "seed {seed}");
    }
}

#[test]
fn values_of_the_wrong_type_are_errors() {
    let good = serde_json::to_value(&authentik_flow_bindings::testing::bindings(1, 1)[0]).unwrap();
    for (place, wrong) in [
        ("/pk", json!(null)),
        ("/pk", json!("x")),
        ("/order", json!("1")),
        ("/order", json!(1.5)),
        ("/stage_obj", json!(null)),
        ("/stage_obj/name", json!(3)),
        ("/stage_obj/flow_set/0/layout", json!(7)),
        ("/re_evaluate_policies", json!("true")),
    ] {
        let mut row = good.clone();
        *row.pointer_mut(place).unwrap() = wrong.clone();
        assert!(serde_json::from_value::<FlowStageBinding>(row).is_err(), "{place} = {wrong}");
    }
    let pagination = json!({"next": 0, "previous": 0, "count": 0, "current": 1, "total_pages": 1, "start_index": 0, "end_index": 0});
    for (wrong, fine) in
        [(json!("20"), false), (json!(null), false), (json!(-1), false), (json!(1.5), false), (json!(20.0), true), (json!(20), true)]
    {
        let mut pagination = pagination.clone();
        pagination["count"] = wrong.clone();
        let read = serde_json::from_value::<authentik_flow_bindings::Pagination>(pagination);
        assert_eq!(read.map(|pagination| pagination.count).ok(), fine.then_some(20), "{wrong}");
    }
}
