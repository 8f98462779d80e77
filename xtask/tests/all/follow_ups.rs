//! The manual follow-up of a sync, and how `sync --status` recognizes completed items.

use crate::common::upstream::{follow_up, repository, schema, sync, upstream, without_ours};
use crate::common::{FILES, Project, slice};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

fn status(project: &Project) -> (i32, Vec<String>) {
    let outcome = project.xtask(&["sync", "--status", "--format", "json"]);
    assert!(outcome.code < 2, "{}", outcome.err);
    let status: Value = serde_json::from_str(&outcome.out).unwrap();
    let ids = status["follow_ups"].as_array().unwrap().iter().map(|follow_up| follow_up["id"].as_str().unwrap().to_owned());
    (outcome.code, ids.collect())
}

#[test]
fn status_omits_follow_ups_that_the_files_show_to_be_done() {
    let project = repository("fn picture(flow: &FlowSet) -> &str {\n    &flow.background\n}\n");
    assert_eq!(status(&project), (0, vec![]));

    let mut required = slice()["components"]["schemas"]["FlowSet"]["required"].clone();
    required.as_array_mut().unwrap().retain(|name| name != "background");
    required.as_array_mut().unwrap().push("background_url".into());
    let mut change =
        schema("FlowSet", &json!({ "properties": { "background": null, "background_url": { "type": "string" } }, "required": required }));
    change["components"]["schemas"]["DeniedActionEnum"] = json!({ "enum": ["message_continue", "message", "continue", "retry"] });
    let (_, report) = sync(&project, &upstream("2025.12.0", &change), &[]);
    assert_eq!(follow_up(&report, "property-renamed")["help"], "use the new name in src/flows.rs:2");
    assert_eq!(follow_up(&report, "enum-value-added")["pointer"], "#/components/schemas/DeniedActionEnum");
    assert_eq!(follow_up(&report, "description-to-check")["pointer"], "#/components/schemas/FlowSet/properties/background_url");
    assert_eq!(status(&project), (1, ["digest-not-pinned", "property-renamed", "enum-value-added"].map(str::to_owned).to_vec()));

    let flows = project.read("src/flows.rs").replace("background", "background_url");
    project.write("src/flows.rs", &flows);
    assert_eq!(status(&project).1, ["digest-not-pinned", "enum-value-added"]);

    let slice = project.read(FILES[0]).replace("        continue: Continue\n", "        continue: Continue\n        retry: Retry\n");
    let described = slice.rfind("      x-enum-descriptions:\n        message_continue:").expect("the enum has descriptions");
    let described = slice[described..].find("continue: ").unwrap() + described;
    let line = slice[described..].find("        continue:").unwrap() + described;
    project.write(FILES[0], &format!("{}        retry: The page is shown again.\n{}", &slice[..line], &slice[line..]));
    assert_eq!(status(&project).1, ["digest-not-pinned"]);

    let upstream = project.read("openapi/upstream.toml").replace("sha256 = \"\"", "sha256 = \"0\"");
    project.write("openapi/upstream.toml", &upstream);
    assert_eq!(status(&project), (0, vec![]));
    assert_eq!(project.xtask(&["sync", "--status"]).out, "nothing is left to do since HEAD\n");
}

#[test]
fn uses_of_removed_items_are_listed() {
    let project = repository("use crate::types::Stage;\n\nfn name(stage: &Stage) -> &str {\n    &stage.name\n}\n");
    let text = upstream("2026.2.0", &json!({})).replace("/Stage'", "/StageModel'").replace("    Stage:", "    StageModel:");
    let (_, report) = sync(&project, &text, &[]);
    let gone = follow_up(&report, "removed-from-rust");
    assert_eq!(
        [&gone["text"], &gone["help"]],
        ["`types::Stage` was removed from the generated Rust", "stop using it in src/flows.rs:1, src/flows.rs:3"]
    );
    let (_, ids) = status(&project);
    assert!(ids.contains(&"removed-from-rust".to_owned()), "{ids:?}");
    project.write("src/flows.rs", "use crate::types::StageModel;\n");
    let (_, ids) = status(&project);
    assert!(!ids.contains(&"removed-from-rust".to_owned()), "{ids:?}");
}

