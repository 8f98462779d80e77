//! Changes of schemas, found by walking both documents in step.

use std::collections::HashMap;

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::node::Node;
use super::rules::{self, Level, Use};
use super::wire::{Outcome, absent, decodes, null, unread, unread_others};
use super::{Change, Wire};
use crate::document::step;

/// Walks two documents. A pair of components is compared once for each way in which it is used, however many operations reach it.
#[derive(Default)]
pub struct Walker {
    pub found: Vec<Found>,
    known: HashMap<(Use, bool, String, String), usize>,
}

/// What was found at one pair of components, or at one operation.
#[derive(Default)]
pub struct Found {
    pub changes: Vec<Change>,
    /// Pairs of components that are used there, by their index.
    pub uses: Vec<usize>,
}

/// Where a schema is used, and how it is spoken of.
#[derive(Clone)]
pub struct Place {
    pub used: Use,
    /// Whether it is a part of something larger.
    pub nested: bool,
    /// What it is called, such as `FlowSet.slug`.
    pub name: String,
    /// Whether the old and the new document require it.
    pub required: (bool, bool),
    /// Public items that belong to it, by the beginning of their path.
    pub touches: Vec<String>,
}

impl Place {
    fn inside(&self, name: String, touches: Vec<String>) -> Self {
        Self { nested: true, required: (true, true), name, touches, ..*self }
    }
}

/// Whether a request may have more after a change, or less.
#[derive(Clone, Copy)]
enum Range {
    Wider,
    Narrower,
    Other,
    Same,
}

impl Walker {
    /// Room for what is found at one more operation or pair.
    pub fn enter(&mut self) -> usize {
        self.found.push(Found::default());
        self.found.len() - 1
    }

    pub fn push(&mut self, at: usize, (id, level): (String, Level), text: String, pointer: &str, wire: Wire, touches: Vec<String>) {
        let change = Change { id, level, text, pointer: pointer.to_owned(), operations: Vec::new(), wire, rust: None, touches };
        self.found[at].changes.push(change);
    }

    /// Notes what happened to a schema; `wire` is what clients make of it in a successful answer.
    fn note(&mut self, at: usize, place: &Place, happened: &str, text: String, pointer: &str, range: Range, wire: Wire) {
        let (reads, fails) = (Outcome::Reads, Outcome::Fails);
        let (old, new) = match (place.used, range) {
            (Use::Response, _) => (wire.old_client_on_new_server, wire.new_client_on_old_server),
            (Use::Refusal, _) | (_, Range::Same) => (reads, reads),
            (_, Range::Wider) => (reads, fails),
            (_, Range::Narrower) => (fails, reads),
            (_, Range::Other) => (fails, fails),
        };
        let wire = Wire { old_client_on_new_server: old, new_client_on_old_server: new };
        self.push(at, rules::of_schema(place.used, place.nested, happened), text, pointer, wire, place.touches.clone());
    }

    /// Compares what a parameter, a body or a property may hold.
    pub fn compare(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        self.compare_use(at, old, new, place);
        let (Some(a), Some(b)) = (&old.component, &new.component) else { return self.compare_values(at, old, new, place) };
        if !(old.is_all_of_its_component() && new.is_all_of_its_component()) {
            return self.compare_values(at, old, new, place);
        }
        // Enums and other scalars are spoken of by where they are used only in parameters, which have no name for them.
        let key = (place.used, place.nested, a.to_string(), b.to_string());
        if let Some(known) = self.known.get(&key) {
            let known = *known;
            return self.found[at].uses.push(known);
        }
        let inside = self.enter();
        self.found[at].uses.push(inside);
        self.known.insert(key, inside);
        let touches = type_names(a).into_iter().chain(type_names(b)).map(|name| format!("types::{name}")).collect();
        self.compare_values(inside, old, new, &Place { name: b.to_string(), touches, ..place.clone() });
    }

    fn compare_use(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        let name = &place.name;
        match (old.flag("nullable"), new.flag("nullable")) {
            (false, true) => {
                let wire = Wire { old_client_on_new_server: null(old, place.required.0), ..Wire::READS };
                self.note(at, place, "became-nullable", format!("`{name}` may now be null"), &new.place, Range::Wider, wire);
            }
            (true, false) => {
                let wire = Wire { new_client_on_old_server: null(new, place.required.1), ..Wire::READS };
                self.note(at, place, "became-not-nullable", format!("`{name}` is no longer null"), &new.place, Range::Narrower, wire);
            }
            _ => {}
        }
        let (happened, text) = match (old.get("default"), new.get("default")) {
            (None, Some(value)) => ("default-value-added", format!("`{name}` has the default {value}")),
            (Some(_), None) => ("default-value-removed", format!("`{name}` has no default any more")),
            (Some(a), Some(b)) if a != b => ("default-value-changed", format!("`{name}` has the default {b}, which was {a}")),
            _ => return,
        };
        self.note(at, place, happened, text, &new.place, Range::Same, Wire::READS);
    }

