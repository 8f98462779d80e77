//! `cargo xtask sync`: what it writes, what it reports, and what it leaves unchanged.

use crate::common::upstream::{follow_up, schema, sync, upstream, version};
use crate::common::{FILES, Project, has_line_and_column, slice, whole};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

#[test]
fn nothing_is_written_if_nothing_changed() {
    let project = Project::new();
    let before = project.contents();
    let (code, report) = sync(&project, &upstream("2025.6.4", &json!({})), &["--check"]);
    assert_eq!((code, &report["files"], &report["diff"]), (0, &json!([]), &Value::Null));
    let (code, report) = sync(&project, &upstream("2025.6.4", &json!({})), &[]);
    assert_eq!((code, &report["written"]), (0, &json!(false)));
    assert_eq!(project.contents(), before);
}

#[test]
fn the_whole_schema_of_the_pinned_release_changes_nothing() {
    let whole = whole("2025.6.4");
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

#[test]
fn a_new_enum_value_updates_slice_version_and_changelog() {
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
    assert_eq!(action["description"], "What a flow does when it denies access.", "our description stays");
    assert_eq!(action["x-enum-labels"]["continue"], "Continue");

    let changelog = project.read("CHANGELOG.md");
    let entry = "\n## 0.1.1+authentik.2025.8.0\n\n<!-- `cargo xtask sync` writes these lines, and replaces them -->\n- FEATURE: generated from the specification of authentik 2025.8.0, previously 2025.6.4.\n\
                 - FEATURE: `DeniedActionEnum` may now have the value \"retry\".\n<!-- write your own lines below -->\n\n## 0.1.0+authentik.2025.6.4\n";
    assert!(changelog.contains(entry), "{changelog}");
    let added = follow_up(&report, "enum-value-added");
    assert_eq!([&added["pointer"], &added["text"]], ["#/components/schemas/DeniedActionEnum", "the value \"retry\" is new"]);
    assert!(!report["follow_ups"].to_string().contains("\"undescribed\""), "its label and description are requested only once");

    let upstream_toml = project.read("openapi/upstream.toml");
    assert!(upstream_toml.contains("release = \"2025.8.0\""), "{upstream_toml}");
    assert!(upstream_toml.contains("\nsha256 = \"\"\n"), "the digest of a local file is not pinned: {upstream_toml}");

    let after = project.contents();
    let (code, report) = sync(&project, &document, &[]);
    assert_eq!((code, &report["files"]), (0, &json!([])), "a second sync finds nothing to do");
    follow_up(&report, "undescribed");
    assert_eq!(project.contents(), after);
}

#[test]
fn a_property_that_old_servers_do_not_send_needs_a_default() {
    let project = Project::new();
    let change = json!({ "properties": { "color": { "type": "string" } }, "required": ["color", "component", "meta_model_name", "name", "pk", "verbose_name", "verbose_name_plural"] });
    let document = upstream("2026.8.0", &schema("Stage", &change));
    let (_, report) = sync(&project, &document, &[]);
    let follow_up = follow_up(&report, "required-since");
    assert_eq!([&follow_up["id"], &follow_up["pointer"]], ["required-since", "#/components/schemas/Stage/properties/color"]);
    let text = follow_up["text"].as_str().unwrap();
    assert!(text.starts_with("clients of 2026.8.0 fail on servers of 2025.6.4: `Stage.color` was added and is always present"), "{text}");
    let help = follow_up["help"].as_str().unwrap();
    assert!(help.contains("x-default-when-absent") && !help.contains("x-aliases"), "{help}");

    // A maintainer writes the default and a description; both survive the next sync, and the client uses both.
    let slice = project.read(FILES[0]);
    project.write(
        FILES[0],
        &slice.replace(
            "        color:\n          type: string\n",
            "        color:\n          description: Its color.\n          type: string\n          x-default-when-absent: red\n",
        ),
    );
    let (code, report) = sync(&project, &document, &[]);
    assert_eq!((code, &report["files"]), (0, &json!([FILES[5]])), "the Rust code has the default");
    let outcome = project.xtask(&["expand"]);
    assert!(outcome.out.contains("\"red\".into()") && outcome.err.is_empty(), "{}", outcome.err);
}

#[test]
fn a_property_that_may_be_renamed_has_a_proposed_fix() {
    let project = Project::new();
    let required = ["component", "kind", "meta_model_name", "name", "pk", "verbose_name_plural"];
    let change = json!({ "properties": { "verbose_name": null, "kind": { "type": "string" } }, "required": required });
    let (_, report) = sync(&project, &upstream("2026.8.0", &schema("Stage", &change)), &["--check"]);
    let follow_up = follow_up(&report, "required-since");
    assert!(follow_up["help"].as_str().unwrap().starts_with("if this is `verbose_name` under another name, add it to `x-aliases`"));
    assert_eq!(follow_up["fix"]["keyword"], "x-aliases");
    assert_eq!(follow_up["fix"]["value"], json!(["verbose_name"]));
}

#[test]
fn a_list_that_old_servers_do_not_send_defaults_to_an_empty_one() {
    let project = Project::new();
    let required = ["colors", "component", "flow_set", "meta", "meta_model_name", "name", "pk", "verbose_name", "verbose_name_plural"];
    let change = json!({
        "properties": { "colors": { "type": "array", "items": { "type": "string" } }, "meta": { "$ref": "#/components/schemas/Meta" } },
        "required": required,
    });
    let more = json!({ "components": { "schemas": { "Stage": change, "Meta": { "type": "object", "additionalProperties": {} } } } });
    let (_, report) = sync(&project, &upstream("2026.8.0", &more), &[]);
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "lossy", "new_client_on_old_server": "compatible" }));
    let slice: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let properties = &slice["components"]["schemas"]["Stage"]["properties"];
    assert_eq!(properties["colors"]["x-default-when-absent"], json!([]));
    assert_eq!(properties["flow_set"]["x-default-when-absent"], json!([]), "it was optional before");
    assert_eq!(properties["meta"], json!({ "allOf": [{ "$ref": "#/components/schemas/Meta" }], "x-default-when-absent": {} }));
    assert!(report["follow_ups"].to_string().contains("servers of 2025.6.4 need not send `Stage.colors`; the client then assumes `[]`"));
}

