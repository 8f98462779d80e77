//! Changes of schemas, found by walking both documents in step.

use std::collections::{BTreeSet, HashMap};

use heck::ToPascalCase;
use serde_json::Value;

use super::rules::{self, Level, Use};
use super::unions::{is_union, union};
use super::wire::{Compatibility, decodes, null, unread_others};
use super::{Change, Wire};
use crate::codegen::passes::fixups::variant_name;
use crate::document::step;
use crate::node::Node;

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
    /// Where what is found there is kept.
    pub at: usize,
    pub used: Use,
    /// Whether it is a part of something larger.
    pub nested: bool,
    /// What it is called, such as `FlowSet.slug`.
    pub name: String,
    /// Whether the old and the new document require it.
    pub required: (bool, bool),
    /// Public items that belong to it, by the beginning of their path.
    pub touches: Vec<String>,
    /// Names that its own type has in Rust, if it has one.
    pub types: Vec<String>,
}

impl Place {
    /// A part of it without a name of its own, such as the items of a list.
    pub fn part(&self, name: String, type_suffix: &str) -> Self {
        let types = self.types.iter().map(|name| format!("{name}{type_suffix}")).collect();
        Self { nested: true, required: (true, true), name, types, ..self.clone() }
    }
}

/// Whether a request may have more after a change, or less.
#[derive(Clone, Copy)]
pub enum Range {
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
    pub fn note(&mut self, place: &Place, happened: &str, text: String, pointer: &str, range: Range, wire: Wire) {
        let (reads, fails) = (Compatibility::Compatible, Compatibility::Incompatible);
        let (old, new) = match (place.used, range) {
            (Use::Response, _) => (wire.old_client_on_new_server, wire.new_client_on_old_server),
            (Use::Refusal, _) | (_, Range::Same) => (reads, reads),
            (_, Range::Wider) => (reads, fails),
            (_, Range::Narrower) => (fails, reads),
            (_, Range::Other) => (fails, fails),
        };
        let wire = Wire { old_client_on_new_server: old, new_client_on_old_server: new };
        self.push(place.at, rules::of_schema(place.used, place.nested, happened), text, pointer, wire, place.touches.clone());
    }

    /// Compares what a parameter, a body or a property may hold.
    pub fn compare(&mut self, old: &Node, new: &Node, place: &Place) {
        self.compare_use(old, new, place);
        if !(old.has_parts() || new.has_parts() || old.component.is_some()) {
            return self.compare_values(old, new, place);
        }
        let key = (place.used, place.nested, old.pointer.clone(), new.pointer.clone());
        if let Some(known) = self.known.get(&key) {
            let known = *known;
            return self.found[place.at].uses.push(known);
        }
        let inside = self.enter();
        self.found[place.at].uses.push(inside);
        self.known.insert(key, inside);
        let mut place = Place { at: inside, ..place.clone() };
        if let (Some(a), Some(b)) = (&old.component, &new.component) {
            place.name = b.to_string();
            place.types = type_names(a).into_iter().chain(type_names(b)).collect();
            // Where the one component takes the place of another, what holds it is of another type.
            let holders = if a == b { Vec::new() } else { place.touches };
            place.touches = place.types.iter().map(|name| format!("types::{name}")).chain(holders).collect();
        }
        self.compare_values(old, new, &place);
    }

    pub fn compare_use(&mut self, old: &Node, new: &Node, place: &Place) {
        let name = &place.name;
        let mut touches = place.touches.clone();
        if old.defines("nullable") != new.defines("nullable") {
            // A model that may be null itself is another type in Rust.
            let models = old.component.iter().chain(&new.component).flat_map(|name| type_names(name));
            touches.extend(models.map(|name| format!("types::{name}")));
        }
        let place = &Place { touches, ..place.clone() };
        match (old.flag("nullable"), new.flag("nullable")) {
            (false, true) => {
                let wire = Wire { old_client_on_new_server: null(old, new, place.required.0), ..Wire::COMPATIBLE };
                self.note(place, "became-nullable", format!("`{name}` may now be null"), &new.place, Range::Wider, wire);
            }
            (true, false) => {
                let wire = Wire { new_client_on_old_server: null(new, old, place.required.1), ..Wire::COMPATIBLE };
                self.note(place, "became-not-nullable", format!("`{name}` is no longer null"), &new.place, Range::Narrower, wire);
            }
            _ => {}
        }
        let deprecated = match (old.flag("deprecated"), new.flag("deprecated")) {
            (false, true) => Some(("deprecated", "is deprecated")),
            (true, false) => Some(("reactivated", "is no longer deprecated")),
            _ => None,
        };
        if let Some((happened, text)) = deprecated {
            self.note(place, happened, format!("`{name}` {text}"), &new.place, Range::Same, Wire::COMPATIBLE);
        }
        let (happened, text) = match (old.get("default"), new.get("default")) {
            (None, Some(value)) => ("default-value-added", format!("`{name}` has the default {value}")),
            (Some(_), None) => ("default-value-removed", format!("`{name}` has no default any more")),
            (Some(a), Some(b)) if a != b => ("default-value-changed", format!("`{name}` has the default {b}, which was {a}")),
            _ => return,
        };
        self.note(place, happened, text, &new.place, Range::Same, Wire::COMPATIBLE);
    }

