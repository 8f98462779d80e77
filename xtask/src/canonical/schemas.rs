//! Writes schemas in canonical form.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::keywords::{
    COMPOSITIONS, DEEPEST, FLAGS, USAGE, add_implied, all_of_parts, is_documentation, misshapen, plain_number, sorted, unique,
    unwrap_single, with,
};
use crate::codegen::pointer::{child, component, reference, to_component, walk};
use crate::document::{Document, Error};

/// Writes schemas in canonical form, and collects the components that they reach.
pub struct Canonical<'a> {
    pub(super) document: &'a Document,
    keep_prose: bool,
    /// Components that operations refer to in the original document.
    linked: BTreeSet<String>,
    reached: BTreeSet<String>,
    waiting: Vec<String>,
    /// Pointers, other than to components, whose targets are being written.
    pub(super) inside: Vec<String>,
    /// The name of each component by its canonical form; computed when it is first needed.
    by_form: Option<HashMap<Value, String>>,
    /// Whether forms are only being compared, so that no component counts as reached.
    comparing: bool,
}

impl<'a> Canonical<'a> {
    pub fn new(document: &'a Document, keep_prose: bool) -> Self {
        Self {
            document,
            keep_prose,
            linked: BTreeSet::new(),
            reached: BTreeSet::new(),
            waiting: Vec::new(),
            inside: Vec::new(),
            by_form: None,
            comparing: false,
        }
    }

    /// Records which components an operation refers to.
    pub fn link(&mut self, operation: &Value) {
        link(self.document, operation, &mut self.linked);
    }

    /// The next component that was reached but not yet written.
    pub fn next_component(&mut self) -> Option<(String, Result<Value, Error>)> {
        let name = self.waiting.pop()?;
        let pointer = to_component("schemas", &name);
        let written = self.document.follow(&pointer, &pointer).and_then(|(_, schema)| self.written(schema, &pointer));
        Some((name, written))
    }

    /// A schema that is not a component.
    pub fn schema(&mut self, schema: &'a Value, pointer: &str) -> Result<Value, Error> {
        if let Some(target) = reference(schema) {
            let (at, target) = self.document.follow(target, &child(pointer, "$ref"))?;
            if component(&at, "schemas").is_some() && !self.is_plain(target) {
                return Ok(self.reference(&at));
            }
            if self.inside.contains(&at) {
                let help = "move the target to `components`, where a schema may refer to itself";
                return Err(self.document.error(child(pointer, "$ref"), format!("refers to `{at}`, which contains it"), help));
            }
            if self.inside.len() > DEEPEST {
                let problem = format!("arrays are nested more than {DEEPEST} deep");
                return Err(self.document.error(
                    child(pointer, "$ref"),
                    problem,
                    "use fewer levels: plain arrays are inlined wherever they are used",
                ));
            }
            self.inside.push(at.clone());
            let written = self.schema(target, &at);
            self.inside.pop();
            return written;
        }
        let written = self.written(schema, pointer)?;
        let has_names = |keyword: &str| schema.get(keyword).is_some_and(|names| *names != json!({}));
        if self.keep_prose || !(has_names("properties") || has_names("enum")) {
            return Ok(written);
        }
        Ok(match self.equal_component(&written) {
            Some((of_use, name)) => {
                let reference = self.reference(&to_component("schemas", &name));
                if of_use.is_empty() { reference } else { with(of_use, "allOf", json!([reference])) }
            }
            None => written,
        })
    }

