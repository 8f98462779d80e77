//! Annotations are what is ours in a slice: descriptions, the order of enum values, and extensions that say what OpenAPI cannot.
//!
//! They are carried from the checked-in slice to the same place in another. A component that was renamed keeps them, and so does a
//! property whose `x-aliases` has the new name: the old name then becomes an alias of the new one, so that responses with either are
//! read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::codegen::metadata::EXTENSIONS;
use crate::document::{component, key_text, step};
use crate::node::{Node, bare};
use crate::slice::METHODS;

pub mod listing;
pub mod orphaned;

/// Extensions of a property, which it keeps whatever its type becomes.
const OF_PROPERTIES: [&str; 2] = ["x-aliases", "x-default-when-absent"];

/// A property that upstream renamed.
pub struct Renamed {
    pub component: String,
    pub old: String,
    pub new: String,
}

/// What changed while annotations were carried.
pub struct Carried {
    pub renamed: Vec<Renamed>,
    pub unlisted: Vec<listing::Unlisted>,
}

/// Carries annotations from the slice `ours` to `slice`.
pub fn carry(ours: &Value, slice: &mut Value) -> Carried {
    annotate(ours, slice);
    annotate(&ours["info"], &mut slice["info"]);
    slice["info"]["title"] = ours["info"]["title"].clone();
    let servers = slice.get_mut("servers").and_then(Value::as_array_mut);
    ours["servers"].as_array().into_iter().flatten().zip(servers.into_iter().flatten()).for_each(|(ours, server)| annotate(ours, server));
    let components = &ours["components"]["schemas"];
    let (old_names, new_names) = (names(ours), names(slice));
    let mut carrier =
        Carrier { components, old_names, new_names, pairs: BTreeMap::new(), were_inline: BTreeSet::new(), renamed: Vec::new() };

    for (path, item) in slice["paths"].as_object_mut().into_iter().flatten() {
        annotate(&ours["paths"][path], item);
    }
    for (pointer, operation) in operations_mut(slice) {
        let id = operation.get("operationId").cloned();
        let same_id = operations(ours).find(|ours| ours.get("operationId") == id.as_ref());
        // An operation whose id changed is still the one at its path.
        if let Some(ours) = same_id.or_else(|| ours.pointer(&pointer[1..])) {
            carrier.operation(ours, operation);
        }
    }
    carrier.components(slice);
    let schemes = slice.pointer_mut("/components/securitySchemes").and_then(Value::as_object_mut);
    for (name, scheme) in schemes.into_iter().flatten() {
        annotate(&ours["components"]["securitySchemes"][name], scheme);
    }
    let renamed = carrier.renamed;
    let unlisted = listing::fit(slice, &renamed);
    Carried { renamed, unlisted }
}

/// A property that servers of the old document need not send, and what the client assumes there.
pub struct Bridged {
    pub component: String,
    pub property: String,
    pub default: Value,
}

/// Gives each property that is required only since `new` a default for servers that do not send it, if it is a list or an object
/// without properties: an empty one. The default of any other is for a person to choose.
pub fn bridge(old: &Value, new: &mut Value) -> Vec<Bridged> {
    let mut bridged = Vec::new();
    for (component, before) in old["components"]["schemas"].as_object().into_iter().flatten() {
        let place = step("#/components/schemas", component);
        let Some(after) = new.pointer(&place[1..]) else { continue };
        let (before, after) = (Node::new(old, before, place.clone()), Node::new(new, after, place.clone()));
        let own = step(&place, "properties");
        for (name, property) in after.properties().into_iter().filter(|(name, property)| property.used_at == step(&own, name)) {
            let was_sent = std::iter::once(name).chain(property.aliases()).any(|name| before.requires(name));
            if !after.requires(name) || was_sent || property.get("x-default-when-absent").is_some() {
                continue;
            }
            let Some(default) = property.empty_value() else { continue };
            bridged.push(Bridged { component: component.clone(), property: name.to_owned(), default });
        }
    }
    for Bridged { component, property, default } in &bridged {
        let place = step(&step(&step("/components/schemas", component), "properties"), property);
        if let Some(property) = new.pointer_mut(&place) {
            annotate(&json!({ "x-default-when-absent": default }), property);
        }
    }
    bridged
}

