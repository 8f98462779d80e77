//! The reports of `cargo xtask diff`, and `cargo xtask compat`.

use crate::common::changes::pairs;
use crate::common::upstream::{schema, upstream};
use crate::common::{Project, diff, output};
use pretty_assertions::assert_eq;
use serde_json::json;

#[test]
fn text_and_markdown_reports_have_every_change_and_both_verdicts() {
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
    let mut document = crate::common::slice();
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
    let pair = pairs.iter().find(|pair| pair.case.name == "a filter gets one enum value and loses another").unwrap();
    let new = std::fs::read_to_string(&pair.new).unwrap();
    let line = new.lines().collect::<Vec<_>>().iter().rposition(|line| line.trim() == "enum:").unwrap() + 1;
    let report = output(&["diff", pair.old.to_str().unwrap(), pair.new.to_str().unwrap(), "--all-operations", "--format", "github"]);
    let lines = report.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 3, "{report}");
    assert!(
        lines[0].starts_with("::error file=")
            && lines[0].contains(",col=")
            && lines[0].contains(",title=request-parameter-enum-value-removed::`search` can"),
        "{report}"
    );
    assert!(lines[0].contains("(only if the call sets `search` to \"b\")%0A#/paths/"), "{report}");
    assert!(lines[2].starts_with("::notice title=authentik the old document to the new document::2 changes"), "{report}");
    assert!(lines[0].contains(&format!(",line={line},")), "line {line}: {report}");
    let wire = &diff(&pair.old, &pair.new, &["--all-operations"])["wire"];
    assert_eq!(
        wire,
        &json!({ "old_client_on_new_server": "compatible", "new_client_on_old_server": "compatible" }),
        "only some calls fail"
    );
}

#[test]
fn the_table_of_releases_in_the_docs_is_up_to_date() {
    let table = output(&["compat", "--slices", "../tests/fixtures/slices"]);
    assert!(std::fs::read_to_string("../docs/compatibility.md").unwrap() == table, "run `cargo xtask compat > docs/compatibility.md`");
    assert!(table.contains("| 2025.6.4 | ◐ | ◐ | ✓ |"), "{table}");
}

/// The report of a sync is complete in every format: changes, files and manual follow-up.
#[test]
fn the_reports_of_a_sync_have_files_and_follow_ups_in_every_format() {
    let change = schema("DeniedActionEnum", &json!({ "enum": ["message_continue", "message", "continue", "retry"] }));
    let project = Project::new();
    let file = project.write("upstream.yaml", &upstream("2025.8.0", &change));
    let report = |format: &str| project.xtask(&["sync", "--check", "--from", &file, "--format", format]).out;
    let page = report("html");
    for part in [
        "<h1>authentik 2025.6.4",
        "<h2>Manual follow-up</h2>",
        "<code>enum-value-added</code>",
        "would write openapi/flows_bindings_list.yaml",
        "1 change",
    ] {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
    let annotations = report("github");
    for part in [
        "::warning file=openapi/flows_bindings_list.yaml,line=",
        ",title=enum-value-added::#/components/schemas/DeniedActionEnum: the value",
        "%0Ahelp: give it a label",
    ] {
        assert!(annotations.contains(part), "{part} is not in:\n{annotations}");
    }
    project.xtask(&["sync", "--from", &file]);
    assert!(report("html").contains("<p>up to date with "), "a report without changes is also an HTML page");
}