/// Without an alias, responses of some releases are no longer decoded.
#[test]
fn a_removed_alias_is_a_breaking_change() {
    let project = repository("");
    let slice = project.read(FILES[0]).replace("          x-aliases:\n          - background_url\n", "");
    project.write(FILES[0], &slice);
    let (code, ids) = status(&project);
    assert_eq!((code, ids), (1, vec!["extension-removed".to_owned()]));
}

fn flow_set_properties(project: &Project) -> Value {
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    slice["components"]["schemas"]["FlowSet"]["properties"].clone()
}

/// Upstream sends a property under both names for a while, and then only under the new one.
#[test]
fn a_property_and_its_alias_are_decoded_during_a_renaming() {
    let project = repository("");
    let [old, both, new] = [&["background"][..], &["background", "background_url"], &["background_url"]].map(|names| {
        let mut document = slice();
        let flow = &mut document["components"]["schemas"]["FlowSet"];
        let property = flow["properties"].as_object_mut().unwrap().remove("background").unwrap();
        flow["required"].as_array_mut().unwrap().retain(|name| name != "background");
        for name in names {
            flow["properties"][name] = property.clone();
            flow["required"].as_array_mut().unwrap().push((*name).into());
        }
        without_ours(&mut document);
        document
    });
    let released = |mut document: Value, release: &str| {
        document["info"]["version"] = release.into();
        serde_yaml::to_string(&document).unwrap()
    };
    let wire = |report: &Value| report["diff"]["wire"].clone();
    let compatible = json!({ "old_client_on_new_server": "compatible", "new_client_on_old_server": "compatible" });

    let (code, report) = sync(&project, &released(both.clone(), "2025.10.0"), &[]);
    assert_eq!((code, &wire(&report)["new_client_on_old_server"]), (0, &json!("compatible")), "{report:#}");
    let properties = flow_set_properties(&project);
    assert_eq!(properties["background"]["x-aliases"], json!(["background_url"]));
    assert_eq!(properties["background_url"]["x-aliases"], json!(["background"]));
    assert_eq!(properties["background_url"]["x-signed-link"], json!(true));
    let code = project.xtask(&["expand"]).out;
    let read = code.split_whitespace().collect::<String>();
    assert!(read.contains("background_url:received.background_url.clone().or_else(||received.background.clone())"), "{code}");

    // Another sync before the release: either the old name is removed, or only the old name is left.
    for (document, name, alias) in [(new, "background_url", "background"), (old, "background", "background_url")] {
        let (_, report) = sync(&project, &released(document, "2025.12.0"), &["--base", "HEAD"]);
        assert_eq!(flow_set_properties(&project)[name]["x-aliases"], json!([alias]));
        assert_eq!(flow_set_properties(&project)[name]["x-signed-link"], json!(true));
        assert!(report["diff"].is_null() || wire(&report) == compatible, "{:#}", report["diff"]);
    }
}

/// A pre-release without a value, and a final release with it.
#[test]
fn an_enum_value_that_comes_back_keeps_its_label_description_and_position() {
    let project = repository("");
    let values = |values: &[&str]| upstream("2026.8.0", &schema("DeniedActionEnum", &json!({ "enum": values })));
    let before = project.read(FILES[0]);
    sync(&project, &values(&["continue", "message_continue"]), &[]);
    assert!(!project.read(FILES[0]).contains("message: Message"));
    sync(&project, &values(&["continue", "message", "message_continue"]), &["--base", "HEAD"]);
    assert_eq!(project.read(FILES[0]).replace("2026.8.0", "2025.6.4"), before);

    // A pre-release with an inline enum, and a final release with a component.
    let mut document: Value = serde_yaml::from_str(&upstream("2026.8.0", &json!({}))).unwrap();
    let inline = document["components"]["schemas"].as_object_mut().unwrap().remove("DeniedActionEnum").unwrap();
    document["components"]["schemas"]["FlowSet"]["properties"]["denied_action"] = inline;
    sync(&project, &serde_yaml::to_string(&document).unwrap(), &["--base", "HEAD"]);
    sync(&project, &upstream("2026.8.0", &json!({})), &["--base", "HEAD"]);
    assert_eq!(project.read(FILES[0]).replace("2026.8.0", "2025.6.4"), before);
}

