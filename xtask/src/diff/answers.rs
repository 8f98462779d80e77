//! Changes of how operations answer, in which media types, and whom they let in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Wire;
use super::operations::{Comparison, FAILS_ON_NEW, FAILS_ON_OLD};
use super::rules::Use;
use super::schemas::{Place, type_names};
use super::wire::{Compatibility, decodes};
use crate::document::step;
use crate::node::{Node, bare};

impl<'a> Comparison<'a> {
    pub fn responses(&mut self, at: usize, place: &str, operation: &str, old: &'a Value, new: &'a Value) {
        let list = |operation: &'a Value| {
            let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
            responses.map(|(status, response)| (status.as_str(), response)).collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (list(old), list(new));
        // Where no answer is a success, the one for every status is.
        let has_success = |operation: &Value| {
            operation
                .get("responses")
                .and_then(Value::as_object)
                .is_some_and(|responses| responses.keys().any(|status| status.starts_with('2')))
        };
        let only_default = !has_success(old) && !has_success(new);
        let success = |status: &str| status.starts_with('2') || status == "default" && only_default;
        let kind = |status: &str| if success(status) { "success" } else { "non-success" };
        // A client reads every success as the one that it knows.
        let json = |responses: &BTreeMap<&str, &'a Value>, root: &'a Value| {
            let (_, known) = responses.iter().find(|(status, _)| success(status))?;
            let known = known.pointer("/content/application~1json/schema")?;
            Some(Node::new(root, known, String::new()))
        };
        let reads = |known: Option<Node>, answered: Option<Node>| match (known, answered) {
            (Some(known), Some(answered)) => decodes(&known, &answered),
            (None, _) => Compatibility::Compatible,
            (Some(_), None) => Compatibility::Incompatible,
        };
        let schema_of = |response: &'a Value, root: &'a Value| {
            Some(Node::new(root, response.pointer("/content/application~1json/schema")?, String::new()))
        };
        for (status, response) in &before {
            let pointer = step(&step(place, "responses"), status);
            if let Some(other) = after.get(status) {
                let used = if success(status) { Use::Response } else { Use::Refusal };
                self.content(at, "response-media-type", &pointer, operation, (response, other), used);
                self.headers(at, &pointer, status, response, other);
            } else {
                let mut wire = Wire::COMPATIBLE;
                if success(status) {
                    wire.new_client_on_old_server = reads(json(&after, self.new), schema_of(response, self.old));
                }
                let text = format!("the answer {status} is gone");
                let touches = with_model(send(operation), schema_of(response, self.old));
                self.note(at, &format!("response-{}-status-removed", kind(status)), text, &pointer, wire, touches);
            }
        }
        for (status, response) in after.iter().filter(|(status, _)| !before.contains_key(*status)) {
            let mut wire = Wire::COMPATIBLE;
            if success(status) {
                wire.old_client_on_new_server = reads(json(&before, self.old), schema_of(response, self.new));
            }
            let pointer = step(&step(place, "responses"), status);
            let text = format!("the answer {status} is new");
            let touches = with_model(send(operation), schema_of(response, self.new));
            self.note(at, &format!("response-{}-status-added", kind(status)), text, &pointer, wire, touches);
        }
    }

    pub fn content(&mut self, at: usize, rule: &str, place: &str, operation: &str, (old, new): (&'a Value, &'a Value), used: Use) {
        let list = |part: &'a Value| part.get("content").and_then(Value::as_object).into_iter().flatten().collect::<BTreeMap<_, _>>();
        let (before, after) = (list(old), list(new));
        // The generated client speaks JSON only.
        let hurts = |kind: &str| used != Use::Refusal && kind == "application/json";
        for (kind, media) in &before {
            let pointer = step(&step(place, "content"), kind);
            let Some(other) = after.get(*kind) else {
                let wire = if hurts(kind) { FAILS_ON_NEW } else { Wire::COMPATIBLE };
                self.note(at, &format!("{rule}-removed"), format!("{kind} is no longer used"), &pointer, wire, send(operation));
                continue;
            };
            let schema_rule = |happened: &str| {
                let part = if used == Use::RequestBody { "request" } else { "response" };
                format!("{part}-body-media-type-schema-{happened}")
            };
            let (hurts_old, hurts_new) = if hurts(kind) { (FAILS_ON_NEW, FAILS_ON_OLD) } else { (Wire::COMPATIBLE, Wire::COMPATIBLE) };
            match (media.get("schema"), other.get("schema")) {
                (Some(_), None) => {
                    let text = format!("nothing is said of {kind} any more");
                    self.note(at, &schema_rule("removed"), text, &pointer, hurts_old, send(operation));
                }
                (None, Some(_)) => {
                    let text = format!("it is said now what {kind} has");
                    self.note(at, &schema_rule("added"), text, &pointer, hurts_new, send(operation));
                }
                _ => {}
            }
            if media.get("encoding") != other.get("encoding") {
                let text = format!("{kind} is encoded in another way");
                self.note(at, &format!("{rule}-encoding-changed"), text, &pointer, Wire::COMPATIBLE, Vec::new());
            }
            if let (Some(a), Some(b)) = (media.get("schema"), other.get("schema")) {
                let at_schema = step(&pointer, "schema");
                let (a, b) = (Node::new(self.old, a, at_schema.clone()), Node::new(self.new, b, at_schema));
                let name = b.component.as_deref().unwrap_or("body").to_owned();
                // What progenitor calls a schema that stands in the operation itself.
                let own = format!("{operation}{}", if used == Use::RequestBody { "Body" } else { "Response" });
                let touches = send(operation);
                // Of other media types the client reads and sends nothing.
                let used = if hurts(kind) || used.is_request() { used } else { Use::Refusal };
                let place = Place { at, used, nested: false, name, required: (true, true), touches, types: vec![own] };
                self.walker.compare(&a, &b, &place);
            }
        }
        for kind in after.keys().filter(|kind| !before.contains_key(*kind)) {
            let wire = if hurts(kind) { FAILS_ON_OLD } else { Wire::COMPATIBLE };
            self.note(at, &format!("{rule}-added"), format!("{kind} is used"), &step(&step(place, "content"), kind), wire, send(operation));
        }
    }

