//! Lists the stages of every flow of an authentik server, flow by flow.
//!
//! With `AUTHENTIK_URL` and `AUTHENTIK_TOKEN` it lists that server; without, a fake one with 1,240 bindings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use authentik_flow_bindings::{Client, FlowSet, FlowStageBinding, PolicyEvaluation};
use clap::{Parser, ValueEnum};
use futures_util::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tabled::builder::Builder;
use tabled::settings::Style;
use uuid::Uuid;

/// Lists the stages of every flow of an authentik server: those of AUTHENTIK_URL with AUTHENTIK_TOKEN, or of a fake server.
#[derive(Parser)]
struct Options {
    /// List this flow only
    #[arg(long, value_name = "SLUG")]
    flow: Option<String>,
    /// List stages only that have each of these words in their name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The release that the fake server is [default: 2025.6]
    #[arg(long)]
    release: Option<Release>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    /// For reading
    Table,
    /// The rows as the API has them
    Json,
    /// One line for each stage
    Csv,
    /// A diagram of each flow, for Markdown
    Mermaid,
}

/// A flow with its bindings in the order in which their stages run.
struct Flow {
    slug: String,
    name: String,
    designation: String,
    bindings: Vec<FlowStageBinding>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let started = Instant::now();
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let (client, _fake) = if is_set("AUTHENTIK_URL") || is_set("AUTHENTIK_TOKEN") {
        if options.release.is_some() {
            bail!("--release is for the fake server: leave it out, or unset AUTHENTIK_URL and AUTHENTIK_TOKEN");
        }
        (Client::from_env()?, None)
    } else {
        let release = options.release.unwrap_or(Release::V2025_6);
        let fake = FakeAuthentik::builder().release(release).generated(1_240, 212).start().await.context("the fake server cannot start")?;
        eprintln!("AUTHENTIK_URL is not set: listing a fake authentik {release} with 1,240 bindings");
        (fake.client(), Some(fake))
    };

    let bindings = list(&client, options).await?;
    let (rows, flows) = (bindings.len(), by_flow(bindings));
    let mut out = BufWriter::new(io::stdout().lock());
    match print(&mut out, &flows, options.format).and_then(|()| Ok(out.flush()?)) {
        Err(error) if is_closed_pipe(&error) => return Ok(()),
        outcome => outcome?,
    }
    let number = |count: usize, thing: &str| format!("{count} {thing}{}", if count == 1 { "" } else { "s" });
    eprintln!("{} in {}, {:.2} s", number(rows, "binding"), number(flows.len(), "flow"), started.elapsed().as_secs_f64());
    Ok(())
}

async fn list(client: &Client, options: &Options) -> Result<Vec<FlowStageBinding>> {
    let mut request = client.flows_bindings_list();
    if let Some(slug) = &options.flow {
        request = request.target(find_flow(client, slug).await?);
    }
    if let Some(search) = &options.search {
        request = request.search(search.as_str());
    }
    // Hidden by indicatif where standard error is no terminal.
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{bar:40} {pos} of {len} bindings, {elapsed}")?);
    let mut bindings = Vec::new();
    let mut items = request.paginate().items();
    while let Some(binding) = items.try_next().await? {
        bindings.push(binding);
        bar.set_length(items.total().unwrap_or(0));
        bar.set_position(bindings.len() as u64);
    }
    bar.finish_and_clear();
    Ok(bindings)
}

/// The primary key of a flow, from the first binding whose stage is used by it.
async fn find_flow(client: &Client, slug: &str) -> Result<Uuid> {
    let mut slugs = BTreeSet::new();
    let mut items = client.flows_bindings_list().paginate().items();
    while let Some(binding) = items.try_next().await? {
        for flow in binding.stage_obj.flow_set {
            if flow.slug == slug {
                return Ok(flow.pk);
            }
            slugs.insert(flow.slug);
        }
    }
    let wanted = slug.to_lowercase();
    let alike = slugs
        .iter()
        .filter(|known| !wanted.is_empty() && (known.to_lowercase().contains(&wanted) || wanted.contains(&known.to_lowercase())));
    let like = alike.take(5).cloned().collect::<Vec<_>>();
    match like.as_slice() {
        [] => bail!("no flow with stages has the slug `{slug}`: run without --flow to see them all"),
        like => bail!("no flow with stages has the slug `{slug}`: did you mean {}?", like.join(", ")),
    }
}