    fn compare_values(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        if old.same_definition(new) && old.component.is_none() {
            // Alike to the letter; what they refer to may still differ.
        } else if is_union(old) != is_union(new) {
            // What was one thing and is now one of several, or the other way round.
            return ["oneOf", "anyOf"].iter().for_each(|union| self.compare_parts(at, old, new, place, union));
        } else if !self.compare_types(at, old, new, place) {
            return;
        }
        self.compare_enums(at, old, new, place);
        self.compare_bounds(at, old, new, place);
        self.compare_properties(at, old, new, place);
        self.compare_others(at, old, new, place);
        if let (Some(a), Some(b)) = (old.inner("items"), new.inner("items")) {
            self.compare(at, &a, &b, &place.inside(format!("{}[]", place.name), place.touches.clone()));
        }
        for composition in ["oneOf", "anyOf", "allOf"] {
            self.compare_parts(at, old, new, place, composition);
        }
        self.compare_discriminators(at, old, new, place);
        if old.get("not") != new.get("not") {
            self.note(at, place, "not-changed", format!("`{}` excludes other values", place.name), &new.pointer, Range::Other, Wire::READS);
        }
    }

    /// Compares types and formats; tells whether the rest can be compared.
    fn compare_types(&mut self, at: usize, old: &Node, new: &Node, place: &Place) -> bool {
        let described = |node: &Node| match node.text("format") {
            Some(format) => format!("{} ({format})", node.kind()),
            None => node.kind().to_owned(),
        };
        let (a, b) = (old.kind(), new.kind());
        let same_kind = a == b;
        if same_kind && old.text("format") == new.text("format") {
            return true;
        }
        let (happened, range) = match (a, b) {
            ("integer", "number") | (_, "any") => ("type-generalized", Range::Wider),
            ("number", "integer") | ("any", _) => ("type-specialized", Range::Narrower),
            _ if same_kind && new.text("format").is_none() => ("type-generalized", Range::Wider),
            _ if same_kind && old.text("format").is_none() => ("type-specialized", Range::Narrower),
            ("integer", "integer") if decodes(new, old) == Outcome::Reads => ("type-generalized", Range::Wider),
            ("integer", "integer") if decodes(old, new) == Outcome::Reads => ("type-specialized", Range::Narrower),
            _ => ("type-changed", Range::Other),
        };
        let wire = Wire { old_client_on_new_server: decodes(old, new), new_client_on_old_server: decodes(new, old) };
        let text = format!("`{}` is now {}, and was {}", place.name, described(new), described(old));
        self.note(at, place, happened, text, &new.pointer, range, wire);
        same_kind
    }

    fn compare_enums(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        let (before, after) = (old.values(), new.values());
        // Texts are read into open enums; numbers are not.
        let closed = if new.kind() == "string" { Outcome::Reads } else { Outcome::Fails };
        let only_old = Wire { new_client_on_old_server: closed, ..Wire::READS };
        let only_new = Wire { old_client_on_new_server: closed, ..Wire::READS };
        let name = &place.name;
        match (before.is_empty(), after.is_empty()) {
            (true, true) => {}
            (true, false) => {
                self.note(
                    at,
                    place,
                    "became-enum",
                    format!("`{name}` has only listed values now"),
                    &new.pointer,
                    Range::Narrower,
                    only_old,
                );
            }
            (false, true) => {
                self.note(at, place, "type-generalized", format!("`{name}` may have any value now"), &new.pointer, Range::Wider, only_new);
            }
            (false, false) => {
                let variant = |value: &Value| {
                    let variant = value.as_str().unwrap_or_default().to_pascal_case();
                    let touches = place.touches.iter().map(|item| format!("{item}::{variant}")).collect();
                    Place { touches, ..place.clone() }
                };
                for value in after.iter().filter(|value| !before.contains(value)) {
                    let text = format!("`{name}` may have the value {value}");
                    self.note(at, &variant(value), "enum-value-added", text, &step(&new.pointer, "enum"), Range::Wider, only_new);
                }
                for value in before.iter().filter(|value| !after.contains(value)) {
                    let text = format!("`{name}` no longer has the value {value}");
                    self.note(at, &variant(value), "enum-value-removed", text, &step(&old.pointer, "enum"), Range::Narrower, only_old);
                }
            }
        }
    }

