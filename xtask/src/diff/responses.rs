//! Changes in responses: their statuses and headers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::comparison::{Comparison, Pair};
use super::findings::Finding;
use super::model::Wire;
use super::rules::{Use, of_operation};
use super::schemas::type_names;
use super::wire::{Compatibility, decodes};
use crate::codegen::pointer::child;
use crate::resolved_schema::{ResolvedSchema, bare};

/// Responses by status.
type Responses<'a> = BTreeMap<&'a str, &'a Value>;

fn responses(operation: &Value) -> Responses<'_> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    responses.map(|(status, response)| (status.as_str(), response)).collect()
}

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// The schema of the JSON content of a response, which is what the client decodes.
fn json_schema<'a>(root: &'a Value, response: &'a Value) -> Option<ResolvedSchema<'a>> {
    Some(ResolvedSchema::new(root, response.pointer("/content/application~1json/schema")?, String::new()))
}

impl<'a> Comparison<'a> {
    pub fn responses(&mut self, pair: &Pair<'a>) {
        let (before, after) = (responses(pair.old), responses(pair.new));
        // Without a success response, the default response is one.
        let only_default = !before.keys().chain(after.keys()).any(|status| is_success(status));
        let succeeds = |status: &str| is_success(status) || status == "default" && only_default;
        for (status, response) in &before {
            if let Some(other) = after.get(status) {
                let used = if succeeds(status) { Use::Response } else { Use::ErrorResponse };
                let part = child("responses", status);
                self.content(pair, "response-media-type", &part, (response, other), used);
                self.headers(pair, &part, status, (response, other));
                continue;
            }
            let mut wire = Wire::COMPATIBLE;
            if succeeds(status) {
                wire.old_client_on_new_server = without((self.old, response), (self.new, &after));
                wire.new_client_on_old_server = reads(self.new, &after, &succeeds, json_schema(self.old, response));
            }
            self.status(pair, (status, succeeds(status)), "removed", json_schema(self.old, response), wire);
        }
        for (status, response) in after.iter().filter(|(status, _)| !before.contains_key(*status)) {
            let mut wire = Wire::COMPATIBLE;
            if succeeds(status) {
                wire.new_client_on_old_server = without((self.new, response), (self.old, &before));
                wire.old_client_on_new_server = reads(self.old, &before, &succeeds, json_schema(self.new, response));
            }
            self.status(pair, (status, succeeds(status)), "added", json_schema(self.new, response), wire);
        }
    }

    fn status(&mut self, pair: &Pair, (status, is_success): (&str, bool), happened: &str, schema: Option<ResolvedSchema>, wire: Wire) {
        let kind = if is_success { "success" } else { "non-success" };
        let rule = of_operation(&format!("response-{kind}-status-{happened}"));
        let pointer = if happened == "removed" { &pair.pointers.0 } else { &pair.pointers.1 };
        // A model may be added or removed with the response.
        let models = schema.and_then(|schema| schema.component.as_deref().map(type_names)).into_iter().flatten();
        let touches = pair.send().into_iter().chain(models.map(|name| format!("types::{name}"))).collect();
        let finding = Finding::new(rule, format!("the response {status} was {happened}"), child(&child(pointer, "responses"), status));
        self.findings.add(pair.scope, finding.wire(wire).touches(touches));
    }

    /// Compares response headers, which the client passes on unchanged.
    fn headers(&mut self, pair: &Pair, part: &str, status: &str, (old, new): (&'a Value, &'a Value)) {
        let list = |part: &'a Value| part.get("headers").and_then(Value::as_object).into_iter().flatten().collect::<BTreeMap<_, _>>();
        let (before, after) = (list(old), list(new));
        let mut note = |pointer: &str, name: &str, rule: &str, happened: &str| {
            let text = format!("the header `{name}` of the response {status} {happened}");
            self.findings.add(pair.scope, Finding::new(of_operation(rule), text, child(&format!("{pointer}/{part}/headers"), name)));
        };
        for (name, header) in &before {
            match after.get(name) {
                Some(other) if bare(self.old, header) == bare(self.new, other) => {}
                Some(_) => note(&pair.pointers.1, name, "response-header-changed", "changed"),
                None if header.get("required") == Some(&json!(true)) => {
                    note(&pair.pointers.0, name, "required-response-header-removed", "was removed");
                }
                None => note(&pair.pointers.0, name, "optional-response-header-removed", "was removed"),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            note(&pair.pointers.1, name, "response-header-added", "was added");
        }
    }
}

/// The verdict for a success response of the client's document that the server's does not have: the server sends its default response, or
/// never succeeds. Its other success responses have their own verdicts.
fn without((client, expected): (&Value, &Value), (server, known): (&Value, &Responses)) -> Compatibility {
    if known.keys().any(|status| is_success(status)) {
        return Compatibility::Compatible;
    }
    let Some(default) = known.get("default") else { return Compatibility::Incompatible };
    verdict(json_schema(client, expected), json_schema(server, default))
}

/// The verdict for a success response that the client's document does not have: the client decodes every success response as the one it
/// knows.
fn reads(root: &Value, known: &Responses, succeeds: &dyn Fn(&str) -> bool, sent: Option<ResolvedSchema>) -> Compatibility {
    let known = known.iter().find(|(status, _)| succeeds(status)).and_then(|(_, response)| json_schema(root, response));
    verdict(known, sent)
}

/// Whether the client decodes the content that is sent as the content that it expects.
fn verdict(expected: Option<ResolvedSchema>, sent: Option<ResolvedSchema>) -> Compatibility {
    match (expected, sent) {
        (Some(expected), Some(sent)) => decodes(&expected, &sent),
        (None, _) => Compatibility::Compatible,
        (Some(_), None) => Compatibility::Incompatible,
    }
}
