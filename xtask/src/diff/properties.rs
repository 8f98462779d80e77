//! Changes of the properties of objects: which there are, under which names, and which are required.

use heck::{ToPascalCase, ToSnakeCase};

use super::Wire;
use super::rules::{self, Use};
use super::schemas::{Place, Walker};
use super::wire::{Compatibility, absent, decodes, unnamed, unread};
use crate::node::Node;

impl Walker {
    pub fn compare_properties(&mut self, old: &Node, new: &Node, place: &Place) {
        let inside = |name: &str, required: (bool, bool)| {
            let field = name.to_snake_case();
            let touches =
                place.types.iter().flat_map(|owner| [format!("types::{owner}::{field}"), format!("types::builder::{owner}::{field}")]);
            let dotted = if place.name.is_empty() { name.to_owned() } else { format!("{}.{name}", place.name) };
            Place { required, touches: touches.collect(), ..place.part(dotted, &name.to_pascal_case()) }
        };
        let needs = |object: &Node, name: &str, property: &Node| object.requires(name) && !is_unsent(property, place);
        let renamed = renamed(old, new);
        for (name, before) in old.properties() {
            if let Some(after) = new.property(name) {
                let place = inside(name, (old.requires(name), new.requires(name)));
                self.compare_required(&before, &after, &place);
                if place.used != Use::Parameter {
                    self.compare_access(&before, &after, &place);
                }
                self.compare(&before, &after, &place);
                continue;
            }
            let required = needs(old, name, &before);
            let place = inside(name, (required, required));
            let mut wire = Wire {
                old_client_on_new_server: unnamed(&before, required, new, &decodes),
                new_client_on_old_server: unread(new, &before, &decodes),
            };
            let mut text = format!("`{}` is no longer {}", place.name, sent(place.used));
            if let Some(SameProperty { after: (other, after), .. }) = renamed.iter().find(|pair| pair.before.0 == name) {
                text = format!("{text}; `{other}` is");
                wire = wire_of_renamed(old, new, (name, &before), (other, after), wire);
                self.compare(&before, after, &inside(other, (required, new.requires(other))));
            }
            self.property(&place, "removed", &before, text, wire);
        }
        for (name, after) in new.properties().into_iter().filter(|(name, _)| old.property(name).is_none()) {
            let required = needs(new, name, &after);
            let place = inside(name, (required, required));
            let mut wire = Wire {
                old_client_on_new_server: unread(old, &after, &decodes),
                new_client_on_old_server: unnamed(&after, required, old, &decodes),
            };
            if let Some(SameProperty { before: (other, before), .. }) = renamed.iter().find(|pair| pair.after.0 == name) {
                wire = wire_of_renamed(old, new, (other, before), (name, &after), wire);
            }
            let always = match (place.used.is_request(), required) {
                _ if is_unsent(&after, &place) => "is new, and never sent",
                (false, true) => "is new, and always sent",
                (false, false) => "is new, and not always sent",
                (true, true) => "is new, and must be sent",
                (true, false) => "is new, and need not be sent",
            };
            self.property(&place, "added", &after, format!("`{}` {always}", place.name), wire);
        }
    }

    /// Notes a property that came or went.
    fn property(&mut self, place: &Place, happened: &str, node: &Node, text: String, wire: Wire) {
        let required = place.required.0;
        let need = if required { "required" } else { "optional" };
        let id = match (place.used, happened) {
            (Use::Parameter, _) => format!("request-parameter-property-{happened}"),
            (Use::RequestBody, "added") => format!("new-{need}-request-property"),
            (Use::RequestBody, _) => "request-property-removed".to_owned(),
            _ if node.flag("writeOnly") => format!("response-{need}-write-only-property-{happened}"),
            _ => format!("response-{need}-property-{happened}"),
        };
        let (lost, refused) = (Compatibility::Lossy, if required { Compatibility::Incompatible } else { Compatibility::Compatible });
        let wire = match (place.used, happened) {
            (Use::Refusal, _) => Wire::COMPATIBLE,
            _ if is_unsent(node, place) => Wire::COMPATIBLE,
            (Use::Response, _) => wire,
            // Who sends what the server does not know sends it in vain; who leaves out what it requires is refused.
            (_, "added") => Wire { old_client_on_new_server: refused, new_client_on_old_server: lost },
            _ => Wire { old_client_on_new_server: lost, new_client_on_old_server: refused },
        };
        self.push(place.at, rules::of_operation(&id), text, &node.place, wire, place.touches.clone());
    }

