//! `cargo xtask sync`: what it writes, what it says, and what it leaves alone.

mod common;

use common::{FILES, Project, merge, slice, whole};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

/// A document of upstream's: the slice of another release with a change.
fn upstream(release: &str, change: &Value) -> String {
    let mut document = slice();
    without_ours(&mut document);
    document["info"]["version"] = release.into();
    merge(&mut document, change);
    serde_yaml::to_string(&document).unwrap()
}

fn without_ours(node: &mut Value) {
    match node {
        Value::Object(map) => {
            map.retain(|key, value| !(key.starts_with("x-") || key == "description" && value.is_string()));
            map.values_mut().for_each(without_ours);
        }
        Value::Array(items) => items.iter_mut().for_each(without_ours),
        _ => {}
    }
}

fn schema(component: &str, change: &Value) -> Value {
    json!({ "components": { "schemas": { component: change } } })
}

/// Syncs a project from a document.
fn sync(project: &Project, document: &str, more: &[&str]) -> (i32, Value) {
    let file = project.write("upstream.yaml", document);
    let outcome = project.xtask(&[&["sync", "--from", &file, "--format", "json"], more].concat());
    assert!(outcome.code < 2, "{}", outcome.err);
    (outcome.code, serde_json::from_str(&outcome.out).unwrap())
}

fn version(project: &Project) -> String {
    let manifest: toml_edit::DocumentMut = project.read("Cargo.toml").parse().unwrap();
    manifest["package"]["version"].as_str().unwrap().to_owned()
}

#[test]
fn nothing_is_written_where_nothing_changed() {
    let project = Project::new();
    let before = project.contents();
    let (code, report) = sync(&project, &upstream("2025.6.4", &json!({})), &["--check"]);
    assert_eq!((code, &report["files"], &report["diff"]), (0, &json!([]), &Value::Null));
    let (code, report) = sync(&project, &upstream("2025.6.4", &json!({})), &[]);
    assert_eq!((code, &report["written"]), (0, &json!(false)));
    assert_eq!(project.contents(), before);
}

#[test]
fn the_whole_schema_of_the_pinned_release_leaves_everything_as_it_is() {
    let Some(whole) = whole("2025.6.4") else { return };
    let project = Project::new();
    let before = project.contents();
    let outcome = project.xtask(&["sync", "--from", &whole]);
    assert_eq!((outcome.code, outcome.out), (0, format!("up to date with {whole}\n")));
    assert_eq!(project.contents(), before);
}

#[test]
fn a_slice_that_was_written_by_hand_is_put_in_canonical_form() {
    let project = Project::new();
    let before = project.contents();
    let slice: serde_json::Value = serde_yaml::from_str(&before[0]).unwrap();
    project.write(FILES[0], &serde_json::to_string_pretty(&slice).unwrap());
    let (code, report) = sync(&project, &upstream("2025.6.4", &json!({})), &["--check"]);
    assert_eq!((code, &report["files"]), (1, &json!([FILES[0]])));
    sync(&project, &upstream("2025.6.4", &json!({})), &[]);
    assert_eq!(project.contents(), before);
}

