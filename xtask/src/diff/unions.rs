//! Changes of what is put together of several schemas: `oneOf`, `anyOf`, `allOf` and the discriminators that tell their parts apart.

use serde_json::{Map, Value};

use super::Wire;
use super::schemas::{Place, Range, Walker};
use super::wire::{Compatibility, decodes, null};
use crate::document::step;
use crate::node::Node;

impl Walker {
    pub fn compare_parts(&mut self, old: &Node, new: &Node, place: &Place, (composed_before, composition): (&str, &str)) {
        let (mut before, mut after) = (old.parts(composed_before), new.parts(composition));
        match (before.is_empty(), after.is_empty()) {
            (true, true) => return,
            // One thing is a union of itself.
            (true, false) if composition != "allOf" => before.push(old.clone()),
            (false, true) if composition != "allOf" => after.push(new.clone()),
            _ => {}
        }
        // The type of a union has a variant for each part, for which typify has a name, and `name_enums_of_parts` in openapi/names.rs.
        let parts = before.len().max(after.len());
        let own_types = place.types.iter().flat_map(|name| {
            let of_parts =
                (0..parts).flat_map(move |index| ["Part", "Subtype", "Variant"].map(|part| format!("types::{name}{part}{index}")));
            std::iter::once(format!("types::{name}")).chain(of_parts)
        });
        let place = &Place { touches: place.touches.iter().cloned().chain(own_types).collect(), ..place.clone() };
        let id = match composition {
            "oneOf" => "one-of",
            "anyOf" => "any-of",
            _ => "all-of",
        };
        let mut after = after.into_iter().enumerate().collect::<Vec<_>>();
        let (mut gone, mut order) = (Vec::new(), Vec::new());
        for part in before {
            let same = |other: &Node| other.component == part.component && (part.component.is_some() || other.same_definition(&part));
            match after.iter().position(|(_, other)| same(other)) {
                Some(index) => {
                    let (place_in_list, other) = after.remove(index);
                    order.push(place_in_list);
                    self.compare(&part, &other, &Place { nested: true, ..place.clone() });
                }
                None => gone.push(part),
            }
        }
        if composition != "allOf" && !order.is_sorted() {
            let text = format!("`{}` may be the same in another order, and is read as the first that fits", place.name);
            self.note(place, &format!("{id}-order-changed"), text, &new.pointer, Range::Same, Wire::COMPATIBLE);
        }
        let called = |part: &Node| match (&part.component, part.kind()) {
            (Some(name), _) => format!("`{name}`"),
            (None, kind @ ("array" | "integer" | "object")) => format!("an {kind}"),
            (None, "any") => "anything".to_owned(),
            (None, kind) => format!("a {kind}"),
        };
        let (verb, all_of) = if composition == "allOf" { ("has all of", true) } else { ("may be", false) };
        for (_, part) in after {
            let wire = if all_of {
                Wire { old_client_on_new_server: Compatibility::Lossy, new_client_on_old_server: decodes(new, old) }
            } else {
                Wire { old_client_on_new_server: decodes(old, &part).max(null(old, &part, place.required.0)), ..Wire::COMPATIBLE }
            };
            let range = if all_of { Range::Narrower } else { Range::Wider };
            let text = format!("`{}` {verb} {} now", place.name, called(&part));
            self.note(place, &format!("{id}-added"), text, &part.place, range, wire);
        }
        for part in gone {
            let wire = if all_of {
                Wire { old_client_on_new_server: decodes(old, new), new_client_on_old_server: Compatibility::Lossy }
            } else {
                Wire { new_client_on_old_server: decodes(new, &part).max(null(new, &part, place.required.1)), ..Wire::COMPATIBLE }
            };
            let range = if all_of { Range::Wider } else { Range::Narrower };
            let text = format!("`{}` no longer {} {}", place.name, if all_of { "has all of" } else { "is" }, called(&part));
            self.note(place, &format!("{id}-removed"), text, &part.place, range, wire);
        }
    }

