//! Changes in compositions: `oneOf`, `anyOf`, `allOf` and discriminators.

use serde_json::{Map, Value};

use super::findings::{Findings, Range, Subject};
use super::model::Wire;
use super::wire::{Compatibility, decodes, null};
use crate::codegen::pointer::child;
use crate::resolved_schema::ResolvedSchema;

/// The parts of two compositions, matched by reference or content.
struct Parts<'a> {
    same: Vec<(ResolvedSchema<'a>, ResolvedSchema<'a>)>,
    removed: Vec<ResolvedSchema<'a>>,
    added: Vec<ResolvedSchema<'a>>,
    reordered: bool,
}

fn match_parts<'a>(before: Vec<ResolvedSchema<'a>>, after: Vec<ResolvedSchema<'a>>) -> Parts<'a> {
    let mut after = after.into_iter().enumerate().collect::<Vec<_>>();
    let (mut same, mut removed, mut order) = (Vec::new(), Vec::new(), Vec::new());
    for part in before {
        match after.iter().position(|(_, other)| is_same_part(&part, other)) {
            Some(index) => {
                let (position, other) = after.remove(index);
                order.push(position);
                same.push((part, other));
            }
            None => removed.push(part),
        }
    }
    Parts { same, removed, added: after.into_iter().map(|(_, part)| part).collect(), reordered: !order.is_sorted() }
}

fn is_same_part(one: &ResolvedSchema, other: &ResolvedSchema) -> bool {
    one.component == other.component && (one.component.is_some() || one.same_definition(other))
}

/// Compares two unions. `before` and `after` are `oneOf` or `anyOf`; a schema that is not a union counts as a union of one.
pub fn unions<'a>(
    findings: &mut Findings<'a>,
    old: &ResolvedSchema<'a>,
    new: &ResolvedSchema<'a>,
    subject: &Subject,
    (before, after): (&str, &str),
) {
    let id = if after == "oneOf" { "one-of" } else { "any-of" };
    let alternatives = |node: &ResolvedSchema<'a>, union: &str, other: &[ResolvedSchema]| match node.parts(union) {
        parts if parts.is_empty() && !other.is_empty() => vec![node.clone()],
        parts => parts,
    };
    let (old_parts, new_parts) = (old.parts(before), new.parts(after));
    let (before, after) = (alternatives(old, before, &new_parts), alternatives(new, after, &old_parts));
    let subject = &with_type_of_union(subject, before.len().max(after.len()));
    let parts = match_parts(before, after);
    if parts.reordered {
        let text = format!("the alternatives of `{}` are in another order; clients decode the first one that matches", subject.name);
        findings.note(subject, &format!("{id}-order-changed"), text, &new.pointer, Range::Same, Wire::COMPATIBLE);
    }
    for part in parts.added {
        let outcome = decodes(old, &part).max(null(old, &part, subject.required.0));
        let wire = Wire { old_client_on_new_server: outcome, ..Wire::COMPATIBLE };
        let text = format!("`{}` may now be {}", subject.name, describe(&part));
        findings.note(subject, &format!("{id}-added"), text, &part.used_at, Range::Wider, wire);
    }
    for part in parts.removed {
        let outcome = decodes(new, &part).max(null(new, &part, subject.required.1));
        let wire = Wire { new_client_on_old_server: outcome, ..Wire::COMPATIBLE };
        let text = format!("`{}` can no longer be {}", subject.name, describe(&part));
        findings.note(subject, &format!("{id}-removed"), text, &part.used_at, Range::Narrower, wire);
    }
    for (old, new) in parts.same {
        findings.visit(old, new, subject.component());
    }
}

/// Compares the parts of two `allOf` without properties; those with properties are compared as one object.
pub fn all_of<'a>(findings: &mut Findings<'a>, old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>, subject: &Subject) {
    let parts = match_parts(old.parts("allOf"), new.parts("allOf"));
    for part in parts.added {
        let wire = Wire { old_client_on_new_server: Compatibility::Lossy, new_client_on_old_server: decodes(new, old) };
        let text = format!("`{}` now includes {}", subject.name, describe(&part));
        findings.note(subject, "all-of-added", text, &part.used_at, Range::Narrower, wire);
    }
    for part in parts.removed {
        let wire = Wire { old_client_on_new_server: decodes(old, new), new_client_on_old_server: Compatibility::Lossy };
        let text = format!("`{}` no longer includes {}", subject.name, describe(&part));
        findings.note(subject, "all-of-removed", text, &part.used_at, Range::Wider, wire);
    }
    for (old, new) in parts.same {
        findings.visit(old, new, subject.component());
    }
}

/// Adds a union's own type and the types of its alternatives, as named by typify and by `hoist_enums` in codegen/passes/hoist.rs.
fn with_type_of_union(subject: &Subject, alternatives: usize) -> Subject {
    let types = subject.types.iter().flat_map(|name| {
        let of_parts =
            (0..alternatives).flat_map(move |index| ["Part", "Subtype", "Variant"].map(|part| format!("types::{name}{part}{index}")));
        std::iter::once(format!("types::{name}")).chain(of_parts)
    });
    Subject { touches: subject.touches.iter().cloned().chain(types).collect(), ..subject.clone() }
}

