//! The annotations that `cargo xtask sync` carries from our slice to the next: descriptions, extensions, listings.

use crate::common::upstream::{follow_up, schema, sync, upstream, version, without_ours};
use crate::common::{FILES, Project, merge, slice};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

/// Our descriptions and extensions are kept at every kind of place in a slice.
#[test]
fn annotations_stay_at_every_place() {
    let project = Project::new();
    let mut ours = slice();
    let mut theirs = slice();
    without_ours(&mut theirs);
    let header = json!({ "schema": { "type": "string" } });
    let note = |text: &str| json!({ "description": text, "x-note": text });
    for document in [&mut ours, &mut theirs] {
        document["paths"]["/flows/bindings/"]["get"]["responses"]["200"]["headers"]["x-a"] = header.clone();
    }
    project.write("theirs.yaml", &serde_yaml::to_string(&theirs).unwrap());
    let places = [
        "/info",
        "/servers/0",
        "/paths/~1flows~1bindings~1/get",
        "/paths/~1flows~1bindings~1/get/parameters/0",
        "/paths/~1flows~1bindings~1/get/parameters/0/schema",
        "/paths/~1flows~1bindings~1/get/responses/200",
        "/paths/~1flows~1bindings~1/get/responses/200/headers/x-a",
        "/paths/~1flows~1bindings~1/get/responses/200/headers/x-a/schema",
        "/components/schemas/Stage",
        "/components/schemas/Stage/properties/flow_set/items",
        "/components/schemas/Stage/properties/name",
        "/components/securitySchemes/authentik",
    ];
    for place in places {
        if ours.pointer(place).unwrap().get("$ref").is_none() {
            merge(ours.pointer_mut(place).unwrap(), &note(place));
        }
    }
    project.write(FILES[0], &serde_yaml::to_string(&ours).unwrap());
    let outcome = project.xtask(&["sync", "--from", project.path().join("theirs.yaml").to_str().unwrap()]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    for place in places.into_iter().filter(|place| ours.pointer(place).unwrap().get("$ref").is_none()) {
        let found = written.pointer(place).unwrap();
        assert_eq!([&found["description"], &found["x-note"]], [place, place], "{place}");
    }
}

/// A component that becomes inline keeps its annotations, and still has them when it becomes a component again.
#[test]
fn annotations_stay_with_a_schema_that_becomes_inline() {
    let project = Project::new();
    let before: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let pagination = before["components"]["schemas"]["Pagination"].clone();
    let mut theirs: Value = serde_yaml::from_str(&upstream("2025.6.5", &json!({}))).unwrap();
    let mut inline = theirs["components"]["schemas"].as_object_mut().unwrap().remove("Pagination").unwrap();
    inline["properties"]["new"] = json!({ "type": "string" });
    theirs["components"]["schemas"]["PaginatedFlowStageBindingList"]["properties"]["pagination"] = inline;
    let (_, report) = sync(&project, &serde_yaml::to_string(&theirs).unwrap(), &[]);
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let place = "/components/schemas/PaginatedFlowStageBindingList/properties/pagination";
    let inline = written.pointer(place).unwrap();
    for (name, property) in pagination["properties"].as_object().unwrap() {
        assert_eq!(inline["properties"][name]["description"], property["description"], "{name}");
    }
    assert!(report["follow_ups"].to_string().contains(&format!("#{place}/properties/new")), "{}", report["follow_ups"]);

    let (_, report) = sync(&project, &upstream("2025.6.6", &json!({})), &[]);
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    assert_eq!(written["components"]["schemas"]["Pagination"]["properties"], pagination["properties"], "{report}");
}

/// Descriptions stay with their part of a union, wherever it is; labels of numbers stay too; orphaned descriptions are reported.
#[test]
fn annotations_stay_with_their_part_of_a_union() {
    let project = Project::new();
    let mut ours = slice();
    let stage = |document: &mut Value, change: Value| merge(&mut document["components"]["schemas"]["Stage"]["properties"], &change);
    let number = json!({ "type": "integer", "enum": [1, 2], "description": "A number.", "x-enum-labels": { "1": "One", "2": "Two" } });
    stage(
        &mut ours,
        json!({
            "of": { "description": "Of.", "oneOf": [{ "type": "string", "description": "A text." }, { "type": "array", "items": {}, "description": "A list." }] },
            "number": number,
            "gone": { "type": "string", "description": "Gone." },
        }),
    );
    ours["paths"]["/flows/bindings/"]["description"] = "The path.".into();
    project.write(FILES[0], &serde_yaml::to_string(&ours).unwrap());
    let mut theirs = ours.clone();
    without_ours(&mut theirs);
    stage(
        &mut theirs,
        json!({ "of": { "oneOf": [{ "type": "integer" }, { "type": "array", "items": {} }, { "type": "string" }] }, "gone": null }),
    );
    let (_, report) = sync(&project, &serde_yaml::to_string(&theirs).unwrap(), &[]);
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let properties = &written["components"]["schemas"]["Stage"]["properties"];
    let parts = properties["of"]["oneOf"].as_array().unwrap().iter().map(|part| &part["description"]).collect::<Vec<_>>();
    assert_eq!(parts, [&Value::Null, &json!("A list."), &json!("A text.")]);
    assert_eq!(properties["number"], number);
    assert_eq!(written["paths"]["/flows/bindings/"]["description"], "The path.");
    let orphaned = "the subject of a description no longer exists: #/components/schemas/Stage/properties/gone\"";
    assert!(report["follow_ups"].to_string().contains(orphaned), "{}", report["follow_ups"]);
}

/// Entries of `x-listing` that no longer exist are removed and reported; renamed properties get their new names.
#[test]
fn a_listing_names_only_what_exists() {
    let project = Project::new();
    let aliased =
        project.read(FILES[0]).replace("        stage_obj:\n", "        stage_obj:\n          x-aliases:\n          - stage_detail\n");
    let aliased = aliased.replace(
        "          x-aliases:\n          - stage_detail\n          $ref: '#/components/schemas/Stage'\n",
        "          allOf:\n          - $ref: '#/components/schemas/Stage'\n          x-aliases:\n          - stage_detail\n",
    );
    project.write(FILES[0], &aliased);
    let mut theirs: Value = serde_yaml::from_str(&upstream("2026.8.0", &json!({}))).unwrap();
    let text = serde_yaml::to_string(&theirs).unwrap().replace("stage_obj", "stage_detail");
    theirs = serde_yaml::from_str(&text).unwrap();
    for parameter in theirs["paths"]["/flows/bindings/"]["get"]["parameters"].as_array_mut().unwrap() {
        if parameter["name"] == "target" {
            parameter["name"] = "flow".into();
        }
    }
    let (_, report) = sync(&project, &serde_yaml::to_string(&theirs).unwrap(), &[]);
    let follow_ups = report["follow_ups"].to_string();
    assert!(follow_ups.contains("no longer has the partition by `target`"), "{follow_ups}");
    assert!(follow_ups.contains("parameters/target (now `flow`?)"), "{follow_ups}");
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let listing = &written["paths"]["/flows/bindings/"]["get"]["x-listing"];
    assert_eq!((&listing["sort-terms"]["stage__name"], listing.get("partition")), (&json!("stage_detail.name"), None));
}

/// A default for a list in one part of an `allOf` is assumed in that part, and only once.
#[test]
fn a_default_is_assumed_where_the_list_is_declared() {
    let project = Project::new();
    let base = json!({ "type": "object", "properties": { "li": { "type": "array", "items": { "type": "string" } } } });
    let comb =
        json!({ "allOf": [{ "$ref": "#/components/schemas/Base" }, { "type": "object", "properties": { "b": { "type": "string" } } }] });
    let change = json!({ "components": { "schemas": { "Base": base, "Comb": comb, "Stage": { "properties": { "comb": { "$ref": "#/components/schemas/Comb" } } } } } });
    let mut document: Value = serde_yaml::from_str(&upstream("2025.6.5", &change)).unwrap();
    sync(&project, &serde_yaml::to_string(&document).unwrap(), &[]);
    document["components"]["schemas"]["Base"]["required"] = json!(["li"]);
    document["info"]["version"] = "2025.6.6".into();
    let document = serde_yaml::to_string(&document).unwrap();
    let (_, report) = sync(&project, &document, &[]);
    let assumed = report["follow_ups"].as_array().unwrap().iter().filter(|follow_up| follow_up["id"] == "default-assumed").count();
    assert_eq!(assumed, 1, "{:#}", report["follow_ups"]);
    assert!(!project.read(FILES[0]).contains("null"), "{}", project.read(FILES[0]));
    assert_eq!(sync(&project, &document, &["--check"]).1["files"], json!([]));
}

#[test]
fn a_renamed_property_keeps_its_annotations_and_both_names_are_decoded() {
    let project = Project::new();
    let mut properties = slice()["components"]["schemas"]["FlowSet"]["required"].clone();
    properties.as_array_mut().unwrap().retain(|name| name != "background");
    properties.as_array_mut().unwrap().push("background_url".into());
    let change = json!({ "properties": { "background": null, "background_url": { "type": "string" } }, "required": properties });
    let (_, report) = sync(&project, &upstream("2025.12.0", &schema("FlowSet", &change)), &[]);
    assert_eq!(report["version"]["new"], "0.2.0+authentik.2025.12.0");
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "compatible", "new_client_on_old_server": "compatible" }));
    assert!(follow_up(&report, "description-to-check")["text"].as_str().unwrap().contains("of the former `background`"), "{report:#}");
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let property = &slice["components"]["schemas"]["FlowSet"]["properties"]["background_url"];
    assert_eq!(property["x-aliases"], json!(["background"]));
    assert!(property["description"].as_str().unwrap().starts_with("URL of the background image"), "{property}");
    assert!(
        project
            .read("CHANGELOG.md")
            .contains("- BREAKING CHANGE: `FlowSet.background` is now `background_url`; responses with either name are decoded.\n")
    );

    // And back again, like a release that reverts a change.
    let (_, report) = sync(&project, &upstream("2026.2.0", &json!({})), &[]);
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "compatible", "new_client_on_old_server": "compatible" }));
    assert_eq!(version(&project), "0.3.0+authentik.2026.2.0");
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    assert_eq!(slice["components"]["schemas"]["FlowSet"]["properties"]["background"]["x-aliases"], json!(["background_url"]));
}

#[test]
fn a_renamed_component_keeps_its_annotations() {
    let project = Project::new();
    let text = upstream("2026.2.0", &json!({}))
        .replace("FlowLayoutEnum", "LayoutEnum")
        .replace("/Stage'", "/StageModel'")
        .replace("    Stage:", "    StageModel:");
    let (_, report) = sync(&project, &text, &[]);
    assert_eq!(report["diff"]["changes"], json!([]), "names of components are not on the wire");
    assert_eq!(report["diff"]["rust"]["bump"], "major", "but they are part of the Rust API");
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let schemas = &slice["components"]["schemas"];
    assert!(schemas["LayoutEnum"]["description"].as_str().unwrap().starts_with("How the pages of a flow are laid out"));
    assert_eq!(schemas["StageModel"]["properties"]["meta_model_name"]["x-default-when-absent"], "");
    assert_eq!(
        report["follow_ups"].as_array().unwrap().len(),
        3,
        "the digest, the new model and the review are left: {:#}",
        report["follow_ups"]
    );
    assert!(project.read("CHANGELOG.md").contains("- BREAKING CHANGE: `types::FlowLayout` was removed.\n"));
}
