//! Changes in the properties of objects: additions, removals, renamings and `required`.

use heck::{ToPascalCase, ToSnakeCase};

use super::findings::{Finding, Findings, Subject};
use super::model::Wire;
use super::rules::{Use, of_operation};
use super::wire::{Compatibility, absent, decodes, null, unnamed, unread};
use crate::resolved_schema::ResolvedSchema;

pub fn properties<'a>(findings: &mut Findings<'a>, old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>, subject: &Subject) {
    let renamed = renamed(old, new);
    for (name, before) in old.properties() {
        if let Some(after) = new.property(name) {
            let subject = property_of(subject, name, (old.requires(name), new.requires(name)));
            required(findings, &before, &after, &subject);
            if subject.used != Use::Parameter {
                access(findings, &before, &after, &subject);
            }
            findings.visit(before, after, subject);
            continue;
        }
        let is_required = old.requires(name) && !is_unsent(&before, subject);
        let property = property_of(subject, name, (is_required, is_required));
        let mut wire = Wire {
            old_client_on_new_server: under_another_name(&before, is_required, new),
            new_client_on_old_server: unread(new, &before, &decodes),
        };
        let mut text = format!("`{}` was removed", property.name);
        if let Some(pair) = renamed.iter().find(|pair| pair.before.0 == name) {
            let (other, after) = &pair.after;
            text = format!("`{}` was renamed to `{other}`", property.name);
            wire = pair.wire(old, new, wire);
            findings.visit(before.clone(), after.clone(), property_of(subject, other, (is_required, new.requires(other))));
        }
        moved(findings, &property, "removed", &before, text, wire);
    }
    for (name, after) in new.properties().into_iter().filter(|(name, _)| old.property(name).is_none()) {
        let is_required = new.requires(name) && !is_unsent(&after, subject);
        let property = property_of(subject, name, (is_required, is_required));
        let mut wire = Wire {
            old_client_on_new_server: unread(old, &after, &decodes),
            new_client_on_old_server: under_another_name(&after, is_required, old),
        };
        let mut text = format!("`{}` was added{}", property.name, presence(&after, &property));
        if let Some(pair) = renamed.iter().find(|pair| pair.after.0 == name) {
            text = format!("{text}; it was `{}`", pair.before.0);
            wire = pair.wire(old, new, wire);
        }
        moved(findings, &property, "added", &after, text, wire);
    }
}

/// The outcome for a property that the server does not declare, but may send under one of its aliases.
fn under_another_name(property: &ResolvedSchema, required: bool, server: &ResolvedSchema) -> Compatibility {
    let sent = property.aliases().find_map(|alias| Some((alias, server.property(alias)?)));
    match sent {
        Some((alias, value)) if server.requires(alias) || absent(property, required) == Compatibility::Compatible => {
            null(property, &value, required).max(decodes(property, &value))
        }
        _ => unnamed(property, required, server, &decodes),
    }
}

fn property_of(subject: &Subject, name: &str, required: (bool, bool)) -> Subject {
    let field = name.to_snake_case();
    let touches = subject.types.iter().flat_map(|owner| [format!("types::{owner}::{field}"), format!("types::builder::{owner}::{field}")]);
    let dotted = if subject.name.is_empty() { name.to_owned() } else { format!("{}.{name}", subject.name) };
    let is_optional = subject.used.is_request() && required != (true, true);
    let only_if = is_optional.then(|| format!("sets `{dotted}`")).or_else(|| subject.only_if.clone());
    Subject { required, touches: touches.collect(), only_if, ..subject.part(dotted, &name.to_pascal_case()) }
}

/// Whether a new property is required, for messages.
fn presence(property: &ResolvedSchema, subject: &Subject) -> &'static str {
    match (subject.used.is_request(), subject.required.1) {
        _ if is_unsent(property, subject) => " and is never sent",
        (false, true) => " and is always present",
        (false, false) => " and may be absent",
        (true, true) => " and is required",
        (true, false) => " and is optional",
    }
}

/// Records a property that was added or removed.
fn moved(findings: &mut Findings, subject: &Subject, happened: &str, node: &ResolvedSchema, text: String, wire: Wire) {
    let is_required = subject.required.0;
    let need = if is_required { "required" } else { "optional" };
    let id = match (subject.used, happened) {
        (Use::Parameter, _) => format!("request-parameter-property-{happened}"),
        (Use::RequestBody, "added") => format!("new-{need}-request-property"),
        (Use::RequestBody, _) => "request-property-removed".to_owned(),
        _ if node.flag("writeOnly") => format!("response-{need}-write-only-property-{happened}"),
        _ => format!("response-{need}-property-{happened}"),
    };
    let (lost, refused) = (Compatibility::Lossy, if is_required { Compatibility::Incompatible } else { Compatibility::Compatible });
    let wire = match (subject.used, happened) {
        (Use::ErrorResponse, _) => Wire::COMPATIBLE,
        _ if is_unsent(node, subject) => Wire::COMPATIBLE,
        (Use::Response, _) => wire,
        // A server ignores unknown properties, and rejects a request without the required ones.
        (_, "added") => Wire { old_client_on_new_server: refused, new_client_on_old_server: lost },
        _ => Wire { old_client_on_new_server: lost, new_client_on_old_server: refused },
    };
    let only_if = subject.only_if.clone().filter(|_| !is_required);
    let finding = Finding::new(of_operation(&id), text, &*node.used_at).wire(wire).only_if(only_if).touches(subject.touches.clone());
    let is_missed = happened == "added" && wire.new_client_on_old_server == Compatibility::Incompatible;
    let empty = node.empty_value().filter(|_| is_missed);
    findings.add(subject.scope, finding.assumed_by_sync(empty));
}

