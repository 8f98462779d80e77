//! Schemas in canonical form.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

pub use wording::{OF_USE, sorted};

use crate::document::{Document, Error, component, step};
use wording::{FLAGS, each_once, is_prose, misshapen, parts_of_all, plain_number, say_what_is_implied, unwrapped, with};

mod parameters;
mod wording;

/// Who sends what a schema describes: `readOnly` says something of requests only, `writeOnly` of answers only.
#[derive(Clone, Copy)]
pub struct Direction {
    request: bool,
    response: bool,
}

impl Direction {
    pub const REQUEST: Self = Self { request: true, response: false };
    pub const RESPONSE: Self = Self { request: false, response: true };
    /// A parameter is no property, and neither keyword says anything of it.
    const NEITHER: Self = Self { request: false, response: false };
}

const COMPOSITIONS: [&str; 3] = ["allOf", "oneOf", "anyOf"];

/// Writes schemas in canonical form, and remembers which components they reach.
///
/// - Every `$ref` to a component is one to where a chain of them ends; one to any other place is written out.
/// - A single `allOf`, `oneOf` or `anyOf` is what it has inside; `allOf` stays where a `$ref` has keywords beside it that say something of
///   where it is used. Any other keyword beside an `allOf` is one more part of it.
/// - A component that is a scalar or a list is written out where it is used; models and enums keep their names.
/// - The schema of a parameter is written out, unless it is an object.
/// - Another schema that says what a component says becomes a `$ref` to it: to one that is used anyway, if there is one, and to the first
///   by name.
/// - Enums, lists of required properties and parts of `allOf` are sorted.
pub struct Canonical<'a> {
    document: &'a Document,
    keep_prose: bool,
    /// Components that requests reach, and that answers reach.
    sent: [BTreeSet<String>; 2],
    reached: BTreeSet<String>,
    waiting: Vec<String>,
    /// Places that are no components and are being written out.
    inside: Vec<String>,
    /// Components that are referred to, whatever is written out in the place of a reference.
    linked: BTreeSet<String>,
    /// The component that says something, in answers and in requests, once it is asked for.
    sayings: [Option<Sayings>; 2],
    /// Components are being compared, and not written.
    comparing: bool,
}

impl<'a> Canonical<'a> {
    pub fn new(document: &'a Document, keep_prose: bool) -> Self {
        let sent = [BTreeSet::new(), BTreeSet::new()];
        Self {
            document,
            keep_prose,
            sent,
            reached: BTreeSet::new(),
            waiting: Vec::new(),
            inside: Vec::new(),
            linked: BTreeSet::new(),
            sayings: [None, None],
            comparing: false,
        }
    }

    /// Notes which components are sent in the body of an operation, and which it is answered with.
    pub fn note_directions(&mut self, operation: &Value) {
        for (direction, part) in ["requestBody", "responses"].into_iter().enumerate() {
            self.note_references(operation.get(part).into_iter(), direction);
        }
        self.linked = self.sent.iter().flatten().cloned().collect();
    }