    /// Headers of answers. The generated client hands them out as they come.
    fn headers(&mut self, at: usize, place: &str, status: &str, old: &'a Value, new: &'a Value) {
        let list = |part: &'a Value| part.get("headers").and_then(Value::as_object).into_iter().flatten().collect::<BTreeMap<_, _>>();
        let (before, after) = (list(old), list(new));
        for (name, header) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            let need = if header.get("required") == Some(&json!(true)) { "required" } else { "optional" };
            let text = format!("the header `{name}` of the answer {status} is gone");
            let pointer = step(&step(place, "headers"), name);
            self.note(at, &format!("{need}-response-header-removed"), text, &pointer, Wire::COMPATIBLE, Vec::new());
        }
        for (name, header) in &before {
            if after.get(*name).is_some_and(|other| bare(self.old, header) != bare(self.new, other)) {
                let text = format!("the header `{name}` of the answer {status} is of another form");
                self.note(at, "response-header-changed", text, &step(&step(place, "headers"), name), Wire::COMPATIBLE, Vec::new());
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let text = format!("the answer {status} has the header `{name}`");
            self.note(at, "response-header-added", text, &step(&step(place, "headers"), name), Wire::COMPATIBLE, Vec::new());
        }
    }

    /// Security requirements. The client sends a bearer token, whatever is said of it.
    pub fn security(&mut self, at: usize, place: &str, old: &Value, new: &Value) {
        let scopes = |operation: &Value| {
            let mut scopes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            let alternatives = operation.get("security").and_then(Value::as_array).into_iter().flatten();
            for (name, list) in alternatives.filter_map(Value::as_object).flatten() {
                let list = list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
                scopes.entry(name.clone()).or_default().extend(list);
            }
            scopes
        };
        let (before, after) = (scopes(old), scopes(new));
        let pointer = step(place, "security");
        let mut note = |id: &str, text: String| self.note(at, id, text, &pointer, Wire::COMPATIBLE, Vec::new());
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            note("api-security-removed", format!("`{name}` no longer lets in"));
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            note("api-security-added", format!("`{name}` lets in"));
        }
        for (name, before, after) in before.iter().filter_map(|(name, scopes)| Some((name, scopes, after.get(name)?))) {
            for scope in before.difference(after) {
                note("api-security-scope-removed", format!("`{name}` no longer needs the scope `{scope}`"));
            }
            for scope in after.difference(before) {
                note("api-security-scope-added", format!("`{name}` needs the scope `{scope}`"));
            }
        }
        // Which of them are needed together, or not at all.
        if before == after && old.get("security") != new.get("security") {
            self.note(
                at,
                "api-security-changed",
                "who is let in is put together in another way".into(),
                &pointer,
                Wire::COMPATIBLE,
                Vec::new(),
            );
        }
        for name in before.keys().filter(|name| after.contains_key(*name)) {
            let scheme = |root: &Value| {
                let mut scheme = root["components"]["securitySchemes"][name.as_str()].clone();
                if let Some(scheme) = scheme.as_object_mut() {
                    scheme.remove("description");
                }
                scheme
            };
            if scheme(self.old) != scheme(self.new) {
                let text = format!("the security scheme `{name}` is of another type");
                let pointer = step("#/components/securitySchemes", name);
                self.note(at, "api-security-component-type-changed", text, &pointer, Wire::COMPATIBLE, Vec::new());
            }
        }
    }
}

/// Items with those of the model that an answer has, which may come and go with it.
fn with_model(mut touches: Vec<String>, answer: Option<Node>) -> Vec<String> {
    let names = answer.and_then(|answer| answer.component.as_deref().map(type_names)).into_iter().flatten();
    touches.extend(names.map(|name| format!("types::{name}")));
    touches
}

/// The method that sends an operation, which has its answer in its signature.
fn send(operation: &str) -> Vec<String> {
    vec![format!("builder::{operation}::send")]
}