    /// Bounds and patterns. The generated client checks none of them in answers.
    fn compare_bounds(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        for (keyword, bound) in [
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
        ] {
            let number = |node: &Node| node.get(keyword).and_then(Value::as_f64);
            let (moved, text, wider) = match (old.get(keyword), new.get(keyword)) {
                (a, b) if a == b => continue,
                (None, Some(value)) => ("set", format!("has the {keyword} {value}"), false),
                (Some(value), None) => ("unset", format!("has no {keyword} any more, which was {value}"), true),
                (Some(a), Some(b)) => {
                    let increased = number(new) > number(old);
                    let moved = if increased { "increased" } else { "decreased" };
                    (moved, format!("has the {keyword} {b}, which was {a}"), increased == bound.contains("max"))
                }
                (None, None) => continue,
            };
            let range = if wider { Range::Wider } else { Range::Narrower };
            self.note(at, place, &format!("{bound}-{moved}"), format!("`{}` {text}", place.name), &new.pointer, range, Wire::READS);
        }
        let (happened, text, range) = match (old.get("pattern"), new.get("pattern")) {
            (a, b) if a == b => return,
            (None, Some(pattern)) => ("pattern-added", format!("matches {pattern} now"), Range::Narrower),
            (Some(pattern), None) => ("pattern-removed", format!("need not match {pattern} any more"), Range::Wider),
            (a, b) => {
                let shown = |pattern: Option<&Value>| pattern.map(ToString::to_string).unwrap_or_default();
                ("pattern-changed", format!("matches {} now, and matched {}", shown(b), shown(a)), Range::Other)
            }
        };
        self.note(at, place, happened, format!("`{}` {text}", place.name), &new.pointer, range, Wire::READS);
    }

    fn compare_properties(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        let type_of = |node: &Node| node.component.as_deref().map(str::to_owned);
        let inside = |name: &str, required: (bool, bool)| {
            let owners = [type_of(old), type_of(new)].into_iter().flatten().flat_map(|owner| type_names(&owner));
            let field = name.to_snake_case();
            let touches = owners.flat_map(|owner| [format!("types::{owner}::{field}"), format!("types::builder::{owner}::{field}")]);
            let dotted = if place.name.is_empty() { name.to_owned() } else { format!("{}.{name}", place.name) };
            Place { required, ..place.inside(dotted, touches.collect()) }
        };
        for (name, before) in old.properties() {
            if let Some(after) = new.property(name) {
                let required = (old.requires(name), new.requires(name));
                let place = inside(name, required);
                self.compare_required(at, &before, &after, &place);
                self.compare(at, &before, &after, &place);
                continue;
            }
            let required = old.requires(name);
            let place = inside(name, (required, required));
            let renamed = new.properties().find(|(other, after)| {
                old.property(other).is_none()
                    && (before.aliases().any(|alias| alias == *other) || after.aliases().any(|alias| alias == name))
            });
            let mut wire = Wire { old_client_on_new_server: absent(&before, required), new_client_on_old_server: unread(new, &before) };
            let mut text = format!("`{}` is no longer {}", place.name, sent(place.used));
            if let Some((other, after)) = renamed {
                text = format!("{text}; `{other}` is");
                // Each client reads the other's name where its own document has it as an alias.
                let (old_knows, new_knows) = (before.aliases().any(|alias| alias == other), after.aliases().any(|alias| alias == name));
                if old_knows && (new.requires(other) || absent(&before, required) == Outcome::Reads) {
                    wire.old_client_on_new_server = decodes(&before, &after);
                }
                if new_knows {
                    wire.new_client_on_old_server = decodes(&after, &before);
                }
            }
            self.property(at, &place, "removed", &before, required, text, wire);
        }
        for (name, after) in new.properties().filter(|(name, _)| old.property(name).is_none()) {
            let required = new.requires(name);
            let place = inside(name, (required, required));
            let mut wire = Wire { old_client_on_new_server: unread(old, &after), new_client_on_old_server: absent(&after, required) };
            let known_as = |before: &Node, other: &str| {
                new.property(other).is_none()
                    && (before.aliases().any(|alias| alias == name) || after.aliases().any(|alias| alias == other))
            };
            if let Some((other, before)) = old.properties().find(|(other, before)| known_as(before, other)) {
                if before.aliases().any(|alias| alias == name) {
                    wire.old_client_on_new_server = decodes(&before, &after);
                }
                if after.aliases().any(|alias| alias == other) && (old.requires(other) || absent(&after, required) == Outcome::Reads) {
                    wire.new_client_on_old_server = decodes(&after, &before);
                }
            }
            let always = match (place.used.is_request(), required) {
                (false, true) => "is now always sent",
                (false, false) => "may now be sent",
                (true, true) => "must now be sent",
                (true, false) => "is now taken",
            };
            self.property(at, &place, "added", &after, required, format!("`{}` {always}", place.name), wire);
        }
    }

