//! Runs the examples as programs.
#![cfg(operation = "flows_bindings_list")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use authentik_flow_bindings::FlowStageBinding;

fn example(arguments: &[&str]) -> Command {
    let mut command = Command::new(example_path("list_bindings"));
    command.args(arguments);
    for variable in ["URL", "TOKEN", "TOKEN_FILE", "CA_FILE", "INSECURE", "ALLOW_PLAINTEXT"] {
        command.env_remove(format!("AUTHENTIK_{variable}"));
    }
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

fn example_path(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let path = path.join("examples").join(name);
    // `cargo test` builds the examples, but `cargo test --test all` does not.
    assert!(path.exists(), "{} does not exist: run `cargo build --examples --all-features` first", path.display());
    path
}

fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = example(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_release_is_listed_completely() {
    for release in ["2024.2", "2025.6", "2025.10", "2025.12", "2026.8"] {
        let (success, out, err) = run(&["--release", release, "--format", "json"]);
        assert!(success, "{err}");
        let rows: Vec<FlowStageBinding> = serde_json::from_str(&out).unwrap();
        let keys: std::collections::BTreeSet<_> = rows.iter().map(|row| row.pk).collect();
        assert_eq!((rows.len(), keys.len()), (1_240, 1_240), "{release}");
        assert!(err.contains("1,240 bindings in 212 flows, "), "{err}");
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
fn a_search_lists_the_stages_whose_names_match() {
    let (_, csv, _) = run(&["--search", "PASSWORD 0001", "--format", "csv"]);
    assert!(csv.lines().skip(1).all(|line| line.contains("password 0001")), "{csv}");
    assert!(csv.lines().count() > 1);
}

#[test]
fn an_unknown_flow_is_an_error_with_the_nearest_slugs() {
    let (success, out, err) = run(&["--flow", "recovery"]);
    assert!(!success && out.is_empty());
    assert!(err.contains("error: no flow with stages has the slug `recovery`: did you mean recovery-"), "{err}");
    let (_, _, err) = run(&["--flow", "recovrey-010"]);
    assert!(err.contains("did you mean recovery-010, "), "{err}");
    let (_, _, err) = run(&["--flow", "xyz"]);
    assert!(err.contains("run without --flow to see them all"), "{err}");
    let (_, _, err) = run(&["--release", "2019.1"]);
    assert!(err.contains("use one of 2024.2, 2025.6"), "{err}");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    for format in ["table", "json", "csv", "mermaid", "html"] {
        let mut child = example(&["--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !err.contains("error"), "{format}: {err}");
    }
}

#[test]
fn the_html_page_has_a_diagram_of_each_flow_and_needs_no_network() {
    let (success, html, err) = run(&["--format", "html", "--release", "2025.12"]);
    assert!(success, "{err}");
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"));
    assert_eq!(html.matches("<article>").count(), 212);
    assert_eq!(html.matches("<g class=\"stage ").count(), 1_240);
    for element in ["svg", "g", "text", "article", "section", "div", "p", "span"] {
        let (opened, closed) = (html.matches(&format!("<{element}>")).count(), html.matches(&format!("</{element}>")).count());
        let with_attributes = html.matches(&format!("<{element} ")).count();
        assert_eq!(opened + with_attributes, closed, "<{element}>");
    }
    for external in ["http://", "https://", "src=", "@import", "url(//"] {
        assert!(!html.contains(external), "the page loads {external}");
    }
}

/// Run with `cargo test --test all -- --ignored browser` where Chromium is installed.
#[test]
#[ignore = "needs the program `chromium`"]
fn a_browser_shows_and_filters_the_html_page() {
    let (_, html, _) = run(&["--format", "html"]);
    let type_into_filter = "<script>input.value = 'recovery-004'; input.dispatchEvent(new Event('input'));\
        document.title = [...document.querySelectorAll('article')].filter((article) => article.checkVisibility()).length + ' of ' + \
        [...document.querySelectorAll('article svg')].filter((svg) => svg.getBBox().width > 100).length;</script>";
    let path = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
    std::fs::write(&path, html.replace("</body>", &format!("{type_into_filter}</body>"))).unwrap();
    let arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"];
    let output = Command::new("chromium").args(arguments).arg(format!("file://{}", path.path().display())).output().unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    assert!(dom.contains("<title>1 of "), "{}", dom.lines().find(|line| line.contains("<title>")).unwrap_or("no title"));
}

#[test]
fn colors_and_the_progress_bar_are_for_terminals_only() {
    let has_colors = |variables: &[(&str, &str)]| {
        let output = example(&["--flow", "recovery-004"]).envs(variables.iter().copied()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!err.contains('\u{1b}') && !err.contains('\r'), "a progress bar in a pipe: {err:?}");
        String::from_utf8(output.stdout).unwrap().contains('\u{1b}')
    };
    assert!(!has_colors(&[]), "a pipe is not a terminal");
    assert!(has_colors(&[("CLICOLOR_FORCE", "1")]));
    assert!(!has_colors(&[("CLICOLOR", "0")]) && !has_colors(&[("NO_COLOR", "1")]));
    assert!(!has_colors(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn the_fake_server_and_its_client_need_neither_a_proxy_nor_a_certificate_store() {
    let mut command = example(&["--format", "csv"]);
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(variable, "http://127.0.0.1:1");
    }
    let output = command.env("SSL_CERT_FILE", "/nonexistent/file").env("SSL_CERT_DIR", "/nonexistent").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{err}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1 + 1_240, "{err}");
}

#[test]
fn the_fake_server_can_be_used_from_another_process() {
    let rows = serde_json::to_string(&authentik_flow_bindings::testing::bindings(7, 2)).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, rows).unwrap();
    let mut command = Command::new(example_path("fake_authentik"));
    command.args(["--port", "0", "--release", "2025.12", "--fault", "2..=3=502", "--rows"]);
    command.arg(format!("flows_bindings_list={}", file.path().display()));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(2).map(Result::unwrap).collect::<Vec<_>>();
    let variables = lines.iter().map(|line| line.split_once('=').unwrap());
    let output = example(&["--format", "json"]).envs(variables).output();
    child.kill().unwrap();
    child.wait().unwrap();
    let output = output.unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{err}");
    assert_eq!(serde_json::from_slice::<Vec<FlowStageBinding>>(&output.stdout).unwrap().len(), 7, "{err}");
}