    /// What each of the objects that are put together says beside its properties, and of properties that another has too.
    pub fn compare_objects(&mut self, old: &Node, new: &Node, place: &Place) {
        let (before, mut after) = (old.objects().split_off(1), new.objects().split_off(1));
        for a in &before {
            let same = |b: &Node| b.component == a.component && (a.component.is_some() || b.same_definition(a));
            let partner = after.iter().position(same).or_else(|| after.iter().position(|b| a.component.is_none() && b.component.is_none()));
            let Some(partner) = partner else {
                self.note_part(a, "removed", place);
                continue;
            };
            let b = after.remove(partner);
            self.compare_use(a, &b, place);
            if is_union(a) == is_union(&b) && self.compare_types(a, &b, place) {
                self.compare_keywords(a, &b, place);
            }
        }
        for b in &after {
            self.note_part(b, "added", place);
        }
        let (before, after) = (old.declared_again(), new.declared_again());
        for (key @ (name, _), a) in &before {
            if let Some(b) = after.get(key) {
                self.compare(a, b, &place.part(format!("{}.{name}", place.name), ""));
            } else {
                let text = format!("`{}.{name}` has all of one schema less", place.name);
                self.note(place, "all-of-removed", text, &a.place, Range::Wider, Wire::COMPATIBLE);
            }
        }
        for ((name, _), b) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            let text = format!("`{}.{name}` has all of one schema more", place.name);
            self.note(place, "all-of-added", text, &b.place, Range::Narrower, Wire::COMPATIBLE);
        }
    }

    /// Notes a part of an `allOf` that came or went, unless all that it has are properties.
    fn note_part(&mut self, part: &Node, happened: &str, place: &Place) {
        if !part.is_only_properties() {
            let range = if happened == "added" { Range::Narrower } else { Range::Wider };
            let text = format!("`{}` has all of one schema {}", place.name, if happened == "added" { "more" } else { "less" });
            self.note(place, &format!("all-of-{happened}"), text, &part.place, range, Wire::COMPATIBLE);
        }
    }

    pub fn compare_discriminators(&mut self, old: &Node, new: &Node, place: &Place) {
        let (name, pointer) = (&place.name, step(&new.pointer, "discriminator"));
        let mut same = Vec::new();
        let mut note = |happened: &str, text: String| self.note(place, happened, text, &pointer, Range::Same, Wire::COMPATIBLE);
        match (old.discriminator(), new.discriminator()) {
            (None, Some(_)) => note("discriminator-added", format!("`{name}` names its kind in a property")),
            (Some(_), None) => note("discriminator-removed", format!("`{name}` no longer names its kind in a property")),
            (Some(before), Some(after)) => {
                if before.get("propertyName") != after.get("propertyName") {
                    note("discriminator-property-name-changed", format!("`{name}` names its kind in another property"));
                }
                let mapping = |node: &Map<String, Value>| node.get("mapping").and_then(Value::as_object).cloned().unwrap_or_default();
                let (before, after) = (mapping(before), mapping(after));
                for (kind, target) in &after {
                    match before.get(kind) {
                        None => note("discriminator-mapping-added", format!("`{name}` has the kind `{kind}`")),
                        Some(other) if other != target => {
                            note("discriminator-mapping-changed", format!("`{name}` has another schema for the kind `{kind}`"));
                        }
                        Some(_) => same.push(target.clone()),
                    }
                }
                for kind in before.keys().filter(|kind| !after.contains_key(*kind)) {
                    note("discriminator-mapping-deleted", format!("`{name}` no longer has the kind `{kind}`"));
                }
            }
            (None, None) => {}
        }
        for target in same {
            self.compare(&old.of_component(&target), &new.of_component(&target), &Place { nested: true, ..place.clone() });
        }
    }
}

pub fn is_union(node: &Node) -> bool {
    !node.parts("oneOf").is_empty() || !node.parts("anyOf").is_empty()
}

/// Which kind of union it is, if it is one of one kind.
pub fn union(node: &Node) -> Option<&'static str> {
    match (node.parts("oneOf").is_empty(), node.parts("anyOf").is_empty()) {
        (false, true) => Some("oneOf"),
        (true, false) => Some("anyOf"),
        _ => None,
    }
}
