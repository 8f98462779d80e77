//! Changes in requests: parameters and bodies.

use std::collections::BTreeMap;

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::comparison::{Comparison, INCOMPATIBLE_WITH_NEW, INCOMPATIBLE_WITH_OLD, Pair};
use super::findings::{Finding, Subject};
use super::model::Wire;
use super::rules::{Use, of_operation};
use super::wire::Compatibility;
use crate::codegen::metadata::PAGING;
use crate::codegen::pointer::child;
use crate::resolved_schema::{ANYTHING, ResolvedSchema, bare};

/// A parameter of an operation.
struct Parameter<'a> {
    name: &'a str,
    pointer: String,
    value: &'a Value,
    required: bool,
}

/// The parameters of an operation by location and name. Path parameters are identified by position, since their names are not part of the URL.
fn parameters<'a>(operation: &'a Value, path: &str, pointer: &str) -> BTreeMap<(&'a str, String), Parameter<'a>> {
    let list = operation.get("parameters").and_then(Value::as_array).into_iter().flatten().enumerate();
    let named = list.map(|(index, value)| {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let (location, name) = (text("in"), text("name"));
        let position = path.find(&format!("{{{name}}}")).filter(|_| location == "path");
        let key = position.map_or_else(|| name.to_owned(), |position| path[..position].matches('{').count().to_string());
        let required = value.get("required") == Some(&Value::Bool(true));
        ((location, key), Parameter { name, pointer: format!("{pointer}/parameters/{index}"), value, required })
    });
    named.collect()
}

impl Pair<'_> {
    fn setter(&self, parameter: &Parameter) -> String {
        format!("builder::{}::{}", self.type_name, parameter.name.to_snake_case())
    }
}

/// Whether an operation has a `paginate()`.
fn is_list(operation: &Value) -> bool {
    operation.get("x-listing").is_some()
}

/// The calls that a change of a parameter concerns; `None` for all. Every listing requests pages in a certain order.
fn sets(operation: &Value, parameter: &str, is_required: bool) -> Option<String> {
    let is_always_set = is_required || is_list(operation) && PAGING.contains(&parameter);
    (!is_always_set).then(|| format!("sets `{parameter}`"))
}

impl<'a> Comparison<'a> {
    pub fn parameters(&mut self, pair: &Pair<'a>) {
        let before = parameters(pair.old, &pair.paths.0, &pair.pointers.0);
        let after = parameters(pair.new, &pair.paths.1, &pair.pointers.1);
        for (key, old) in &before {
            match after.get(key) {
                Some(new) => self.parameter(pair, old, new),
                None => self.parameter_removed(pair, old),
            }
        }
        for (_, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            self.parameter_added(pair, new);
        }
    }

    fn note_parameter(&mut self, pair: &Pair, parameter: &Parameter, rule: &str, happened: &str, wire: Wire, only_if: Option<String>) {
        let text = format!("the parameter `{}` {happened}", parameter.name);
        let finding = Finding::new(of_operation(rule), text, &*parameter.pointer).wire(wire).only_if(only_if);
        self.findings.add(pair.scope, finding.touches(vec![pair.setter(parameter)]));
    }

    fn parameter_removed(&mut self, pair: &Pair, old: &Parameter) {
        let refused = if old.required { Compatibility::Incompatible } else { Compatibility::Compatible };
        let ignored = if old.name == "page" && is_list(pair.old) { Compatibility::Incompatible } else { Compatibility::Lossy };
        let wire = Wire { old_client_on_new_server: ignored, new_client_on_old_server: refused };
        let only_if = sets(pair.old, old.name, old.required);
        self.note_parameter(pair, old, "request-parameter-removed", "was removed", wire, only_if);
    }

    fn parameter_added(&mut self, pair: &Pair, new: &Parameter) {
        let (rule, happened, refused) = if new.required {
            ("new-required-request-parameter", "was added and is required", Compatibility::Incompatible)
        } else {
            ("new-optional-request-parameter", "was added", Compatibility::Compatible)
        };
        // authentik ignores unknown filters.
        let ignored = if new.name == "page" && is_list(pair.new) { Compatibility::Incompatible } else { Compatibility::Lossy };
        let wire = Wire { old_client_on_new_server: refused, new_client_on_old_server: ignored };
        let only_if = sets(pair.new, new.name, new.required);
        self.note_parameter(pair, new, rule, happened, wire, only_if);
    }

