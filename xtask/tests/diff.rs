//! `cargo xtask diff`: what it says of pairs of documents.

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::changes::pairs;
use common::{Project, diff, output, random, slices, whole, xtask};
use fastrand::Rng;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

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
fn from_2025_6_to_2026_8_exactly_the_known_changes_are_told() {
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

/// How the operation moved, release by release: rules, the fate of old clients and of new ones, Rust.
#[test]
fn neighbouring_releases_differ_as_the_facts_say() {
    let expected: [(&str, &[&str], &str); 11] = [
        ("2022.5.3", &["response-optional-property-added", "response-required-property-added"], "lossy compatible major"),
        (
            "2023.1.2",
            &["api-security-component-type-changed", "response-optional-property-added", "response-required-property-removed"],
            "incompatible lossy major",
        ),
        // The pagination becomes a component, which it is in Rust anyway. Then an enum gets another name: a type moves, answers do not.
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
fn whole_documents_are_compared_in_one_go() {
    let (old, new) = (whole("2025.6.4"), whole("2026.8.0-rc6"));
    let diff = diff(Path::new(&old), Path::new(&new), &["--all-operations"]);
    let changes = diff["changes"].as_array().unwrap();
    assert!(changes.len() > 40, "{}", changes.len());
    assert_eq!(diff["rust"]["bump"], "major", "{}", diff["rust"]["not_compared"]);
    let left_out = diff["rust"]["left_out"].as_array().unwrap();
    assert!((1..12).contains(&left_out.len()), "{left_out:?}");
    // A change of a shared model stands once, with every operation that it concerns.
    let shared = changes.iter().find(|change| change["pointer"] == "#/components/schemas/FlowSet/properties/background").unwrap();
    let operations = shared["operations"].as_array().unwrap();
    assert!(operations.len() > 10 && operations.iter().any(|operation| operation["path"] == "/flows/bindings/"), "{operations:?}");
    assert!(changes.iter().any(|change| change["id"] == "endpoint-added"));
}

/// Random documents are sliced once and for all, and random changes of them are told of where the slice differs, and only there.
#[test]
fn random_changes_are_told_where_slices_differ() {
    let project = Project::new();
    let sliced = |file: &str| output(&["slice", "--all-operations", file]);
    let (mut changed, mut wrong) = (0, String::new());
    for seed in 0..80 {
        let mut rng = Rng::with_seed(seed);
        let mut document = random::document(&mut rng);
        let old = project.write("old.json", &document.to_string());
        let before = sliced(&old);
        let again = project.write("again.yaml", &before);
        assert_eq!(sliced(&again), before, "seed {seed}: a slice is its own slice");
        random::change(&mut document, &mut rng);
        let new = project.write("new.json", &document.to_string());
        let diff = diff(Path::new(&old), Path::new(&new), &["--all-operations"]);
        let is_told = !diff["changes"].as_array().unwrap().is_empty();
        let differs = sliced(&new) != before;
        changed += u32::from(differs);
        // A model that may be null where all its uses may be is a change of Rust alone.
        let is_in_rust = diff["rust"]["items"].as_array().is_some_and(|items| !items.is_empty());
        if is_told && !differs || differs && !is_told && !is_in_rust {
            let _ = writeln!(wrong, "seed {seed}: slices differ: {differs}; {}\n{before}", diff["changes"]);
        }
    }
    assert!(changed > 20, "only {changed} changes changed anything");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Two slices whose bytes differ have a change, and two that are the same have none: each place of the slice is changed in turn.
#[test]
fn whatever_changes_the_bytes_of_a_slice_is_told() {
    /// One place in so many is tried, to be done in seconds; all of them were tried by hand.
    const ONE_IN: usize = 3;
    let document = common::slice();
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
        let told = !diff["changes"].as_array().unwrap().is_empty();
        if told != (sliced.out != before) {
            let _ = writeln!(wrong, "{pointer}: the bytes {}", if told { "are the same" } else { "differ, and nothing is told" });
        }
    }
    assert!(compared > 70, "only {compared} documents can be sliced");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Pointers to what has a meaning in a response: not documentation, not the release, and not `readOnly`.
fn places(node: &Value, pointer: String, found: &mut Vec<String>) {
    let prose = |key: &str, value: &Value| {
        key.starts_with("x-") || value.is_string() && ["description", "summary", "openapi"].contains(&key) || key == "readOnly"
    };
    match node {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, value)| !(prose(key, value) || pointer.is_empty() && *key == "info")) {
                places(value, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| places(item, format!("{pointer}/{index}"), found)),
        _ => {}
    }
    if !pointer.is_empty() {
        found.push(pointer);
    }
}

/// The document with another scalar, or without what is no scalar, at a place.
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
                parent => _ = parent.as_object_mut().unwrap().remove(&key.replace("~1", "/").replace("~0", "~")),
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
    let pointers = diff["changes"].as_array().unwrap().iter().map(|change| change["pointer"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(pointers, ["#/components/schemas/CaptchaStage/properties/color"]);
    assert_eq!(diff["rust"]["bump"], "major", "{}", diff["rust"]);

    // The operation of this crate is not concerned.
    let outcome = xtask(&["diff", &old, &new]);
    assert!(outcome.code == 0 && outcome.out.contains("no changes"), "{}{}", outcome.out, outcome.err);
}

#[test]
fn exit_codes_follow_what_was_to_be_failed_on() {
    let (_folder, pairs) = pairs();
    let code = |case: &str, arguments: &[&str]| {
        let pair = pairs.iter().find(|pair| pair.case.name == case).unwrap();
        let documents = ["diff", pair.old.to_str().unwrap(), pair.new.to_str().unwrap(), "--all-operations"];
        xtask(&[&documents, arguments].concat()).code
    };
    let (info, warning, error) = ("an optional property is added", "an optional property is removed", "a property becomes optional");
    let nothing = "the values of an enum stand in another order";
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

#[test]
fn reports_for_people_have_every_change_and_both_verdicts() {
    let (_folder, pairs) = pairs();
    let pair = pairs.iter().find(|pair| pair.case.name == "a required property is added").unwrap();
    let documents = ["diff", pair.old.to_str().unwrap(), pair.new.to_str().unwrap(), "--all-operations"];
    let text = output(&documents);
    for part in [
        "1 change: 1 info",
        "info    response-required-property-added\n        `Thing.color` was added and is always present\n        GET /things/: #/components/schemas/Thing/properties/color",
        "old client, new server: lossy; new client, old server: incompatible; Rust: major",
        "version of the crate: major\n  major  types::builder::Thing::color was added: fn color",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let markdown = output(&[&documents[..], &["--format", "markdown"]].concat());
    for part in [
        "| client of the old document on a server of the new document | lossy |",
        "| info | `Thing.color` was added and is always present<br>`response-required-property-added`<br>GET /things/: `#/components/schemas/Thing/properties/color` | lossy | incompatible | major |",
        "- minor: `types::Thing::color` was added: `String`",
    ] {
        assert!(markdown.contains(part), "{part} is not in:\n{markdown}");
    }
}

/// A document may contain anything; the page shows it as text and loads nothing.
#[test]
fn the_html_report_is_self_contained_and_escaped() {
    let project = Project::new();
    let mut document = common::slice();
    let old = project.write("old.json", &document.to_string());
    document["info"]["version"] = "<b>2</b>".into();
    let properties = &mut document["components"]["schemas"]["Stage"]["properties"];
    properties["<script>alert(1)</script>"] = json!({ "type": "string", "pattern": "</pre><img src=x>" });
    properties["name"]["maxLength"] = 5.into();
    let new = project.write("new.json", &document.to_string());
    let page = output(&["diff", &old, &new, "--format", "html"]);
    for part in [
        "client of &lt;b&gt;2&lt;/b&gt;",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<ins>pattern: &lt;/pre&gt;&lt;img src=x&gt;</ins>",
        "<ins>maxLength: 5</ins>",
        "<h4>before</h4>",
    ] {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
    for part in ["<script", "<img", "<b>", "http://", "https://", "url("] {
        assert!(!page.contains(part), "{part} is in:\n{page}");
    }
}

#[test]
fn the_github_report_has_an_annotation_for_each_change() {
    let (_folder, pairs) = pairs();
    let pair = pairs.iter().find(|pair| pair.case.name == "a parameter takes another value").unwrap();
    let report = output(&["diff", pair.old.to_str().unwrap(), pair.new.to_str().unwrap(), "--all-operations", "--format", "github"]);
    let lines = report.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 3, "{report}");
    assert!(
        lines[0].starts_with("::error file=") && lines[0].contains(",title=request-parameter-enum-value-removed::`search` can"),
        "{report}"
    );
    assert!(lines[0].contains("(only if the call sets `search` to \"b\")%0A#/paths/"), "{report}");
    assert!(lines[2].starts_with("::notice title=authentik the old document to the new document::2 changes"), "{report}");
    let wire = &diff(&pair.old, &pair.new, &["--all-operations"])["wire"];
    assert_eq!(
        wire,
        &json!({ "old_client_on_new_server": "compatible", "new_client_on_old_server": "compatible" }),
        "only some calls fail"
    );
}

#[test]
fn the_table_of_releases_in_the_docs_is_fresh() {
    let table = output(&["compat", "--slices", "../tests/fixtures/slices"]);
    assert!(std::fs::read_to_string("../docs/compatibility.md").unwrap() == table, "run `cargo xtask compat > docs/compatibility.md`");
    assert!(table.contains("| 2025.6.4 | ◐ | ◐ | ✓ |"), "{table}");
}

/// `sync` gives a required array a default, which `diff` of the same documents does not; the report says so.
#[test]
fn what_sync_would_bridge_is_noted() {
    let (_folder, pairs) = pairs();
    let pair = pairs.iter().find(|pair| pair.case.name == "an array becomes required").unwrap();
    let diff = diff(&pair.old, &pair.new, &["--all-operations"]);
    let note = diff["changes"][0]["note"].as_str().unwrap();
    assert!(note.contains("`x-default-when-absent: []`"), "{note}");
}
