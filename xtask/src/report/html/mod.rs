//! A report as one self-contained HTML page, which loads nothing and escapes everything from the documents.

use std::fmt::Write;

use excerpt::{escape, excerpts};

use super::{FollowUp, Invalid, Status, SyncReport, counted, invalid, operations, sides, text, version};
use crate::diff::rust::{Bump, ItemChange};
use crate::diff::{Change, Compatibility, Diff};

mod excerpt;

const STYLE: &str = include_str!("style.css");

pub fn of_diff(diff: &Diff) -> String {
    page(&title(diff), &header(diff), &changes(diff), "diff")
}

/// The report of a sync: the changes, the files, and the manual follow-up.
pub fn of_sync(report: &SyncReport) -> String {
    let left = follow_ups(&report.follow_ups);
    let Some(diff) = &report.diff else {
        let done = escape(text::without_diff(report).trim_end());
        return page("Sync", "<h1>Sync</h1>\n", &format!("<p>{done}</p>\n{left}"), "sync");
    };
    let outcome = text::sync_outcome(report);
    let outcome = outcome.lines().filter(|line| !line.is_empty()).map(escape).collect::<Vec<_>>().join("</p>\n<p>");
    let main = format!("<article>\n<p>{outcome}</p>\n</article>\n{left}{}", changes(diff));
    page(&title(diff), &header(diff), &main, "sync")
}

pub fn of_status(Status { base, follow_ups: left }: &Status) -> String {
    let left = if left.is_empty() { "<p>Nothing is left to do.</p>\n".to_owned() } else { follow_ups(left) };
    page("Manual follow-up", &format!("<h1>Since {}</h1>\n", escape(base)), &left, "sync --status")
}

fn title(diff: &Diff) -> String {
    format!("authentik {} → {}", escape(&diff.old.release), escape(&diff.new.release))
}

fn header(diff: &Diff) -> String {
    let [old, new] = [&diff.old, &diff.new].map(|side| (escape(&side.release), escape(&side.source)));
    format!(
        "<h1>authentik {} <span>→</span> {}</h1>\n<p class=\"muted\">{} <span>→</span> {}</p>\n{}",
        old.0,
        new.0,
        old.1,
        new.1,
        summary(diff)
    )
}

/// A page of parts that are already escaped.
fn page(title: &str, header: &str, main: &str, command: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n{header}</header>\n<main>\n{main}</main>\n\
         <footer>Made by <code>cargo xtask {command} --format html</code>.</footer>\n</body>\n</html>\n"
    )
}

fn changes(diff: &Diff) -> String {
    let mut out = String::new();
    if !diff.changes.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>", escape(&counted(diff)));
    }
    out.extend(diff.changes.iter().map(|change| article(diff, change)));
    out.push_str(&left_out(diff));
    let unexplained = diff.rust.items.iter().filter(|item| !diff.explains(item)).collect::<Vec<_>>();
    if !unexplained.is_empty() {
        let _ = writeln!(out, "<h2>Other changes to the generated Rust</h2>\n<article>{}</article>", items(&unexplained));
    }
    out
}

/// The manual follow-up; nothing if there is none.
fn follow_ups(follow_ups: &[FollowUp]) -> String {
    let each = |FollowUp { id, pointer, text, help, .. }: &FollowUp| {
        let pointer = pointer.as_ref().map_or_else(String::new, |pointer| format!(" · <code>{}</code>", escape(pointer)));
        format!("<li>{}<br>{}<br><span class=\"muted\"><code>{id}</code>{pointer}</span></li>\n", prose(text), prose(help))
    };
    if follow_ups.is_empty() {
        return String::new();
    }
    format!("<h2>Manual follow-up</h2>\n<article>\n<ol>\n{}</ol>\n</article>\n", follow_ups.iter().map(each).collect::<String>())
}

fn summary(diff: &Diff) -> String {
    let (old, new) = sides(diff);
    let (old, new) = (escape(old), escape(new));
    let cell = |outcome: Compatibility| format!("<td class=\"{0}\">{0}</td>", outcome.as_str());
    let same = "<td class=\"same\">same</td>";
    let condition = if diff.has_conditions() {
        "<p class=\"muted\">Some changes affect only calls that use the changed part; this table leaves them out.</p>"
    } else {
        ""
    };
    let bump = diff.rust.bump.map_or("unknown".into(), |bump| bump.to_string());
    let reason = version(diff);
    let reason = reason.split_once(": ").map_or(String::new(), |(_, reason)| format!("<p>{}</p>", escape(reason)));
    format!(
        "<div class=\"summary\">\n<section class=\"card\">\n<h4>On the wire</h4>\n<table>\n\
         <thead><tr><th></th><th scope=\"col\">server of {old}</th><th scope=\"col\">server of {new}</th></tr></thead>\n\
         <tr><th scope=\"row\">client of {old}</th>{same}{}</tr>\n<tr><th scope=\"row\">client of {new}</th>{}{same}</tr>\n</table>\n\
         {condition}</section>\n<section class=\"card\">\n<h4>Version of the crate</h4>\n<div class=\"big {bump}\">{bump}</div>\n{reason}\
         <p class=\"muted\">{}; {}.</p>\n</section>\n</div>\n",
        cell(diff.wire.old_client_on_new_server),
        cell(diff.wire.new_client_on_old_server),
        escape(&counted(diff)),
        match diff.rust.items.len() {
            1 => "1 changed public Rust item".into(),
            count => format!("{count} changed public Rust items"),
        },
    )
}