/// Words and extensions of ours stay at every place that a slice has.
#[test]
fn what_is_ours_stays_wherever_it_stands() {
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

/// A component that is written out where it is used keeps its words, and has them when it is a component again.
#[test]
fn what_is_ours_stays_with_a_schema_that_is_a_component_or_none() {
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
    assert!(report["decisions"].to_string().contains(&format!("#{place}/properties/new")), "{}", report["decisions"]);

    let (_, report) = sync(&project, &upstream("2025.6.6", &json!({})), &[]);
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    assert_eq!(written["components"]["schemas"]["Pagination"]["properties"], pagination["properties"], "{report}");
}

/// Words stay with the part of a union that they are of, wherever it stands; labels of numbers stay too; and what went is told.
#[test]
fn what_is_ours_stays_with_its_part_of_a_union() {
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
    let went = "Our words went with what they described: #/components/schemas/Stage/properties/gone.";
    assert!(report["decisions"].to_string().contains(went), "{}", report["decisions"]);
}

/// What `x-listing` names and is gone is taken out of it and told, and a property that was renamed goes by its new name there.
#[test]
fn a_listing_names_only_what_is_there() {
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
    let decisions = report["decisions"].to_string();
    assert!(decisions.contains("no longer has the partition by `target`"), "{decisions}");
    assert!(decisions.contains("parameters/target (is it `flow` now?)"), "{decisions}");
    let written: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let listing = &written["paths"]["/flows/bindings/"]["get"]["x-listing"];
    assert_eq!((&listing["sort-terms"]["stage__name"], listing.get("partition")), (&json!("stage_detail.name"), None));
}

/// What a component takes over from another is bridged there, and once.
#[test]
fn a_list_of_a_part_is_bridged_where_it_stands() {
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
    let bridged =
        report["decisions"].as_array().unwrap().iter().filter(|decision| decision.to_string().contains("need not be sent")).count();
    assert_eq!(bridged, 1, "{:#}", report["decisions"]);
    assert!(!project.read(FILES[0]).contains("null"), "{}", project.read(FILES[0]));
    assert_eq!(sync(&project, &document, &["--check"]).1["files"], json!([]));
}

#[test]
fn a_new_value_moves_slice_version_and_changelog() {
    let project = Project::new();
    let before = project.contents();
    let document =
        upstream("2025.8.0", &schema("DeniedActionEnum", &json!({ "enum": ["message_continue", "message", "continue", "retry"] })));

    let (code, report) = sync(&project, &document, &["--check"]);
    assert_eq!((code, &report["files"], &report["written"]), (1, &json!(FILES), &json!(false)));
    assert_eq!(project.contents(), before, "--check writes nothing");

    let (code, report) = sync(&project, &document, &[]);
    assert_eq!((code, &report["written"], &report["diff"]["rust"]["bump"]), (0, &json!(true), &json!("minor")));
    assert_eq!(report["version"], json!({ "old": "0.1.0+authentik.2025.6.4", "new": "0.1.1+authentik.2025.8.0" }));
    assert_eq!(version(&project), "0.1.1+authentik.2025.8.0");
    assert!(project.read("Cargo.lock").contains("name = \"authentik-flow-bindings\"\nversion = \"0.1.1+authentik.2025.8.0\"\n"));

    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let action = &slice["components"]["schemas"]["DeniedActionEnum"];
    assert_eq!(action["enum"][3], "retry");
    assert_eq!(action["description"], "What a person sees whom a flow turns away.", "our words stay");
    assert_eq!(action["x-enum-labels"]["continue"], "Continue");

    let changelog = project.read("CHANGELOG.md");
    let entry = "\n## 0.1.1+authentik.2025.8.0\n\n- FEATURE: generated from the specification of authentik 2025.8.0, after that of 2025.6.4.\n\
                 - FEATURE: `DeniedActionEnum` may have the value \"retry\".\n\n## 0.1.0+authentik.2025.6.4\n";
    assert!(changelog.contains(entry), "{changelog}");
    let decisions = report["decisions"].to_string();
    assert!(decisions.contains("may have the value \\\"retry\\\": give it a label and a description"), "{decisions}");
    assert!(decisions.contains("#/components/schemas/DeniedActionEnum/x-enum-descriptions/retry"), "{decisions}");

    let upstream_toml = project.read("openapi/upstream.toml");
    assert!(upstream_toml.contains("release = \"2025.8.0\""), "{upstream_toml}");
    assert!(upstream_toml.contains("\nsha256 = \"\"\n"), "a file is not what upstream has at its address: {upstream_toml}");

    let after = project.contents();
    let (code, report) = sync(&project, &document, &[]);
    assert_eq!((code, &report["files"]), (0, &json!([])), "a second sync finds nothing to do");
    let decisions = report["decisions"].to_string();
    assert!(decisions.contains("x-enum-descriptions/retry"), "what is left is told until it is done: {decisions}");
    assert_eq!(project.contents(), after);
}

#[test]
fn a_property_that_was_renamed_keeps_its_words_and_is_read_by_both_names() {
    let project = Project::new();
    let mut properties = slice()["components"]["schemas"]["FlowSet"]["required"].clone();
    properties.as_array_mut().unwrap().retain(|name| name != "background");
    properties.as_array_mut().unwrap().push("background_url".into());
    let change = json!({ "properties": { "background": null, "background_url": { "type": "string" } }, "required": properties });
    let (_, report) = sync(&project, &upstream("2025.12.0", &schema("FlowSet", &change)), &[]);
    assert_eq!(report["version"]["new"], "0.2.0+authentik.2025.12.0");
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "reads", "new_client_on_old_server": "reads" }));
    assert!(report["decisions"][0].as_str().unwrap().starts_with("`FlowSet.background` is now `background_url`"), "{report:#}");
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let property = &slice["components"]["schemas"]["FlowSet"]["properties"]["background_url"];
    assert_eq!(property["x-aliases"], json!(["background"]));
    assert!(property["description"].as_str().unwrap().starts_with("Address of the picture"), "{property}");
    assert!(
        project
            .read("CHANGELOG.md")
            .contains("- BREAKING CHANGE: `FlowSet.background` is now `background_url`; answers with either name are read.\n")
    );

    // And back again, as a release that takes a change back would have it.
    let (_, report) = sync(&project, &upstream("2026.2.0", &json!({})), &[]);
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "reads", "new_client_on_old_server": "reads" }));
    assert_eq!(version(&project), "0.3.0+authentik.2026.2.0");
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    assert_eq!(slice["components"]["schemas"]["FlowSet"]["properties"]["background"]["x-aliases"], json!(["background_url"]));
}

