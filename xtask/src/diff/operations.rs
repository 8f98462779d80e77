//! Changes in operations.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::comparison::{Comparison, INCOMPATIBLE_WITH_NEW, INCOMPATIBLE_WITH_OLD, Pair};
use super::findings::Finding;
use super::model::{Change, Operation, Wire};
use super::rules::of_operation;
use super::schemas;
use super::wire::{Compatibility, decodes};
use crate::codegen::pointer::{child, component, walk};
use crate::resolved_schema::ResolvedSchema;
use crate::slice;

/// Every change from one slice to another.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let mut comparison = Comparison::new(old, new);
    for (before, after) in pairs(old, new) {
        let Some((operation, _)) = after.as_ref().or(before.as_ref()) else { continue };
        let scope = comparison.findings.enter(operation);
        match (&before, &after) {
            (Some((before, old)), Some((after, new))) => comparison.operation(&Pair::new(scope, (before, old), (after, new)), after),
            (Some((operation, old)), None) => comparison.removed(scope, operation, old),
            (None, Some((operation, new))) => comparison.added(scope, operation, new),
            (None, None) => {}
        }
        schemas::compare_all(&mut comparison.findings);
    }
    comparison.findings.into_changes()
}

/// The verdict for whole responses, relative to those of the client's own release. It reveals effects that no single change explains.
pub fn decode(old: &Value, new: &Value) -> Wire {
    let mut worst = Wire::COMPATIBLE;
    for (before, after) in pairs(old, new) {
        let (Some((_, before)), Some((_, after))) = (before, after) else { continue };
        let (Some(before), Some(after)) = (success(old, before), success(new, after)) else { continue };
        let beyond = |client: &ResolvedSchema, server: &ResolvedSchema| match decodes(client, server) {
            outcome if outcome > decodes(client, client) => outcome,
            _ => Compatibility::Compatible,
        };
        worst = worst.worse(Wire { old_client_on_new_server: beyond(&before, &after), new_client_on_old_server: beyond(&after, &before) });
    }
    worst
}

/// The schema of the success response.
fn success<'a>(root: &'a Value, operation: &'a Value) -> Option<ResolvedSchema<'a>> {
    let responses = operation.get("responses").and_then(Value::as_object)?;
    let (_, response) = responses.iter().find(|(status, _)| status.starts_with('2'))?;
    Some(ResolvedSchema::new(root, response.pointer("/content/application~1json/schema")?, String::new()))
}

/// Every operation of a slice.
pub fn operations(slice: &Value) -> BTreeMap<Operation, &Value> {
    let found = slice::operations(slice);
    found.map(|(path, method, value)| (Operation { method: method.to_uppercase(), path: path.to_owned() }, value)).collect()
}

/// A slice with only these operations and the components that they reach.
pub fn only(slice: &Value, is_wanted: impl Fn(&Operation) -> bool) -> Value {
    let mut slice = slice.clone();
    for (path, item) in slice["paths"].as_object_mut().into_iter().flatten() {
        let wanted = |method: &str| is_wanted(&Operation { method: method.to_uppercase(), path: path.clone() });
        item.as_object_mut().into_iter().for_each(|item| item.retain(|method, _| wanted(method)));
    }
    // References, and the mappings of discriminators.
    let components_in = |node: &Value| {
        let mut found = BTreeSet::new();
        walk("", node, &mut |_, node| found.extend(node.as_str().and_then(|text| component(text, "schemas")).map(Cow::into_owned)));
        found
    };
    let mut reached = components_in(&slice["paths"]);
    let mut waiting = reached.iter().cloned().collect::<Vec<_>>();
    while let Some(name) = waiting.pop() {
        let inner = components_in(&slice["components"]["schemas"][&name]);
        waiting.extend(inner.into_iter().filter(|name| reached.insert(name.clone())));
    }
    if let Some(components) = slice.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        components.retain(|name, _| reached.contains(name));
    }
    slice
}

type Found<'a> = Option<(Operation, &'a Value)>;

/// The operations of two slices, paired by method and URL. The names of path parameters are not part of a URL.
fn pairs<'a>(old: &'a Value, new: &'a Value) -> impl Iterator<Item = (Found<'a>, Found<'a>)> {
    let url = |operation: &Operation| {
        let pieces = operation.path.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest));
        (operation.method.clone(), pieces.collect::<Vec<_>>().join("{}"))
    };
    let mut pairs: BTreeMap<_, (Found, Found)> = BTreeMap::new();
    for (operation, value) in operations(old) {
        let url = url(&operation);
        pairs.entry(url).or_default().0 = Some((operation, value));
    }
    for (operation, value) in operations(new) {
        let url = url(&operation);
        pairs.entry(url).or_default().1 = Some((operation, value));
    }
    pairs.into_values()
}

fn id(operation: &Value) -> &str {
    operation.get("operationId").and_then(Value::as_str).unwrap_or_default()
}

