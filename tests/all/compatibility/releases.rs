//! The schema of each release: derived from the 2025.6 schema by applying upstream's changes, or recorded.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub const PAGE: &str = "PaginatedFlowStageBindingList";

fn read(path: &std::path::Path) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn ours() -> Value {
    read("openapi/flows_bindings_list.yaml".as_ref())
}

/// The aliases in the checked-in slice, each with the name of its property.
pub fn aliases() -> BTreeMap<String, String> {
    let ours = ours();
    let schemas = ours["components"]["schemas"].as_object().unwrap().values();
    let properties = schemas.flat_map(|schema| schema["properties"].as_object().into_iter().flatten());
    let aliases_of = |property: &Value| property["x-aliases"].as_array().cloned().unwrap_or_default();
    properties
        .flat_map(|(name, property)| aliases_of(property).into_iter().map(|alias| (alias.as_str().unwrap().to_owned(), name.clone())))
        .collect()
}

pub fn all_enum_values(spec: &Value) -> BTreeSet<String> {
    let schemas = spec["components"]["schemas"].as_object().unwrap().values();
    schemas.filter_map(|schema| schema["enum"].as_array()).flatten().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// The slice of 2025.6, independent of the checked-in release. The schemas of other releases are derived from it.
fn schema_of_2025_6() -> Value {
    read("tests/fixtures/annotated-2025.6.4.yaml".as_ref())
}

/// A change that turns the schema of 2025.6 into the schema of another release.
pub type Edit = fn(&mut Value);

fn properties<'a>(spec: &'a mut Value, component: &str) -> &'a mut Map<String, Value> {
    spec["components"]["schemas"][component]["properties"].as_object_mut().unwrap()
}

fn require(spec: &mut Value, component: &str, property: &str, required: bool) {
    let list = spec["components"]["schemas"][component]["required"].as_array_mut().unwrap();
    list.retain(|name| name != property);
    if required {
        list.push(property.into());
    }
}

fn without_meta_model_name(spec: &mut Value) {
    properties(spec, "Stage").remove("meta_model_name");
    require(spec, "Stage", "meta_model_name", false);
}

fn without_layout(spec: &mut Value) {
    properties(spec, "FlowSet").remove("layout");
}

fn without_denied_action(spec: &mut Value) {
    properties(spec, "FlowSet").remove("denied_action");
}

fn with_whole_flows(spec: &mut Value) {
    let list = json!({"type": "array", "items": {"type": "string", "format": "uuid"}});
    for (name, schema) in [("stages", list.clone()), ("policies", list), ("cache_count", json!({"type": "integer"}))] {
        properties(spec, "FlowSet").insert(name.into(), schema);
        require(spec, "FlowSet", name, true);
    }
}

fn with_autocomplete(spec: &mut Value) {
    properties(spec, PAGE).insert("autocomplete".into(), json!({"type": "object", "additionalProperties": {}}));
    require(spec, PAGE, "autocomplete", true);
}

fn with_background_url(spec: &mut Value) {
    let schema = properties(spec, "FlowSet").remove("background").unwrap();
    properties(spec, "FlowSet").insert("background_url".into(), schema);
    require(spec, "FlowSet", "background", false);
    require(spec, "FlowSet", "background_url", true);
    require(spec, "Stage", "flow_set", true);
    properties(spec, "FlowSet")["slug"].as_object_mut().unwrap().remove("maxLength");
}

fn with_frame_layouts(spec: &mut Value) {
    let values = spec["components"]["schemas"]["FlowLayoutEnum"]["enum"].as_array_mut().unwrap();
    values.extend([json!("sidebar_left_frame_background"), json!("sidebar_right_frame_background")]);
}

/// Ranges of releases that share a schema: the name of the range, and how its schema differs from that of 2025.6.
pub const SPANS: [(&str, &[Edit]); 8] = [
    ("2021.9 to 2021.10", &[without_meta_model_name, without_layout, without_denied_action, with_whole_flows]),
    ("2021.12 to 2022.4", &[without_layout, without_denied_action, with_whole_flows]),
    ("2022.5 to 2022.6", &[without_denied_action, with_whole_flows]),
    ("2022.7 to 2022.9", &[with_whole_flows]),
    ("2022.10 to 2025.6", &[]),
    ("2025.8 to 2025.10", &[with_autocomplete]),
    ("2025.12", &[with_autocomplete, with_background_url]),
    ("2026.2 to 2026.8", &[with_autocomplete, with_background_url, with_frame_layouts]),
];

pub fn span(edits: &[Edit]) -> Value {
    edits.iter().fold(schema_of_2025_6(), |mut spec, edit| {
        edit(&mut spec);
        spec
    })
}

/// Every schema, by name: those derived from 2025.6, and the slices of twelve releases.
pub fn schemas() -> Vec<(String, Value)> {
    let derived = SPANS.iter().map(|(name, edits)| ((*name).to_owned(), span(edits)));
    let slices = std::fs::read_dir("tests/fixtures/slices").unwrap();
    let recorded = slices.flatten().map(|slice| (slice.file_name().to_string_lossy().into_owned(), read(&slice.path())));
    let schemas = derived.chain(recorded).collect::<Vec<_>>();
    assert_eq!(schemas.len(), SPANS.len() + 12, "a slice of a release is missing");
    schemas
}