#[test]
fn a_component_that_was_renamed_keeps_its_words() {
    let project = Project::new();
    let text = upstream("2026.2.0", &json!({}))
        .replace("FlowLayoutEnum", "LayoutEnum")
        .replace("/Stage'", "/StageModel'")
        .replace("    Stage:", "    StageModel:");
    let (_, report) = sync(&project, &text, &[]);
    assert_eq!(report["diff"]["changes"], json!([]), "names of components are nothing on the wire");
    assert_eq!(report["diff"]["rust"]["bump"], "major", "and something in Rust");
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let schemas = &slice["components"]["schemas"];
    assert!(schemas["LayoutEnum"]["description"].as_str().unwrap().starts_with("How the pages of a flow are laid out"));
    assert_eq!(schemas["StageModel"]["properties"]["meta_model_name"]["x-default-when-absent"], "");
    assert_eq!(
        report["decisions"].as_array().unwrap().len(),
        3,
        "old names, the new one and the review are left: {:#}",
        report["decisions"]
    );
    assert!(report["decisions"][0].as_str().unwrap().starts_with("Gone from Rust: `types::FlowLayout`, `types::Stage`."));
    assert!(project.read("CHANGELOG.md").contains("- BREAKING CHANGE: `types::FlowLayout` is gone.\n"));
}

#[test]
fn a_property_that_old_servers_do_not_send_asks_for_a_default() {
    let project = Project::new();
    let change = json!({ "properties": { "color": { "type": "string" } }, "required": ["color", "component", "meta_model_name", "name", "pk", "verbose_name", "verbose_name_plural"] });
    let document = upstream("2026.8.0", &schema("Stage", &change));
    let (_, report) = sync(&project, &document, &[]);
    let decision = report["decisions"][0].as_str().unwrap();
    assert!(decision.starts_with("Clients of 2026.8.0 fail on servers of 2025.6.4: `Stage.color` is new, and always sent"), "{decision}");
    assert!(decision.contains("x-default-when-absent") && !decision.contains("x-aliases"), "{decision}");

    // The person writes the default and a description; both survive the next sync, and the client reads both.
    let slice = project.read(FILES[0]);
    project.write(
        FILES[0],
        &slice.replace(
            "        color:\n          type: string\n",
            "        color:\n          description: Its color.\n          type: string\n          x-default-when-absent: red\n",
        ),
    );
    let (code, report) = sync(&project, &document, &["--check"]);
    assert_eq!((code, &report["files"]), (0, &json!([])));
    let outcome = project.xtask(&["expand"]);
    assert!(outcome.out.contains("\"red\".into()") && outcome.err.is_empty(), "{}", outcome.err);
}

#[test]
fn a_new_name_that_nobody_told_of_is_suspected() {
    let project = Project::new();
    let required = ["component", "kind", "meta_model_name", "name", "pk", "verbose_name_plural"];
    let change = json!({ "properties": { "verbose_name": null, "kind": { "type": "string" } }, "required": required });
    let (_, report) = sync(&project, &upstream("2026.8.0", &schema("Stage", &change)), &["--check"]);
    let decision = report["decisions"][0].as_str().unwrap();
    assert!(
        decision.contains("If this is only another name of `verbose_name`, write `x-aliases:` and in a line below `- verbose_name`"),
        "{decision}"
    );
}

