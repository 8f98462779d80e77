//! Finds schemas that progenitor would expand infinitely.
//!
//! progenitor expands an `allOf` of several parts into all their properties, recursively for a property that two parts define
//! differently. If that leads back to the same schema, progenitor's stack overflows, which aborts the process.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::OpenAPI;
use serde_json::{Map, Value};

use super::pointer::{component, reference, referenced_schemas, walk};

/// A component that contains an infinite merge.
pub fn infinite_schema(spec: &OpenAPI) -> Option<String> {
    let schemas = serde_json::to_value(&spec.components.as_ref()?.schemas).unwrap_or_default();
    let schemas = schemas.as_object()?;
    let references = schemas.iter().map(|(name, schema)| (name.clone(), referenced_schemas(schema))).collect();
    let mut merges = Graph::new();
    for (name, schema) in schemas {
        match merged_components(schema, schemas, &references) {
            Some(components) => merges.insert(name.clone(), components),
            None => return Some(name.clone()),
        };
    }
    merges.keys().find(|name| leads_back(&merges, name)).cloned()
}

/// The most schemas that an `allOf` may combine. Upstream combines two or three; progenitor's time grows with the square of this number.
const MAX_COMBINED: usize = 64;

/// A component whose `allOf` combines more than [`MAX_COMBINED`] schemas, directly or through other components.
pub fn oversized_schema(spec: &OpenAPI) -> Option<String> {
    let schemas = serde_json::to_value(&spec.components.as_ref()?.schemas).unwrap_or_default();
    let schemas = schemas.as_object()?;
    let mut sizes = BTreeMap::new();
    schemas.keys().find(|name| size_of(name, schemas, &mut sizes) > MAX_COMBINED).cloned()
}

/// How many schemas a component combines. A component that combines itself is reported by [`infinite_schema`].
fn size_of<'a>(name: &str, schemas: &'a Map<String, Value>, sizes: &mut BTreeMap<&'a str, usize>) -> usize {
    let Some((name, schema)) = schemas.get_key_value(name) else { return 0 };
    if let Some(size) = sizes.get(name.as_str()) {
        return *size;
    }
    sizes.insert(name, 0);
    let mut size = 1_usize;
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        let of_part = reference(part).and_then(|target| component(target, "schemas")).map_or(1, |name| size_of(&name, schemas, sizes));
        size = size.saturating_add(of_part);
    }
    sizes.insert(name, size);
    size
}

/// Components, each with those that it refers to.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn leads_back(graph: &Graph, name: &str) -> bool {
    reachable(graph, graph.get(name).into_iter().flatten()).contains(name)
}

/// The components that can be reached from `start`, including those in `start`.
fn reachable<'a>(graph: &'a Graph, start: impl Iterator<Item = &'a String>) -> BTreeSet<&'a str> {
    let mut pending = start.collect::<Vec<_>>();
    let mut reached = BTreeSet::new();
    while let Some(component) = pending.pop() {
        if reached.insert(component.as_str()) {
            pending.extend(graph.get(component).into_iter().flatten());
        }
    }
    reached
}

/// The components that are merged somewhere inside a schema; `None` if merging a property would not terminate.
fn merged_components(schema: &Value, schemas: &Map<String, Value>, references: &Graph) -> Option<BTreeSet<String>> {
    let mut merged = BTreeSet::new();
    let mut ends = true;
    walk("", schema, &mut |_, node| {
        if node.get("allOf").and_then(Value::as_array).is_some_and(|parts| parts.len() > 1) {
            let (mut components, mut objects) = (BTreeSet::new(), Vec::new());
            parts(node, schemas, &mut components, &mut objects);
            merged.extend(components);
            let conflicting = conflicting_references(&objects);
            ends = ends && !reachable(references, conflicting.iter()).into_iter().any(|component| leads_back(references, component));
            merged.extend(conflicting);
        }
    });
    ends.then_some(merged)
}

/// The components behind properties that several objects define differently. Equal definitions are not expanded.
fn conflicting_references(objects: &[&Value]) -> BTreeSet<String> {
    let mut definitions: BTreeMap<&String, Vec<&Value>> = BTreeMap::new();
    for (name, property) in objects.iter().filter_map(|object| object.get("properties")?.as_object()).flatten() {
        definitions.entry(name).or_default().push(property);
    }
    let conflicting = definitions.into_values().filter(|properties| properties.windows(2).any(|pair| pair[0] != pair[1]));
    conflicting.flatten().flat_map(referenced_schemas).collect()
}

/// The components and inline objects that a schema combines.
fn parts<'a>(node: &'a Value, schemas: &'a Map<String, Value>, components: &mut BTreeSet<String>, objects: &mut Vec<&'a Value>) {
    objects.push(node);
    if let Some(name) = reference(node).and_then(|target| component(target, "schemas"))
        && components.insert(name.clone().into_owned())
        && let Some(target) = schemas.get(name.as_ref())
    {
        parts(target, schemas, components, objects);
    }
    let lists = ["allOf", "oneOf", "anyOf"].iter().filter_map(|composition| node.get(composition)?.as_array());
    lists.flatten().for_each(|part| parts(part, schemas, components, objects));
}