/// Compares `readOnly` in requests and `writeOnly` in responses. The other combinations have no effect.
fn access(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    let (need, flag, word) = if subject.used.is_request() {
        ("request-property".to_owned(), "readOnly", "read-only")
    } else {
        let need = if subject.required.0 { "required" } else { "optional" };
        (format!("response-{need}-property"), "writeOnly", "write-only")
    };
    // A write-only property is absent from responses: after it became write-only, or before it no longer was.
    let unsent = |node: &ResolvedSchema, required: bool| {
        if subject.used == Use::Response { absent(node, required) } else { Compatibility::Compatible }
    };
    let (id, text, wire) = match (old.flag(flag), new.flag(flag)) {
        (false, true) => {
            let wire = Wire { old_client_on_new_server: unsent(old, subject.required.0), ..Wire::COMPATIBLE };
            (format!("{need}-became-{word}"), format!("is now {word}"), wire)
        }
        (true, false) => {
            let wire = Wire { new_client_on_old_server: unsent(new, subject.required.1), ..Wire::COMPATIBLE };
            (format!("{need}-became-not-{word}"), format!("is no longer {word}"), wire)
        }
        _ => return,
    };
    let finding = Finding::new(of_operation(&id), format!("`{}` {text}", subject.name), &*new.used_at);
    findings.add(subject.scope, finding.wire(wire).touches(subject.touches.clone()));
}

fn required(findings: &mut Findings, old: &ResolvedSchema, new: &ResolvedSchema, subject: &Subject) {
    let (id, text) = match subject.required {
        (true, false) if subject.used.is_request() => ("became-optional", "is now optional"),
        (true, false) => ("became-optional", "may now be absent"),
        (false, true) if subject.used.is_request() => ("became-required", "is now required"),
        (false, true) => ("became-required", "is now always present"),
        _ => return,
    };
    let mut empty = None;
    let wire = match (subject.used, id) {
        _ if is_unsent(old, subject) && is_unsent(new, subject) => Wire::COMPATIBLE,
        (Use::Response, "became-optional") => Wire { old_client_on_new_server: absent(old, true), ..Wire::COMPATIBLE },
        (Use::Response, _) => {
            let absent = absent(new, true);
            empty = new.empty_value().filter(|_| absent == Compatibility::Incompatible);
            Wire { new_client_on_old_server: absent, ..Wire::COMPATIBLE }
        }
        (Use::ErrorResponse, _) => Wire::COMPATIBLE,
        (_, "became-optional") => Wire { new_client_on_old_server: Compatibility::Incompatible, ..Wire::COMPATIBLE },
        _ => Wire { old_client_on_new_server: Compatibility::Incompatible, ..Wire::COMPATIBLE },
    };
    let prefix = match subject.used {
        Use::Parameter => "request-parameter-property",
        Use::RequestBody => "request-property",
        _ if new.flag("writeOnly") => "response-write-only-property",
        _ => "response-property",
    };
    let only_if = subject.used.is_request().then(|| format!("does not set `{}`", subject.name));
    let finding = Finding::new(of_operation(&format!("{prefix}-{id}")), format!("`{}` {text}", subject.name), &*new.used_at);
    findings.add(subject.scope, finding.wire(wire).only_if(only_if).assumed_by_sync(empty).touches(subject.touches.clone()));
}

/// Whether only the other side sends a property. In that case, it is not required on this side.
fn is_unsent(property: &ResolvedSchema, subject: &Subject) -> bool {
    property.flag(if subject.used.is_request() { "readOnly" } else { "writeOnly" })
}

/// A property under its name in the old document and in the new one.
struct Renamed<'a> {
    before: (&'a str, ResolvedSchema<'a>),
    after: (&'a str, ResolvedSchema<'a>),
}

/// Properties that are renamed, according to `x-aliases` of one document or the other.
fn renamed<'a>(old: &ResolvedSchema<'a>, new: &ResolvedSchema<'a>) -> Vec<Renamed<'a>> {
    let removed = old.properties().into_iter().filter(|(name, _)| new.property(name).is_none());
    let mut added = new.properties();
    added.retain(|(name, _)| old.property(name).is_none());
    let mut pairs = Vec::new();
    for before in removed {
        let other_name = |(name, after): &(&str, ResolvedSchema)| {
            before.1.aliases().any(|alias| alias == *name) || after.aliases().any(|alias| alias == before.0)
        };
        if let Some(index) = added.iter().position(other_name) {
            pairs.push(Renamed { before, after: added.remove(index) });
        }
    }
    pairs
}

impl Renamed<'_> {
    /// A client decodes the other name if its document has it as an alias. Otherwise, the verdict is `unknown`.
    fn wire(&self, old: &ResolvedSchema, new: &ResolvedSchema, unknown: Wire) -> Wire {
        let ((name, before), (other, after)) = (&self.before, &self.after);
        let is_sent = |server: &ResolvedSchema, sent: &str, client: &ResolvedSchema, known: &str, property: &ResolvedSchema| {
            server.requires(sent) || absent(property, client.requires(known)) == Compatibility::Compatible
        };
        let mut wire = unknown;
        if before.aliases().any(|alias| alias == *other) && is_sent(new, other, old, name, before) {
            wire.old_client_on_new_server = decodes(before, after);
        }
        if after.aliases().any(|alias| alias == *name) && is_sent(old, name, new, other, after) {
            wire.new_client_on_old_server = decodes(after, before);
        }
        wire
    }
}