#[test]
fn a_list_that_old_servers_do_not_send_is_taken_for_an_empty_one() {
    let project = Project::new();
    let required = ["colors", "component", "flow_set", "meta", "meta_model_name", "name", "pk", "verbose_name", "verbose_name_plural"];
    let change = json!({
        "properties": { "colors": { "type": "array", "items": { "type": "string" } }, "meta": { "$ref": "#/components/schemas/Meta" } },
        "required": required,
    });
    let more = json!({ "components": { "schemas": { "Stage": change, "Meta": { "type": "object", "additionalProperties": {} } } } });
    let (_, report) = sync(&project, &upstream("2026.8.0", &more), &[]);
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "loses", "new_client_on_old_server": "reads" }));
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let properties = &slice["components"]["schemas"]["Stage"]["properties"];
    assert_eq!(properties["colors"]["x-default-when-absent"], json!([]));
    assert_eq!(properties["flow_set"]["x-default-when-absent"], json!([]), "it was optional before");
    assert_eq!(properties["meta"], json!({ "allOf": [{ "$ref": "#/components/schemas/Meta" }], "x-default-when-absent": {} }));
    assert!(report["decisions"].to_string().contains("`Stage.colors` need not be sent by servers of 2025.6.4, and is taken for `[]`"));
}

#[test]
fn a_fixup_that_is_no_longer_needed_is_named() {
    let project = Project::new();
    let change = json!({ "components": { "schemas": {
        "FlowSet": { "properties": { "slug": { "maxLength": null, "pattern": null } } },
        "FlowStageBinding": { "properties": { "order": { "minimum": null, "maximum": null } } },
    } } });
    let (_, report) = sync(&project, &upstream("2026.8.0", &change), &["--check"]);
    let decisions = report["decisions"].to_string();
    assert!(decisions.contains("The fixup `answers_are_not_validated` finds nothing to do any more"), "{decisions}");
}

/// Another list operation, which the same rows answer.
fn with_another_operation() -> Value {
    let mut operation = slice()["paths"]["/flows/bindings/"]["get"].clone();
    without_ours(&mut operation);
    operation["operationId"] = "flows_others_list".into();
    json!({ "paths": { "/flows/others/": { "get": operation, "post": {
        "operationId": "flows_others_create",
        "requestBody": { "content": { "multipart/form-data": { "schema": { "type": "object" } } } },
        "responses": { "204": { "description": "" } },
    } } } })
}

fn ask_for(project: &Project, operations: &str) {
    let upstream = project.read("openapi/upstream.toml");
    project
        .write("openapi/upstream.toml", &upstream.replace("operations = [\"flows_bindings_list\"]", &format!("operations = {operations}")));
}

