//! Compares `sync --check` of a whole schema with plain parsing of the same document: whole processes, alternating runs, medians and their
//! ratio.
//!
//! `cargo bench --package xtask`. The document has the size of authentik's whole schema and consists of copies of the slice.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 25;
/// The size of authentik's schema, in bytes.
const SIZE: usize = 1_800_000;
/// Makes this program only parse the document.
const PARSE: &str = "PARSE";

fn main() {
    if let Some(document) = std::env::var_os(PARSE) {
        let text = std::fs::read_to_string(document).unwrap();
        let value: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        std::mem::forget(std::hint::black_box(value));
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    compare(&copies_of_the_slice(folder.path()));
}

fn compare(document: &Path) {
    println!("{}: {} bytes", document.display(), std::fs::metadata(document).unwrap().len());
    let parse = || run(Command::new(std::env::current_exe().unwrap()).env(PARSE, document));
    let sync = || run(Command::new(env!("CARGO_BIN_EXE_xtask")).args(["sync", "--check", "--from"]).arg(document));
    // A warm-up run, which brings the files into memory.
    parse();
    sync();
    let (mut parsing, mut syncing): (Vec<_>, Vec<_>) = (0..RUNS).map(|_| (parse(), sync())).unzip();
    let (parsing, syncing) = (median(&mut parsing), median(&mut syncing));
    println!("serde_yaml to a value  {:6.1} ms", parsing.as_secs_f64() * 1e3);
    println!("xtask sync --check     {:6.1} ms", syncing.as_secs_f64() * 1e3);
    println!("ratio                  {:6.2}", syncing.as_secs_f64() / parsing.as_secs_f64());
}

fn run(command: &mut Command) -> Duration {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    // 1: not up to date, which is measured as well.
    assert!(status.code().is_some_and(|code| code < 2), "{command:?}: {status}");
    started.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The slice, with copies of its operation and schemas under other names.
fn copies_of_the_slice(folder: &Path) -> PathBuf {
    let slice = std::fs::read_to_string("../openapi/flows_bindings_list.yaml").unwrap();
    let (head, rest) = slice.split_once("paths:\n").unwrap();
    let (paths, rest) = rest.split_once("components:\n  schemas:\n").unwrap();
    let (schemas, tail) = rest.split_once("  securitySchemes:\n").unwrap();
    let (mut all_paths, mut all_schemas) = (paths.to_owned(), schemas.to_owned());
    for copy in 0..SIZE / slice.len() {
        all_paths +=
            &paths.replace("/flows/", &format!("/flows{copy}/")).replace("flows_bindings_list", &format!("flows{copy}_bindings_list"));
        let renamed = schemas.lines().map(|line| match line.strip_prefix("    ").filter(|rest| !rest.starts_with(' ')) {
            Some(name) => format!("    Copy{copy}{name}\n"),
            None => format!("{line}\n"),
        });
        all_schemas.extend(renamed);
    }
    let document = folder.join("schema.yml");
    std::fs::write(&document, format!("{head}paths:\n{all_paths}components:\n  schemas:\n{all_schemas}  securitySchemes:\n{tail}"))
        .unwrap();
    document
}