#[test]
fn a_fixup_that_is_no_longer_needed_is_reported() {
    let project = Project::new();
    let change = json!({ "components": { "schemas": {
        "FlowSet": { "properties": { "slug": { "maxLength": null, "pattern": null } } },
        "FlowStageBinding": { "properties": { "order": { "minimum": null, "maximum": null } } },
    } } });
    let (_, report) = sync(&project, &upstream("2026.8.0", &change), &["--check"]);
    let follow_ups = report["follow_ups"].to_string();
    assert!(follow_ups.contains("the fixup `responses_are_not_validated` is no longer needed"), "{follow_ups}");
}

/// A new value of a filter fails only if the call uses it.
#[test]
fn the_changelog_says_which_calls_fail() {
    let project = Project::new();
    let mut parameters = slice()["paths"]["/flows/bindings/"]["get"]["parameters"].clone();
    let filter = parameters.as_array_mut().unwrap().iter_mut().find(|parameter| parameter["name"] == "policy_engine_mode").unwrap();
    filter["schema"]["enum"] = json!(["all", "any", "none"]);
    let get = json!({ "paths": { "/flows/bindings/": { "get": { "parameters": parameters } } } });
    let (_, report) = sync(&project, &upstream("2026.8.0", &get), &[]);
    assert_eq!(report["diff"]["wire"], json!({ "old_client_on_new_server": "compatible", "new_client_on_old_server": "compatible" }));
    let changelog = project.read("CHANGELOG.md");
    assert!(changelog.contains("fails on authentik 2025.6.4 if the call sets `policy_engine_mode` to \"none\"."), "{changelog}");
}

/// authentik 2026.5.6 requires a security scheme in two operations without defining it.
#[test]
fn errors_in_other_operations_are_ignored() {
    let project = Project::new();
    let other = json!({ "operationId": "others_list", "security": [{ "authentik_device_auth": [] }], "responses": {} });
    let (code, report) = sync(&project, &upstream("2026.5.6", &json!({ "paths": { "/others/": { "get": other } } })), &[]);
    assert_eq!((code, &report["written"]), (0, &json!(true)));
}