struct Carrier<'a> {
    /// The components of ours.
    components: &'a Value,
    old_names: BTreeSet<String>,
    new_names: BTreeSet<String>,
    /// What each component was before: a component, under this name or another, or a schema that was inline.
    pairs: BTreeMap<String, &'a Value>,
    were_inline: BTreeSet<String>,
    renamed: Vec<Renamed>,
}

impl<'a> Carrier<'a> {
    fn operation(&mut self, ours: &'a Value, operation: &mut Value) {
        annotate(ours, operation);
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let same = |ours: &&Value| ours["name"] == parameter["name"] && ours["in"] == parameter["in"];
            if let Some(ours) = ours["parameters"].as_array().into_iter().flatten().find(same) {
                self.value(ours, parameter);
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            self.value(&ours["requestBody"], body);
        }
        for (status, response) in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            let ours = &ours["responses"][status];
            self.value(ours, response);
            for (name, header) in response.get_mut("headers").and_then(Value::as_object_mut).into_iter().flatten() {
                self.value(&ours["headers"][name], header);
            }
        }
    }

    /// A parameter, body, response or header: itself, its schema, and the schema of each of its media types.
    fn value(&mut self, ours: &'a Value, part: &mut Value) {
        annotate(ours, part);
        if let Some(schema) = part.get_mut("schema") {
            self.schema(&ours["schema"], schema, "");
        }
        for (kind, media) in part.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
            self.value(&ours["content"][kind], media);
        }
    }

    /// Every component that has a counterpart, found by its name or by where it is used.
    fn components(&mut self, slice: &mut Value) {
        for name in self.new_names.intersection(&self.old_names) {
            self.pairs.insert(name.clone(), &self.components[name]);
        }
        let mut done = BTreeSet::new();
        while let Some((name, ours)) = self.pairs.iter().find(|(name, _)| !done.contains(*name)).map(|(name, ours)| (name.clone(), *ours)) {
            let mut schema = slice["components"]["schemas"][&name].take();
            self.schema(ours, &mut schema, &name);
            if self.were_inline.contains(&name) {
                schema.as_object_mut().into_iter().for_each(|schema| schema.retain(|key, _| !OF_PROPERTIES.contains(&key.as_str())));
            }
            slice["components"]["schemas"][&name] = schema;
            done.insert(name);
        }
    }

    fn schema(&mut self, ours: &'a Value, schema: &mut Value, component: &str) {
        match (target(ours), target(schema)) {
            (Some(old), Some(new)) if !self.new_names.contains(&old) && !self.old_names.contains(&new) => {
                let before = &self.components[old];
                self.pairs.entry(new).or_insert(before);
            }
            (Some(old), None) if schema.get("properties").or(schema.get("enum")).is_some() => {
                self.schema(&self.components[old], schema, component);
            }
            (None, Some(new)) if !self.old_names.contains(&new) => {
                annotate(ours, schema);
                // The texts of enum values go with the values.
                schema.as_object_mut().into_iter().for_each(|schema| schema.retain(|key, _| !key.starts_with("x-enum-")));
                self.were_inline.insert(new.clone());
                self.pairs.entry(new).or_insert(ours);
                return;
            }
            _ => {}
        }
        annotate(ours, schema);
        keep_order_of_values(ours, schema);
        keep_texts_of_values(schema);
        let (Some(ours), Some(schema)) = (ours.as_object(), schema.as_object_mut()) else { return };
        if let (Some(old), Some(new)) = (ours.get("properties").and_then(Value::as_object), schema.get_mut("properties")) {
            self.properties(old, new, component);
        }
        for key in ["items", "additionalProperties", "not"] {
            if let (Some(old), Some(new)) = (ours.get(key), schema.get_mut(key)) {
                self.schema(old, new, component);
            }
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            if let (Some(Value::Array(old)), Some(Value::Array(new))) = (ours.get(key), schema.get_mut(key)) {
                for (old, new) in partners(old, new) {
                    self.schema(old, new, component);
                }
            }
        }
    }

    fn properties(&mut self, ours: &'a Map<String, Value>, properties: &mut Value, component: &str) {
        let names = properties.as_object().into_iter().flat_map(Map::keys).cloned().collect::<BTreeSet<_>>();
        for (name, property) in properties.as_object_mut().into_iter().flatten() {
            if let Some(old) = ours.get(name) {
                self.schema(old, property, component);
            } else if let Some((before, old)) =
                ours.iter().find(|(before, old)| !names.contains(*before) && aliases(old).any(|alias| alias == name))
            {
                self.schema(old, property, component);
                let others = aliases(old).filter(|alias| *alias != name && !names.contains(*alias));
                property["x-aliases"] = std::iter::once(before.as_str()).chain(others).collect();
                self.renamed.push(Renamed { component: component.to_owned(), old: before.clone(), new: name.clone() });
            }
        }
    }
}