#[test]
fn a_property_with_the_name_of_an_alias_and_another_type_ends_the_alias() {
    let project = Project::new();
    let both = schema("FlowSet", &json!({ "properties": { "background_url": { "type": "integer" } } }));
    let (code, report) = sync(&project, &upstream("2025.12.0", &both), &[]);
    assert_eq!((code, &flow_set_properties(&project)["background"]["x-aliases"]), (0, &Value::Null));
    assert_eq!(
        follow_up(&report, "alias-dropped")["text"],
        "`background_url` is no longer an alias of `FlowSet.background`, because upstream has a property of that name with another type"
    );
    assert_eq!(project.xtask(&["expand"]).code, 0);
}

#[test]
fn uses_of_a_field_with_another_type_are_listed() {
    let project = repository("fn next(page: &Pagination) -> u64 {\n    page.next\n}\n");
    project.write("src/a.rs", "fn next() {\n    iterator.next();\n}\n");
    let counter = json!({ "properties": { "next": { "type": "string" } } });
    let (_, report) = sync(&project, &upstream("2026.8.0", &schema("Pagination", &counter)), &[]);
    let changed = follow_up(&report, "type-changed");
    assert_eq!(changed["help"], "check its use in src/flows.rs:2, src/a.rs:2", "files that name the model come first: {changed}");
}

#[test]
fn a_removed_sort_property_is_removed_from_the_total_order() {
    let project = repository("");
    let mut document: Value = serde_yaml::from_str(&upstream("2026.8.0", &json!({}))).unwrap();
    let row = &mut document["components"]["schemas"]["FlowStageBinding"];
    let order = row["properties"].as_object_mut().unwrap().remove("order").unwrap();
    row["properties"]["position"] = order;
    row["required"].as_array_mut().unwrap().iter_mut().filter(|name| *name == "order").for_each(|name| *name = "position".into());
    let (code, report) = sync(&project, &serde_yaml::to_string(&document).unwrap(), &[]);
    assert_eq!(code, 0);
    let unlisted = report["follow_ups"].as_array().unwrap().iter().filter(|follow_up| follow_up["id"] == "listing-shortened");
    let texts = unlisted.map(|follow_up| follow_up["text"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("the sort term `order`") && texts[1].contains("`order` in its total order"), "{texts:?}");
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    assert_eq!(written["paths"]["/flows/bindings/"]["get"]["x-listing"]["total-order"], "pk");

    // The property was in fact renamed, which the maintainer confirms with `--apply`.
    let pointer = "#/components/schemas/FlowStageBinding/properties/position";
    let applied = project.xtask(&["sync", "--apply", pointer, "--base", "HEAD"]);
    assert!(applied.code == 1, "{}", applied.err);
    sync(&project, &serde_yaml::to_string(&document).unwrap(), &["--base", "HEAD"]);
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let listing = &written["paths"]["/flows/bindings/"]["get"]["x-listing"];
    assert_eq!([&listing["total-order"], &listing["sort-terms"]["order"]], ["order,pk", "position"]);
    assert_eq!(project.xtask(&["expand"]).code, 0);
}

#[test]
fn older_releases_and_pre_releases_cause_a_warning() {
    let project = Project::new();
    let value = |release: &str, value: &str| {
        upstream(release, &schema("DeniedActionEnum", &json!({ "enum": ["message_continue", "message", "continue", value] })))
    };
    let (_, report) = sync(&project, &value("2025.2.0", "retry"), &["--check"]);
    assert_eq!(
        follow_up(&report, "older-release")["text"],
        "authentik 2025.2.0 is older than 2025.6.4, which this crate was generated from"
    );
    let (_, report) = sync(&project, &value("2026.8.0-rc1", "retry"), &[]);
    assert!(follow_up(&report, "pre-release")["help"].as_str().unwrap().contains("the final release needs a different version number"));
    let (_, report) = sync(&project, &value("2026.8.0", "stop"), &["--check"]);
    assert!(!report["follow_ups"].to_string().contains("-release\""), "{:#}", report["follow_ups"]);
}

#[test]
fn a_fixup_that_src_relies_on_must_not_be_removed() {
    let project = Project::new();
    let counters = slice()["components"]["schemas"]["Pagination"]["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let integers = counters.into_iter().map(|counter| (counter, json!({ "type": "integer" }))).collect::<Value>();
    let (_, report) = sync(&project, &upstream("2026.8.0", &schema("Pagination", &json!({ "properties": integers }))), &["--check"]);
    let fixup = follow_up(&report, "fixup-not-needed");
    assert!(fixup["help"].as_str().unwrap().starts_with("do not remove it: src/pagination needs `u64` page numbers and counts"), "{fixup}");
}