/// One of our descriptions names a release, and something that it may describe changed.
#[test]
fn descriptions_that_may_be_outdated_are_reported() {
    let project = Project::new();
    let values = json!(["stacked", "content_left", "content_right", "sidebar_left", "sidebar_right", "sidebar_left_frame_background"]);
    let (_, report) = sync(&project, &upstream("2026.2.0", &schema("FlowLayoutEnum", &json!({ "enum": values }))), &["--check"]);
    let check = follow_up(&report, "description-to-check");
    assert_eq!(check["text"], "a description that names a release, next to something that changed");
    assert!(check["pointer"].as_str().unwrap().contains("ayout"), "{check}");
}

#[test]
fn a_failed_sync_leaves_every_file_as_it_was() {
    let mut parameters = slice()["paths"]["/flows/bindings/"]["get"]["parameters"].clone();
    parameters.as_array_mut().unwrap().push(json!({ "name": "a", "in": "cookie", "schema": { "type": "string" } }));
    let get = |change: Value| json!({ "paths": { "/flows/bindings/": { "get": change } } });
    for (document, problem) in [
        ("openapi: [".to_owned(), "invalid YAML"),
        (upstream("2026.8.0", &schema("Stage", &Value::Null)), "refers to `#/components/schemas/Stage`, which is not in the document"),
        (upstream("2026.8.0", &get(json!({ "parameters": parameters }))), "progenitor cannot generate this"),
        ("openapi: 3.0.3\ninfo: { title: t, version: 2026.8.0 }\n".to_owned(), "#/paths: is missing"),
        (upstream("next release!", &json!({})), "cannot be part of a version"),
    ] {
        let project = Project::new();
        let file = project.write("upstream.yaml", &document);
        let (before, count) = (project.contents(), project.count());
        let outcome = project.xtask(&["sync", "--from", &file]);
        assert_eq!(outcome.code, 2, "{problem}: {}", outcome.out);
        assert!(outcome.err.contains(problem), "{problem} is not in: {}", outcome.err);
        assert!(!outcome.err.contains(": #/") || has_line_and_column(&outcome.err, "upstream.yaml"), "{}", outcome.err);
        assert_eq!((project.contents(), project.count()), (before, count), "{problem}");
    }
}

#[test]
fn an_invalid_project_is_reported() {
    let document = upstream("2026.8.0", &json!({}));
    for (file, from, to, problem) in [
        ("CHANGELOG.md", "\n## ", "\n# ", "CHANGELOG.md: no entry begins with"),
        ("Cargo.toml", "version = \"0.1.0", "version = \"one\"#", "Cargo.toml: "),
        ("Cargo.lock", "name = \"authentik-flow-bindings\"", "name = \"other\"", "Cargo.lock: does not have this crate"),
        ("openapi/upstream.toml", "operations = [\"flows_bindings_list\"]", "operations = []", "openapi/upstream.toml: `operations`"),
        ("openapi/upstream.toml", "release = ", "releases = ", "openapi/upstream.toml: the string `release` is missing"),
        (FILES[0], "openapi: 3.0.3", "openapi: 3.1.0", "openapi/flows_bindings_list.yaml:1:1: #/openapi: OpenAPI `3.1.0` is not supported"),
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
fn the_report_says_what_was_done_and_what_is_left_to_do() {
    let whole = whole("2026.8.0-rc6");
    let project = Project::new();
    let outcome = project.xtask(&["sync", "--from", &whole]);
    for part in [
        "7 changes: 2 errors, 2 warnings, 3 info",
        "client of 2025.6.4 on a server of 2026.8.0-rc6: lossy",
        "client of 2026.8.0-rc6 on a server of 2025.6.4: compatible",
        "version 0.1.0+authentik.2025.6.4 -> 0.2.0+authentik.2026.8.0-rc6",
        "wrote openapi/flows_bindings_list.yaml, openapi/upstream.toml, Cargo.toml, Cargo.lock, CHANGELOG.md",
        "manual follow-up\n  1. ",
    ] {
        assert!(outcome.out.contains(part), "{part} is not in:\n{}", outcome.out);
    }
    let project = Project::new();
    let markdown = project.xtask(&["sync", "--check", "--from", &whole, "--format", "markdown"]).out;
    assert!(markdown.contains("### Manual follow-up\n\n- [ ] "), "{markdown}");
}