fn article(diff: &Diff, change: &Change) -> String {
    let level = change.level.to_string();
    let verdict = |label: &str, class: &str| format!("<li>{label} <span class=\"chip {class}\">{class}</span></li>\n");
    let mut out = format!(
        "<article class=\"is-{level}\">\n<header><span class=\"chip {level}\">{level}</span><h3>{}</h3></header>\n<ul class=\"verdicts\">\n{}{}{}</ul>\n",
        prose(&change.text),
        verdict("old client, new server", change.wire.old_client_on_new_server.as_str()),
        verdict("new client, old server", change.wire.new_client_on_old_server.as_str()),
        change.rust.map_or_else(String::new, |bump| verdict("Rust", &bump.to_string())),
    );
    if let Some(call) = &change.only_if {
        let _ = writeln!(out, "<p>Only if {}.</p>", prose(call));
    }
    if let Some(note) = &change.note {
        let _ = writeln!(out, "<p>{}.</p>", prose(note));
    }
    let (id, pointer) = (escape(&change.id), escape(&change.pointer));
    let _ = writeln!(out, "<p class=\"muted\"><code>{id}</code> · {} · <code>{pointer}</code></p>", escape(&operations(change)));
    let [old, new] = excerpts(diff, &change.pointer);
    let _ =
        writeln!(out, "<div class=\"sides\">\n{}{}</div>", side(&diff.old.release, old.as_ref()), side(&diff.new.release, new.as_ref()));
    let belonging = diff.rust.items.iter().filter(|item| change.concerns(item)).collect::<Vec<_>>();
    if !belonging.is_empty() {
        // Breaking changes are expanded by default.
        let open = if belonging.iter().any(|item| item.bump == Bump::Major) { " open" } else { "" };
        let _ = writeln!(out, "<details{open}><summary>Rust: {}</summary>\n{}</details>", count_items(belonging.len()), items(&belonging));
    }
    out + "</article>\n"
}

fn count_items(count: usize) -> String {
    format!("{count} public item{}", if count == 1 { "" } else { "s" })
}

fn items(items: &[&ItemChange]) -> String {
    let each = |item: &&ItemChange| {
        let code = |code: &Option<String>| code.as_ref().map(|code| if code.is_empty() { item.item.clone() } else { code.clone() });
        let [old, new] = excerpt::compared(code(&item.old).as_deref(), code(&item.new).as_deref());
        format!(
            "<div class=\"item\">\n<p><span class=\"chip {0}\">{0}</span><code>{1}</code></p>\n<div class=\"sides\">\n{2}{3}</div>\n</div>\n",
            item.bump,
            escape(&item.item),
            side("before", old.as_ref()),
            side("after", new.as_ref()),
        )
    };
    items.iter().map(each).collect()
}

/// One side of a comparison. `html` is already escaped.
fn side(title: &str, html: Option<&String>) -> String {
    let body = match html {
        Some(html) => format!("<pre>{html}</pre>"),
        None => "<pre class=\"absent\">absent</pre>".to_owned(),
    };
    format!("<div><h4>{}</h4>{body}</div>\n", escape(title))
}

fn left_out(diff: &Diff) -> String {
    let invalid = invalid(diff).into_iter().map(|Invalid { source, operations, reason }| {
        format!("<p>Invalid in {}: <code>{}</code></p>\n<pre>{}</pre>\n", escape(source), escape(&operations), escape(reason))
    });
    let unsupported = diff
        .rust
        .left_out
        .iter()
        .map(|operation| format!("<p><code>{}</code> is not supported by the generator.</p>\n", escape(&operation.to_string())));
    let notes = invalid.chain(unsupported).collect::<String>();
    if notes.is_empty() { notes } else { format!("<h2>Not compared</h2>\n<article>\n{notes}</article>\n") }
}

/// Text with `code` in backticks.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { escape(part) } else { format!("<code>{}</code>", escape(part)) }).collect()
}
