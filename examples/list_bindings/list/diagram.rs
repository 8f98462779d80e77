//! A flow as an SVG diagram: a chain of stages, in rows that fit on a page.

use std::fmt::Write;

use authentik_flow_bindings::{FlowStageBinding, PolicyEvaluation};

use super::flow::{Flow, number};
use super::html::escape;

/// The number of boxes in a row.
const COLUMNS: usize = 4;
const BOX: (usize, usize) = (220, 92);
/// Space between boxes. The horizontal space holds the arrow and the mark for policies.
const GAP: (usize, usize) = (48, 34);
/// Space in front of the first box, for the start.
const MARGIN: usize = 52;
/// How many characters fit into a box.
const NAME_LENGTH: usize = 23;
const KIND_LENGTH: usize = 30;

/// The diagram of a flow.
pub fn svg(flow: &Flow) -> String {
    let boxes = flow.bindings.len();
    let (columns, rows) = (boxes.clamp(1, COLUMNS), boxes.div_ceil(COLUMNS).max(1));
    let width = MARGIN + columns * (BOX.0 + GAP.0) - 8;
    let height = rows * (BOX.1 + GAP.1) - GAP.1 + 4;
    let mut svg = format!(r#"<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">"#);
    let _ = write!(svg, "<title>{}: {}</title>", escape(&flow.name), number(boxes, "stage"));
    let middle = 2 + BOX.1 / 2;
    let _ = write!(svg, r#"<circle class="start" cx="9" cy="{middle}" r="7"/>"#);
    for (index, binding) in flow.bindings.iter().enumerate() {
        arrow(&mut svg, index, binding);
        stage(&mut svg, index, binding);
    }
    let (x, y) = corner(boxes.saturating_sub(1));
    let (from, y) = (x + BOX.0, y + BOX.1 / 2);
    let _ = write!(svg, r#"<path class="line" d="M{from} {y}h16"/><circle class="end" cx="{}" cy="{y}" r="7"/>"#, from + 25);
    let _ = write!(svg, r#"<circle class="start" cx="{}" cy="{y}" r="3"/></svg>"#, from + 25);
    svg
}

/// The upper left corner of a box.
fn corner(index: usize) -> (usize, usize) {
    (MARGIN + index % COLUMNS * (BOX.0 + GAP.0), 2 + index / COLUMNS * (BOX.1 + GAP.1))
}

/// The arrow that leads to a stage. A diamond on it says when policies decide whether the stage runs.
fn arrow(svg: &mut String, index: usize, binding: &FlowStageBinding) {
    let (x, y) = corner(index);
    let y = y + BOX.1 / 2;
    let path = match index {
        0 => format!("M16 {y}H{}", x - 3),
        _ if index.is_multiple_of(COLUMNS) => {
            // From the end of the row above, between the rows, to the start of this one.
            let (from, above) = corner(index - 1);
            let (from, above, between) = (from + BOX.0, above + BOX.1 / 2, y - BOX.1 / 2 - GAP.1 / 2);
            format!("M{from} {above}h12q8 0 8 8V{}q0 8 -8 8H22q-8 0 -8 8V{}q0 8 8 8H{}", between - 8, y - 8, x - 3)
        }
        _ => format!("M{} {y}H{}", x - GAP.0, x - 3),
    };
    let _ = write!(svg, r#"<path class="line arrow" d="{path}"/>"#);
    let Some(evaluation) = binding.policy_evaluation().filter(|evaluation| *evaluation != PolicyEvaluation::Never) else { return };
    let (class, when) = match evaluation {
        PolicyEvaluation::OnPlan => ("gate plan", "when the flow is planned"),
        PolicyEvaluation::OnRun => ("gate run", "just before the stage"),
        _ => ("gate plan run", "when the flow is planned, and again just before the stage"),
    };
    let center = x - 22;
    let _ =
        write!(svg, r#"<path class="{class}" d="M{} {y}l7 -7 7 7 -7 7z"><title>Policies are evaluated {when}</title></path>"#, center - 7);
}

/// The box of a stage.
fn stage(svg: &mut String, index: usize, binding: &FlowStageBinding) {
    let (x, y) = corner(index);
    let (width, height) = BOX;
    let stage = &binding.stage_obj;
    let class = kind(&stage.component);
    let _ = write!(svg, r#"<g class="stage {class}"><title>{}, order {}</title>"#, escape(&stage.name), binding.order);
    let _ = write!(svg, r#"<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>"#);
    let _ = write!(svg, r#"<path class="band" d="M{} {y}h-2q-8 0 -8 8v{}q0 8 8 8h2z"/>"#, x + 10, height - 16);
    let text = |svg: &mut String, class: &str, x: usize, y: usize, text: &str| {
        let _ = write!(svg, r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escape(text));
    };
    text(svg, "name", x + 20, y + 26, &shortened(&stage.name, NAME_LENGTH));
    text(svg, "kind", x + 20, y + 46, &shortened(&stage.verbose_name, KIND_LENGTH));
    let mode = binding.policy_engine_mode.as_ref().map_or("unknown", |mode| mode.as_str());
    let action = binding.invalid_response_action.as_ref().map_or("unknown", |action| action.label());
    text(svg, "note", x + 20, y + 75, &format!("{mode} · {}", action.to_lowercase()));
    let order = if binding.order == i64::from(i32::MIN) { "first".to_owned() } else { binding.order.to_string() };
    text(svg, "order", x + width - 10, y + 75, &order);
    svg.push_str("</g>");
}

/// A class for the color of the stage.
fn kind(component: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| component.contains(word));
    match () {
        () if has(&["deny"]) => "stop",
        () if has(&["user-login", "user-logout", "user-write", "user-delete"]) => "user",
        () if has(&["identification", "password", "authenticator", "mtls"]) => "proof",
        () if has(&["prompt", "consent", "invitation"]) => "input",
        () if has(&["email", "captcha", "sms"]) => "check",
        () => "other",
    }
}

fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some(_) => text.chars().take(length - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
