//! Serves a fake authentik on a port, for tests in any language.
//!
//! ```console
//! $ cargo run --example fake_authentik --features testing -- --port 9000 --release 2025.12
//! AUTHENTIK_URL=http://127.0.0.1:9000
//! AUTHENTIK_TOKEN=fake-authentik-token
//! ```
//!
//! The two lines are printed when the server is ready, and can be loaded into a shell or written to an `.env` file. The server runs until
//! it is stopped with Ctrl+C or a signal.

use std::convert::Infallible;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, Fault, Release};
use clap::Parser;
use serde_json::Value;

/// Serves list operations on 127.0.0.1 as a release of authentik does, for tests in any language
#[derive(Parser)]
struct Options {
    /// Port to listen on; 0 chooses a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Release to imitate: 2024.2, 2025.6, 2025.10, 2025.12 or 2026.8
    #[arg(long, default_value_t = Release::V2025_12)]
    release: Release,
    /// Rows of a list operation: a number of rows to generate, or a JSON file with an array of rows or a page as authentik sends it
    #[arg(long, value_name = "OPERATION=ROWS", default_value = "flows_bindings_list=1240", value_parser = parse_rows)]
    rows: Vec<(String, RowSource)>,
    /// Time before each response, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Replace the responses to some requests, counted from 1, with an error page: `3=502`, `5..=9=503` or `always=500`
    #[arg(long, value_name = "REQUESTS=STATUS", value_parser = parse_fault)]
    fault: Vec<((usize, usize), u16)>,
}

#[derive(Clone)]
enum RowSource {
    Generated(usize),
    File(PathBuf),
}

fn parse_rows(text: &str) -> Result<(String, RowSource), String> {
    let expected = || format!("`{text}` is not OPERATION=ROWS: write `flows_bindings_list=1240` or `flows_bindings_list=rows.json`");
    let (operation, rows) = text.split_once('=').filter(|(_, rows)| !rows.is_empty()).ok_or_else(expected)?;
    let rows = rows.parse().map_or_else(|_| RowSource::File(rows.into()), RowSource::Generated);
    Ok((operation.to_owned(), rows))
}

fn add_rows(server: FakeAuthentikBuilder, (operation, rows): &(String, RowSource)) -> Result<FakeAuthentikBuilder> {
    let path = match rows {
        RowSource::Generated(count) => return Ok(server.generate(operation, *count)),
        RowSource::File(path) => path,
    };
    let json = std::fs::read_to_string(path).with_context(|| format!("`{}` is neither a number nor a readable file", path.display()))?;
    let mut json: Value = serde_json::from_str(&json).with_context(|| format!("{} is not JSON", path.display()))?;
    let rows = json.get_mut("results").map(Value::take).unwrap_or(json);
    let rows: Vec<Value> = serde_json::from_value(rows).with_context(|| format!("{} is neither an array nor a page", path.display()))?;
    Ok(server.rows(operation, rows))
}

/// Parses the value of `--fault` into the first request, the last request and the status.
fn parse_fault(text: &str) -> Result<((usize, usize), u16), String> {
    let expected = || format!("`{text}` is not REQUESTS=STATUS: write `3=502`, `5..=9=503` or `always=500`, with a status that has a body");
    let (requests, status) = text.rsplit_once('=').ok_or_else(expected)?;
    let status =
        status.parse().ok().filter(|status| (200..600).contains(status) && ![204, 205, 304].contains(status)).ok_or_else(expected)?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| expected());
    let requests = match requests.split_once("..=") {
        _ if requests == "always" => (1, usize::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(requests)?, number(requests)?),
    };
    if requests.0 == 0 || requests.1 < requests.0 {
        return Err(format!("`{text}` does not select any request: requests are counted from 1"));
    }
    Ok((requests, status))
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = serve(Options::parse()).await;
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    ExitCode::FAILURE
}

/// Serves until the process ends.
async fn serve(options: Options) -> Result<Infallible> {
    let builder = FakeAuthentik::builder().port(options.port).release(options.release).latency(Duration::from_millis(options.latency));
    let builder = options.rows.iter().try_fold(builder, add_rows)?;
    let faults = options.fault.into_iter();
    let builder = faults.fold(builder, |builder, ((first, last), status)| builder.faults(first..=last, Fault::html(status)));
    let server = builder.start().await.context("the server cannot start")?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "AUTHENTIK_URL={}\nAUTHENTIK_TOKEN={}", server.address(), FakeAuthentik::TOKEN)?;
    out.flush()?;
    std::future::pending().await
}
