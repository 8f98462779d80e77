//! Operations that upstream renames, removes or changes beyond what the client supports, and operations that `upstream.toml` adds.

use crate::common::upstream::{follow_up, repository, sync, upstream, without_ours};
use crate::common::{FILES, Project, slice};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

fn get(change: &Value) -> Value {
    json!({ "paths": { "/flows/bindings/": { "get": change } } })
}

#[test]
fn an_operation_with_a_new_id_keeps_our_annotations() {
    let project = repository("fn list() {\n    client.flows_bindings_list();\n}\n");
    let document = upstream("2026.8.0", &get(&json!({ "operationId": "flows_bindings_index" })));
    let before: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let (code, report) = sync(&project, &document, &[]);
    assert_eq!(code, 0);
    let after: Value = serde_yaml::from_str(&project.read(FILES[0])).unwrap();
    let operation = |slice: &Value| slice["paths"]["/flows/bindings/"]["get"].clone();
    for part in ["x-listing", "description", "parameters"] {
        assert_eq!(operation(&after)[part], operation(&before)[part], "{part}");
    }
    assert_eq!(report["operations_renamed"], json!([{ "old": "flows_bindings_list", "new": "flows_bindings_index" }]));
    assert_eq!([&report["operations_added"], &report["operations_removed"]], [&json!([]), &json!([])]);
    assert_eq!(follow_up(&report, "operation-renamed")["help"], "use the new name in src/flows.rs:2");
    assert!(project.read("openapi/upstream.toml").contains("operations = [\"flows_bindings_index\"]"));
    assert!(
        project
            .read("CHANGELOG.md")
            .contains("- BREAKING CHANGE: the operation `flows_bindings_list` was renamed to `flows_bindings_index`.\n")
    );
    assert_eq!(sync(&project, &document, &["--check"]).1["files"], json!([]));
}

/// Another sync from the same base has the same result.
#[test]
fn a_renamed_operation_is_renamed_again_from_the_same_base() {
    let project = repository("");
    let change = json!({ "operationId": "flows_bindings_index" });
    let document = upstream("2026.8.0", &get(&change));
    let first = sync(&project, &document, &["--base", "HEAD"]).1;
    let files = project.contents();
    let second = sync(&project, &document, &["--base", "HEAD"]).1;
    assert_eq!([&second["operations_renamed"], &second["version"]], [&first["operations_renamed"], &first["version"]]);
    assert_eq!(project.contents(), files);
    // Upstream returns to the old id before the new id was ever released.
    let (_, back) = sync(&project, &upstream("2026.8.0", &json!({})), &["--base", "HEAD"]);
    assert_eq!(back["operations_renamed"], json!([]));
    assert!(project.read("openapi/upstream.toml").contains("operations = [\"flows_bindings_list\"]"));
}

#[test]
fn an_operation_behind_a_reference_is_found() {
    let project = Project::new();
    let mut document: Value = serde_yaml::from_str(&upstream("2026.8.0", &json!({}))).unwrap();
    document["x-paths"]["bindings"] = document["paths"]["/flows/bindings/"].take();
    document["paths"]["/flows/bindings/"] = json!({ "$ref": "#/x-paths/bindings" });
    let (code, report) = sync(&project, &serde_yaml::to_string(&document).unwrap(), &[]);
    assert_eq!((code, &report["operations_missing"], &report["diff"]["changes"]), (0, &json!([]), &json!([])), "{report:#}");
}

#[test]
fn a_removed_operation_is_reported_and_not_a_failure() {
    let project = Project::new();
    let mut document = slice();
    let mut operation = document["paths"].as_object_mut().unwrap().remove("/flows/bindings/").unwrap()["get"].take();
    operation["operationId"] = "flows_stages_list".into();
    let delete = json!({ "operationId": "flows_bindings_delete", "responses": { "204": { "description": "" } } });
    document["paths"]["/flows/stages/"] = json!({ "get": operation, "delete": delete });
    let before = project.contents();
    let (code, report) = sync(&project, &serde_yaml::to_string(&document).unwrap(), &[]);
    assert_eq!((code, &report["operations_missing"], &report["written"]), (1, &json!(["flows_bindings_list"]), &json!(false)));
    assert_eq!(project.contents(), before);
    let gone = follow_up(&report, "operation-missing");
    assert_eq!(gone["pointer"], "#/paths/~1flows~1bindings~1/get");
    assert!(gone["help"].as_str().unwrap().contains("replace it with `flows_stages_list`"), "a GET does not replace a DELETE: {gone}");
    // Names that have little in common are not proposed.
    let unlike = serde_yaml::to_string(&document).unwrap().replace("flows_stages_list", "core_users_list");
    let help = follow_up(&sync(&project, &unlike, &[]).1, "operation-missing")["help"].clone();
    assert_eq!(help, "in `operations` of openapi/upstream.toml, remove it; then sync again");
    let path = project.path().join("upstream.yaml");
    let github = project.xtask(&["sync", "--from", path.to_str().unwrap(), "--format", "github"]).out;
    assert!(github.contains("\n::warning file=openapi/flows_bindings_list.yaml,title=operation-missing::"), "{github}");
    let markdown = project.xtask(&["sync", "--from", path.to_str().unwrap(), "--format", "markdown"]).out;
    assert!(markdown.contains("no longer has flows_bindings_list: nothing was written") && markdown.contains("- [ ] "), "{markdown}");
}

#[test]
fn an_operation_without_an_id_is_not_called_removed() {
    let project = Project::new();
    let (code, report) = sync(&project, &upstream("2026.8.0", &get(&json!({ "operationId": null }))), &[]);
    let missing = follow_up(&report, "operation-missing");
    assert_eq!(
        (code, &missing["text"]),
        (1, &json!("GET /flows/bindings/ no longer has an `operationId`, from which its Rust names are derived"))
    );
    assert!(missing["help"].as_str().unwrap().contains("add `operationId: flows_bindings_list` to a copy"), "{missing}");
}