    fn note_references<'b>(&mut self, parts: impl Iterator<Item = &'b Value>, direction: usize) {
        let mut waiting = Vec::new();
        parts.for_each(|part| references(part, &mut waiting));
        let mut seen = BTreeSet::new();
        while let Some(reference) = waiting.pop() {
            if seen.insert(reference) {
                // One that leads nowhere is told of, with its place, where it is written.
                let Ok((at, target)) = self.document.follow(reference, reference) else { continue };
                let known = component(&at, "schemas").is_some_and(|name| !self.sent[direction].insert(name.into_owned()));
                if !known {
                    references(target, &mut waiting);
                }
            }
        }
    }

    /// Every component that was reached, and that those reach.
    pub fn reached(&mut self) -> Result<Map<String, Value>, Error> {
        let mut schemas = Map::new();
        while let Some(name) = self.waiting.pop() {
            let place = step("#/components/schemas", &name);
            let (_, schema) = self.document.follow(&place, &place)?;
            let [request, response] = [0, 1].map(|direction| self.sent[direction].contains(&name));
            let written = self.written(schema, &place, Direction { request, response })?;
            schemas.insert(name, written);
        }
        Ok(schemas)
    }

    /// A schema in any place but that of a component of its own.
    pub fn schema(&mut self, schema: &'a Value, place: &str, direction: Direction) -> Result<Value, Error> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let (at, target) = self.document.follow(reference, &step(place, "$ref"))?;
            if component(&at, "schemas").is_some() && !self.is_plain(target) {
                return Ok(self.reference(&at));
            }
            if self.inside.contains(&at) {
                let remedy = "put what it refers to into `components`, where a circle can be written";
                return Err(self.document.error(step(place, "$ref"), format!("refers to `{at}`, which it stands in"), remedy));
            }
            self.inside.push(at.clone());
            let written = self.schema(target, &at, direction);
            self.inside.pop();
            return written;
        }
        let has_names = |keyword: &str| schema.get(keyword).is_some_and(|names| *names != json!({}));
        if !self.keep_prose
            && (has_names("properties") || has_names("enum"))
            && let Some((of_use, name)) = self.component_that_says(schema, direction)
        {
            let reference = self.hoisted(&name, direction);
            return Ok(if of_use.is_empty() { reference } else { with(of_use, "allOf", json!([reference])) });
        }
        self.written(schema, place, direction)
    }

    /// Whether a component is no model and no enum, but a scalar, or a list of scalars or of components that has an end: what it is called
    /// says nothing.
    fn is_plain(&self, mut schema: &'a Value) -> bool {
        let mut lists = Vec::new();
        let mut is_component = false;
        loop {
            let says = |keyword: &&str| schema.get(*keyword).is_some();
            match schema.get("type").and_then(Value::as_str) {
                _ if COMPOSITIONS.iter().chain(&["enum", "properties", "additionalProperties"]).any(says) => return is_component,
                Some("array") => {
                    lists.push(schema);
                    let Some(items) = schema.get("items") else { return true };
                    let target = items.get("$ref").and_then(Value::as_str).and_then(|reference| self.document.follow(reference, "").ok());
                    is_component = target.is_some();
                    schema = target.map_or(items, |(_, target)| target);
                    if lists.iter().any(|list| std::ptr::eq(*list, schema)) {
                        return false;
                    }
                }
                kind => return is_component || matches!(kind, Some("string" | "integer" | "number" | "boolean")),
            }
        }
    }

    /// A `$ref` to the component at this pointer.
    pub fn reference(&mut self, pointer: &str) -> Value {
        let name = component(pointer, "schemas").unwrap_or_default().into_owned();
        if !self.comparing && self.reached.insert(name.clone()) {
            self.waiting.push(name);
        }
        json!({ "$ref": pointer })
    }

    /// A `$ref` in the place of a schema that says what this component says.
    fn hoisted(&mut self, name: &str, direction: Direction) -> Value {
        let pointer = step("#/components/schemas", name);
        if self.comparing {
            return self.reference(&pointer);
        }
        let reference = json!({ "$ref": pointer });
        for (index, _) in [direction.request, direction.response].into_iter().enumerate().filter(|(_, sent)| *sent) {
            self.note_references(std::iter::once(&reference), index);
        }
        self.reference(&pointer)
    }

    fn written(&mut self, schema: &'a Value, place: &str, direction: Direction) -> Result<Value, Error> {
        let Some(keywords) = schema.as_object() else {
            return Err(self.document.error(place, "is no schema", "a schema of OpenAPI 3.0 is a mapping"));
        };
        let mut written = Map::new();
        for (key, value) in keywords {
            if let Some(value) = self.keyword(key, value, place, direction)? {
                written.insert(key.clone(), value);
            }
        }
        say_what_is_implied(&mut written);
        Ok(self.with_all_parts(unwrapped(written)))
    }

    /// Makes a part of what stands beside an `allOf`, unless a component that is a part says it already.
    fn with_all_parts(&self, mut schema: Value) -> Value {
        let Some(keywords) = schema.as_object_mut().filter(|keywords| keywords.contains_key("allOf")) else { return schema };
        let parts = keywords["allOf"].as_array().cloned().unwrap_or_default();
        let references = parts.iter().filter_map(|part| part.get("$ref")?.as_str());
        let components = references.filter_map(|reference| self.document.follow(reference, "").ok()).map(|(_, component)| component);
        for component in components {
            keywords.retain(|key, value| component.get(key) != Some(value));
        }
        let (kept, mut part) = std::mem::take(keywords)
            .into_iter()
            .partition::<Map<_, _>, _>(|(key, _)| key == "allOf" || is_prose(key) || OF_USE.contains(&key.as_str()));
        *keywords = kept;
        if !part.is_empty() {
            say_what_is_implied(&mut part);
            keywords["allOf"] = parts_of_all(parts.into_iter().chain([part.into()]).collect());
        }
        unwrapped(std::mem::take(keywords))
    }

    /// A keyword's value; none where it says nothing.
    fn keyword(&mut self, key: &str, value: &'a Value, place: &str, direction: Direction) -> Result<Option<Value>, Error> {
        let at = step(place, key);
        if let Some(remedy) = misshapen(key, value) {
            return Err(self.document.error(at, format!("cannot be {value}"), remedy));
        }
        let written = match (key, value) {
            (key, _) if is_prose(key) => return Ok(self.keep_prose.then(|| value.clone())),
            (key, Value::Bool(false)) if FLAGS.contains(&key) => return Ok(None),
            ("readOnly", _) if !direction.request => return Ok(None),
            ("writeOnly", _) if !direction.response => return Ok(None),
            ("properties", Value::Object(properties)) if properties.is_empty() => return Ok(None),
            ("properties", Value::Object(properties)) => {
                let mut all = Map::new();
                for (name, property) in properties {
                    all.insert(name.clone(), self.schema(property, &step(&at, name), direction)?);
                }
                all.into()
            }
            ("additionalProperties", Value::Bool(true)) => json!({}),
            ("items" | "not" | "additionalProperties", Value::Object(_)) => self.schema(value, &at, direction)?,
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                let mut all = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    all.push(self.schema(part, &format!("{at}/{index}"), direction)?);
                }
                match key {
                    "allOf" => parts_of_all(all),
                    "anyOf" => each_once(all),
                    _ => all.into(),
                }
            }
            ("required", Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>();
                return Ok((!names.is_empty()).then(|| names.into_iter().collect()));
            }
            ("enum", Value::Array(values)) => {
                if values.is_empty() {
                    return Err(self.document.error(at, "lists no value", "list the values, or leave `enum` out"));
                }
                // `nullable` says whether there may be a `null`.
                let listed = values.iter().filter(|value| !value.is_null() || values.len() == 1);
                sorted(listed.map(plain_number).collect())
            }
            ("discriminator", Value::Object(discriminator)) => {
                let mut discriminator = discriminator.clone();
                for target in discriminator.get_mut("mapping").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
                    let Some(reference) = target.as_str() else { continue };
                    let reference = if reference.contains('/') { reference.to_owned() } else { step("#/components/schemas", reference) };
                    let (to, _) = self.document.follow(&reference, &step(&at, "mapping"))?;
                    self.reference(&to);
                    *target = to.into();
                }
                discriminator.into()
            }
            ("minLength" | "minItems" | "minProperties", Value::Number(number)) if number.as_f64() == Some(0.0) => return Ok(None),
            _ => plain_number(value),
        };
        Ok(Some(written))
    }

    /// The component that says what a schema says, aside from what it says of where it is used.
    fn component_that_says(&mut self, schema: &'a Value, direction: Direction) -> Option<(Map<String, Value>, String)> {
        let sent = usize::from(direction.request);
        if self.sayings[sent].is_none() {
            self.compare_components(direction)?;
        }
        let said = self.said(schema, direction)?;
        let sayings = self.sayings[sent].as_ref()?;
        if let Some(name) = sayings.get(&said) {
            return Some((Map::new(), name.clone()));
        }
        let Value::Object(said) = said else { return None };
        let (of_use, said) = said.into_iter().partition::<Map<_, _>, _>(|(key, _)| OF_USE.contains(&key.as_str()));
        Some((of_use, sayings.get(&Value::Object(said))?.clone()))
    }

    /// Notes what every component says. A part that says what another component says is seen as a `$ref` to it, and so on upwards.
    fn compare_components(&mut self, direction: Direction) -> Option<()> {
        /// How deep schemas are looked for that could have been a `$ref`.
        const MOST_ROUNDS: usize = 8;
        let sent = usize::from(direction.request);
        let components = self.document.root.pointer("/components/schemas")?.as_object()?;
        let mut candidates = components.iter().filter(|(_, schema)| schema.get("$ref").is_none()).collect::<Vec<_>>();
        candidates.sort_by_key(|(name, _)| (!self.linked.contains(*name), *name));
        for _ in 0..MOST_ROUNDS {
            self.sayings[sent].get_or_insert_default();
            let mut sayings = Sayings::new();
            for (name, schema) in &candidates {
                if let Some(said) = self.said(schema, direction) {
                    sayings.entry(said).or_insert_with(|| (*name).clone());
                }
            }
            let before = self.sayings[sent].replace(sayings);
            if before == self.sayings[sent] {
                break;
            }
        }
        Some(())
    }

    /// What a schema says, for comparison.
    fn said(&mut self, schema: &'a Value, direction: Direction) -> Option<Value> {
        let before = std::mem::replace(&mut self.comparing, true);
        let said = self.written(schema, "#", direction);
        self.comparing = before;
        said.ok()
    }
}

/// A component that is made of itself, by `allOf`, `oneOf` and `anyOf` alone: no value and no Rust type can be that.
pub fn made_of_itself(schemas: &Map<String, Value>) -> Option<&String> {
    fn parts<'a>(schema: &'a Value, found: &mut Vec<String>) {
        found.extend(schema.get("$ref").and_then(Value::as_str).and_then(|to| component(to, "schemas")).map(std::borrow::Cow::into_owned));
        let lists = COMPOSITIONS.iter().filter_map(|composition| schema.get(composition)?.as_array());
        lists.flatten().for_each(|part: &'a Value| parts(part, found));
    }
    schemas.keys().find(|name| {
        let (mut waiting, mut seen) = (Vec::new(), BTreeSet::new());
        parts(&schemas[*name], &mut waiting);
        while let Some(part) = waiting.pop() {
            if part == **name {
                return true;
            }
            if let Some(schema) = schemas.get(&part).filter(|_| seen.insert(part.clone())) {
                parts(schema, &mut waiting);
            }
        }
        false
    })
}

/// Components by what they say.
type Sayings = HashMap<Value, String>;

fn references<'a>(node: &'a Value, found: &mut Vec<&'a str>) {
    match node {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
