//! A schema of a slice, with its references resolved.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::canonical::USAGE;
use crate::codegen::pointer::{child, component, reference};

mod objects;

/// A schema without keywords, which allows any value.
pub static ANYTHING: Value = Value::Null;

/// Keywords that are compared one by one, and those that are documentation.
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

/// A schema of a canonical slice, resolved through each `$ref` and each `allOf` with a single part.
#[derive(Clone)]
pub struct ResolvedSchema<'a> {
    root: &'a Value,
    /// The schemas on the way from where it is used to where it is defined.
    layers: Vec<&'a Value>,
    pub component: Option<Cow<'a, str>>,
    /// JSON pointer to where it is used.
    pub used_at: String,
    /// JSON pointer to where it is defined, which may be elsewhere.
    pub pointer: String,
    /// Whether it is a page counter, which servers send as an integer even if the document says `number`: `page_counters_are_unsigned` in
    /// `codegen/passes/fixups.rs`.
    pub is_counter: bool,
}

impl<'a> ResolvedSchema<'a> {
    pub fn new(root: &'a Value, mut schema: &'a Value, mut pointer: String) -> Self {
        let (mut layers, mut name, used_at) = (Vec::new(), None, pointer.clone());
        loop {
            if let Some(to) = reference(schema)
                && let Some(target) = root.pointer(&to[1..])
                && layers.len() < 16
            {
                (pointer, name) = (to.to_owned(), component(to, "schemas"));
                schema = target;
            } else {
                layers.push(schema);
                match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
                    Some([only]) => {
                        pointer.push_str("/allOf/0");
                        schema = only;
                    }
                    _ => return Self { root, layers, component: name, used_at, pointer, is_counter: false },
                }
            }
        }
    }

    /// The value of a keyword, from the outermost schema that has it.
    pub fn get(&self, keyword: &str) -> Option<&'a Value> {
        match keyword {
            "allOf" => self.layers.last()?.get(keyword),
            _ => self.layers.iter().find_map(|layer| layer.get(keyword)),
        }
    }

    /// The value of a keyword in the definition, ignoring the places that refer to it.
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

    /// Its `type`, or the type that its keywords imply; `any` if there is none.
    pub fn kind(&self) -> &'a str {
        self.text("type").unwrap_or_else(|| match () {
            () if self.has_properties() || self.get("additionalProperties").is_some() => "object",
            () if self.get("items").is_some() => "array",
            () if self.values().first().is_some_and(|value| value.is_string()) => "string",
            () if ["allOf", "oneOf", "anyOf"].iter().any(|composition| self.get(composition).is_some()) => "composition",
            () => "any",
        })
    }

    /// The values of its enum, without `null`, which `nullable` stands for.
    pub fn values(&self) -> Vec<&'a Value> {
        self.get("enum").and_then(Value::as_array).into_iter().flatten().filter(|value| !value.is_null()).collect()
    }

    /// Whether its Rust type is an `Option` or contains one. An open enum is not, even if it is nullable itself.
    pub fn is_option(&self) -> bool {
        let is_open_enum = self.kind() == "string" && !self.values().is_empty();
        let of_component = usize::from(is_open_enum && self.component.is_some());
        self.layers[..self.layers.len() - of_component].iter().any(|layer| layer.get("nullable") == Some(&Value::Bool(true)))
    }

    /// Keywords that are not in [`KNOWN`].
    pub fn others(&self) -> BTreeMap<&'a str, &'a Value> {
        let keywords = self.layers.iter().rev().filter_map(|layer| layer.as_object()).flatten();
        keywords.map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !KNOWN.contains(key) && !is_about_use(key)).collect()
    }

    /// Whether it contains other schemas.
    pub fn has_parts(&self) -> bool {
        ["properties", "items", "additionalProperties", "allOf", "oneOf", "anyOf"].iter().any(|keyword| self.get(keyword).is_some())
    }

    /// Whether it has only keywords about properties.
    pub fn is_only_properties(&self) -> bool {
        let other = |keyword: &String| !(is_about_use(keyword) || ["type", "properties", "required", "allOf"].contains(&keyword.as_str()));
        !self.layers.last().and_then(|layer| layer.as_object()).is_some_and(|layer| layer.keys().any(other))
    }

    /// The aliases of a property.
    pub fn aliases(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The schema under a keyword such as `items`.
    pub fn inner(&self, keyword: &str) -> Option<ResolvedSchema<'a>> {
        let schema = self.get(keyword).filter(|schema| schema.is_object())?;
        Some(ResolvedSchema::new(self.root, schema, child(&self.pointer, keyword)))
    }

    /// The schema of the items of an array; one without keywords if the array has none.
    pub fn items(&self) -> Option<ResolvedSchema<'a>> {
        let is_list = self.kind() == "array";
        is_list.then(|| self.inner("items").unwrap_or_else(|| ResolvedSchema::new(self.root, &ANYTHING, self.pointer.clone())))
    }

    /// The schemas in a list such as `oneOf`.
    pub fn parts(&self, composition: &str) -> Vec<ResolvedSchema<'a>> {
        let pointer = child(&self.pointer, composition);
        let parts = self.get(composition).and_then(Value::as_array).into_iter().flatten().enumerate();
        parts.map(|(index, part)| ResolvedSchema::new(self.root, part, format!("{pointer}/{index}"))).collect()
    }

    /// Whether two schemas have the same definition.
    pub fn same_definition(&self, other: &Self) -> bool {
        self.layers.last() == other.layers.last()
    }

    /// The component that a `$ref` refers to.
    pub fn component_at(&self, reference: &Value) -> Self {
        let pointer = reference.as_str().unwrap_or_default();
        let schema = self.root.pointer(pointer.trim_start_matches('#')).unwrap_or(&ANYTHING);
        let name = component(pointer, "schemas").map(|name| name.into_owned().into());
        Self { component: name, ..ResolvedSchema::new(self.root, schema, pointer.to_owned()) }
    }

    /// The value of a keyword, as [`bare`] writes it.
    pub fn bare(&self, keyword: &str) -> Option<Value> {
        self.get(keyword).map(|part| bare(self.root, part))
    }

    pub fn discriminator(&self) -> Option<&'a Map<String, Value>> {
        self.get("discriminator")?.as_object()
    }
}

/// Whether a keyword is about the use of a schema, and not about the values that it allows.
fn is_about_use(keyword: &str) -> bool {
    USAGE.contains(&keyword) || matches!(keyword, "description" | "x-aliases" | "x-default-when-absent")
}

/// A part of a slice as a value to compare, with references resolved and without documentation.
pub fn bare(root: &Value, part: &Value) -> Value {
    /// How many nested references are resolved, so that a recursive schema ends.
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
