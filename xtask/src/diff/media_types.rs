//! Changes in the media types of a request body or a response.

use std::collections::BTreeMap;

use serde_json::Value;

use super::comparison::{Comparison, INCOMPATIBLE_WITH_NEW, INCOMPATIBLE_WITH_OLD, Pair};
use super::findings::{Finding, Subject};
use super::model::Wire;
use super::rules::{Use, of_operation};
use crate::codegen::pointer::child;
use crate::resolved_schema::ResolvedSchema;

/// The only media type that the generated client sends and reads.
const JSON: &str = "application/json";

impl<'a> Comparison<'a> {
    /// Compares two parts of an operation that have `content`. `part` is their JSON pointer relative to the operation.
    pub fn content(&mut self, pair: &Pair<'a>, rule: &str, part: &str, (old, new): (&'a Value, &'a Value), used: Use) {
        let list = |part: &'a Value| part.get("content").and_then(Value::as_object).into_iter().flatten().collect::<BTreeMap<_, _>>();
        let (before, after) = (list(old), list(new));
        let pointers = [&pair.pointers.0, &pair.pointers.1].map(|pointer| format!("{pointer}/{part}/content"));
        let affects = |kind: &str, wire: Wire| if used != Use::ErrorResponse && kind == JSON { wire } else { Wire::COMPATIBLE };
        let note = |happened: &str, text: String, pointer: String, wire: Wire| {
            Finding::new(of_operation(&format!("{rule}-{happened}")), text, pointer).wire(wire).touches(pair.send())
        };
        for (kind, media) in &before {
            if let Some(other) = after.get(kind) {
                self.media_type(pair, kind, [&pointers[0], &pointers[1]].map(|pointer| child(pointer, kind)), (media, other), used);
                if media.get("encoding") != other.get("encoding") {
                    let rule = of_operation(&format!("{rule}-encoding-changed"));
                    let finding = Finding::new(rule, format!("the encoding of {kind} changed"), child(&pointers[1], kind));
                    self.findings.add(pair.scope, finding);
                }
            } else {
                let wire = affects(kind, INCOMPATIBLE_WITH_NEW);
                let finding = note("removed", format!("the media type {kind} was removed"), child(&pointers[0], kind), wire);
                self.findings.add(pair.scope, finding);
            }
        }
        for kind in after.keys().filter(|kind| !before.contains_key(*kind)) {
            let wire = affects(kind, INCOMPATIBLE_WITH_OLD);
            let finding = note("added", format!("the media type {kind} was added"), child(&pointers[1], kind), wire);
            self.findings.add(pair.scope, finding);
        }
    }

    fn media_type(&mut self, pair: &Pair<'a>, kind: &str, pointers: [String; 2], (old, new): (&'a Value, &'a Value), used: Use) {
        let is_read = used != Use::ErrorResponse && kind == JSON;
        let (part, suffix) = if used == Use::RequestBody { ("request", "Body") } else { ("response", "Response") };
        let (happened, text, wire) = match (old.get("schema"), new.get("schema")) {
            (Some(a), Some(b)) => {
                let [old_pointer, new_pointer] = pointers.map(|pointer| child(&pointer, "schema"));
                let (a, b) = (ResolvedSchema::new(self.old, a, old_pointer), ResolvedSchema::new(self.new, b, new_pointer));
                let subject = Subject {
                    scope: pair.scope,
                    // The client ignores what other media types contain.
                    used: if is_read || used.is_request() { used } else { Use::ErrorResponse },
                    nested: false,
                    name: b.component.as_deref().unwrap_or("body").to_owned(),
                    required: (true, true),
                    touches: pair.send(),
                    // The name that progenitor gives to a schema inside an operation.
                    types: vec![format!("{}{suffix}", pair.type_name)],
                    only_if: None,
                };
                return self.findings.visit(a, b, subject);
            }
            (Some(_), None) => ("removed", format!("{kind} no longer has a schema"), INCOMPATIBLE_WITH_NEW),
            (None, Some(_)) => ("added", format!("{kind} now has a schema"), INCOMPATIBLE_WITH_OLD),
            (None, None) => return,
        };
        let wire = if is_read { wire } else { Wire::COMPATIBLE };
        let rule = of_operation(&format!("{part}-body-media-type-schema-{happened}"));
        let [_, pointer] = pointers;
        self.findings.add(pair.scope, Finding::new(rule, text, pointer).wire(wire).touches(pair.send()));
    }
}
