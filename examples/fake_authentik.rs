//! Serves a fake authentik on a port, for tests in any language.
//!
//! ```console
//! $ cargo run --example fake_authentik -- --port 9000 --release 2025.12
//! AUTHENTIK_URL=http://127.0.0.1:9000
//! AUTHENTIK_TOKEN=fake-authentik-token
//! ```
//!
//! The two lines are printed when the server is ready, and can be loaded into a shell or written to an `.env` file. The server runs until
//! it is stopped with Ctrl+C or a signal.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use clap::Parser;

/// Serves GET /api/v3/flows/bindings/ on 127.0.0.1 as a release of authentik does, for tests in any language
#[derive(Parser)]
struct Options {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Release to behave as: 2024.2, 2025.6, 2025.10, 2025.12 or 2026.8
    #[arg(long, default_value_t = Release::V2025_12)]
    release: Release,
    /// Serve these bindings instead of generated ones: a JSON array of rows, or a page as authentik sends it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bindings", "flows"])]
    rows: Option<PathBuf>,
    /// Number of generated bindings
    #[arg(long, default_value_t = 1_240)]
    bindings: usize,
    /// Number of flows that the generated bindings belong to
    #[arg(long, default_value_t = 212)]
    flows: usize,
    /// Time before each response, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Replace the responses to some requests, counted from 1, by an error page: `3=502`, `5..=9=503` or `always=500`
    #[arg(long, value_name = "REQUESTS=STATUS", value_parser = parse_fault)]
    fault: Vec<((usize, usize), u16)>,
}

/// The first and the last request, and the status.
fn parse_fault(text: &str) -> Result<((usize, usize), u16), String> {
    let expected = || format!("`{text}` is not REQUESTS=STATUS: write `3=502`, `5..=9=503` or `always=500`");
    let (requests, status) = text.rsplit_once('=').ok_or_else(expected)?;
    let status = status.parse().ok().filter(|status| (200..600).contains(status)).ok_or_else(expected)?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| expected());
    let requests = match requests.split_once("..=") {
        _ if requests == "always" => (1, usize::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(requests)?, number(requests)?),
    };
    Ok((requests, status))
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let builder = FakeAuthentik::builder().port(options.port).release(options.release).latency(Duration::from_millis(options.latency));
    let builder = match &options.rows {
        Some(path) => {
            let json = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            builder.json(&json).with_context(|| format!("{} does not hold flow stage bindings", path.display()))?
        }
        None => builder.generated(options.bindings, options.flows),
    };
    let faults = options.fault.into_iter();
    let builder = faults.fold(builder, |builder, ((first, last), status)| builder.faults(first..=last, Fault::html(status)));
    let server = builder.start().await.with_context(|| format!("port {} cannot be used: choose another with --port", options.port))?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "AUTHENTIK_URL={}\nAUTHENTIK_TOKEN={}", server.address(), FakeAuthentik::TOKEN)?;
    out.flush()?;
    std::future::pending().await
}
