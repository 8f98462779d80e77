//! The range of releases that responses are compatible with.

use std::collections::BTreeMap;

use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use authentik_flow_bindings::{Error, FlowSet};
use serde_json::json;

use super::page_response;
use super::random_responses::full_page;
use super::releases::{SPANS, span};

#[tokio::test]
async fn errors_and_streams_name_the_version_range_of_the_server() {
    for (release, looks_like) in [(Release::V2024_2, "2022.7 or later, and older than 2025.12"), (Release::V2025_12, "2025.12 or later")] {
        let server = FakeAuthentik::builder().release(release).generated(10, 2).start().await.unwrap();
        let client = server.client();
        let mut items = client.flows_bindings_list().paginate().items();
        items.try_next().await.unwrap();
        assert_eq!(items.server().to_string(), looks_like);

        let bad = FakeAuthentik::builder().release(release).generated(10, 2).tamper(|_, page| page["results"][2]["pk"] = json!(null));
        let error = bad.start().await.unwrap().client().flows_bindings_list().paginate().collect().await.unwrap_err();
        assert!(error.to_string().contains(&format!("(the server looks like {looks_like})")), "{error}");

        let bad = FakeAuthentik::builder().release(release).generated(10, 2).tamper(|_, page| page["results"][2]["pk"] = json!(null));
        let error = bad.start().await.unwrap().client().flows_bindings_list().send().await.unwrap_err();
        let Error::Decode(error) = error else { panic!("{error}") };
        assert_eq!(error.server().to_string(), looks_like);

        let mut items = client.flows_bindings_list().ordering("stage__name").paginate().items();
        items.try_next().await.unwrap();
        assert_eq!(items.server().to_string(), looks_like);

        let short = FakeAuthentik::builder()
            .release(release)
            .generated(10, 2)
            .tamper(|_, page| page["results"] = page["results"].as_array().unwrap()[..8].into());
        let error = short.start().await.unwrap().client().flows_bindings_list().paginate().collect().await.unwrap_err();
        assert!(error.to_string().contains(&format!("(the server looks like {looks_like})")), "{error}");
    }
}

#[tokio::test]
async fn the_version_range_of_every_release_is_recognized() {
    let expected = [
        "older than 2021.12",
        "2021.12 or later, and older than 2022.10",
        "2022.5 or later, and older than 2022.10",
        "2022.7 or later, and older than 2022.10",
        "2022.7 or later, and older than 2025.12",
        "2025.8 or later, and older than 2025.12",
        "2025.12 or later",
        "2025.12 or later",
    ];
    for ((name, edits), expected) in SPANS.iter().zip(expected) {
        let server = page_response(full_page(&span(edits), 5).to_string()).start().await.unwrap();
        let client = server.client();
        let mut items = client.flows_bindings_list().paginate().items();
        items.try_next().await.unwrap();
        assert_eq!(items.server().to_string(), expected, "{name}");
    }
}

/// The background of a flow, independent of its name in the checked-in release.
fn background(flow: &FlowSet) -> String {
    let flow = serde_json::to_value(flow).unwrap();
    ["background", "background_url"].iter().find_map(|name| flow[name].as_str()).unwrap().to_owned()
}

#[tokio::test]
async fn one_client_decodes_responses_of_old_and_new_servers() {
    let old = FakeAuthentik::builder().release(Release::V2024_2).generated(150, 20).start().await.unwrap();
    let new = FakeAuthentik::builder()
        .release(Release::V2026_8)
        .generated(150, 20)
        .tamper(|_, page| page["results"][0]["stage_obj"]["flow_set"][0]["layout"] = json!("of_a_later_release"))
        .start()
        .await
        .unwrap();
    let (old, new) = (old.client(), new.client());
    let (old, new) = tokio::join!(old.flows_bindings_list().paginate().collect(), new.flows_bindings_list().paginate().collect());
    let (old, new) = (old.unwrap(), new.unwrap());
    assert_eq!((old.len(), new.len()), (150, 150));
    let layouts: BTreeMap<_, usize> = new.iter().flat_map(|row| &row.stage_obj.flow_set).filter_map(|flow| flow.layout.clone()).fold(
        BTreeMap::new(),
        |mut map, layout| {
            *map.entry(layout).or_default() += 1;
            map
        },
    );
    assert!(layouts.keys().any(|layout| !layout.is_known()));
    assert!(old.iter().chain(&new).flat_map(|row| &row.stage_obj.flow_set).all(|flow| background(flow).ends_with("flow_background.jpg")));
}
