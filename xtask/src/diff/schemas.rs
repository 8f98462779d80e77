//! Changes in schemas: walks both documents in parallel.

use std::collections::BTreeSet;

use heck::ToPascalCase;

use super::compositions::{all_of, combined_objects, discriminators, is_union, union_kind, unions};
use super::constraints::{additional_properties, bounds, enums, pattern, unique_items};
use super::findings::{Findings, Range, Subject};
use super::model::Wire;
use super::properties::properties;
use super::rules::Use;
use super::wire::{Compatibility, decodes, null};
use crate::resolved_schema::ResolvedSchema;

/// Compares every pair of schemas that is queued, and those that they lead to.
pub fn compare_all(findings: &mut Findings) {
    while let Some((old, new, subject)) = findings.next_pair() {
        usage(findings, &old, &new, &subject);
        if !(old.has_parts() || new.has_parts() || old.component.is_some()) {
            values(findings, &old, &new, &subject);
        } else if let Some(scope) = findings.enter_pair(&subject, &old, &new) {
            values(findings, &old, &new, &named(&old, &new, Subject { scope, ..subject }));
        }
    }
}

/// A subject that is a component is named after it.
fn named(old: &ResolvedSchema, new: &ResolvedSchema, subject: Subject) -> Subject {
    let (Some(before), Some(after)) = (&old.component, &new.component) else { return subject };
    let types = type_names(before).into_iter().chain(type_names(after)).collect::<Vec<_>>();
    // If one component replaces another, the type of what contains it changes.
    let containers = if before == after { Vec::new() } else { subject.touches };
    let touches = types.iter().map(|name| format!("types::{name}")).chain(containers).collect();
    Subject { name: after.to_string(), types, touches, ..subject }
}

/// The names that the type of a component may have in Rust.
pub fn type_names(component: &str) -> Vec<String> {
    let shorter = component.strip_suffix("Enum").map(ToPascalCase::to_pascal_case);
    std::iter::once(component.to_pascal_case()).chain(shorter).collect()
}

/// Compares the keywords that describe how a schema is used.
fn usage(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    let name = &subject.name;
    let mut touches = subject.touches.clone();
    if old.defines("nullable") != new.defines("nullable") {
        // A component that is itself nullable has a different type in Rust.
        let models = old.component.iter().chain(&new.component).flat_map(|name| type_names(name));
        touches.extend(models.map(|name| format!("types::{name}")));
    }
    let subject = &Subject { touches, ..subject.clone() };
    match (old.flag("nullable"), new.flag("nullable")) {
        (false, true) => {
            let wire = Wire { old_client_on_new_server: null(old, new, subject.required.0), ..Wire::COMPATIBLE };
            findings.note(subject, "became-nullable", format!("`{name}` may now be null"), &new.used_at, Range::Wider, wire);
        }
        (true, false) => {
            let wire = Wire { new_client_on_old_server: null(new, old, subject.required.1), ..Wire::COMPATIBLE };
            findings.note(subject, "became-not-nullable", format!("`{name}` can no longer be null"), &new.used_at, Range::Narrower, wire);
        }
        _ => {}
    }
    let deprecated = match (old.flag("deprecated"), new.flag("deprecated")) {
        (false, true) => Some(("deprecated", "is deprecated")),
        (true, false) => Some(("reactivated", "is no longer deprecated")),
        _ => None,
    };
    if let Some((happened, text)) = deprecated {
        findings.note(subject, happened, format!("`{name}` {text}"), &new.used_at, Range::Same, Wire::COMPATIBLE);
    }
    let (happened, text) = match (old.get("default"), new.get("default")) {
        (None, Some(value)) => ("default-value-added", format!("`{name}` now has the default {value}")),
        (Some(value), None) => ("default-value-removed", format!("`{name}` no longer has the default {value}")),
        (Some(a), Some(b)) if a != b => ("default-value-changed", format!("`{name}` has the default {b}; it was {a}")),
        _ => return,
    };
    findings.note(subject, happened, text, &new.used_at, Range::Same, Wire::COMPATIBLE);
}

fn values<'a>(findings: &mut Findings<'a>, old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>, subject: &Subject) {
    if is_union(old) != is_union(new) {
        // A single schema became one of several alternatives, or the other way round.
        return ["oneOf", "anyOf"].iter().for_each(|union| unions(findings, old, new, subject, (union, union)));
    }
    if !types(findings, old, new, subject) {
        return;
    }
    keywords(findings, old, new, subject);
    if !(old.has_properties() || new.has_properties()) {
        return all_of(findings, old, new, subject);
    }
    // The properties of combined objects are compared as if they belonged to one object.
    properties(findings, old, new, subject);
    for (old, new) in combined_objects(findings, old, new, subject) {
        usage(findings, &old, &new, subject);
        if is_union(&old) == is_union(&new) && types(findings, &old, &new, subject) {
            keywords(findings, &old, &new, subject);
        }
    }
}