    /// Notes a property that came or went.
    fn property(&mut self, at: usize, place: &Place, happened: &str, node: &Node, required: bool, text: String, wire: Wire) {
        let need = if required { "required" } else { "optional" };
        let id = match (place.used, happened) {
            (Use::Parameter, _) => format!("request-parameter-property-{happened}"),
            (Use::RequestBody, "added") => format!("new-{need}-request-property"),
            (Use::RequestBody, _) => "request-property-removed".to_owned(),
            _ if node.flag("writeOnly") => format!("response-{need}-write-only-property-{happened}"),
            _ => format!("response-{need}-property-{happened}"),
        };
        let (lost, refused) = (Outcome::Loses, if required { Outcome::Fails } else { Outcome::Reads });
        let wire = match (place.used, happened) {
            (Use::Response, _) => wire,
            (Use::Refusal, _) => Wire::READS,
            // Who sends what the server does not know sends it in vain; who leaves out what it requires is refused.
            (_, "added") => Wire { old_client_on_new_server: refused, new_client_on_old_server: lost },
            _ => Wire { old_client_on_new_server: lost, new_client_on_old_server: refused },
        };
        self.push(at, rules::of_operation(&id), text, &node.place, wire, place.touches.clone());
    }

    fn compare_required(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        let (id, text) = match place.required {
            (true, false) if place.used.is_request() => ("became-optional", "need no longer be sent"),
            (true, false) => ("became-optional", "is no longer always sent"),
            (false, true) if place.used.is_request() => ("became-required", "must now be sent"),
            (false, true) => ("became-required", "is now always sent"),
            _ => return,
        };
        let wire = match (place.used, id) {
            (Use::Response, "became-optional") => Wire { old_client_on_new_server: absent(old, true), ..Wire::READS },
            (Use::Response, _) => Wire { new_client_on_old_server: absent(new, true), ..Wire::READS },
            (Use::Refusal, _) => Wire::READS,
            (_, "became-optional") => Wire { new_client_on_old_server: Outcome::Fails, ..Wire::READS },
            _ => Wire { old_client_on_new_server: Outcome::Fails, ..Wire::READS },
        };
        let prefix = match place.used {
            Use::Parameter => "request-parameter-property",
            Use::RequestBody => "request-property",
            _ if new.flag("writeOnly") => "response-write-only-property",
            _ => "response-property",
        };
        let text = format!("`{}` {text}", place.name);
        self.push(at, rules::of_operation(&format!("{prefix}-{id}")), text, &new.place, wire, place.touches.clone());
    }

    /// What is said of properties that have no name, and of items.
    fn compare_others(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        let name = &place.name;
        let unique = (old.flag("uniqueItems"), new.flag("uniqueItems"));
        if unique.0 != unique.1 {
            let (happened, range) = if unique.1 { ("unique-items-added", Range::Narrower) } else { ("unique-items-removed", Range::Wider) };
            let text = format!("the items of `{name}` {} all differ", if unique.1 { "now" } else { "need not" });
            self.note(at, place, happened, text, &new.pointer, range, Wire::READS);
        }
        let (before, after) = (old.get("additionalProperties"), new.get("additionalProperties"));
        if let (Some(a), Some(b)) = (old.inner("additionalProperties"), new.inner("additionalProperties")) {
            return self.compare(at, &a, &b, &place.inside(format!("{name}.*"), place.touches.clone()));
        }
        // Nothing said and `false` differ for a client that refuses what it does not know.
        let open = |value: Option<&Value>| value.is_some_and(Value::is_object);
        let closed = |value: Option<&Value>| value == Some(&Value::Bool(false));
        if before == after {
            return;
        }
        let pointer = step(if after.is_some() { &new.pointer } else { &old.pointer }, "additionalProperties");
        if open(after) || closed(before) {
            let kept = if open(after) { unread_others(old) } else { Outcome::Reads };
            let wire = Wire { old_client_on_new_server: kept, ..Wire::READS };
            let text = format!("`{name}` may have properties of other names");
            self.note(at, place, "additional-properties-added", text, &pointer, Range::Wider, wire);
        } else {
            let kept = if open(before) { unread_others(new) } else { Outcome::Reads };
            let wire = Wire { new_client_on_old_server: kept, ..Wire::READS };
            let text = format!("`{name}` no longer has properties of other names");
            self.note(at, place, "additional-properties-removed", text, &pointer, Range::Narrower, wire);
        }
    }

