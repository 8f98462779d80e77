//! Shows both sides of a change: the YAML at its pointer, with the lines that differ marked.

use serde_json::Value;

use crate::codegen::pointer::{child, unescape};
use crate::diff::Diff;
use crate::yaml::to_yaml;

/// The longest excerpt, in lines.
const LINES: usize = 40;

/// The old and the new YAML at a pointer, as HTML. Short values are shown with their context.
pub fn excerpts(diff: &Diff, pointer: &str) -> [Option<String>; 2] {
    let steps = pointer.trim_start_matches("#/").split('/').map(unescape).collect::<Vec<_>>();
    let [old, new] = &diff.slices;
    let length = if steps.last().is_some_and(|last| last == "enum") { steps.len() - 1 } else { steps.len() };
    let side = |document, other| {
        let excerpt = excerpt(find(document, other, &steps[..length])?);
        Some(if is_required(document, &steps) { excerpt + "\n# required" } else { excerpt })
    };
    compared(side(old, new).as_deref(), side(new, old).as_deref())
}

/// Whether a pointer leads to a property that its object requires.
fn is_required(document: &Value, steps: &[String]) -> bool {
    let [object @ .., properties, name] = steps else { return false };
    let object = object.iter().try_fold(document, |at, key| at.pointer(&child("", key)));
    let required = object.and_then(|object| object.get("required")?.as_array());
    properties == "properties" && required.is_some_and(|names| names.iter().any(|required| required == name))
}

/// Follows a pointer in one document. Array items that have a `name`, such as parameters, are matched with the other document by it.
fn find<'a>(document: &'a Value, other: &'a Value, steps: &[String]) -> Option<&'a Value> {
    let (mut at, mut elsewhere) = (document, Some(other));
    for key in steps {
        let counterpart = elsewhere.and_then(|value| value.pointer(&child("", key)));
        at = match (at, counterpart.and_then(|value| value.get("name"))) {
            (Value::Array(items), Some(name)) => {
                let is_same = |item: &&Value| item.get("name") == Some(name);
                // The index in the pointer is right in only one of the two documents.
                items.iter().find(is_same)?
            }
            _ => at.pointer(&child("", key))?,
        };
        elsewhere = counterpart;
    }
    Some(at)
}

fn excerpt(value: &Value) -> String {
    let yaml = to_yaml(&without_documentation(value));
    let mut lines = yaml.lines().take(LINES).collect::<Vec<_>>();
    if yaml.lines().count() > LINES {
        lines.push("…");
    }
    lines.join("\n")
}

/// Removes our descriptions: only the checked-in slice has them, and they would obscure the changes.
fn without_documentation(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let is_shown =
                |key: &str, value: &Value| !(key.starts_with("x-enum-") || key == "x-listing" || key == "description" && value.is_string());
            let shown = map.iter().filter(|(key, value)| is_shown(key, value));
            shown.map(|(key, value)| (key.clone(), without_documentation(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_documentation).collect(),
        scalar => scalar.clone(),
    }
}

/// Two texts as HTML. Lines that only one of them has are marked.
pub fn compared(old: Option<&str>, new: Option<&str>) -> [Option<String>; 2] {
    let marked = |text: &str, other: Option<&str>, tag: &str| {
        let others = other.map(|other| other.lines().collect::<Vec<_>>());
        let lines = text.lines().map(|line| match &others {
            Some(others) if others.contains(&line) => escape(line) + "\n",
            _ => format!("<{tag}>{}</{tag}>", escape(line)),
        });
        lines.collect::<String>()
    };
    [old.map(|text| marked(text, new, "del")), new.map(|text| marked(text, old, "ins"))]
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