/// The public items of an operation.
fn items(operation: &Value) -> Vec<String> {
    vec![format!("Client::{}", id(operation).to_snake_case()), format!("builder::{}", id(operation).to_pascal_case())]
}

fn pointer_to(operation: &Operation) -> String {
    child(&child("#/paths", &operation.path), &operation.method.to_lowercase())
}

impl<'a> Pair<'a> {
    fn new(scope: usize, (before, old): (&Operation, &'a Value), (after, new): (&Operation, &'a Value)) -> Self {
        let pointers = (pointer_to(before), pointer_to(after));
        let paths = (before.path.clone(), after.path.clone());
        Self { scope, pointers, paths, type_name: id(new).to_pascal_case(), old, new }
    }
}

impl<'a> Comparison<'a> {
    fn operation(&mut self, pair: &Pair<'a>, operation: &Operation) {
        self.operation_id(pair, operation);
        let (pointer, name) = (&pair.pointers.1, operation.to_string());
        self.deprecation(pair, "endpoint", &name, pointer, (pair.old, pair.new));
        self.tags(pair, &name);
        self.api_path(pair);
        self.parameters(pair);
        self.request_body(pair);
        self.responses(pair);
        self.security(pair);
    }

    fn removed(&mut self, scope: usize, operation: &Operation, old: &Value) {
        let what = if self.new["paths"].get(&operation.path).is_some() { "api" } else { "api-path" };
        let how = if old.get("deprecated") == Some(&Value::Bool(true)) { "with" } else { "without" };
        let rule = of_operation(&format!("{what}-removed-{how}-deprecation"));
        let finding = Finding::new(rule, format!("{operation} was removed"), pointer_to(operation));
        self.findings.add(scope, finding.wire(INCOMPATIBLE_WITH_NEW).touches(items(old)));
    }

    fn added(&mut self, scope: usize, operation: &Operation, new: &Value) {
        // If the old document has the same operation id, the operation was moved: the same method of the client then calls another URL.
        let is_moved = operations(self.old).values().any(|old| id(old) == id(new) && !id(new).is_empty());
        let only_if = (!is_moved).then(|| format!("uses {operation}"));
        let finding = Finding::new(of_operation("endpoint-added"), format!("{operation} was added"), pointer_to(operation));
        self.findings.add(scope, finding.wire(INCOMPATIBLE_WITH_OLD).only_if(only_if).touches(items(new)));
    }

    fn operation_id(&mut self, pair: &Pair, operation: &Operation) {
        let (happened, text) = match (id(pair.old), id(pair.new)) {
            (old, new) if old == new => return,
            ("", new) => ("added", format!("{operation} now has the operation id `{new}`")),
            (old, "") => ("removed", format!("{operation} no longer has the operation id `{old}`")),
            (old, new) => ("removed", format!("{operation} has the operation id `{new}`; it was `{old}`")),
        };
        let touches = items(pair.old).into_iter().chain(items(pair.new)).collect();
        let rule = of_operation(&format!("api-operation-id-{happened}"));
        self.findings.add(pair.scope, Finding::new(rule, text, child(&pair.pointers.1, "operationId")).touches(touches));
    }

    fn tags(&mut self, pair: &Pair<'a>, operation: &str) {
        let tags = |operation: &'a Value| operation.get("tags").and_then(Value::as_array).into_iter().flatten().collect::<Vec<_>>();
        let (before, after) = (tags(pair.old), tags(pair.new));
        let pointer = child(&pair.pointers.1, "tags");
        for tag in before.iter().filter(|tag| !after.contains(tag)) {
            let text = format!("{operation} no longer has the tag {tag}");
            self.findings.add(pair.scope, Finding::new(of_operation("api-tag-removed"), text, &*pointer));
        }
        for tag in after.iter().filter(|tag| !before.contains(tag)) {
            let text = format!("{operation} now has the tag {tag}");
            self.findings.add(pair.scope, Finding::new(of_operation("api-tag-added"), text, &*pointer));
        }
    }

    /// Compares the base path of the API, which is part of the generated client.
    fn api_path(&mut self, pair: &Pair<'a>) {
        let path = |operation: &'a Value, root: &'a Value| {
            let servers = operation.get("servers").unwrap_or(&root["servers"]);
            servers[0]["url"].as_str().unwrap_or_default()
        };
        let (before, after) = (path(pair.old, self.old), path(pair.new, self.new));
        if before != after {
            let pointer =
                if pair.new.get("servers").is_some() { format!("{}/servers/0/url", pair.pointers.1) } else { "#/servers/0/url".to_owned() };
            let text = format!("the API moved from {before} to {after}");
            let finding = Finding::new(of_operation("api-server-path-changed"), text, pointer);
            self.findings.add(pair.scope, finding.wire(Wire::INCOMPATIBLE));
        }
    }
}