fn by_flow(bindings: Vec<FlowStageBinding>) -> Vec<Flow> {
    let mut flows = BTreeMap::<Uuid, Vec<FlowStageBinding>>::new();
    for binding in bindings {
        flows.entry(binding.target).or_default().push(binding);
    }
    let mut flows = flows.into_iter().map(|(pk, bindings)| flow(pk, bindings)).collect::<Vec<_>>();
    flows.sort_by(|a, b| a.slug.cmp(&b.slug));
    flows
}

fn flow(pk: Uuid, mut bindings: Vec<FlowStageBinding>) -> Flow {
    bindings.sort_by_key(|binding| (binding.order, binding.pk));
    let found: Option<&FlowSet> = bindings.iter().flat_map(|binding| &binding.stage_obj.flow_set).find(|flow| flow.pk == pk);
    let (slug, name, designation) = match found {
        Some(flow) => (flow.slug.clone(), flow.name.clone(), flow.designation.label().to_owned()),
        None => (pk.to_string(), "a flow that the server does not describe".to_owned(), "unknown".to_owned()),
    };
    Flow { slug, name, designation, bindings }
}

fn print(out: &mut impl Write, flows: &[Flow], format: Format) -> Result<()> {
    match format {
        Format::Table => flows.iter().try_for_each(|flow| print_table(out, flow)),
        Format::Json => {
            let rows = flows.iter().flat_map(|flow| &flow.bindings).collect::<Vec<_>>();
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            Ok(writeln!(out)?)
        }
        Format::Csv => print_csv(out, flows),
        Format::Mermaid => print_mermaid(out, flows),
    }
}

fn print_table(out: &mut impl Write, flow: &Flow) -> Result<()> {
    writeln!(out, "{} ({}), {}", flow.name, flow.slug, flow.designation)?;
    let mut table = Builder::new();
    table.push_record(["order", "stage", "kind", "policies", "evaluated", "invalid response"]);
    for binding in &flow.bindings {
        table.push_record([
            binding.order.to_string(),
            binding.stage_obj.name.clone(),
            binding.stage_obj.verbose_name.clone(),
            binding.policy_engine_mode.as_ref().map_or("unknown", |mode| mode.label()).to_owned(),
            evaluated(binding).to_owned(),
            binding.invalid_response_action.as_ref().map_or("unknown", |action| action.label()).to_owned(),
        ]);
    }
    Ok(writeln!(out, "{}\n", table.build().with(Style::sharp()))?)
}

/// When the policies of a binding are evaluated.
fn evaluated(binding: &FlowStageBinding) -> &'static str {
    binding.policy_evaluation().map_or("unknown", PolicyEvaluation::label)
}

fn print_csv(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["flow", "order", "stage", "kind", "policy_engine_mode", "policies_evaluated", "invalid_response_action", "binding"])?;
    for flow in flows {
        for binding in &flow.bindings {
            csv.write_record([
                flow.slug.as_str(),
                &binding.order.to_string(),
                &binding.stage_obj.name,
                &binding.stage_obj.verbose_name,
                binding.policy_engine_mode.as_ref().map_or("", |mode| mode.as_str()),
                evaluated(binding),
                binding.invalid_response_action.as_ref().map_or("", |action| action.as_str()),
                &binding.pk.to_string(),
            ])?;
        }
    }
    Ok(csv.flush()?)
}

fn print_mermaid(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    let quoted = |text: &str| text.replace('#', "#35;").replace('"', "#quot;");
    writeln!(out, "flowchart LR")?;
    for (number, flow) in flows.iter().enumerate() {
        writeln!(out, "  subgraph flow{number}[\"{} ({})\"]", quoted(&flow.name), quoted(&flow.slug))?;
        for (place, binding) in flow.bindings.iter().enumerate() {
            writeln!(
                out,
                "    stage{number}_{place}[\"{}<br>{}\"]",
                quoted(&binding.stage_obj.name),
                quoted(&binding.stage_obj.verbose_name)
            )?;
        }
        for place in 1..flow.bindings.len() {
            writeln!(out, "    stage{number}_{} --> stage{number}_{place}", place - 1)?;
        }
        writeln!(out, "  end")?;
    }
    Ok(())
}

/// Whether whoever read the output has seen enough, as `head` has: no error.
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
