//! Changes of operations: which there are, what they take, and how they answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::rules::{Use, of_operation};
use super::schemas::{Place, Walker};
use super::wire::{Compatibility, decodes};
use super::{Change, Operation, Wire};
use crate::document::step;
use crate::node::{ANYTHING, Node, bare};
use crate::slice::METHODS;

/// Every change from one slice to another.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let (before, after) = (operations(old), operations(new));
    let mut comparison = Comparison { old, new, walker: Walker::default() };
    let mut roots = Vec::new();
    for operation in before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))) {
        let at = comparison.walker.enter();
        comparison.operation(at, operation, before.get(operation).copied(), after.get(operation).copied());
        roots.push((operation.clone(), at));
    }
    attribute(comparison.walker, &roots)
}

/// What clients make of whole answers, aside from what they make of those of their own server: it shows what no change was blamed for.
pub fn decode(old: &Value, new: &Value) -> Wire {
    let (before, after) = (operations(old), operations(new));
    let mut worst = Wire::COMPATIBLE;
    for (operation, a) in &before {
        let Some(b) = after.get(operation) else { continue };
        let (Some(a), Some(b)) = (success(old, a), success(new, b)) else { continue };
        let beyond = |client: &Node, server: &Node| match decodes(client, server) {
            outcome if outcome > decodes(client, client) => outcome,
            _ => Compatibility::Compatible,
        };
        worst = worst.worse(Wire { old_client_on_new_server: beyond(&a, &b), new_client_on_old_server: beyond(&b, &a) });
    }
    worst
}

/// What an operation is answered with if all is well.
fn success<'a>(root: &'a Value, operation: &'a Value) -> Option<Node<'a>> {
    let answers = operation.get("responses").and_then(Value::as_object)?;
    let (_, answer) = answers.iter().find(|(status, _)| status.starts_with('2'))?;
    Some(Node::new(root, answer.pointer("/content/application~1json/schema")?, String::new()))
}

/// Every operation of a slice.
pub fn operations(slice: &Value) -> BTreeMap<Operation, &Value> {
    let paths = slice["paths"].as_object().into_iter().flatten();
    let methods = paths.flat_map(|(path, item)| METHODS.iter().filter_map(move |method| Some((path, method, item.get(*method)?))));
    methods.map(|(path, method, value)| (Operation { method: method.to_uppercase(), path: path.clone() }, value)).collect()
}

