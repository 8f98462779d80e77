//! `cargo xtask diff`: what it says of pairs of documents.

mod common;

use std::path::{Path, PathBuf};

use common::changes::pairs;
use common::{corpus, diff, output, whole, xtask};
use pretty_assertions::assert_eq;
use serde_json::Value;

/// The changes as rule, level, place, old client on new server, new client on old server, Rust.
fn rows(diff: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
    let row = |change: &Value| {
        let wire = &change["wire"];
        let [old, new] = [&wire["old_client_on_new_server"], &wire["new_client_on_old_server"]];
        [&change["id"], &change["level"], &change["pointer"], old, new, &change["rust"]].map(text).join(", ")
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
        let mut expected =
            pair.case.changes.iter().map(|row| row.clone().map(|text| text.unwrap_or("null".into())).join(", ")).collect::<Vec<_>>();
        expected.sort();
        let worst = pair.case.changes.iter().map(|row| rank(row[5].as_deref())).max().unwrap_or(rank(Some("patch")));
        let rust = pair.case.rust.as_deref().map_or(worst, |rust| rank(Some(rust)));
        if rows(&diff) != expected || rank(diff["rust"]["bump"].as_str()) != rust {
            wrong += &format!("{}\n  expected {expected:#?}\n  found {:#?}\n  {:#}\n", pair.case.name, rows(&diff), diff["rust"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn rank(bump: Option<&str>) -> Option<usize> {
    ["patch", "minor", "major"].iter().position(|known| Some(*known) == bump)
}
