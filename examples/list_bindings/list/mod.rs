//! The program: its options and output.

mod diagram;
mod flow;
mod html;
mod text;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
#[cfg(feature = "testing")]
use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use authentik_flow_bindings::{Client, FlowStageBinding};
use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use self::flow::{Flow, by_flow, find_flow, number};

/// Lists the stages of every flow of an authentik server: the one at AUTHENTIK_URL, with AUTHENTIK_TOKEN, or a fake one
#[derive(Parser)]
struct Options {
    /// List only the flow with this slug
    #[arg(long, value_name = "SLUG", value_parser = NonEmptyStringValueParser::new())]
    flow: Option<String>,
    /// List only stages whose name contains each of these words
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Release of the fake server: 2024.2, 2025.6, 2025.10, 2025.12 or 2026.8 [default: 2025.6]
    #[cfg(feature = "testing")]
    #[arg(long)]
    release: Option<Release>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    /// A table for each flow
    Table,
    /// The rows, with the names and values of the API
    Json,
    /// One line for each binding
    Csv,
    /// A flowchart for Markdown
    Mermaid,
    /// A self-contained page with a diagram of each flow
    Html,
}

#[tokio::main]
pub async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let started = Instant::now();
    #[cfg(feature = "testing")]
    let (client, _server) = connect(options).await?;
    #[cfg(not(feature = "testing"))]
    let client = match std::env::var_os("AUTHENTIK_URL") {
        Some(_) => Client::from_env()?,
        None => bail!("AUTHENTIK_URL is not set, and the fake server needs `--features testing`"),
    };

    let bindings = list(&client, options).await?;
    let (rows, flows) = (bindings.len(), by_flow(bindings));
    match print(&flows, options.format) {
        Err(error) if is_closed_pipe(&error) => return Ok(()),
        outcome => outcome.context("the output cannot be written")?,
    }
    let seconds = started.elapsed().as_secs_f64();
    report(format_args!("{} in {}, {seconds:.2} s", number(rows, "binding"), number(flows.len(), "flow")));
    Ok(())
}

/// A client of the server at AUTHENTIK_URL, or of a fake one, which runs until it is dropped.
#[cfg(feature = "testing")]
async fn connect(options: &Options) -> Result<(Client, Option<FakeAuthentik>)> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if ["AUTHENTIK_URL", "AUTHENTIK_TOKEN", "AUTHENTIK_TOKEN_FILE"].into_iter().any(is_set) {
        if options.release.is_some() {
            bail!("--release is for the fake server: remove it, or unset the variables that begin with AUTHENTIK_");
        }
        return Ok((Client::from_env()?, None));
    }
    let release = options.release.unwrap_or(Release::V2025_6);
    let server = FakeAuthentik::builder().release(release).generated(1_240, 212).start().await.context("the fake server cannot start")?;
    report(format_args!("AUTHENTIK_URL is not set: listing a fake authentik {release} with 1,240 bindings"));
    Ok((server.client(), Some(server)))
}

async fn list(client: &Client, options: &Options) -> Result<Vec<FlowStageBinding>> {
    let mut request = client.flows_bindings_list();
    if let Some(slug) = &options.flow {
        request = request.target(with_notice(find_flow(client, slug)).await?);
    }
    if let Some(search) = &options.search {
        request = request.search(search.as_str());
    }
    // indicatif hides the bar if standard error is not a terminal, and respects NO_COLOR and CLICOLOR.
    let style = ProgressStyle::with_template("{bar:40.cyan/dim} {pos} of {len} bindings, {elapsed}")?;
    let bar = ProgressBar::new_spinner().with_style(style);
    let mut bindings = Vec::new();
    let mut items = request.paginate().items();
    let mut next = with_notice(items.try_next()).await?;
    while let Some(binding) = next {
        bindings.push(binding);
        bar.set_length(items.total().unwrap_or(0));
        bar.set_position(bindings.len() as u64);
        next = items.try_next().await?;
    }
    bar.finish_and_clear();
    Ok(bindings)
}

/// Waits for the first rows, and tells people who mistyped the address why nothing happens.
async fn with_notice<T>(rows: impl Future<Output = T>) -> T {
    let mut rows = pin!(rows);
    if let Ok(rows) = tokio::time::timeout(Duration::from_secs(3), &mut rows).await {
        return rows;
    }
    report(format_args!("no rows yet: failed requests are retried for up to two minutes"));
    rows.await
}

fn print(flows: &[Flow], format: Format) -> Result<()> {
    // Colors only on a terminal that wants them: NO_COLOR, CLICOLOR and CLICOLOR_FORCE are respected.
    let mut out = BufWriter::new(anstream::stdout().lock());
    match format {
        Format::Table => text::table(&mut out, flows)?,
        Format::Json => text::json(&mut out, flows)?,
        Format::Csv => text::csv(&mut out, flows)?,
        Format::Mermaid => text::mermaid(&mut out, flows)?,
        Format::Html => html::page(&mut out, flows)?,
    }
    Ok(out.flush()?)
}

/// Writes a line for the user. If that fails, the program continues.
fn report(line: fmt::Arguments) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether the reader has closed the output, as `head` does. That is not an error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &(dyn std::error::Error + 'static)| match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(error)) => Some(error.kind()),
        _ => error
            .downcast_ref::<io::Error>()
            .map(io::Error::kind)
            .or_else(|| error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind)),
    };
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}
