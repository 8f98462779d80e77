//! A self-contained page: styles, script and diagrams are embedded.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;

use super::diagram;
use super::flow::{Flow, number};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Every flow as a diagram, grouped by designation.
pub fn page(out: &mut impl Write, flows: &[Flow]) -> Result<()> {
    let mut groups = BTreeMap::<&str, Vec<&Flow>>::new();
    for flow in flows {
        groups.entry(&flow.designation).or_default().push(flow);
    }
    let bindings = flows.iter().map(|flow| flow.bindings.len()).sum::<usize>();
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Flows and their stages</title>")?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n{MARKERS}")?;
    writeln!(out, "<header>\n<h1>Flows and their stages</h1>\n<p>{}, {}</p>", number(flows.len(), "flow"), number(bindings, "binding"))?;
    writeln!(out, "<input type=\"search\" placeholder=\"Filter by flow or stage\" aria-label=\"Filter by flow or stage\">")?;
    writeln!(out, "<nav>")?;
    for (designation, flows) in &groups {
        let id = id(designation);
        writeln!(out, "<a href=\"#{id}\">{} <span>{}</span></a>", escape(designation), flows.len())?;
    }
    writeln!(out, "</nav>\n{LEGEND}\n</header>\n<main>")?;
    for (designation, flows) in &groups {
        writeln!(out, "<section id=\"{}\">\n<h2>{}</h2>", id(designation), escape(designation))?;
        for flow in flows {
            let (name, slug) = (escape(&flow.name), escape(&flow.slug));
            writeln!(out, "<article>\n<h3>{name} <code>{slug}</code></h3>\n<div>{}</div>\n</article>", diagram::svg(flow))?;
        }
        writeln!(out, "</section>")?;
    }
    let hidden = if flows.is_empty() { "" } else { " hidden" };
    Ok(writeln!(out, "<p id=\"none\"{hidden}>No flow matches.</p>\n</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>")?)
}

/// The arrowhead that all diagrams share.
const MARKERS: &str = r#"<svg width="0" height="0" aria-hidden="true"><defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0l8 4-8 4z"/></marker></defs></svg>"#;

const LEGEND: &str = r#"<p class="legend">
<span><svg width="16" height="16"><path class="gate plan" d="M1 8l7-7 7 7-7 7z"/></svg> policies are evaluated when the flow is planned</span>
<span><svg width="16" height="16"><path class="gate run" d="M1 8l7-7 7 7-7 7z"/></svg> just before the stage</span>
<span><svg width="16" height="16"><path class="gate plan run" d="M1 8l7-7 7 7-7 7z"/></svg> at both times</span>
<span>In each box: the stage and its kind; whether any or all policies must pass · what happens after an invalid response; the order</span>
</p>"#;

/// Text for an element or an attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn id(designation: &str) -> String {
    designation.to_lowercase().replace(|character: char| !character.is_ascii_alphanumeric(), "-")
}