/// Pairs the parts of one union, or of one `allOf`, with those of another: first equal ones, then the others by type and order.
fn partners<'a, 'b>(ours: &'a [Value], parts: &'b mut [Value]) -> Vec<(&'a Value, &'b mut Value)> {
    let is_same =
        |ours: &Value, part: &Value| target(ours).map_or_else(|| bare(&Value::Null, ours) == *part, |old| target(part) == Some(old));
    let is_alike = |ours: &Value, part: &Value| target(ours).is_none() && target(part).is_none() && ours.get("type") == part.get("type");
    let mut left = ours.iter().collect::<Vec<_>>();
    let mut pairs = Vec::new();
    let mut others = Vec::new();
    for part in parts {
        match left.iter().position(|ours| is_same(ours, part)) {
            Some(index) => pairs.push((left.remove(index), part)),
            None => others.push(part),
        }
    }
    for part in others {
        if let Some(index) = left.iter().position(|ours| is_alike(ours, part)) {
            pairs.push((left.remove(index), part));
        }
    }
    pairs
}

/// Copies the annotations of one place to another.
fn annotate(ours: &Value, to: &mut Value) {
    let is_ours = |key: &&String| ["description", "summary"].contains(&key.as_str()) || key.starts_with("x-");
    let annotations = ours.as_object().into_iter().flatten().filter(|(key, _)| is_ours(key)).collect::<Vec<_>>();
    if annotations.is_empty() || !to.is_object() {
        return;
    }
    if to.get("$ref").is_some() {
        // OpenAPI 3.0 ignores whatever is beside a `$ref`.
        *to = json!({ "allOf": [to.take()] });
    }
    for (key, value) in annotations {
        to[key] = value.clone();
    }
}

/// The order of an enum means nothing, and people are used to ours; new values follow.
fn keep_order_of_values(ours: &Value, schema: &mut Value) {
    if let (Some(ours), Some(values)) = (ours.get("enum").and_then(Value::as_array), schema.get_mut("enum").and_then(Value::as_array_mut)) {
        values.sort_by_key(|value| ours.iter().position(|known| known == value).unwrap_or(ours.len()));
    }
}

/// Labels and descriptions of values that are gone are gone too.
fn keep_texts_of_values(schema: &mut Value) {
    let values = schema.get("enum").and_then(Value::as_array).cloned();
    for key in ["x-enum-labels", "x-enum-descriptions"] {
        if let (Some(values), Some(texts)) = (&values, schema.get_mut(key).and_then(Value::as_object_mut)) {
            texts.retain(|value, _| values.iter().any(|known| key_text(known) == *value));
        }
    }
}

/// Whether a document has our extensions.
pub fn are_in(node: &Value) -> bool {
    match node {
        Value::Object(map) => map.iter().any(|(key, value)| EXTENSIONS.contains(&key.as_str()) || are_in(value)),
        Value::Array(items) => items.iter().any(are_in),
        _ => false,
    }
}

/// The component that a `$ref`, bare or in a single `allOf`, refers to.
fn target(schema: &Value) -> Option<String> {
    let reference = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref"))?;
    component(reference.as_str()?, "schemas").map(std::borrow::Cow::into_owned)
}

/// The other names of a property.
pub fn aliases(property: &Value) -> impl Iterator<Item = &str> {
    property.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn names(slice: &Value) -> BTreeSet<String> {
    slice["components"]["schemas"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
}

fn operations(slice: &Value) -> impl Iterator<Item = &Value> {
    let items = slice["paths"].as_object().into_iter().flat_map(Map::values).filter_map(Value::as_object).flatten();
    items.filter(|(key, _)| METHODS.contains(&key.as_str())).map(|(_, operation)| operation)
}

/// Every operation, with its JSON pointer.
fn operations_mut(slice: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    slice["paths"].as_object_mut().into_iter().flatten().flat_map(|(path, item)| {
        let at = step("#/paths", path);
        let parts = item.as_object_mut().into_iter().flatten().filter(|(key, _)| METHODS.contains(&key.as_str()));
        parts.map(move |(method, operation)| (step(&at, method), operation))
    })
}
