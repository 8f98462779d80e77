//! Carries our annotations over to the corresponding schemas of a new slice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::copy::{Renamed, aliases, annotate};
use crate::codegen::metadata::OF_PROPERTIES;
use crate::document::{component, key_text, sole_reference};
use crate::resolved_schema::bare;

/// The state of carrying annotations from our slice to a new one.
pub struct Carry<'a> {
    /// The components of our slice.
    components: &'a Value,
    old_names: BTreeSet<String>,
    new_names: BTreeSet<String>,
    /// For components of the new slice, their counterparts in ours: a component, possibly with another name, or an inline schema.
    pairs: BTreeMap<String, &'a Value>,
    were_inline: BTreeSet<String>,
    pub renamed: Vec<Renamed>,
    pub dropped_aliases: Vec<DroppedAlias>,
}

/// An alias that was dropped, because upstream now has a property of that name with another type.
pub struct DroppedAlias {
    pub component: String,
    pub property: String,
    pub alias: String,
}

impl<'a> Carry<'a> {
    pub fn new(ours: &'a Value, slice: &Value) -> Self {
        let (old_names, new_names) = (names(ours), names(slice));
        let components = &ours["components"]["schemas"];
        Self {
            components,
            old_names,
            new_names,
            pairs: BTreeMap::new(),
            were_inline: BTreeSet::new(),
            renamed: Vec::new(),
            dropped_aliases: Vec::new(),
        }
    }

    pub fn operation(&mut self, ours: &'a Value, operation: &mut Value) {
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

    /// Annotates a parameter, request body, response or header, its schema, and the schema of each of its media types.
    fn value(&mut self, ours: &'a Value, part: &mut Value) {
        annotate(ours, part);
        if let Some(schema) = part.get_mut("schema") {
            self.schema(&ours["schema"], schema, "");
        }
        for (kind, media) in part.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
            self.value(&ours["content"][kind], media);
        }
    }

    /// Annotates every component that has a counterpart, which is found by its name or by where it is used.
    pub fn components(&mut self, slice: &mut Value) {
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
                remove_texts_of_values(schema);
                self.were_inline.insert(new.clone());
                self.pairs.entry(new).or_insert(ours);
                return;
            }
            _ => {}
        }
        annotate(ours, schema);
        if target(schema).is_some() {
            remove_texts_of_values(schema);
        }
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
        let new = properties.as_object().cloned().unwrap_or_default();
        // While upstream renames a property, it sends it under both names: each is then an alias of the other.
        let is_possible = |alias: &str, property: &str| new.get(alias).is_none_or(|other| is_same_type(other, &new[property]));
        for (name, property) in properties.as_object_mut().into_iter().flatten() {
            if let Some(old) = ours.get(name) {
                self.schema(old, property, component);
                for alias in remove_aliases(property, |alias| !is_possible(alias, name)) {
                    self.dropped_aliases.push(DroppedAlias { component: component.to_owned(), property: name.clone(), alias });
                }
            } else if let Some((before, old)) =
                ours.iter().find(|(before, old)| aliases(old).any(|alias| alias == name) && is_possible(before, name))
            {
                self.schema(old, property, component);
                let others = aliases(old).filter(|alias| *alias != name && is_possible(alias, name));
                property["x-aliases"] = std::iter::once(before.as_str()).chain(others).collect();
                if !new.contains_key(before) {
                    self.renamed.push(Renamed { component: component.to_owned(), old: before.clone(), new: name.clone() });
                }
            }
        }
    }
}

/// Removes some aliases of a property, and returns them.
fn remove_aliases(property: &mut Value, is_unwanted: impl Fn(&str) -> bool) -> Vec<String> {
    let (dropped, kept) = aliases(property).map(str::to_owned).partition::<Vec<_>, _>(|alias| is_unwanted(alias));
    if !dropped.is_empty() {
        property["x-aliases"] = kept.into();
    }
    if let Some(property) = property.as_object_mut().filter(|property| property.get("x-aliases") == Some(&json!([]))) {
        property.remove("x-aliases");
    }
    dropped
}

/// Pairs the parts of two unions, or of two `allOf`s: first equal parts, then the others by type and order.
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

/// Keeps our order of enum values, because the order has no meaning and users know ours; new values are appended.
fn keep_order_of_values(ours: &Value, schema: &mut Value) {
    if let (Some(ours), Some(values)) = (ours.get("enum").and_then(Value::as_array), schema.get_mut("enum").and_then(Value::as_array_mut)) {
        values.sort_by_key(|value| ours.iter().position(|known| known == value).unwrap_or(ours.len()));
    }
}

/// Whether two properties have the same Rust type.
fn is_same_type(a: &Value, b: &Value) -> bool {
    let [a, b] = [a, b].map(|property| {
        let mut property = property.clone();
        if let Some(property) = property.as_object_mut() {
            property.retain(|key, _| !["readOnly", "writeOnly", "deprecated"].contains(&key.as_str()));
        }
        property
    });
    a == b
}

/// Removes the labels and descriptions of enum values: they belong next to the values, not next to a reference to them.
fn remove_texts_of_values(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.retain(|key, _| !key.starts_with("x-enum-"));
    }
}

/// Keeps the labels and descriptions of values that still exist.
fn keep_texts_of_values(schema: &mut Value) {
    let values = schema.get("enum").and_then(Value::as_array).cloned();
    for key in ["x-enum-labels", "x-enum-descriptions"] {
        if let (Some(values), Some(texts)) = (&values, schema.get_mut(key).and_then(Value::as_object_mut)) {
            texts.retain(|value, _| values.iter().any(|known| key_text(known) == *value));
        }
    }
}

/// The component that a schema refers to.
fn target(schema: &Value) -> Option<String> {
    component(sole_reference(schema)?, "schemas").map(std::borrow::Cow::into_owned)
}

fn names(slice: &Value) -> BTreeSet<String> {
    slice["components"]["schemas"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
}