#[test]
fn a_list_that_is_no_longer_paginated_loses_its_listing() {
    let project = Project::new();
    let mut document: Value = serde_yaml::from_str(&upstream("2026.8.0", &json!({}))).unwrap();
    let parameters = &mut document["paths"]["/flows/bindings/"]["get"]["parameters"];
    parameters.as_array_mut().unwrap().retain(|parameter| parameter["name"] != "page");
    let (code, report) = sync(&project, &serde_yaml::to_string(&document).unwrap(), &[]);
    assert_eq!(code, 0);
    let wire = &report["diff"]["wire"];
    assert_eq!(wire["old_client_on_new_server"], "incompatible", "every listing sets `page`: {wire}");
    let shortened = follow_up(&report, "listing-shortened");
    assert!(shortened["text"].as_str().unwrap().contains("no longer has `paginate()`, which needs the parameter `page`"), "{shortened}");
    let path = project.path().join("upstream.yaml");
    let diff = project.xtask(&["diff", "openapi/flows_bindings_list.yaml", path.to_str().unwrap()]);
    assert!(!diff.out.contains("only if the call sets `page`"), "{}", diff.out);
}

#[test]
fn diff_does_not_call_an_operation_without_an_id_removed() {
    let project = Project::new();
    let file = project.write("upstream.yaml", &upstream("2026.8.0", &get(&json!({ "operationId": null }))));
    let outcome = project.xtask(&["diff", project.path().join(FILES[0]).to_str().unwrap(), &file]);
    assert!(outcome.code == 2 && outcome.err.contains("GET /flows/bindings/ has no `operationId`\n  help: add"), "{}", outcome.err);
}

/// Another list operation with the same rows.
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

fn select(project: &Project, operations: &str) {
    let upstream = project.read("openapi/upstream.toml");
    project
        .write("openapi/upstream.toml", &upstream.replace("operations = [\"flows_bindings_list\"]", &format!("operations = {operations}")));
}

#[test]
fn a_list_without_a_key_is_reported() {
    let project = Project::new();
    select(&project, r#"["flows_bindings_list", "flows_others_list"]"#);
    let rows = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Other" } });
    let page = json!({
        "type": "object",
        "properties": { "pagination": { "$ref": "#/components/schemas/Pagination" }, "results": rows },
        "required": ["pagination", "results"],
    });
    let other = json!({ "type": "object", "properties": { "label": { "type": "string" } }, "required": ["label"] });
    let mut change = with_another_operation();
    change["components"]["schemas"] = json!({ "Other": other, "PaginatedOtherList": page });
    let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/PaginatedOtherList" } } });
    change["paths"]["/flows/others/"]["get"]["responses"]["200"]["content"] = content;
    let (_, report) = sync(&project, &upstream("2025.6.4", &change), &[]);
    let without_key = follow_up(&report, "without-key");
    assert_eq!(without_key["pointer"], "#/paths/~1flows~1others~1/get");
    assert!(without_key["help"].as_str().unwrap().contains("`x-listing: key:`"), "{without_key}");
}

#[test]
fn a_second_list_operation_needs_only_a_line_and_its_descriptions() {
    let project = Project::new();
    select(&project, r#"["flows_bindings_list", "flows_others_list"]"#);
    let (_, report) = sync(&project, &upstream("2025.6.4", &with_another_operation()), &[]);
    assert_eq!(report["diff"]["changes"], json!([]), "upstream changed nothing");
    assert_eq!(report["operations_added"], json!(["flows_others_list"]));
    assert_eq!(report["version"]["new"], "0.1.1+authentik.2025.6.4");
    assert!(project.read("CHANGELOG.md").contains("\n- FEATURE: the operation `flows_others_list`.\n<!-- "));
    let undescribed = follow_up(&report, "undescribed");
    assert_eq!(undescribed["pointer"], "#/paths/~1flows~1others~1/get", "one for each operation and model");
    assert!(undescribed["text"].as_str().unwrap().contains(" descriptions are missing: itself, "), "{undescribed}");
    assert!(undescribed["text"].as_str().unwrap().contains("parameters/stage"), "{undescribed}");
    let code = project.xtask(&["expand"]).out;
    for part in ["pub fn flows_bindings_list", "pub fn flows_others_list", "impl FlowsOthersList"] {
        assert!(code.contains(part), "{part}");
    }

    let list = project.read("openapi/upstream.toml").replace(r#", "flows_others_list""#, "");
    project.write("openapi/upstream.toml", &list);
    let (_, report) = sync(&project, &upstream("2025.6.4", &with_another_operation()), &[]);
    assert_eq!([&report["operations_removed"], &report["diff"]["changes"]], [&json!(["flows_others_list"]), &json!([])]);
    assert_eq!(report["version"]["new"], "0.2.0+authentik.2025.6.4");
    let changelog = project.read("CHANGELOG.md");
    assert!(changelog.contains("\n- BREAKING CHANGE: the operation `flows_others_list` was removed.\n"), "{changelog}");
}

#[test]
fn an_operation_that_uploads_files_is_rejected() {
    let project = Project::new();
    select(&project, r#"["flows_bindings_list", "flows_others_create"]"#);
    let file = project.write("upstream.yaml", &upstream("2025.6.4", &with_another_operation()));
    let before = project.contents();
    let outcome = project.xtask(&["sync", "--from", &file]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("POST /flows/others/, which uploads files"), "{}", outcome.err);
    assert_eq!(project.contents(), before);
}
