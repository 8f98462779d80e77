//! A schema together with what it refers to.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::document::{component, step};

/// Keywords that say something of where a schema is used, and not of the values that it describes.
const OF_USE: [&str; 8] =
    ["nullable", "readOnly", "writeOnly", "deprecated", "default", "description", "x-aliases", "x-default-when-absent"];

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
                    _ => return Self { root, layers, component: name, place, pointer },
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

    pub fn text(&self, keyword: &str) -> Option<&'a str> {
        self.get(keyword)?.as_str()
    }

    pub fn flag(&self, keyword: &str) -> bool {
        self.get(keyword) == Some(&Value::Bool(true))
    }

    /// Its `type`, or what its other keywords make of it; `any` where they say nothing.
    pub fn kind(&self) -> &'a str {
        self.text("type").unwrap_or_else(|| match () {
            () if self.get("properties").is_some() || self.get("additionalProperties").is_some() => "object",
            () if self.get("items").is_some() => "array",
            () if self.values().first().is_some_and(|value| value.is_string()) => "string",
            () if ["allOf", "oneOf", "anyOf"].iter().any(|composition| self.get(composition).is_some()) => "composition",
            () => "any",
        })
    }

    pub fn values(&self) -> Vec<&'a Value> {
        self.get("enum").and_then(Value::as_array).into_iter().flatten().collect()
    }

    pub fn properties(&self) -> impl Iterator<Item = (&'a String, Node<'a>)> + use<'a> {
        let (root, place) = (self.root, step(&self.pointer, "properties"));
        self.get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(move |(name, schema)| (name, Node::new(root, schema, step(&place, name))))
    }

    pub fn property(&self, name: &str) -> Option<Node<'a>> {
        let schema = self.get("properties")?.get(name)?;
        Some(Node::new(self.root, schema, step(&step(&self.pointer, "properties"), name)))
    }

    /// Whether it is an object that may have whatever properties.
    pub fn is_free_form(&self) -> bool {
        self.kind() == "object" && self.get("properties").is_none() && self.get("additionalProperties") != Some(&Value::Bool(false))
    }

    /// The other names under which a property is read.
    pub fn aliases(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    pub fn requires(&self, property: &str) -> bool {
        self.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == property))
    }

    /// The schema under a keyword such as `items`.
    pub fn inner(&self, keyword: &str) -> Option<Node<'a>> {
        let schema = self.get(keyword).filter(|schema| schema.is_object())?;
        Some(Node::new(self.root, schema, step(&self.pointer, keyword)))
    }

    /// The schemas in a list such as `oneOf`.
    pub fn parts(&self, composition: &str) -> Vec<Node<'a>> {
        let place = step(&self.pointer, composition);
        let parts = self.get(composition).and_then(Value::as_array).into_iter().flatten().enumerate();
        parts.map(|(index, part)| Node::new(self.root, part, format!("{place}/{index}"))).collect()
    }

    /// Whether all that describes its values stands where it is defined.
    pub fn is_all_of_its_component(&self) -> bool {
        let outer = self.layers.split_last().map_or(&[][..], |(_, outer)| outer);
        let of_use = |key: &String| key == "allOf" || OF_USE.contains(&key.as_str());
        self.component.is_some() && outer.iter().all(|layer| layer.as_object().is_some_and(|layer| layer.keys().all(of_use)))
    }

    /// Whether two schemas are defined alike, to the letter.
    pub fn same_definition(&self, other: &Self) -> bool {
        self.layers.last() == other.layers.last()
    }

    pub fn discriminator(&self) -> Option<&'a Map<String, Value>> {
        self.get("discriminator")?.as_object()
    }
}