    fn compare_values(&mut self, old: &Node, new: &Node, place: &Place) {
        if is_union(old) != is_union(new) {
            // What was one thing and is now one of several, or the other way round.
            return ["oneOf", "anyOf"].iter().for_each(|union| self.compare_parts(old, new, place, (union, union)));
        }
        if !self.compare_types(old, new, place) {
            return;
        }
        self.compare_keywords(old, new, place);
        // The properties of objects that are put together are compared as those of one.
        if old.has_properties() || new.has_properties() {
            self.compare_properties(old, new, place);
            self.compare_objects(old, new, place);
        } else {
            self.compare_parts(old, new, place, ("allOf", "allOf"));
        }
    }

    /// Compares what a schema says itself, aside from properties and from what it is put together of.
    pub fn compare_keywords(&mut self, old: &Node, new: &Node, place: &Place) {
        self.compare_enums(old, new, place);
        self.compare_bounds(old, new, place);
        self.compare_others(old, new, place);
        if let (Some(a), Some(b)) = (old.items(), new.items()) {
            self.compare(&a, &b, &place.part(format!("{}[]", place.name), "Item"));
        }
        match (union(old), union(new)) {
            (Some(before), Some(after)) if before != after => {
                let text = format!("`{}` is {after} of what it may be, and was {before}", place.name);
                self.note(place, "union-kind-changed", text, &new.pointer, Range::Other, Wire::COMPATIBLE);
                self.compare_parts(old, new, place, (before, after));
            }
            _ => ["oneOf", "anyOf"].iter().for_each(|union| self.compare_parts(old, new, place, (union, union))),
        }
        self.compare_discriminators(old, new, place);
        if old.bare("not") != new.bare("not") {
            // The generated Rust refuses what its own document excludes.
            let fails = |node: &Node| if node.get("not").is_some() { Compatibility::Incompatible } else { Compatibility::Compatible };
            let wire = Wire { old_client_on_new_server: fails(old), new_client_on_old_server: fails(new) };
            self.note(place, "not-changed", format!("`{}` excludes other values", place.name), &new.pointer, Range::Other, wire);
        }
        let (before, after) = (old.others(), new.others());
        for keyword in
            before.keys().chain(after.keys()).filter(|keyword| before.get(*keyword) != after.get(*keyword)).collect::<BTreeSet<_>>()
        {
            let text = format!("`{}` has another `{keyword}`, of which nothing more is known", place.name);
            self.note(place, "keyword-changed", text, &new.pointer, Range::Other, Wire::COMPATIBLE);
        }
    }

