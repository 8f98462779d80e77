//! `cargo xtask diff`: its reports for pairs of documents.

mod wire;

use std::fmt::Write as _;
use std::path::Path;

use crate::common::changes::pairs;
use crate::common::{Project, diff, output, random, slices, whole, xtask};
use fastrand::Rng;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use xtask::codegen::pointer::{child, unescape};

/// The changes as rule, level, pointer, old client on new server, new client on old server, Rust, and the condition if there is one.
fn rows(diff: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
    let row = |change: &Value| {
        let wire = &change["wire"];
        let [old, new] = [&wire["old_client_on_new_server"], &wire["new_client_on_old_server"]];
        let row = [&change["id"], &change["level"], &change["pointer"], old, new, &change["rust"]].map(text).join(", ");
        change["only_if"].as_str().map_or(row.clone(), |call| format!("{row}, {call}"))
    };
    let mut rows = diff["changes"].as_array().unwrap().iter().map(row).collect::<Vec<_>>();
    rows.sort();
    rows
}

#[test]
fn each_kind_of_change_has_its_rule_and_its_verdicts() {
    let (_folder, pairs) = pairs();
    assert!(pairs.len() >= 50);
    let mut wrong = String::new();
    for pair in &pairs {
        let diff = diff(&pair.old, &pair.new, &["--all-operations"]);
        let expected =
            pair.case.changes.iter().map(|row| row.iter().map(|text| text.as_deref().unwrap_or("null")).collect::<Vec<_>>().join(", "));
        let mut expected = expected.collect::<Vec<_>>();
        expected.sort();
        let worst = pair.case.changes.iter().map(|row| rank(row[5].as_deref())).max().unwrap_or(rank(Some("patch")));
        let rust = pair.case.rust.as_deref().map_or(worst, |rust| rank(Some(rust)));
        if rows(&diff) != expected || rank(diff["rust"]["bump"].as_str()) != rust {
            let _ = writeln!(wrong, "{}\n  expected {expected:#?}\n  found {:#?}\n  {:#}", pair.case.name, rows(&diff), diff["rust"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn rank(bump: Option<&str>) -> Option<usize> {
    ["patch", "minor", "major"].iter().position(|known| Some(*known) == bump)
}

#[test]
fn from_2025_6_to_2026_8_exactly_the_known_changes_are_reported() {
    let (old, new) = (whole("2025.6.4"), whole("2026.8.0-rc6"));
    let schemas = "#/components/schemas";
    let expected = [
        format!("response-property-became-required, info, {schemas}/Stage/properties/flow_set, compatible, incompatible, major"),
        format!("response-property-enum-value-added, warning, {schemas}/FlowLayoutEnum/enum, compatible, compatible, minor"),
        format!("response-property-enum-value-added, warning, {schemas}/FlowLayoutEnum/enum, compatible, compatible, minor"),
        format!("response-property-max-length-unset, error, {schemas}/FlowSet/properties/slug, compatible, compatible, patch"),
        format!("response-required-property-added, info, {schemas}/FlowSet/properties/background_url, compatible, compatible, major"),
        format!(
            "response-required-property-added, info, {schemas}/PaginatedFlowStageBindingList/properties/autocomplete, lossy, incompatible, major"
        ),
        format!("response-required-property-removed, error, {schemas}/FlowSet/properties/background, compatible, compatible, major"),
    ];
    assert_eq!(rows(&diff(Path::new(&old), Path::new(&new), &[])), expected);
}

/// How the operation changed, release by release: rules, both wire verdicts, Rust.
#[test]
fn consecutive_releases_have_the_known_differences() {
    let expected: [(&str, &[&str], &str); 11] = [
        ("2022.5.3", &["response-optional-property-added", "response-required-property-added"], "lossy compatible major"),
        (
            "2023.1.2",
            &["api-security-component-type-changed", "response-optional-property-added", "response-required-property-removed"],
            "incompatible lossy major",
        ),
        // Pagination becomes a component; in Rust, it already was a named type. Then an enum is renamed: responses do not change.
        ("2023.8.3", &[], "compatible compatible patch"),
        ("2024.2.2", &[], "compatible compatible major"),
        ("2024.10.5", &["api-security-component-type-changed"], "compatible compatible patch"),
        ("2025.6.4", &[], "compatible compatible patch"),
        ("2025.8.0-rc1", &["response-required-property-added"], "lossy incompatible major"),
        ("2025.10.0-rc1", &[], "compatible compatible patch"),
        (
            "2025.12.0-rc1",
            &["response-property-max-length-unset", "response-required-property-added", "response-required-property-removed"],
            "compatible compatible major",
        ),
        ("2026.2.0-rc1", &["response-property-became-required", "response-property-enum-value-added"], "compatible incompatible major"),
        ("2026.8.0-rc1", &[], "compatible compatible patch"),
    ];
    for (pair, (release, rules, verdicts)) in slices().windows(2).zip(expected) {
        let diff = diff(&pair[0], &pair[1], &[]);
        let mut found = diff["changes"].as_array().unwrap().iter().map(|change| change["id"].as_str().unwrap()).collect::<Vec<_>>();
        found.sort_unstable();
        found.dedup();
        assert_eq!(diff["new"]["release"], release);
        assert_eq!(found, rules, "{release}");
        let wire = &diff["wire"];
        let found = [&wire["old_client_on_new_server"], &wire["new_client_on_old_server"], &diff["rust"]["bump"]]
            .map(|verdict| verdict.as_str().unwrap());
        assert_eq!(found.join(" "), verdicts, "{release}");
    }
}

#[test]
fn whole_documents_are_compared() {
    let (old, new) = (whole("2025.6.4"), whole("2026.8.0-rc6"));
    let diff = diff(Path::new(&old), Path::new(&new), &["--all-operations"]);
    let changes = diff["changes"].as_array().unwrap();
    assert!(changes.len() > 40, "{}", changes.len());
    assert_eq!(diff["rust"]["bump"], "major", "{}", diff["rust"]["not_compared"]);
    let left_out = diff["rust"]["left_out"].as_array().unwrap();
    assert!((1..12).contains(&left_out.len()), "{left_out:?}");
    // A change to a shared model is listed once, with every operation that it affects.
    let shared = changes.iter().find(|change| change["pointer"] == "#/components/schemas/FlowSet/properties/background").unwrap();
    let operations = shared["operations"].as_array().unwrap();
    assert!(operations.len() > 10 && operations.iter().any(|operation| operation["path"] == "/flows/bindings/"), "{operations:?}");
    assert!(changes.iter().any(|change| change["id"] == "endpoint-added"));
}

/// Slicing the slice of a random document changes nothing, and a random change is reported if and only if the slice differs.
#[test]
fn random_changes_are_reported_if_slices_differ() {
    let project = Project::new();
    let sliced = |file: &str| output(&["slice", "--all-operations", file]);
    let (mut changed, mut wrong) = (0, String::new());
    for seed in 0..40 {
        let mut rng = Rng::with_seed(seed);
        let mut document = random::document(&mut rng);
        let old = project.write("old.json", &document.to_string());
        let before = sliced(&old);
        let again = project.write("again.yaml", &before);
        assert_eq!(sliced(&again), before, "seed {seed}: slicing a slice changes it");
        random::change(&mut document, &mut rng);
        let new = project.write("new.json", &document.to_string());
        let diff = diff(Path::new(&old), Path::new(&new), &["--all-operations"]);
        let is_reported = !diff["changes"].as_array().unwrap().is_empty();
        let differs = sliced(&new) != before;
        changed += u32::from(differs);
        // If `nullable` moves from all uses of a model to the model itself, only the Rust code changes.
        let is_in_rust = diff["rust"]["items"].as_array().is_some_and(|items| !items.is_empty());
        if is_reported && !differs || differs && !is_reported && !is_in_rust {
            let _ = writeln!(wrong, "seed {seed}: slices differ: {differs}; {}\n{before}", diff["changes"]);
        }
    }
    assert!(changed > 10, "only {changed} changes changed anything");
    assert!(wrong.is_empty(), "{wrong}");
}

/// A change is reported if and only if the bytes of the slices differ. Changes values of the slice one at a time.
#[test]
fn every_change_in_the_bytes_of_a_slice_is_reported() {
    /// Every ninth value is tried, to finish in seconds.
    const ONE_IN: usize = 9;
    let document = crate::common::slice();
    let project = Project::new();
    let mut pointers = Vec::new();
    places(&document, String::new(), &mut pointers);
    assert!(pointers.len() > 300, "{}", pointers.len());
    let old = project.write("old.json", &document.to_string());
    let before = output(&["slice", "--all-operations", &old]);
    let (mut compared, mut wrong) = (0, String::new());
    for pointer in pointers.iter().step_by(ONE_IN) {
        let new = project.write("new.json", &changed(&document, pointer).to_string());
        let sliced = xtask(&["slice", "--all-operations", &new]);
        if sliced.code == 2 {
            continue;
        }
        compared += 1;
        let diff = diff(Path::new(&old), Path::new(&new), &["--all-operations"]);
        let reported = !diff["changes"].as_array().unwrap().is_empty();
        if reported != (sliced.out != before) {
            let _ = writeln!(wrong, "{pointer}: the bytes {}", if reported { "are the same" } else { "differ, and nothing is reported" });
        }
    }
    assert!(compared > 20, "only {compared} documents can be sliced");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Pointers to everything that affects a response: not documentation, not the release, and not `readOnly`.
fn places(node: &Value, pointer: String, found: &mut Vec<String>) {
    let prose = |key: &str, value: &Value| {
        key.starts_with("x-") || value.is_string() && ["description", "summary", "openapi"].contains(&key) || key == "readOnly"
    };
    match node {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, value)| !(prose(key, value) || pointer.is_empty() && *key == "info")) {
                places(value, child(&pointer, key), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| places(item, format!("{pointer}/{index}"), found)),
        _ => {}
    }
    if !pointer.is_empty() {
        found.push(pointer);
    }
}

/// The document with another scalar at a pointer, or without the mapping or list there.
fn changed(document: &Value, pointer: &str) -> Value {
    let mut document = document.clone();
    match document.pointer_mut(pointer).unwrap() {
        Value::String(text) => text.push('x'),
        Value::Bool(flag) => *flag = !*flag,
        number @ Value::Number(_) => *number = (number.as_i64().unwrap() + 1).into(),
        _ => {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            match document.pointer_mut(parent).unwrap() {
                Value::Array(items) => _ = items.remove(key.parse().unwrap()),
                parent => _ = parent.as_object_mut().unwrap().remove(&unescape(key)),
            }
        }
    }
    document
}

/// authentik 2026.5.6 requires a security scheme in two operations without defining it.
#[test]
fn invalid_operations_are_reported_and_the_others_compared() {
    let old = whole("2025.6.4");
    let mut document: Value = serde_yaml::from_str(&std::fs::read_to_string(&old).unwrap()).unwrap();
    document["info"]["version"] = "2026.5.6".into();
    document["paths"]["/stages/dummy/"]["get"]["security"] = json!([{ "authentik_device_auth": [] }]);
    document["components"]["schemas"]["DenyStage"]["properties"]["name"] = json!({ "$ref": "#/components/schemas/Missing" });
    document["paths"]["/stages/email/"]["post"] = json!(5);
    document["paths"]["/stages/email/{stage_uuid}/"]["get"]["operationId"] = "stages_all_list".into();
    document["paths"]["/stages/all/types/"] = json!({ "$ref": "#/paths/~1nowhere~1" });
    document["components"]["schemas"]["CaptchaStage"]["properties"]["color"] = json!({ "type": "string" });
    let project = Project::new();
    let new = project.write("new.json", &document.to_string());
    let diff = diff(Path::new(&old), Path::new(&new), &["--all-operations"]);
    let invalid = diff["invalid"].as_array().unwrap();
    let is_reported = |path: &str, problem: &str| {
        invalid.iter().any(|entry| entry["operation"]["path"] == path && entry["reason"].as_str().unwrap().contains(problem))
    };
    assert!(is_reported("/stages/dummy/", "#/components/securitySchemes/authentik_device_auth"), "{invalid:?}");
    assert!(is_reported("/stages/deny/", "#/components/schemas/Missing"), "{invalid:?}");
    assert!(is_reported("/stages/email/", "is not an operation"), "{invalid:?}");
    assert!(is_reported("/stages/email/{stage_uuid}/", "taken by another operation"), "{invalid:?}");
    assert!(is_reported("/stages/all/types/", "#/paths/~1nowhere~1"), "{invalid:?}");
    let pointers = diff["changes"].as_array().unwrap().iter().map(|change| change["pointer"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(pointers, ["#/components/schemas/CaptchaStage/properties/color"]);
    assert_eq!(diff["rust"]["bump"], "minor", "types of operations that are not compared do not count: {}", diff["rust"]);

    // The operations of a path with a dangling reference are unknown, so that of the old document is reported as invalid.
    let text = output(&["diff", &old, &new, "--all-operations"]);
    let reason = text.matches("refers to `#/paths/~1nowhere~1`, which is not in the document").count();
    assert!(reason == 1 && text.contains("GET /stages/all/types/"), "{text}");

    // Operations that are invalid in one document may have changed in any way, so the command fails.
    for option in [["--fail-on", "error"], ["--fail-on-rust", "major"]] {
        assert_eq!(xtask(&[&["diff", &old, &old, "--all-operations"], &option[..]].concat()).code, 0);
        assert_eq!(xtask(&[&["diff", &old, &new, "--all-operations"], &option[..]].concat()).code, 1);
    }

    // The operation of this crate is not affected.
    let outcome = xtask(&["diff", &old, &new]);
    assert!(outcome.code == 0 && outcome.out.contains("no changes"), "{}{}", outcome.out, outcome.err);
}

/// The operation has another id in one document, or is missing there.
#[test]
fn an_operation_is_found_by_method_and_path() {
    let old = Path::new(crate::common::SLICE);
    let project = Project::new();
    let mut document = crate::common::slice();
    document["paths"]["/flows/bindings/"]["get"]["operationId"] = "flows_stage_bindings_list".into();
    let renamed = project.write("renamed.json", &document.to_string());
    let ids = |diff: &Value| diff["changes"].as_array().unwrap().iter().map(|change| change["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&diff(old, Path::new(&renamed), &[])), ["api-operation-id-removed"]);
    document["paths"] = json!({ "/other/": { "get": { "operationId": "others_list", "responses": {} } } });
    let removed = project.write("removed.json", &document.to_string());
    assert_eq!(ids(&diff(old, Path::new(&removed), &[])), ["api-path-removed-without-deprecation"]);
    // Two documents that both lack the operation are probably the wrong ones.
    let outcome = xtask(&["diff", &removed, &removed]);
    assert!(outcome.code == 2 && outcome.err.contains("has no operation `flows_bindings_list`"), "{}", outcome.err);
}

#[test]
fn exit_codes_follow_fail_on() {
    let (_folder, pairs) = pairs();
    let code = |case: &str, arguments: &[&str]| {
        let pair = pairs.iter().find(|pair| pair.case.name == case).unwrap();
        let documents = ["diff", pair.old.to_str().unwrap(), pair.new.to_str().unwrap(), "--all-operations"];
        xtask(&[&documents, arguments].concat()).code
    };
    let (info, warning, error) = ("an optional property is added", "an optional property is removed", "a property becomes optional");
    let nothing = "the values of an enum are in another order";
    for (case, arguments, expected) in [
        (error, &[][..], 0),
        (error, &["--fail-on", "error"], 1),
        (warning, &["--fail-on", "error"], 0),
        (warning, &["--fail-on", "warning"], 1),
        (info, &["--fail-on", "warning"], 0),
        (info, &["--fail-on", "any"], 1),
        (nothing, &["--fail-on", "any", "--fail-on-rust", "minor"], 0),
        ("an enum has a new value", &["--fail-on-rust", "major"], 0),
        ("an enum has a new value", &["--fail-on-rust", "minor"], 1),
        (info, &["--fail-on-rust", "major"], 0),
        (warning, &["--fail-on-rust", "major"], 1),
    ] {
        assert_eq!(code(case, arguments), expected, "{case}: {arguments:?}");
    }
    assert_eq!(xtask(&["diff", "nowhere.yaml", "nowhere.yaml"]).code, 2);
    assert_eq!(xtask(&["diff", "--fail-on", "everything", "a", "b"]).code, 2);
}

/// `sync` gives a required array a default, which `diff` of the same documents does not; the report says so.
#[test]
fn defaults_that_sync_would_add_are_noted() {
    let (_folder, pairs) = pairs();
    let pair = pairs.iter().find(|pair| pair.case.name == "an array becomes required").unwrap();
    let diff = diff(&pair.old, &pair.new, &["--all-operations"]);
    let note = diff["changes"][0]["note"].as_str().unwrap();
    assert!(note.contains("`x-default-when-absent: []`"), "{note}");
}
