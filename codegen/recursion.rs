//! Schemas that progenitor would write out for ever.
//!
//! It writes out what an `allOf` of several parts puts together, with the properties of each part, and those of a property that two parts
//! have. Where that leads back to where it began there is no end, and it fills its stack until the process is killed.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::OpenAPI;
use serde_json::{Map, Value};

/// A component in which something is put together that would be written out for ever.
pub fn endless(spec: &OpenAPI) -> Option<String> {
    let schemas = serde_json::to_value(&spec.components.as_ref()?.schemas).unwrap_or_default();
    let schemas = schemas.as_object()?;
    let referred_to = schemas.iter().map(|(name, schema)| {
        let mut found = BTreeSet::new();
        references(schema, &mut found);
        (name.clone(), found)
    });
    let referred_to: Graph = referred_to.collect();
    let mut merged_in = Graph::new();
    for (name, schema) in schemas {
        let merged = merged_in.entry(name.clone()).or_default();
        if !merges(schema, schemas, &referred_to, merged) {
            return Some(name.clone());
        }
    }
    merged_in.keys().find(|name| leads_back(&merged_in, name)).cloned()
}

/// Components by name, with those that each leads to.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn leads_back(graph: &Graph, name: &str) -> bool {
    reached(graph, graph.get(name).into_iter().flatten()).contains(name)
}

/// Every component that can be reached from some.
fn reached<'a>(graph: &'a Graph, from: impl Iterator<Item = &'a String>) -> BTreeSet<&'a str> {
    let mut waiting = from.collect::<Vec<_>>();
    let mut reached = BTreeSet::new();
    while let Some(component) = waiting.pop() {
        if reached.insert(component.as_str()) {
            waiting.extend(graph.get(component).into_iter().flatten());
        }
    }
    reached
}

/// Notes the components that are written out in a schema, however deep in it; tells whether what two parts say of one property has an end.
fn merges(node: &Value, schemas: &Map<String, Value>, referred_to: &Graph, merged: &mut BTreeSet<String>) -> bool {
    if node.get("allOf").and_then(Value::as_array).is_some_and(|parts| parts.len() > 1) {
        let (mut components, mut objects) = (BTreeSet::new(), Vec::new());
        parts(node, schemas, &mut components, &mut objects);
        merged.extend(components);
        let mut properties: BTreeMap<&String, Vec<&Value>> = BTreeMap::new();
        for (name, property) in objects.iter().filter_map(|object| object.get("properties")?.as_object()).flatten() {
            properties.entry(name).or_default().push(property);
        }
        // Where the parts say the same, nothing is written out.
        for of_several in properties.values().filter(|of_several| of_several.iter().any(|property| *property != of_several[0])) {
            let mut found = BTreeSet::new();
            for property in of_several {
                references(property, &mut found);
            }
            if reached(referred_to, found.iter()).into_iter().any(|component| leads_back(referred_to, component)) {
                return false;
            }
            merged.extend(found);
        }
    }
    match node {
        Value::Object(map) => map.values().all(|value| merges(value, schemas, referred_to, merged)),
        Value::Array(items) => items.iter().all(|item| merges(item, schemas, referred_to, merged)),
        _ => true,
    }
}

/// The components, and the objects, that a schema is put together of.
fn parts<'a>(node: &'a Value, schemas: &'a Map<String, Value>, components: &mut BTreeSet<String>, objects: &mut Vec<&'a Value>) {
    objects.push(node);
    if let Some(name) = component(node)
        && components.insert(name.to_owned())
        && let Some(target) = schemas.get(name)
    {
        parts(target, schemas, components, objects);
    }
    let lists = ["allOf", "oneOf", "anyOf"].iter().filter_map(|composition| node.get(composition)?.as_array());
    lists.flatten().for_each(|part| parts(part, schemas, components, objects));
}

fn references(node: &Value, found: &mut BTreeSet<String>) {
    found.extend(component(node).map(str::to_owned));
    match node {
        Value::Object(map) => map.values().for_each(|value| references(value, found)),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn component(node: &Value) -> Option<&str> {
    node.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}
