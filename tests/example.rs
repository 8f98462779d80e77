//! `cargo run --example list_bindings`, as an administrator uses it.

use std::io::Read;
use std::process::{Command, Stdio};

use authentik_flow_bindings::FlowStageBinding;

fn example(arguments: &[&str]) -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let mut command = Command::new(path.join("examples/list_bindings"));
    command.args(arguments).env_remove("AUTHENTIK_URL").env_remove("AUTHENTIK_TOKEN").env_remove("AUTHENTIK_INSECURE");
    command
}

fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = example(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_release_is_listed_whole() {
    for release in ["2024.2", "2025.6", "2025.10", "2025.12", "2026.8"] {
        let (success, out, err) = run(&["--release", release, "--format", "json"]);
        assert!(success, "{err}");
        let rows: Vec<FlowStageBinding> = serde_json::from_str(&out).unwrap();
        let keys: std::collections::BTreeSet<_> = rows.iter().map(|row| row.pk).collect();
        assert_eq!((rows.len(), keys.len()), (1_240, 1_240), "{release}");
        assert!(err.contains("1240 bindings in 212 flows, "), "{err}");
    }
}

#[test]
fn a_flow_is_shown_in_each_format() {
    let (_, table, err) = run(&["--flow", "recovery-004"]);
    assert!(table.starts_with("Flow 004 (recovery-004), Recovery\n┌"), "{table}");
    for word in ["order", "kind", "policies", "evaluated", "invalid response", "Stage", "Any", "Retry"] {
        assert!(table.contains(word), "{word} is not in {table}");
    }
    assert!(err.contains("6 bindings in 1 flow, "), "{err}");

    let (_, csv, _) = run(&["--flow", "recovery-004", "--format", "csv"]);
    let orders: Vec<i64> = csv::Reader::from_reader(csv.as_bytes()).records().map(|record| record.unwrap()[1].parse().unwrap()).collect();
    assert_eq!(orders.len(), 6);
    assert!(orders.is_sorted());

    let (_, mermaid, _) = run(&["--flow", "recovery-004", "--format", "mermaid"]);
    assert!(mermaid.starts_with("flowchart LR\n  subgraph flow0[\"Flow 004 (recovery-004)\"]\n"), "{mermaid}");
    assert_eq!(mermaid.matches(" --> ").count(), 5);
}

#[test]
fn a_search_lists_the_stages_it_names() {
    let (_, csv, _) = run(&["--search", "PASSWORD 0001", "--format", "csv"]);
    assert!(csv.lines().skip(1).all(|line| line.contains("password 0001")), "{csv}");
    assert!(csv.lines().count() > 1);
}

#[test]
fn a_flow_that_is_not_there_is_an_error_with_a_hint() {
    let (success, out, err) = run(&["--flow", "recovery"]);
    assert!(!success && out.is_empty());
    assert!(err.contains("error: no flow with stages has the slug `recovery`: did you mean recovery-"), "{err}");
    let (_, _, err) = run(&["--release", "2019.1"]);
    assert!(err.contains("use one of 2024.2, 2025.6"), "{err}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for format in ["table", "json", "csv", "mermaid"] {
        let mut child = example(&["--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !err.contains("error"), "{format}: {err}");
    }
}