fn describe(part: &ResolvedSchema) -> String {
    match (&part.component, part.kind()) {
        (Some(name), _) => format!("`{name}`"),
        (None, kind @ ("array" | "integer" | "object")) => format!("an {kind}"),
        (None, "any") => "anything".to_owned(),
        (None, kind) => format!("a {kind}"),
    }
}

/// Compares the objects that an `allOf` combines; of properties, only repeated ones. Returns the pairs whose keywords are still to compare.
pub fn combined_objects<'a>(
    findings: &mut Findings<'a>,
    old: &ResolvedSchema<'a>,
    new: &ResolvedSchema<'a>,
    subject: &Subject,
) -> Vec<(ResolvedSchema<'a>, ResolvedSchema<'a>)> {
    let (before, mut after) = (old.objects().split_off(1), new.objects().split_off(1));
    let mut pairs = Vec::new();
    for part in before {
        let is_unnamed = |other: &ResolvedSchema| part.component.is_none() && other.component.is_none();
        let partner = after.iter().position(|other| is_same_part(&part, other)).or_else(|| after.iter().position(is_unnamed));
        match partner {
            Some(partner) => pairs.push((part, after.remove(partner))),
            None => note_part(findings, &part, "removed", subject),
        }
    }
    for part in &after {
        note_part(findings, part, "added", subject);
    }
    let (before, after) = (old.declared_again(), new.declared_again());
    for (key @ (name, _), part) in &before {
        if let Some(other) = after.get(key) {
            findings.visit(part.clone(), other.clone(), subject.part(format!("{}.{name}", subject.name), ""));
        } else {
            let text = format!("`{}.{name}` must match one schema fewer", subject.name);
            findings.note(subject, "all-of-removed", text, &part.used_at, Range::Wider, Wire::COMPATIBLE);
        }
    }
    for ((name, _), part) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        let text = format!("`{}.{name}` must match one more schema", subject.name);
        findings.note(subject, "all-of-added", text, &part.used_at, Range::Narrower, Wire::COMPATIBLE);
    }
    pairs
}

/// Records a part of an `allOf` that was added or removed, unless it has only properties, which are compared one by one.
fn note_part(findings: &mut Findings, part: &ResolvedSchema, happened: &str, subject: &Subject) {
    if !part.is_only_properties() {
        let (range, more) = if happened == "added" { (Range::Narrower, "one more schema") } else { (Range::Wider, "one schema fewer") };
        let text = format!("`{}` must match {more}", subject.name);
        findings.note(subject, &format!("all-of-{happened}"), text, &part.used_at, range, Wire::COMPATIBLE);
    }
}

pub fn discriminators<'a>(findings: &mut Findings<'a>, old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>, subject: &Subject) {
    let (name, pointer) = (&subject.name, child(&new.pointer, "discriminator"));
    let mut note = |happened: &str, text: String| findings.note(subject, happened, text, &pointer, Range::Same, Wire::COMPATIBLE);
    let mut same = Vec::new();
    match (old.discriminator(), new.discriminator()) {
        (None, Some(_)) => note("discriminator-added", format!("`{name}` now has a discriminator")),
        (Some(_), None) => note("discriminator-removed", format!("`{name}` no longer has a discriminator")),
        (Some(before), Some(after)) => {
            if before.get("propertyName") != after.get("propertyName") {
                note("discriminator-property-name-changed", format!("the discriminator of `{name}` is now a different property"));
            }
            let mapping = |node: &Map<String, Value>| node.get("mapping").and_then(Value::as_object).cloned().unwrap_or_default();
            let (before, after) = (mapping(before), mapping(after));
            for (kind, target) in &after {
                match before.get(kind) {
                    None => note("discriminator-mapping-added", format!("the discriminator of `{name}` may now be `{kind}`")),
                    Some(other) if other != target => {
                        note("discriminator-mapping-changed", format!("the schema of `{name}` for `{kind}` was replaced"));
                    }
                    Some(_) => same.push(target.clone()),
                }
            }
            for kind in before.keys().filter(|kind| !after.contains_key(*kind)) {
                note("discriminator-mapping-deleted", format!("the discriminator of `{name}` can no longer be `{kind}`"));
            }
        }
        (None, None) => {}
    }
    for target in same {
        findings.visit(old.component_at(&target), new.component_at(&target), subject.component());
    }
}

pub fn is_union(node: &ResolvedSchema) -> bool {
    !node.parts("oneOf").is_empty() || !node.parts("anyOf").is_empty()
}

/// The kind of a union that has only one.
pub fn union_kind(node: &ResolvedSchema) -> Option<&'static str> {
    match (node.parts("oneOf").is_empty(), node.parts("anyOf").is_empty()) {
        (false, true) => Some("oneOf"),
        (true, false) => Some("anyOf"),
        _ => None,
    }
}