    fn parameter(&mut self, pair: &Pair<'a>, old: &Parameter<'a>, new: &Parameter<'a>) {
        match (old.required, new.required) {
            (false, true) => {
                self.note_parameter(pair, new, "request-parameter-became-required", "is now required", INCOMPATIBLE_WITH_NEW, None);
            }
            (true, false) => {
                let unset = Some(format!("does not set `{}`", new.name));
                self.note_parameter(pair, new, "request-parameter-became-optional", "is no longer required", INCOMPATIBLE_WITH_OLD, unset);
            }
            _ => {}
        }
        let sets = sets(pair.new, new.name, old.required && new.required);
        let mut touches = vec![pair.setter(new)];
        if old.name != new.name {
            touches.push(pair.setter(old));
            let text = format!("the path parameter `{}` was renamed to `{}`", old.name, new.name);
            let finding = Finding::new(of_operation("request-path-parameter-renamed"), text, &*new.pointer);
            self.findings.add(pair.scope, finding.touches(touches.clone()));
        }
        let name = format!("the parameter `{}`", new.name);
        self.deprecation(pair, "request-parameter", &name, &new.pointer, (old.value, new.value));
        let serialization = |root: &Value, parameter: &Value| {
            ["style", "explode", "allowReserved", "allowEmptyValue", "content"].map(|key| parameter.get(key).map(|value| bare(root, value)))
        };
        if serialization(self.old, old.value) != serialization(self.new, new.value) {
            let rule = "request-parameter-serialization-changed";
            self.note_parameter(pair, new, rule, "is serialized differently", Wire::INCOMPATIBLE, sets.clone());
        }
        let subject = Subject {
            scope: pair.scope,
            used: Use::Parameter,
            nested: false,
            name: new.name.to_owned(),
            required: (old.required, new.required),
            touches,
            types: vec![format!("{}{}", pair.type_name, new.name.to_pascal_case())],
            only_if: sets,
        };
        let schema = |parameter: &Parameter<'a>, root| {
            ResolvedSchema::new(root, parameter.value.get("schema").unwrap_or(&ANYTHING), child(&parameter.pointer, "schema"))
        };
        self.findings.visit(schema(old, self.old), schema(new, self.new), subject);
    }

    pub fn request_body(&mut self, pair: &Pair<'a>) {
        let is_required = |body: &Value| body.get("required") == Some(&Value::Bool(true));
        let bodies = (pair.old.get("requestBody"), pair.new.get("requestBody"));
        let (happened, text, wire) = match bodies {
            (None, Some(body)) if is_required(body) => ("added-required", "a request body is now required", INCOMPATIBLE_WITH_NEW),
            (None, Some(_)) => ("added-optional", "a request body is now accepted", Wire::COMPATIBLE),
            (Some(_), None) => {
                let wire = Wire { old_client_on_new_server: Compatibility::Lossy, ..INCOMPATIBLE_WITH_OLD };
                ("removed", "the request body was removed", wire)
            }
            (Some(old), Some(new)) => match (is_required(old), is_required(new)) {
                (false, true) => ("became-required", "the request body is now required", INCOMPATIBLE_WITH_NEW),
                (true, false) => ("became-optional", "the request body is now optional", INCOMPATIBLE_WITH_OLD),
                _ => ("", "", Wire::COMPATIBLE),
            },
            (None, None) => return,
        };
        if !happened.is_empty() {
            let rule = of_operation(&format!("request-body-{happened}"));
            let only_if = happened.starts_with("became").then(|| "sends no body".to_owned());
            let finding = Finding::new(rule, text, child(&pair.pointers.1, "requestBody")).wire(wire).only_if(only_if);
            self.findings.add(pair.scope, finding.touches(vec![format!("builder::{}", pair.type_name)]));
        }
        if let (Some(old), Some(new)) = bodies {
            self.content(pair, "request-body-media-type", "requestBody", (old, new), Use::RequestBody);
        }
    }
}