#[test]
fn another_list_operation_costs_a_line_and_its_descriptions() {
    let project = Project::new();
    ask_for(&project, r#"["flows_bindings_list", "flows_others_list"]"#);
    let (_, report) = sync(&project, &upstream("2025.6.4", &with_another_operation()), &[]);
    assert_eq!(report["diff"]["changes"], json!([]), "that we ask for more is no change of upstream's");
    assert_eq!(report["operations_added"], json!(["flows_others_list"]));
    assert_eq!(report["version"]["new"], "0.1.1+authentik.2025.6.4");
    assert!(
        project.read("CHANGELOG.md").contains("\n## 0.1.1+authentik.2025.6.4\n\n- FEATURE: the operation `flows_others_list`.\n\n## 0.1.0")
    );
    assert!(report["decisions"].to_string().contains("#/paths/~1flows~1others~1/get/parameters/stage"), "{:#}", report["decisions"]);
    let code = project.xtask(&["expand"]).out;
    for part in
        ["pub fn flows_bindings_list", "pub fn flows_others_list", "impl<'a> crate::pagination::ListRequest for FlowsOthersList<'a>"]
    {
        assert!(code.contains(part), "{part}");
    }

    let list = project.read("openapi/upstream.toml").replace(r#", "flows_others_list""#, "");
    project.write("openapi/upstream.toml", &list);
    let (_, report) = sync(&project, &upstream("2025.6.4", &with_another_operation()), &[]);
    assert_eq!([&report["operations_removed"], &report["diff"]["changes"]], [&json!(["flows_others_list"]), &json!([])]);
    assert_eq!(report["version"]["new"], "0.2.0+authentik.2025.6.4");
    let changelog = project.read("CHANGELOG.md");
    assert!(changelog.contains("\n- BREAKING CHANGE: the operation `flows_others_list` is gone.\n"), "{changelog}");
}

#[test]
fn an_operation_that_takes_files_is_refused() {
    let project = Project::new();
    ask_for(&project, r#"["flows_bindings_list", "flows_others_create"]"#);
    let file = project.write("upstream.yaml", &upstream("2025.6.4", &with_another_operation()));
    let before = project.contents();
    let outcome = project.xtask(&["sync", "--from", &file]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("POST /flows/others/, of which no Rust can be generated: it takes files"), "{}", outcome.err);
    assert_eq!(project.contents(), before);
}

#[test]
fn a_failed_sync_leaves_every_file_as_it_was() {
    let mut parameters = slice()["paths"]["/flows/bindings/"]["get"]["parameters"].clone();
    parameters.as_array_mut().unwrap().push(json!({ "name": "a", "in": "cookie", "schema": { "type": "string" } }));
    let get = |change: Value| json!({ "paths": { "/flows/bindings/": { "get": change } } });
    for (document, problem) in [
        ("openapi: [".to_owned(), "cannot be read as YAML"),
        (upstream("2026.8.0", &schema("Stage", &Value::Null)), "refers to `#/components/schemas/Stage`, which is not in the document"),
        (upstream("2026.8.0", &get(json!({ "parameters": parameters }))), "progenitor cannot generate this"),
        (upstream("2026.8.0", &get(json!({ "operationId": "flows_bindings" }))), "has no operation `flows_bindings_list`"),
        (upstream("next release!", &json!({})), "cannot stand in a version"),
    ] {
        let project = Project::new();
        let file = project.write("upstream.yaml", &document);
        let (before, count) = (project.contents(), project.count());
        let outcome = project.xtask(&["sync", "--from", &file]);
        assert_eq!(outcome.code, 2, "{problem}: {}", outcome.out);
        assert!(outcome.err.contains(problem), "{problem} is not in: {}", outcome.err);
        assert_eq!((project.contents(), project.count()), (before, count), "{problem}");
    }
}

#[test]
fn a_project_that_is_not_as_it_should_be_is_told_what_is_wrong() {
    let document = upstream("2026.8.0", &json!({}));
    for (file, from, to, problem) in [
        ("CHANGELOG.md", "\n## ", "\n# ", "CHANGELOG.md: has no entry"),
        ("Cargo.toml", "version = \"0.1.0", "version = \"one\"#", "Cargo.toml: "),
        ("Cargo.lock", "name = \"authentik-flow-bindings\"", "name = \"other\"", "Cargo.lock: does not have this crate"),
        ("openapi/upstream.toml", "operations = [\"flows_bindings_list\"]", "operations = []", "openapi/upstream.toml: `operations`"),
        ("openapi/upstream.toml", "release = ", "releases = ", "openapi/upstream.toml: has no text `release`"),
        (FILES[0], "openapi: 3.0.3", "openapi: 3.1.0", "openapi/flows_bindings_list.yaml: #/openapi: is OpenAPI 3.1.0"),
    ] {
        let project = Project::new();
        let text = project.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        project.write(file, &text.replacen(from, to, 1));
        let path = project.write("upstream.yaml", &document);
        let (before, count) = (project.contents(), project.count());
        let outcome = project.xtask(&["sync", "--from", &path]);
        assert_eq!(outcome.code, 2, "{problem}");
        assert!(outcome.err.starts_with("error: ") && outcome.err.contains(problem), "{problem} is not in: {}", outcome.err);
        assert_eq!((project.contents(), project.count()), (before, count), "{problem}");
    }
}

#[test]
fn the_report_says_what_was_done_and_what_is_left() {
    let Some(whole) = whole("2026.8.0-rc6") else { return };
    let project = Project::new();
    let outcome = project.xtask(&["sync", "--from", &whole]);
    for part in [
        "7 changes: 2 errors, 2 warnings, 3 info",
        "a client of 2025.6.4 on a server of 2026.8.0-rc6: loses a value",
        "a client of 2026.8.0-rc6 on a server of 2025.6.4: reads it",
        "version 0.1.0+authentik.2025.6.4 -> 0.2.0+authentik.2026.8.0-rc6",
        "wrote openapi/flows_bindings_list.yaml, openapi/upstream.toml, Cargo.toml, Cargo.lock, CHANGELOG.md",
        "left for you\n  1. ",
    ] {
        assert!(outcome.out.contains(part), "{part} is not in:\n{}", outcome.out);
    }
    let project = Project::new();
    let markdown = project.xtask(&["sync", "--check", "--from", &whole, "--format", "markdown"]).out;
    assert!(markdown.contains("### Left for a person\n\n- [ ] "), "{markdown}");
}
