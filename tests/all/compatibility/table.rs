//! Checks and generates the table of releases in the documentation.

use authentik_flow_bindings::{DriftKind, PaginatedFlowStageBindingList};
use serde_json::Value;

use super::drift::differences;
use super::random_responses::full_page;
use super::releases::{SPANS, aliases, all_enum_values, ours, span};

/// Fields that are not sent are decoded as the table says.
#[test]
fn absent_fields_have_the_defaults_of_the_table() {
    let page: PaginatedFlowStageBindingList = serde_json::from_value(full_page(&span(SPANS[0].1), 11)).unwrap();
    let stages = page.results.iter().map(|row| &row.stage_obj).collect::<Vec<_>>();
    assert!(stages.iter().all(|stage| stage.meta_model_name.is_empty()));
    let flows = stages.iter().flat_map(|stage| &stage.flow_set).collect::<Vec<_>>();
    assert!(!flows.is_empty() && flows.iter().all(|flow| flow.layout.is_none() && flow.denied_action.is_none()));
    let mut without = full_page(&ours(), 11);
    without["results"][0]["stage_obj"].as_object_mut().unwrap().remove("flow_set");
    let page: PaginatedFlowStageBindingList = serde_json::from_value(without).unwrap();
    assert!(page.results[0].stage_obj.flow_set.is_empty());
}

/// The default of an absent property, as text for the table.
fn default_of(property: &str) -> &'static str {
    let ours = ours();
    let schemas = ours["components"]["schemas"].as_object().unwrap().values();
    let defaults = schemas.filter_map(|schema| schema["properties"][property].get("x-default-when-absent").cloned());
    match defaults.collect::<Vec<_>>().as_slice() {
        [Value::String(text)] if text.is_empty() => "an empty string",
        [Value::Array(_)] => "an empty list",
        [Value::Object(_)] => "an empty object",
        others => panic!("add a description of the default of `{property}`: {others:?}"),
    }
}

/// Compares the table, and rewrites it first if `UPDATE_DOCS` is set.
#[test]
fn the_table_of_releases_in_the_docs_is_up_to_date() {
    let mut table = String::from(
        "| releases | read under another name | not sent, and read as | sent, and ignored | values read as `Unknown` |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, edits) in &SPANS {
        let spec = span(edits);
        let cell = |kind: DriftKind| {
            let names: Vec<_> =
                differences(&spec).into_iter().filter(|(found, _)| *found == kind).map(|(_, name)| format!("`{name}`")).collect();
            names.join(", ")
        };
        let flow = &spec["components"]["schemas"]["FlowSet"]["properties"];
        let renamed = aliases().into_iter().filter(|(alias, name)| flow.get(alias).is_some() && flow.get(name).is_none());
        let renamed = renamed.map(|(alias, name)| format!("`{alias}` as `{name}`")).collect::<Vec<_>>().join(", ");
        let missing = differences(&spec).into_iter().filter(|(kind, _)| *kind == DriftKind::MissingField);
        let mut absent: Vec<_> = missing.map(|(_, name)| format!("`{name}` as {}", default_of(&name))).collect();
        let optional = ["layout", "denied_action"].into_iter().filter(|name| flow.get(name).is_none());
        absent.extend(optional.map(|name| format!("`{name}` as `None`")));
        let new_values: Vec<_> = all_enum_values(&spec).difference(&all_enum_values(&ours())).map(|value| format!("`{value}`")).collect();
        table.extend([format!(
            "| {name} | {renamed} | {} | {} | {} |\n",
            absent.join(", "),
            cell(DriftKind::UnknownField),
            new_values.join(", ")
        )]);
    }
    let path = "src/compat/releases.md";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), table, "run the test with UPDATE_DOCS=1, and review {path}");
}
