//! The text formats: table, JSON, CSV, and Mermaid.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use authentik_flow_bindings::FlowStageBinding;
use tabled::builder::Builder;
use tabled::settings::Alignment;
use tabled::settings::object::Columns;

use super::flow::{Flow, evaluated};

const NAME: Style = Style::new().bold();
const SLUG: Style = AnsiColor::Cyan.on_default();

/// Writes one table for each flow, in color. `anstream` removes the colors if the output does not support them.
pub fn table(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    for flow in flows {
        let (name, slug) = (printable(&flow.name), printable(&flow.slug));
        writeln!(out, "{NAME}{name}{NAME:#} ({SLUG}{slug}{SLUG:#}), {}", printable(&flow.designation))?;
        let mut table = Builder::new();
        table.push_record(["order", "stage", "kind", "policies", "evaluated", "invalid response"]);
        flow.bindings.iter().for_each(|binding| table.push_record(row(binding)));
        let mut table = table.build();
        table.with(tabled::settings::Style::sharp()).modify(Columns::first(), Alignment::right());
        writeln!(out, "{table}\n")?;
    }
    Ok(())
}

/// Replaces control characters, which a terminal could interpret.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn row(binding: &FlowStageBinding) -> [String; 6] {
    [
        binding.order.to_string(),
        printable(&binding.stage_obj.name),
        printable(&binding.stage_obj.verbose_name),
        binding.policy_engine_mode.as_ref().map_or("unknown", |mode| mode.label()).to_owned(),
        evaluated(binding).to_owned(),
        binding.invalid_response_action.as_ref().map_or("unknown", |action| action.label()).to_owned(),
    ]
}

/// Writes the bindings as JSON, with the same property names and values as in the API.
pub fn json(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    let rows = flows.iter().flat_map(|flow| &flow.bindings).collect::<Vec<_>>();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    Ok(writeln!(out)?)
}

/// Writes one line of CSV for each binding, with the same values as in the API.
pub fn csv(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let settings = ["policy_engine_mode", "evaluate_on_plan", "re_evaluate_policies", "invalid_response_action"];
    csv.write_record(["flow", "order", "stage", "kind"].iter().chain(&settings).chain(&["pk"]))?;
    let true_or_false = |value: Option<bool>| value.map(|value| value.to_string()).unwrap_or_default();
    for flow in flows {
        for binding in &flow.bindings {
            csv.write_record([
                flow.slug.as_str(),
                &binding.order.to_string(),
                &binding.stage_obj.name,
                &binding.stage_obj.verbose_name,
                binding.policy_engine_mode.as_ref().map_or("", |mode| mode.as_str()),
                &true_or_false(binding.evaluate_on_plan),
                &true_or_false(binding.re_evaluate_policies),
                binding.invalid_response_action.as_ref().map_or("", |action| action.as_str()),
                &binding.pk.to_string(),
            ])?;
        }
    }
    Ok(csv.flush()?)
}

/// A Mermaid flowchart, which Markdown renderers draw.
pub fn mermaid(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    let escape = |text: String| text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
    let quoted = |text: &str| escape(printable(text));
    writeln!(out, "flowchart LR")?;
    for (number, flow) in flows.iter().enumerate() {
        writeln!(out, "  subgraph flow{number}[\"{} ({})\"]", quoted(&flow.name), quoted(&flow.slug))?;
        for (index, binding) in flow.bindings.iter().enumerate() {
            let stage = &binding.stage_obj;
            writeln!(out, "    stage{number}_{index}[\"{}<br>{}\"]", quoted(&stage.name), quoted(&stage.verbose_name))?;
        }
        for index in 1..flow.bindings.len() {
            writeln!(out, "    stage{number}_{} --> stage{number}_{index}", index - 1)?;
        }
        writeln!(out, "  end")?;
    }
    Ok(())
}