    /// Whether a component is a scalar, or an array of scalars or of components, so that its name carries no meaning. A recursive array
    /// has to stay a component.
    fn is_plain(&self, mut schema: &'a Value) -> bool {
        let mut arrays = Vec::new();
        let mut is_component = false;
        loop {
            let says = |keyword: &&str| schema.get(*keyword).is_some();
            match schema.get("type").and_then(Value::as_str) {
                _ if COMPOSITIONS.iter().chain(&["enum", "properties", "additionalProperties"]).any(says) => return is_component,
                Some("array") => {
                    arrays.push(schema);
                    let Some(items) = schema.get("items") else { return true };
                    let target = reference(items).and_then(|reference| self.document.follow(reference, "").ok());
                    is_component = target.is_some();
                    schema = target.map_or(items, |(_, target)| target);
                    if arrays.iter().any(|array| std::ptr::eq(*array, schema)) {
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

    fn written(&mut self, schema: &'a Value, pointer: &str) -> Result<Value, Error> {
        let Some(keywords) = schema.as_object() else {
            return Err(self.document.error(pointer, "is not a schema", "an OpenAPI 3.0 schema is a mapping"));
        };
        let mut written = Map::new();
        for (key, value) in keywords {
            if let Some(value) = self.keyword(key, value, pointer)? {
                written.insert(key.clone(), value);
            }
        }
        add_implied(&mut written);
        Ok(self.with_all_parts(unwrap_single(written)))
    }

    /// Turns the keywords beside an `allOf` into a part of it, except those that a component among the parts already has.
    fn with_all_parts(&self, mut schema: Value) -> Value {
        let Some(keywords) = schema.as_object_mut().filter(|keywords| keywords.contains_key("allOf")) else { return schema };
        let parts = keywords["allOf"].as_array().cloned().unwrap_or_default();
        let references = parts.iter().filter_map(reference);
        let components = references.filter_map(|reference| self.document.follow(reference, "").ok()).map(|(_, component)| component);
        for component in components {
            keywords.retain(|key, value| component.get(key) != Some(value));
        }
        let (kept, mut part) = std::mem::take(keywords)
            .into_iter()
            .partition::<Map<_, _>, _>(|(key, _)| key == "allOf" || is_documentation(key) || USAGE.contains(&key.as_str()));
        *keywords = kept;
        if !part.is_empty() {
            add_implied(&mut part);
            keywords["allOf"] = all_of_parts(parts.into_iter().chain([part.into()]).collect());
        }
        unwrap_single(std::mem::take(keywords))
    }

    /// The canonical value of a keyword; `None` if the keyword has no effect.
    pub fn keyword(&mut self, key: &str, value: &'a Value, pointer: &str) -> Result<Option<Value>, Error> {
        let at = child(pointer, key);
        if let Some(help) = misshapen(key, value) {
            return Err(self.document.error(at, format!("cannot be {value}"), help));
        }
        Ok(Some(match (key, value) {
            (key, _) if is_documentation(key) => return Ok(self.keep_prose.then(|| value.clone())),
            (key, Value::Bool(false)) if FLAGS.contains(&key) => return Ok(None),
            ("properties", Value::Object(properties)) if properties.is_empty() => return Ok(None),
            ("properties", Value::Object(properties)) => {
                let mut all = Map::new();
                for (name, property) in properties {
                    all.insert(name.clone(), self.schema(property, &child(&at, name))?);
                }
                all.into()
            }
            ("additionalProperties", Value::Bool(true)) => json!({}),
            ("items" | "not" | "additionalProperties", Value::Object(_)) => self.schema(value, &at)?,
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                let mut all = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    all.push(self.schema(part, &format!("{at}/{index}"))?);
                }
                match key {
                    "allOf" => all_of_parts(all),
                    "anyOf" => unique(all),
                    _ => all.into(),
                }
            }
            ("required", Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>();
                return Ok((!names.is_empty()).then(|| names.into_iter().collect()));
            }
            ("enum", Value::Array(values)) => {
                if values.is_empty() {
                    return Err(self.document.error(at, "has no values", "list the values, or remove `enum`"));
                }
                // `nullable` says whether `null` is allowed.
                let listed = values.iter().filter(|value| !value.is_null() || values.len() == 1);
                sorted(listed.map(plain_number).collect())
            }
            ("discriminator", Value::Object(discriminator)) => self.discriminator(discriminator, &at)?,
            ("minLength" | "minItems" | "minProperties", Value::Number(number)) if number.as_f64() == Some(0.0) => return Ok(None),
            _ => plain_number(value),
        }))
    }

    fn discriminator(&mut self, discriminator: &Map<String, Value>, pointer: &str) -> Result<Value, Error> {
        let mut discriminator = discriminator.clone();
        for target in discriminator.get_mut("mapping").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            let Some(reference) = target.as_str() else { continue };
            let reference = if reference.contains('/') { reference.to_owned() } else { to_component("schemas", reference) };
            let (to, _) = self.document.follow(&reference, &child(pointer, "mapping"))?;
            self.reference(&to);
            *target = to.into();
        }
        Ok(discriminator.into())
    }

    /// The component that equals a canonical schema, apart from keywords that describe how it is used, which are returned too.
    fn equal_component(&mut self, written: &Value) -> Option<(Map<String, Value>, String)> {
        if self.by_form.is_none() {
            self.compare_components();
        }
        let by_form = self.by_form.as_ref()?;
        if let Some(name) = by_form.get(written) {
            return Some((Map::new(), name.clone()));
        }
        let (of_use, rest) = written.as_object()?.clone().into_iter().partition::<Map<_, _>, _>(|(key, _)| USAGE.contains(&key.as_str()));
        Some((of_use, by_form.get(&Value::Object(rest))?.clone()))
    }

    /// Finds the canonical form of every component. Each round replaces inline schemas that equal a component, from the inside out.
    fn compare_components(&mut self) {
        /// How many levels of nested inline schemas are recognized as components.
        const ROUNDS: usize = 8;
        self.by_form = Some(HashMap::new());
        let Some(components) = self.document.root.pointer("/components/schemas").and_then(Value::as_object) else { return };
        let mut candidates = components.iter().filter(|(_, schema)| schema.get("$ref").is_none()).collect::<Vec<_>>();
        candidates.sort_by_key(|(name, _)| (!self.linked.contains(*name), *name));
        let outer = std::mem::replace(&mut self.comparing, true);
        for _ in 0..ROUNDS {
            let mut by_form = HashMap::new();
            for (name, schema) in &candidates {
                // An invalid component equals none; it is reported where it is used.
                if let Ok(form) = self.written(schema, "#") {
                    by_form.entry(form).or_insert_with(|| (*name).clone());
                }
            }
            if self.by_form.replace(by_form) == self.by_form {
                break;
            }
        }
        self.comparing = outer;
    }
}

/// The components that an operation refers to, directly or through others.
pub fn linked_components(document: &Document, operation: &Value) -> BTreeSet<String> {
    let mut linked = BTreeSet::new();
    link(document, operation, &mut linked);
    linked
}

fn link(document: &Document, operation: &Value, linked: &mut BTreeSet<String>) {
    let mut waiting = Vec::new();
    let collect = |part: &Value, waiting: &mut Vec<String>| {
        walk("", part, &mut |_, node| waiting.extend(reference(node).map(str::to_owned)));
    };
    ["requestBody", "responses"].iter().filter_map(|part| operation.get(part)).for_each(|part| collect(part, &mut waiting));
    let mut seen = BTreeSet::new();
    while let Some(reference) = waiting.pop() {
        // A dangling reference is reported where it appears.
        let Ok((at, target)) = document.follow(&reference, &reference) else { continue };
        let is_new = seen.insert(reference) && component(&at, "schemas").is_none_or(|name| linked.insert(name.into_owned()));
        if is_new {
            collect(target, &mut waiting);
        }
    }
}