    /// What only answers do not have, and only requests do not.
    fn compare_access(&mut self, old: &Node, new: &Node, place: &Place) {
        let (need, flag) = if place.used.is_request() {
            ("request-property".to_owned(), "readOnly")
        } else {
            let need = if place.required.0 { "required" } else { "optional" };
            (format!("response-{need}-property"), "writeOnly")
        };
        let word = if flag == "readOnly" { "read-only" } else { "write-only" };
        // From then on, or until then, it is not sent.
        let unsent =
            |node: &Node, required: bool| if place.used == Use::Response { absent(node, required) } else { Compatibility::Compatible };
        let (id, text, wire) = match (old.flag(flag), new.flag(flag)) {
            (false, true) => {
                let wire = Wire { old_client_on_new_server: unsent(old, place.required.0), ..Wire::COMPATIBLE };
                (format!("{need}-became-{word}"), format!("is now {word}"), wire)
            }
            (true, false) => {
                let wire = Wire { new_client_on_old_server: unsent(new, place.required.1), ..Wire::COMPATIBLE };
                (format!("{need}-became-not-{word}"), format!("is no longer {word}"), wire)
            }
            _ => return,
        };
        self.push(place.at, rules::of_operation(&id), format!("`{}` {text}", place.name), &new.place, wire, place.touches.clone());
    }

    fn compare_required(&mut self, old: &Node, new: &Node, place: &Place) {
        let (id, text) = match place.required {
            (true, false) if place.used.is_request() => ("became-optional", "need no longer be sent"),
            (true, false) => ("became-optional", "is no longer always sent"),
            (false, true) if place.used.is_request() => ("became-required", "must now be sent"),
            (false, true) => ("became-required", "is now always sent"),
            _ => return,
        };
        let wire = match (place.used, id) {
            _ if is_unsent(old, place) && is_unsent(new, place) => Wire::COMPATIBLE,
            (Use::Response, "became-optional") => Wire { old_client_on_new_server: absent(old, true), ..Wire::COMPATIBLE },
            (Use::Response, _) => Wire { new_client_on_old_server: absent(new, true), ..Wire::COMPATIBLE },
            (Use::Refusal, _) => Wire::COMPATIBLE,
            (_, "became-optional") => Wire { new_client_on_old_server: Compatibility::Incompatible, ..Wire::COMPATIBLE },
            _ => Wire { old_client_on_new_server: Compatibility::Incompatible, ..Wire::COMPATIBLE },
        };
        let prefix = match place.used {
            Use::Parameter => "request-parameter-property",
            Use::RequestBody => "request-property",
            _ if new.flag("writeOnly") => "response-write-only-property",
            _ => "response-property",
        };
        let text = format!("`{}` {text}", place.name);
        self.push(place.at, rules::of_operation(&format!("{prefix}-{id}")), text, &new.place, wire, place.touches.clone());
    }
}

/// Whether only the other side sends a property, which then need not be there.
fn is_unsent(property: &Node, place: &Place) -> bool {
    property.flag(if place.used.is_request() { "readOnly" } else { "writeOnly" })
}

/// A property under its name in the old document and in the new one.
struct SameProperty<'a> {
    before: (&'a str, Node<'a>),
    after: (&'a str, Node<'a>),
}

/// Properties of which one document or the other says that they are only called otherwise.
fn renamed<'a>(old: &Node<'a>, new: &Node<'a>) -> Vec<SameProperty<'a>> {
    let gone = old.properties().into_iter().filter(|(name, _)| new.property(name).is_none());
    let mut came = new.properties();
    came.retain(|(name, _)| old.property(name).is_none());
    let mut pairs = Vec::new();
    for before in gone {
        let other_name =
            |(name, after): &(&str, Node)| before.1.aliases().any(|alias| alias == *name) || after.aliases().any(|alias| alias == before.0);
        if let Some(index) = came.iter().position(other_name) {
            pairs.push(SameProperty { before, after: came.remove(index) });
        }
    }
    pairs
}

/// Each client reads the other's name where its own document has it as an alias; where it has not, what it makes of it is `unknown`.
fn wire_of_renamed(old: &Node, new: &Node, (name, before): (&str, &Node), (other, after): (&str, &Node), unknown: Wire) -> Wire {
    let mut wire = unknown;
    if before.aliases().any(|alias| alias == other)
        && (new.requires(other) || absent(before, old.requires(name)) == Compatibility::Compatible)
    {
        wire.old_client_on_new_server = decodes(before, after);
    }
    if after.aliases().any(|alias| alias == name) && (old.requires(name) || absent(after, new.requires(other)) == Compatibility::Compatible)
    {
        wire.new_client_on_old_server = decodes(after, before);
    }
    wire
}

fn sent(used: Use) -> &'static str {
    if used.is_request() { "taken" } else { "sent" }
}