    /// Compares types and formats; tells whether the rest can be compared.
    pub fn compare_types(&mut self, old: &Node, new: &Node, place: &Place) -> bool {
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
            _ if place.used == Use::Parameter && is_written_alike(old, new) => ("type-generalized", Range::Wider),
            _ if same_kind && new.text("format").is_none() => ("type-generalized", Range::Wider),
            _ if same_kind && old.text("format").is_none() => ("type-specialized", Range::Narrower),
            ("integer" | "number", "integer" | "number") if decodes(new, old) == Compatibility::Compatible => {
                ("type-generalized", Range::Wider)
            }
            ("integer" | "number", "integer" | "number") if decodes(old, new) == Compatibility::Compatible => {
                ("type-specialized", Range::Narrower)
            }
            _ => ("type-changed", Range::Other),
        };
        let wire = Wire { old_client_on_new_server: decodes(old, new), new_client_on_old_server: decodes(new, old) };
        let text = format!("`{}` is now {}, and was {}", place.name, described(new), described(old));
        self.note(place, happened, text, &new.pointer, range, wire);
        same_kind
    }

    fn compare_enums(&mut self, old: &Node, new: &Node, place: &Place) {
        let (before, after) = (old.values(), new.values());
        // Texts are read into open enums, and flags as they come; numbers are not.
        let closed = if matches!(new.kind(), "string" | "boolean") { Compatibility::Compatible } else { Compatibility::Incompatible };
        let only_old = Wire { new_client_on_old_server: closed, ..Wire::COMPATIBLE };
        let only_new = Wire { old_client_on_new_server: closed, ..Wire::COMPATIBLE };
        let name = &place.name;
        match (before.is_empty(), after.is_empty()) {
            (true, true) => {}
            (true, false) => {
                self.note(place, "became-enum", format!("`{name}` has only listed values now"), &new.pointer, Range::Narrower, only_old);
            }
            (false, true) => {
                self.note(place, "type-generalized", format!("`{name}` may have any value now"), &new.pointer, Range::Wider, only_new);
            }
            (false, false) => {
                let variant = |value: &Value| {
                    let variant = variant_name(value.as_str().unwrap_or_default());
                    let variants = place.types.iter().map(|name| format!("types::{name}::{variant}"));
                    // With other values a filter may have the type of a row no more, or only now.
                    let filter = if place.used == Use::Parameter { place.touches.as_slice() } else { &[] };
                    Place { touches: variants.chain(filter.iter().cloned()).collect(), ..place.clone() }
                };
                for value in after.iter().filter(|value| !before.contains(value)) {
                    let text = format!("`{name}` may have the value {value}");
                    self.note(&variant(value), "enum-value-added", text, &step(&new.pointer, "enum"), Range::Wider, only_new);
                }
                for value in before.iter().filter(|value| !after.contains(value)) {
                    let text = format!("`{name}` no longer has the value {value}");
                    self.note(&variant(value), "enum-value-removed", text, &step(&old.pointer, "enum"), Range::Narrower, only_old);
                }
            }
        }
    }

    /// Bounds and patterns. The generated client checks none of them in answers.
    fn compare_bounds(&mut self, old: &Node, new: &Node, place: &Place) {
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
            self.note(place, &format!("{bound}-{moved}"), format!("`{}` {text}", place.name), &new.pointer, range, Wire::COMPATIBLE);
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
        self.note(place, happened, format!("`{}` {text}", place.name), &new.pointer, range, Wire::COMPATIBLE);
    }

    /// What is said of properties that have no name, and of items.
    fn compare_others(&mut self, old: &Node, new: &Node, place: &Place) {
        let name = &place.name;
        let unique = (old.flag("uniqueItems"), new.flag("uniqueItems"));
        if unique.0 != unique.1 {
            let (happened, range) = if unique.1 { ("unique-items-added", Range::Narrower) } else { ("unique-items-removed", Range::Wider) };
            let text = format!("the items of `{name}` {} all differ", if unique.1 { "now" } else { "need not" });
            self.note(place, happened, text, &new.pointer, range, Wire::COMPATIBLE);
        }
        let (before, after) = (old.get("additionalProperties"), new.get("additionalProperties"));
        if let (Some(a), Some(b)) = (old.inner("additionalProperties"), new.inner("additionalProperties")) {
            return self.compare(&a, &b, &place.part(format!("{name}.*"), "Value"));
        }
        // Nothing said and `false` differ for a client that refuses what it does not know.
        let open = |value: Option<&Value>| value.is_some_and(Value::is_object);
        let closed = |value: Option<&Value>| value == Some(&Value::Bool(false));
        if before == after {
            return;
        }
        let pointer = step(if after.is_some() { &new.pointer } else { &old.pointer }, "additionalProperties");
        // The type has a field for them, or none.
        let own_types = place.types.iter().map(|name| format!("types::{name}"));
        let place = &Place { touches: place.touches.iter().cloned().chain(own_types).collect(), ..place.clone() };
        if open(after) || closed(before) {
            let kept = if open(after) { unread_others(old) } else { Compatibility::Compatible };
            let wire = Wire { old_client_on_new_server: kept, ..Wire::COMPATIBLE };
            let text = format!("`{name}` may have properties of other names");
            self.note(place, "additional-properties-added", text, &pointer, Range::Wider, wire);
        } else {
            let kept = if open(before) { unread_others(new) } else { Compatibility::Compatible };
            let wire = Wire { new_client_on_old_server: kept, ..Wire::COMPATIBLE };
            let text = format!("`{name}` no longer has properties of other names");
            self.note(place, "additional-properties-removed", text, &pointer, Range::Narrower, wire);
        }
    }
}

/// Whether a parameter is written as one of the old schema was: a number or flag as text, one value as a list of one.
fn is_written_alike(old: &Node, new: &Node) -> bool {
    match (old.kind(), new.kind()) {
        ("boolean" | "integer" | "number", "string") => new.text("format").is_none() && new.values().is_empty(),
        (kind, "array") => new.items().is_some_and(|items| items.kind() == kind && items.text("format") == old.text("format")),
        _ => false,
    }
}

/// The names that the type of a component may have in Rust.
pub fn type_names(component: &str) -> Vec<String> {
    let shorter = component.strip_suffix("Enum").map(ToPascalCase::to_pascal_case);
    std::iter::once(component.to_pascal_case()).chain(shorter).collect()
}