/// Compares the keywords of a schema, except for `properties` and `allOf`.
fn keywords<'a>(findings: &mut Findings<'a>, old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>, subject: &Subject) {
    enums(findings, old, new, subject);
    bounds(findings, old, new, subject);
    pattern(findings, old, new, subject);
    unique_items(findings, old, new, subject);
    additional_properties(findings, old, new, subject);
    if let (Some(a), Some(b)) = (old.items(), new.items()) {
        findings.visit(a, b, subject.part(format!("{}[]", subject.name), "Item"));
    }
    match (union_kind(old), union_kind(new)) {
        (Some(before), Some(after)) if before != after => {
            let text = format!("`{}` is now {after} instead of {before}", subject.name);
            findings.note(subject, "union-kind-changed", text, &new.pointer, Range::Other, Wire::COMPATIBLE);
            unions(findings, old, new, subject, (before, after));
        }
        _ => ["oneOf", "anyOf"].iter().for_each(|union| unions(findings, old, new, subject, (union, union))),
    }
    discriminators(findings, old, new, subject);
    if old.bare("not") != new.bare("not") {
        // The generated Rust rejects what its own document excludes.
        let rejects =
            |node: &ResolvedSchema| if node.get("not").is_some() { Compatibility::Incompatible } else { Compatibility::Compatible };
        let wire = Wire { old_client_on_new_server: rejects(old), new_client_on_old_server: rejects(new) };
        findings.note(subject, "not-changed", format!("`{}` excludes different values", subject.name), &new.pointer, Range::Other, wire);
    }
    let (before, after) = (old.others(), new.others());
    let differs = |keyword: &&&str| before.get(**keyword) != after.get(**keyword);
    for keyword in before.keys().chain(after.keys()).filter(differs).collect::<BTreeSet<_>>() {
        let text = format!("`{keyword}` of `{}` changed; its effect is unknown", subject.name);
        findings.note(subject, "keyword-changed", text, &new.pointer, Range::Other, Wire::COMPATIBLE);
    }
}

/// Compares types and formats. Returns whether the rest can be compared.
fn types(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) -> bool {
    let described = |node: &ResolvedSchema| match node.text("format") {
        Some(format) => format!("{} ({format})", node.kind()),
        None => node.kind().to_owned(),
    };
    let same_kind = old.kind() == new.kind();
    if same_kind && old.text("format") == new.text("format") {
        return true;
    }
    let (happened, range) = direction(old, new, subject.used);
    let wire = Wire { old_client_on_new_server: decodes(old, new), new_client_on_old_server: decodes(new, old) };
    let text = format!("`{}` is now {}; it was {}", subject.name, described(new), described(old));
    findings.note(subject, happened, text, &new.pointer, range, wire);
    same_kind
}

/// Whether a type became wider or narrower.
fn direction(old: &ResolvedSchema, new: &ResolvedSchema, used: Use) -> (&'static str, Range) {
    let same_kind = old.kind() == new.kind();
    let numbers = matches!((old.kind(), new.kind()), ("integer" | "number", "integer" | "number"));
    match (old.kind(), new.kind()) {
        ("integer", "number") | (_, "any") => ("type-generalized", Range::Wider),
        ("number", "integer") | ("any", _) => ("type-specialized", Range::Narrower),
        _ if used == Use::Parameter && accepts_old_form(old, new) => ("type-generalized", Range::Wider),
        _ if same_kind && new.text("format").is_none() => ("type-generalized", Range::Wider),
        _ if same_kind && old.text("format").is_none() => ("type-specialized", Range::Narrower),
        _ if numbers && decodes(new, old) == Compatibility::Compatible => ("type-generalized", Range::Wider),
        _ if numbers && decodes(old, new) == Compatibility::Compatible => ("type-specialized", Range::Narrower),
        _ => ("type-changed", Range::Other),
    }
}

/// Whether a parameter accepts what was sent for the old schema: a number or boolean as a string, or one value as an array of one.
fn accepts_old_form(old: &ResolvedSchema, new: &ResolvedSchema) -> bool {
    match (old.kind(), new.kind()) {
        ("boolean" | "integer" | "number", "string") => new.text("format").is_none() && new.values().is_empty(),
        (kind, "array") => new.items().is_some_and(|items| items.kind() == kind && items.text("format") == old.text("format")),
        _ => false,
    }
}