/// Tells of each change which operations it concerns; what is the same in several stands once.
fn attribute(walker: Walker, roots: &[(Operation, usize)]) -> Vec<Change> {
    let mut concerned: Vec<BTreeSet<&Operation>> = vec![BTreeSet::new(); walker.found.len()];
    for (operation, root) in roots {
        let mut waiting = vec![*root];
        while let Some(at) = waiting.pop() {
            if concerned[at].insert(operation) {
                waiting.extend(&walker.found[at].uses);
            }
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut known: HashMap<(String, String, String), usize> = HashMap::new();
    for (found, concerned) in walker.found.into_iter().zip(concerned) {
        for change in found.changes {
            let key = (change.id.clone(), change.pointer.clone(), change.text.clone());
            let index = *known.entry(key).or_insert_with(|| {
                changes.push(change.clone());
                changes.len() - 1
            });
            changes[index].wire = changes[index].wire.worse(change.wire);
            changes[index].operations.extend(concerned.iter().map(|operation| (*operation).clone()));
        }
    }
    for change in &mut changes {
        change.operations.sort();
        change.operations.dedup();
    }
    changes
}

pub struct Comparison<'a> {
    pub old: &'a Value,
    pub new: &'a Value,
    pub walker: Walker,
}

pub const FAILS_ON_NEW: Wire = Wire { old_client_on_new_server: Compatibility::Incompatible, ..Wire::COMPATIBLE };
pub const FAILS_ON_OLD: Wire = Wire { new_client_on_old_server: Compatibility::Incompatible, ..Wire::COMPATIBLE };

impl<'a> Comparison<'a> {
    fn operation(&mut self, at: usize, operation: &Operation, old: Option<&'a Value>, new: Option<&'a Value>) {
        let place = step(&step("#/paths", &operation.path), &operation.method.to_lowercase());
        let called = operation.to_string();
        let id = |operation: &Value| operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let items =
            |value: &Value| vec![format!("Client::{}", id(value).to_snake_case()), format!("builder::{}", id(value).to_pascal_case())];
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                let what = if self.new["paths"].get(&operation.path).is_some() { "api" } else { "api-path" };
                let how = if is_set(old, "deprecated") { "with" } else { "without" };
                let id = format!("{what}-removed-{how}-deprecation");
                return self.note(at, &id, format!("{called} is gone"), &place, FAILS_ON_NEW, items(old));
            }
            (None, Some(new)) => return self.note(at, "endpoint-added", format!("{called} is new"), &place, FAILS_ON_OLD, items(new)),
            (None, None) => return,
        };
        if id(old) != id(new) {
            let (what, text) = match (id(old).as_str(), id(new).as_str()) {
                ("", new) => ("added", format!("{called} has the operation id `{new}`")),
                (old, "") => ("removed", format!("{called} no longer has the operation id `{old}`")),
                (old, new) => ("removed", format!("{called} has the operation id `{new}`, which was `{old}`")),
            };
            let touches = items(old).into_iter().chain(items(new)).collect();
            self.note(at, &format!("api-operation-id-{what}"), text, &step(&place, "operationId"), Wire::COMPATIBLE, touches);
        }
        self.deprecation(at, "endpoint", &called, &place, old, new);
        let tags = |operation: &'a Value| operation.get("tags").and_then(Value::as_array).into_iter().flatten().collect::<Vec<_>>();
        for tag in tags(old).into_iter().filter(|tag| !tags(new).contains(tag)) {
            self.note(
                at,
                "api-tag-removed",
                format!("{called} no longer has the tag {tag}"),
                &step(&place, "tags"),
                Wire::COMPATIBLE,
                Vec::new(),
            );
        }
        for tag in tags(new).into_iter().filter(|tag| !tags(old).contains(tag)) {
            self.note(at, "api-tag-added", format!("{called} has the tag {tag}"), &step(&place, "tags"), Wire::COMPATIBLE, Vec::new());
        }
        self.api_path(at, &place, old, new);
        self.parameters(at, &place, &id(new), old, new);
        let name = id(new).to_pascal_case();
        self.request_body(at, &place, &name, old.get("requestBody"), new.get("requestBody"));
        self.responses(at, &place, &name, old, new);
        self.security(at, &place, old, new);
    }

    pub fn note(&mut self, at: usize, id: &str, text: String, pointer: &str, wire: Wire, touches: Vec<String>) {
        self.walker.push(at, of_operation(id), text, pointer, wire, touches);
    }

    fn deprecation(&mut self, at: usize, prefix: &str, called: &str, pointer: &str, old: &Value, new: &Value) {
        let (id, text) = match (is_set(old, "deprecated"), is_set(new, "deprecated")) {
            (false, true) => ("deprecated", "is deprecated"),
            (true, false) => ("reactivated", "is no longer deprecated"),
            _ => return,
        };
        self.note(at, &format!("{prefix}-{id}"), format!("{called} {text}"), pointer, Wire::COMPATIBLE, Vec::new());
    }

    /// The path of the API is a part of the client.
    fn api_path(&mut self, at: usize, place: &str, old: &Value, new: &Value) {
        let path = |operation: &Value, root: &Value| {
            let servers = operation.get("servers").unwrap_or(&root["servers"]);
            text(&servers[0], "url").to_owned()
        };
        let (a, b) = (path(old, self.old), path(new, self.new));
        if a != b {
            let wire =
                Wire { old_client_on_new_server: Compatibility::Incompatible, new_client_on_old_server: Compatibility::Incompatible };
            let pointer = if new.get("servers").is_some() { format!("{place}/servers/0/url") } else { "#/servers/0/url".to_owned() };
            self.note(at, "api-server-path-changed", format!("the API is at {b}, and was at {a}"), &pointer, wire, Vec::new());
        }
    }

    fn parameters(&mut self, at: usize, place: &str, operation: &str, old: &'a Value, new: &'a Value) {
        let list = |operation: &'a Value| {
            let list = operation.get("parameters").and_then(Value::as_array).into_iter().flatten().enumerate();
            list.map(|(index, parameter)| ((text(parameter, "in"), text(parameter, "name")), (index, parameter)))
                .collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (list(old), list(new));
        let required = |parameter: &Value| is_set(parameter, "required");
        let touches = |name: &str| vec![format!("builder::{}::{}", operation.to_pascal_case(), name.to_snake_case())];
        for (key @ (_, name), (index, parameter)) in &before {
            let Some((new_index, other)) = after.get(key) else {
                let wire = Wire {
                    old_client_on_new_server: Compatibility::Lossy,
                    new_client_on_old_server: if required(parameter) { Compatibility::Incompatible } else { Compatibility::Compatible },
                };
                let pointer = format!("{place}/parameters/{index}");
                self.note(at, "request-parameter-removed", format!("the parameter `{name}` is gone"), &pointer, wire, touches(name));
                continue;
            };
            let pointer = format!("{place}/parameters/{new_index}");
            match (required(parameter), required(other)) {
                (false, true) => {
                    let text = format!("the parameter `{name}` is now required");
                    self.note(at, "request-parameter-became-required", text, &pointer, FAILS_ON_NEW, touches(name));
                }
                (true, false) => {
                    let text = format!("the parameter `{name}` is no longer required");
                    self.note(at, "request-parameter-became-optional", text, &pointer, FAILS_ON_OLD, touches(name));
                }
                _ => {}
            }
            self.deprecation(at, "request-parameter", &format!("the parameter `{name}`"), &pointer, parameter, other);
            let written = |root: &Value, parameter: &Value| {
                ["style", "explode", "allowReserved", "allowEmptyValue", "content"]
                    .map(|key| parameter.get(key).map(|value| bare(root, value)))
            };
            if written(self.old, parameter) != written(self.new, other) {
                let wire =
                    Wire { old_client_on_new_server: Compatibility::Incompatible, new_client_on_old_server: Compatibility::Incompatible };
                let text = format!("the parameter `{name}` is written in another way");
                self.note(at, "request-parameter-serialization-changed", text, &pointer, wire, touches(name));
            }
            let used = Place {
                at,
                used: Use::Parameter,
                nested: false,
                name: (*name).to_owned(),
                required: (required(parameter), required(other)),
                touches: touches(name),
                types: vec![format!("{}{}", operation.to_pascal_case(), name.to_pascal_case())],
            };
            let schema = |parameter: &'a Value, root: &'a Value, index: &usize| {
                Node::new(root, parameter.get("schema").unwrap_or(&ANYTHING), format!("{place}/parameters/{index}/schema"))
            };
            self.walker.compare(&schema(parameter, self.old, index), &schema(other, self.new, new_index), &used);
        }
        for (key @ (_, name), (index, parameter)) in &after {
            if before.contains_key(key) {
                continue;
            }
            let (id, refused) = if required(parameter) {
                ("new-required-request-parameter", Compatibility::Incompatible)
            } else {
                ("new-optional-request-parameter", Compatibility::Compatible)
            };
            // An older authentik says nothing of a filter that it does not know, and applies none.
            let wire = Wire { old_client_on_new_server: refused, new_client_on_old_server: Compatibility::Lossy };
            let text = format!("the parameter `{name}` is {}", if required(parameter) { "new, and required" } else { "new" });
            self.note(at, id, text, &format!("{place}/parameters/{index}"), wire, touches(name));
        }
    }

    fn request_body(&mut self, at: usize, place: &str, operation: &str, old: Option<&'a Value>, new: Option<&'a Value>) {
        let pointer = step(place, "requestBody");
        let required = |body: &Value| is_set(body, "required");
        let touches = vec![format!("builder::{operation}")];
        match (old, new) {
            (None, Some(body)) if required(body) => {
                self.note(at, "request-body-added-required", "a body must now be sent".into(), &pointer, FAILS_ON_NEW, touches);
            }
            (None, Some(_)) => {
                self.note(at, "request-body-added-optional", "a body may now be sent".into(), &pointer, Wire::COMPATIBLE, touches);
            }
            (Some(_), None) => {
                let wire = Wire { old_client_on_new_server: Compatibility::Lossy, new_client_on_old_server: Compatibility::Incompatible };
                self.note(at, "request-body-removed", "no body is taken any more".into(), &pointer, wire, touches);
            }
            (Some(old), Some(new)) => {
                match (required(old), required(new)) {
                    (false, true) => {
                        self.note(
                            at,
                            "request-body-became-required",
                            "the body is now required".into(),
                            &pointer,
                            FAILS_ON_NEW,
                            Vec::new(),
                        );
                    }
                    (true, false) => {
                        let text = "the body is no longer required".to_owned();
                        self.note(at, "request-body-became-optional", text, &pointer, FAILS_ON_OLD, Vec::new());
                    }
                    _ => {}
                }
                self.content(at, "request-body-media-type", &pointer, operation, (old, new), Use::RequestBody);
            }
            (None, None) => {}
        }
    }
}

fn is_set(part: &Value, flag: &str) -> bool {
    part.get(flag) == Some(&Value::Bool(true))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
