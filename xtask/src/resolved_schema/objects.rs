//! Objects: their properties, and the properties of objects that `allOf` combines.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::Schema;
use serde_json::{Map, Value};

use super::{ANYTHING, ResolvedSchema};
use crate::codegen::pointer::child;
use crate::codegen::queries::is_free_form;

impl<'a> ResolvedSchema<'a> {
    /// The object itself and every object that its `allOf` combines.
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

    /// Its properties, and the properties of the objects that it combines.
    pub fn properties(&self) -> Vec<(&'a str, ResolvedSchema<'a>)> {
        let (mut all, mut known) = (Vec::new(), BTreeSet::new());
        for object in self.objects() {
            let pointer = child(&object.pointer, "properties");
            let properties = object.get("properties").and_then(Value::as_object);
            let is_pagination = properties.is_some_and(|properties| properties.contains_key("total_pages"));
            for (name, schema) in properties.into_iter().flatten() {
                if known.insert(name.as_str()) {
                    let node = ResolvedSchema::new(self.root, schema, child(&pointer, name));
                    all.push((name.as_str(), ResolvedSchema { is_counter: is_pagination && node.kind() == "number", ..node }));
                }
            }
        }
        // A property that is required but not declared may have any value.
        for object in self.objects() {
            for name in object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                if known.insert(name) {
                    all.push((name, ResolvedSchema::new(self.root, &ANYTHING, child(&object.pointer, "required"))));
                }
            }
        }
        all
    }

    /// Properties that several of the objects declare, by name and by the number of earlier declarations.
    pub fn declared_again(&self) -> BTreeMap<(&'a str, usize), ResolvedSchema<'a>> {
        let mut again = BTreeMap::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for object in self.objects() {
            let pointer = child(&object.pointer, "properties");
            for (name, schema) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let before = seen.entry(name).or_default();
                if *before > 0 {
                    again.insert((name.as_str(), *before), ResolvedSchema::new(self.root, schema, child(&pointer, name)));
                }
                *before += 1;
            }
        }
        again
    }

    /// One of the [`properties`](Self::properties), without looking at the others.
    pub fn property(&self, name: &str) -> Option<ResolvedSchema<'a>> {
        let objects = self.objects();
        let declared = objects.iter().find_map(|object| {
            let properties = object.get("properties")?.as_object()?;
            let pointer = child(&child(&object.pointer, "properties"), name);
            let schema = ResolvedSchema::new(self.root, properties.get(name)?, pointer);
            Some(ResolvedSchema { is_counter: properties.contains_key("total_pages") && schema.kind() == "number", ..schema })
        });
        let required = || {
            let object = objects.iter().find(|object| object.requires_directly(name))?;
            Some(ResolvedSchema::new(self.root, &ANYTHING, child(&object.pointer, "required")))
        };
        declared.or_else(required)
    }

    pub fn requires(&self, property: &str) -> bool {
        self.objects().iter().any(|object| object.requires_directly(property))
    }

    fn requires_directly(&self, property: &str) -> bool {
        self.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == property))
    }

    /// Whether it has named properties.
    pub fn has_properties(&self) -> bool {
        self.objects().iter().any(|object| object.get("properties").is_some())
    }

    /// The empty value that replaces an absent array or free-form object.
    pub fn empty_value(&self) -> Option<Value> {
        match self.kind() {
            "array" => Some(Value::Array(Vec::new())),
            "object" if self.definition().is_some_and(|schema| is_free_form(&schema)) => Some(Value::Object(Map::new())),
            _ => None,
        }
    }

    /// Its definition, as the generator reads it.
    fn definition(&self) -> Option<Schema> {
        serde_json::from_value((*self.layers.last()?).clone()).ok()
    }
}