    fn compare_parts(&mut self, at: usize, old: &Node, new: &Node, place: &Place, composition: &str) {
        let (mut before, mut after) = (old.parts(composition), new.parts(composition));
        match (before.is_empty(), after.is_empty()) {
            (true, true) => return,
            // One thing is a union of itself.
            (true, false) if composition != "allOf" => before.push(old.clone()),
            (false, true) if composition != "allOf" => after.push(new.clone()),
            _ => {}
        }
        let id = match composition {
            "oneOf" => "one-of",
            "anyOf" => "any-of",
            _ => "all-of",
        };
        let mut gone = Vec::new();
        for part in before {
            let same = |other: &&mut Node| other.component == part.component && (part.component.is_some() || other.same_definition(&part));
            match after.iter_mut().position(|mut other| same(&&mut other)) {
                Some(index) => {
                    let other = after.remove(index);
                    self.compare(at, &part, &other, &place.inside(place.name.clone(), place.touches.clone()));
                }
                None => gone.push(part),
            }
        }
        let called =
            |part: &Node| part.component.as_deref().map_or_else(|| format!("a {} of its own", part.kind()), |name| format!("`{name}`"));
        let (verb, all_of) = if composition == "allOf" { ("has all of", true) } else { ("may be", false) };
        for part in after {
            let wire = if all_of {
                Wire { old_client_on_new_server: Outcome::Loses, new_client_on_old_server: decodes(new, old) }
            } else {
                Wire { old_client_on_new_server: decodes(old, &part), ..Wire::READS }
            };
            let range = if all_of { Range::Narrower } else { Range::Wider };
            let text = format!("`{}` {verb} {} now", place.name, called(&part));
            self.note(at, place, &format!("{id}-added"), text, &part.place, range, wire);
        }
        for part in gone {
            let wire = if all_of {
                Wire { old_client_on_new_server: decodes(old, new), new_client_on_old_server: Outcome::Loses }
            } else {
                Wire { new_client_on_old_server: decodes(new, &part), ..Wire::READS }
            };
            let range = if all_of { Range::Wider } else { Range::Narrower };
            let text = format!("`{}` no longer {} {}", place.name, if all_of { "has all of" } else { "is" }, called(&part));
            self.note(at, place, &format!("{id}-removed"), text, &part.place, range, wire);
        }
    }

    fn compare_discriminators(&mut self, at: usize, old: &Node, new: &Node, place: &Place) {
        let (name, pointer) = (&place.name, step(&new.pointer, "discriminator"));
        let mut note = |happened: &str, text: String| self.note(at, place, happened, text, &pointer, Range::Same, Wire::READS);
        match (old.discriminator(), new.discriminator()) {
            (None, Some(_)) => note("discriminator-added", format!("`{name}` names its kind in a property")),
            (Some(_), None) => note("discriminator-removed", format!("`{name}` no longer names its kind in a property")),
            (Some(before), Some(after)) => {
                if before.get("propertyName") != after.get("propertyName") {
                    note("discriminator-property-name-changed", format!("`{name}` names its kind in another property"));
                }
                let mapping =
                    |node: &serde_json::Map<String, Value>| node.get("mapping").and_then(Value::as_object).cloned().unwrap_or_default();
                let (before, after) = (mapping(before), mapping(after));
                for (kind, target) in &after {
                    match before.get(kind) {
                        None => note("discriminator-mapping-added", format!("`{name}` has the kind `{kind}`")),
                        Some(other) if other != target => {
                            note("discriminator-mapping-changed", format!("`{name}` has another schema for the kind `{kind}`"));
                        }
                        Some(_) => {}
                    }
                }
                for kind in before.keys().filter(|kind| !after.contains_key(*kind)) {
                    note("discriminator-mapping-deleted", format!("`{name}` no longer has the kind `{kind}`"));
                }
            }
            (None, None) => {}
        }
    }
}

fn is_union(node: &Node) -> bool {
    !node.parts("oneOf").is_empty() || !node.parts("anyOf").is_empty()
}

fn sent(used: Use) -> &'static str {
    if used.is_request() { "taken" } else { "sent" }
}

/// The names that the type of a component may have in Rust.
pub fn type_names(component: &str) -> Vec<String> {
    let shorter = component.strip_suffix("Enum").map(ToPascalCase::to_pascal_case);
    std::iter::once(component.to_pascal_case()).chain(shorter).collect()
}
