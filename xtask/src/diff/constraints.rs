//! Changes in the values that a schema allows: enums, bounds, patterns, unique items and additional properties.

use serde_json::Value;

use super::findings::{Findings, Range, Subject};
use super::model::Wire;
use super::rules::Use;
use super::wire::{Compatibility, unread_others};
use crate::codegen::names::variant_name;
use crate::codegen::pointer::child;
use crate::resolved_schema::ResolvedSchema;

pub fn enums(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    let (before, after) = (old.values(), new.values());
    // String enums are open in Rust, and booleans are not restricted; enums of numbers are closed.
    let closed = if matches!(new.kind(), "string" | "boolean") { Compatibility::Compatible } else { Compatibility::Incompatible };
    let only_old = Wire { new_client_on_old_server: closed, ..Wire::COMPATIBLE };
    let only_new = Wire { old_client_on_new_server: closed, ..Wire::COMPATIBLE };
    let name = &subject.name;
    match (before.is_empty(), after.is_empty()) {
        (true, true) => {}
        (true, false) => {
            let text = format!("`{name}` is now restricted to listed values");
            findings.note(subject, "became-enum", text, &new.pointer, Range::Narrower, only_old);
        }
        (false, true) => {
            let text = format!("`{name}` is no longer restricted to listed values");
            findings.note(subject, "type-generalized", text, &new.pointer, Range::Wider, only_new);
        }
        (false, false) => {
            for value in after.iter().filter(|value| !before.contains(value)) {
                let text = format!("`{name}` may now have the value {value}");
                let subject = variant(subject, value);
                findings.note(&subject, "enum-value-added", text, &child(&new.pointer, "enum"), Range::Wider, only_new);
            }
            for value in before.iter().filter(|value| !after.contains(value)) {
                let text = format!("`{name}` can no longer have the value {value}");
                let subject = variant(subject, value);
                findings.note(&subject, "enum-value-removed", text, &child(&old.pointer, "enum"), Range::Narrower, only_old);
            }
        }
    }
}

/// Compares one value of an enum. A request is affected only if it sends the value.
fn variant(subject: &Subject, value: &Value) -> Subject {
    let variant = variant_name(value.as_str().unwrap_or_default());
    let variants = subject.types.iter().map(|name| format!("types::{name}::{variant}"));
    // A filter shares the enum of a property only as long as both have the same values.
    let filter = if subject.used == Use::Parameter { subject.touches.as_slice() } else { &[] };
    let only_if = subject.used.is_request().then(|| format!("sets `{}` to {value}", subject.name));
    Subject { touches: variants.chain(filter.iter().cloned()).collect(), only_if, ..subject.clone() }
}

const BOUNDS: [(&str, &str); 11] = [
    ("maximum", "max"),
    ("minimum", "min"),
    ("exclusiveMaximum", "exclusive-max"),
    ("exclusiveMinimum", "exclusive-min"),
    ("maxLength", "max-length"),
    ("minLength", "min-length"),
    ("maxItems", "max-items"),
    ("minItems", "min-items"),
    ("maxProperties", "max-properties"),
    ("minProperties", "min-properties"),
    ("multipleOf", "multiple-of"),
];

/// Compares bounds, which the generated client does not check in responses.
pub fn bounds(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    for (keyword, bound) in BOUNDS {
        let number = |node: &ResolvedSchema| node.get(keyword).and_then(Value::as_f64);
        let (moved, text, wider) = match (old.get(keyword), new.get(keyword)) {
            (a, b) if a == b => continue,
            (None, Some(value)) => ("set", format!("now has {keyword} {value}"), false),
            (Some(value), None) => ("unset", format!("no longer has {keyword} {value}"), true),
            (Some(a), Some(b)) => {
                let increased = number(new) > number(old);
                let moved = if increased { "increased" } else { "decreased" };
                (moved, format!("has {keyword} {b}; it was {a}"), increased == bound.contains("max"))
            }
            (None, None) => continue,
        };
        let range = if wider { Range::Wider } else { Range::Narrower };
        let text = format!("`{}` {text}", subject.name);
        findings.note(subject, &format!("{bound}-{moved}"), text, &new.pointer, range, Wire::COMPATIBLE);
    }
}

pub fn pattern(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    let (happened, text, range) = match (old.text("pattern"), new.text("pattern")) {
        (a, b) if a == b => return,
        (None, Some(pattern)) => ("pattern-added", format!("must now match `{pattern}`"), Range::Narrower),
        (Some(pattern), None) => ("pattern-removed", format!("need no longer match `{pattern}`"), Range::Wider),
        (Some(a), Some(b)) => ("pattern-changed", format!("must match `{b}`; it was `{a}`"), Range::Other),
        (None, None) => return,
    };
    findings.note(subject, happened, format!("`{}` {text}", subject.name), &new.pointer, range, Wire::COMPATIBLE);
}

pub fn unique_items(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    let (happened, text, range) = match (old.flag("uniqueItems"), new.flag("uniqueItems")) {
        (false, true) => ("unique-items-added", "must now be unique", Range::Narrower),
        (true, false) => ("unique-items-removed", "need no longer be unique", Range::Wider),
        _ => return,
    };
    findings.note(subject, happened, format!("the items of `{}` {text}", subject.name), &new.pointer, range, Wire::COMPATIBLE);
}

/// Compares `additionalProperties`: a schema, `false` or absent.
pub fn additional_properties<'a>(findings: &mut Findings<'a>, old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>, subject: &Subject) {
    let name = &subject.name;
    if let (Some(a), Some(b)) = (old.inner("additionalProperties"), new.inner("additionalProperties")) {
        return findings.visit(a, b, subject.part(format!("{name}.*"), "Value"));
    }
    let (before, after) = (old.get("additionalProperties"), new.get("additionalProperties"));
    if before == after {
        return;
    }
    // An absent keyword and `false` differ for a client that rejects unknown properties.
    let is_open = |value: Option<&Value>| value.is_some_and(Value::is_object);
    let is_closed = |value: Option<&Value>| value == Some(&Value::Bool(false));
    let pointer = child(if after.is_some() { &new.pointer } else { &old.pointer }, "additionalProperties");
    // The type gains or loses its field for additional properties.
    let own_types = subject.types.iter().flat_map(|name| [format!("types::{name}"), format!("types::builder::{name}")]);
    let subject = &Subject { touches: subject.touches.iter().cloned().chain(own_types).collect(), ..subject.clone() };
    if is_open(after) || is_closed(before) {
        let kept = if is_open(after) { unread_others(old) } else { Compatibility::Compatible };
        let wire = Wire { old_client_on_new_server: kept, ..Wire::COMPATIBLE };
        let text = format!("`{name}` may now have additional properties");
        findings.note(subject, "additional-properties-added", text, &pointer, Range::Wider, wire);
    } else {
        let kept = if is_open(before) { unread_others(new) } else { Compatibility::Compatible };
        let wire = Wire { new_client_on_old_server: kept, ..Wire::COMPATIBLE };
        let text = format!("`{name}` can no longer have additional properties");
        findings.note(subject, "additional-properties-removed", text, &pointer, Range::Narrower, wire);
    }
}
