//! A schema together with what it refers to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::canonical::OF_USE;
use crate::document::{component, step};

/// A schema that says nothing.
pub static ANYTHING: Value = Value::Null;

/// Keywords that are compared one by one, and those that are for people.
const KNOWN: [&str; 31] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "discriminator",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maximum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minimum",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "summary",
    "title",
    "type",
    "uniqueItems",
    "x-enum-descriptions",
    "x-enum-labels",
    "x-listing",
];

/// A schema of a canonical slice, seen through every `$ref` and single `allOf`.
#[derive(Clone)]
pub struct Node<'a> {
    root: &'a Value,
    /// The schemas from where it is used to where it is defined.
    layers: Vec<&'a Value>,
    pub component: Option<Cow<'a, str>>,
    /// Where it is used.
    pub place: String,
    /// Where it is defined, which may be elsewhere.
    pub pointer: String,
    /// Whether it is a page counter, which servers send as a whole number whatever the document says: `page_counters_are_unsigned` in
    /// `openapi/fixups.rs`.
    pub is_counter: bool,
}

impl<'a> Node<'a> {
    pub fn new(root: &'a Value, mut schema: &'a Value, mut pointer: String) -> Self {
        let (mut layers, mut name, place) = (Vec::new(), None, pointer.clone());
        loop {
            if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
                && let Some(target) = root.pointer(&reference[1..])
                && layers.len() < 16
            {
                (pointer, name) = (reference.to_owned(), component(reference, "schemas"));
                schema = target;
            } else {
                layers.push(schema);
                match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
                    Some([only]) => {
                        pointer.push_str("/allOf/0");
                        schema = only;
                    }
                    _ => return Self { root, layers, component: name, place, pointer, is_counter: false },
                }
            }
        }
    }

    /// A keyword, from the outermost schema that has it.
    pub fn get(&self, keyword: &str) -> Option<&'a Value> {
        match keyword {
            "allOf" => self.layers.last()?.get(keyword),
            _ => self.layers.iter().find_map(|layer| layer.get(keyword)),
        }
    }

    /// A keyword where the schema is defined, whatever is said where it is used.
    pub fn defines(&self, keyword: &str) -> Option<&'a Value> {
        self.layers.last()?.get(keyword)
    }

    pub fn text(&self, keyword: &str) -> Option<&'a str> {
        self.get(keyword)?.as_str()
    }

    pub fn flag(&self, keyword: &str) -> bool {
        self.get(keyword) == Some(&Value::Bool(true))
    }

    /// Whether `null` is one of its values.
    pub fn may_be_null(&self) -> bool {
        let unions = ["oneOf", "anyOf"].iter().flat_map(|union| self.parts(union));
        self.flag("nullable") || self.kind() == "any" || unions.into_iter().any(|part| part.may_be_null())
    }

    /// Its `type`, or what its other keywords make of it; `any` where they say nothing.
    pub fn kind(&self) -> &'a str {
        self.text("type").unwrap_or_else(|| match () {
            () if self.has_properties() || self.get("additionalProperties").is_some() => "object",
            () if self.get("items").is_some() => "array",
            () if self.values().first().is_some_and(|value| value.is_string()) => "string",
            () if ["allOf", "oneOf", "anyOf"].iter().any(|composition| self.get(composition).is_some()) => "composition",
            () => "any",
        })
    }

    /// The values that it lists; `null` is told of by `nullable`.
    pub fn values(&self) -> Vec<&'a Value> {
        self.get("enum").and_then(Value::as_array).into_iter().flatten().filter(|value| !value.is_null()).collect()
    }

    /// Whether it is an `Option` in Rust, or a type around one; an open enum is none, even if it may be null itself.
    pub fn is_option(&self) -> bool {
        let is_open_enum = self.kind() == "string" && !self.values().is_empty();
        let of_component = usize::from(is_open_enum && self.component.is_some());
        self.layers[..self.layers.len() - of_component].iter().any(|layer| layer.get("nullable") == Some(&Value::Bool(true)))
    }

    /// Keywords of which nothing is known here.
    pub fn others(&self) -> BTreeMap<&'a str, &'a Value> {
        let keywords = self.layers.iter().rev().filter_map(|layer| layer.as_object()).flatten();
        keywords.map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !KNOWN.contains(key) && !is_of_use(key)).collect()
    }

    /// The object itself and, where it is put together by `allOf`, what it is put together of.
    pub fn objects(&self) -> Vec<Self> {
        let mut objects = vec![self.clone()];
        let mut looked_at = 0;
        while let Some(object) = objects.get(looked_at) {
            let parts = object.parts("allOf");
            looked_at += 1;
            for part in parts {
                if !objects.iter().any(|known| known.pointer == part.pointer) {
                    objects.push(part);
                }
            }
        }
        objects
    }

    /// Its properties, with those of everything that it is put together of.
    pub fn properties(&self) -> Vec<(&'a str, Node<'a>)> {
        let mut all: Vec<(&str, Node)> = Vec::new();
        for object in self.objects() {
            let place = step(&object.pointer, "properties");
            let properties = object.get("properties").and_then(Value::as_object);
            let counts = properties.is_some_and(|properties| properties.contains_key("total_pages"));
            for (name, schema) in properties.into_iter().flatten() {
                if !all.iter().any(|(known, _)| known == name) {
                    let node = Node::new(self.root, schema, step(&place, name));
                    all.push((name, Node { is_counter: counts && node.kind() == "number", ..node }));
                }
            }
        }
        // What is required and not described may have any value.
        for object in self.objects() {
            for name in object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                if !all.iter().any(|(known, _)| *known == name) {
                    all.push((name, Node::new(self.root, &ANYTHING, step(&object.pointer, "required"))));
                }
            }
        }
        all
    }

    /// Properties that another of the objects has as well: by name, and by how many had it before.
    pub fn declared_again(&self) -> BTreeMap<(&'a str, usize), Node<'a>> {
        let mut again = BTreeMap::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for object in self.objects() {
            let place = step(&object.pointer, "properties");
            for (name, schema) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let before = seen.entry(name).or_default();
                if *before > 0 {
                    again.insert((name.as_str(), *before), Node::new(self.root, schema, step(&place, name)));
                }
                *before += 1;
            }
        }
        again
    }

    pub fn property(&self, name: &str) -> Option<Node<'a>> {
        self.properties().into_iter().find(|(known, _)| *known == name).map(|(_, node)| node)
    }

    pub fn requires(&self, property: &str) -> bool {
        let requires =
            |object: &Self| object.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == property));
        self.objects().iter().any(requires)
    }

    /// Whether other schemas stand in it.
    pub fn has_parts(&self) -> bool {
        ["properties", "items", "additionalProperties", "allOf", "oneOf", "anyOf"].iter().any(|keyword| self.get(keyword).is_some())
    }

    /// Whether all that it says are properties.
    pub fn is_only_properties(&self) -> bool {
        let says = |keyword: &String| !(is_of_use(keyword) || ["type", "properties", "required", "allOf"].contains(&keyword.as_str()));
        !self.layers.last().and_then(|layer| layer.as_object()).is_some_and(|layer| layer.keys().any(says))
    }

    /// Whether it has properties of its own.
    pub fn has_properties(&self) -> bool {
        self.objects().iter().any(|object| object.get("properties").is_some())
    }

    /// Whether it is an object that may have whatever properties.
    pub fn is_free_form(&self) -> bool {
        self.kind() == "object" && !self.has_properties() && self.get("additionalProperties") != Some(&Value::Bool(false))
    }

    /// The other names under which a property is read.
    pub fn aliases(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The schema under a keyword such as `items`.
    pub fn inner(&self, keyword: &str) -> Option<Node<'a>> {
        let schema = self.get(keyword).filter(|schema| schema.is_object())?;
        Some(Node::new(self.root, schema, step(&self.pointer, keyword)))
    }

    /// The schema of the items of a list; one that says nothing where there is none.
    pub fn items(&self) -> Option<Node<'a>> {
        let is_list = self.kind() == "array";
        is_list.then(|| self.inner("items").unwrap_or_else(|| Node::new(self.root, &ANYTHING, self.pointer.clone())))
    }

    /// The schemas in a list such as `oneOf`.
    pub fn parts(&self, composition: &str) -> Vec<Node<'a>> {
        let place = step(&self.pointer, composition);
        let parts = self.get(composition).and_then(Value::as_array).into_iter().flatten().enumerate();
        parts.map(|(index, part)| Node::new(self.root, part, format!("{place}/{index}"))).collect()
    }

    /// Whether two schemas are defined alike, to the letter.
    pub fn same_definition(&self, other: &Self) -> bool {
        self.layers.last() == other.layers.last()
    }

    /// The component that a `$ref` refers to.
    pub fn of_component(&self, reference: &Value) -> Self {
        let pointer = reference.as_str().unwrap_or_default();
        let schema = self.root.pointer(pointer.trim_start_matches('#')).unwrap_or(&ANYTHING);
        let name = component(pointer, "schemas").map(|name| name.into_owned().into());
        Self { component: name, ..Node::new(self.root, schema, pointer.to_owned()) }
    }

    /// What stands under a keyword, as [`bare`] writes it.
    pub fn bare(&self, keyword: &str) -> Option<Value> {
        self.get(keyword).map(|part| bare(self.root, part))
    }

    pub fn discriminator(&self) -> Option<&'a Map<String, Value>> {
        self.get("discriminator")?.as_object()
    }
}

/// Whether a keyword says something of where a schema is used, and not of the values that it describes.
fn is_of_use(keyword: &str) -> bool {
    OF_USE.contains(&keyword) || matches!(keyword, "description" | "x-aliases" | "x-default-when-absent")
}

/// A part of a slice to be compared as a whole: what it refers to is written out, and what is said for people is left out.
pub fn bare(root: &Value, part: &Value) -> Value {
    /// What contains itself is written out so often.
    const DEEPEST: usize = 8;
    fn written(root: &Value, part: &Value, names: bool, deeper: usize) -> Value {
        match part {
            Value::Object(map) => {
                if let Some(target) = map.get("$ref").and_then(Value::as_str).filter(|_| !names && deeper > 0) {
                    return written(root, root.pointer(&target[1..]).unwrap_or(&ANYTHING), false, deeper - 1);
                }
                let kept = map.iter().filter(|(key, _)| names || key.as_str() != "description" && !key.starts_with("x-"));
                kept.map(|(key, value)| (key.clone(), written(root, value, !names && key == "properties", deeper))).collect()
            }
            Value::Array(items) => items.iter().map(|item| written(root, item, false, deeper)).collect(),
            scalar => scalar.clone(),
        }
    }
    written(root, part, false, DEEPEST)
}
