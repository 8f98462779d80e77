//! Schemas of parameters and headers, with references replaced with their targets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::keywords::{COMPOSITIONS, DEEPEST, USAGE, add_implied, is_documentation};
use super::schemas::Canonical;
use crate::codegen::pointer::child;
use crate::document::Error;

/// The keywords of a schema.
type Keywords<'a> = BTreeMap<&'a str, &'a Value>;

impl<'a> Canonical<'a> {
    /// The schema of a parameter or header.
    pub fn parameter(&mut self, schema: &'a Value, pointer: &str) -> Result<Value, Error> {
        if self.inside.len() > DEEPEST {
            return Err(self.recursive(pointer));
        }
        let flat = self.flat(schema, pointer, 0)?;
        let composed = COMPOSITIONS.iter().any(|composition| flat.contains_key(*composition));
        let plain = flat
            .get("type")
            .and_then(|kind| kind.as_str())
            .map_or(flat.contains_key("enum") || flat.contains_key("items"), |kind| kind != "object");
        if composed || !plain {
            return self.schema(schema, pointer);
        }
        let mut written = Map::new();
        for (key, value) in flat {
            if key == "items" {
                self.inside.push(pointer.to_owned());
                let items = self.parameter(value, &child(pointer, "items"));
                self.inside.pop();
                written.insert("items".into(), items?);
            } else if matches!(key, "readOnly" | "writeOnly") {
                // They apply to properties only.
            } else if let Some(value) = self.keyword(key, value, pointer)? {
                written.insert(key.to_owned(), value);
            }
        }
        add_implied(&mut written);
        Ok(written.into())
    }

    /// The keywords of a schema, with `$ref` resolved and each single-member `allOf`, `oneOf` or `anyOf` merged in unless it conflicts.
    fn flat(&self, schema: &'a Value, pointer: &str, depth: usize) -> Result<Keywords<'a>, Error> {
        if depth > DEEPEST {
            return Err(self.recursive(pointer));
        }
        let (_, schema) = self.document.resolve(schema, pointer.to_owned())?;
        let mut flat: Keywords<'a> = schema.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect();
        for composition in COMPOSITIONS {
            if let Some([only]) = flat.get(composition).and_then(|parts| parts.as_array()).map(Vec::as_slice) {
                let inner = self.flat(only, &child(pointer, composition), depth + 1)?;
                let contradicts = |(key, value): (&&str, &&Value)| {
                    !(is_documentation(key) || USAGE.contains(key)) && flat.get(key).is_some_and(|own| own != value)
                };
                if inner.iter().any(contradicts) {
                    continue;
                }
                flat.remove(composition);
                for (key, value) in inner {
                    flat.entry(key).or_insert(value);
                }
            }
        }
        Ok(flat)
    }

    fn recursive(&self, pointer: &str) -> Error {
        // Each pass through the cycle made the pointer longer: report only its beginning.
        let pointer = pointer.split_inclusive("/schema").next().unwrap_or(pointer);
        self.document.error(pointer, "contains itself", "give the parameter a schema that does not refer to itself")
    }
}
