//! Schemas of parameters and headers, which have no names: all that they refer to is written out.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::wording::{OF_USE, is_prose, say_what_is_implied};
use super::{COMPOSITIONS, Canonical, Direction};
use crate::document::{Error, step};

/// How deep the schema of a parameter may be: one that is deeper contains itself.
const DEEPEST: usize = 32;

/// The keywords of a schema.
type Keywords<'a> = BTreeMap<&'a str, &'a Value>;

impl<'a> Canonical<'a> {
    /// The schema of a parameter or header.
    pub fn parameter(&mut self, schema: &'a Value, place: &str, direction: Direction) -> Result<Value, Error> {
        if self.inside.len() > DEEPEST {
            return Err(self.circle(place));
        }
        let flat = self.flat(schema, place, 0)?;
        let composed = COMPOSITIONS.iter().any(|composition| flat.contains_key(*composition));
        let plain = flat
            .get("type")
            .and_then(|kind| kind.as_str())
            .map_or(flat.contains_key("enum") || flat.contains_key("items"), |kind| kind != "object");
        if composed || !plain {
            return self.schema(schema, place, direction);
        }
        let mut written = Map::new();
        for (key, value) in flat {
            if key == "items" {
                self.inside.push(place.to_owned());
                let items = self.parameter(value, &step(place, "items"), direction);
                self.inside.pop();
                written.insert("items".into(), items?);
            } else if let Some(value) = self.keyword(key, value, place, Direction::NEITHER)? {
                written.insert(key.to_owned(), value);
            }
        }
        say_what_is_implied(&mut written);
        Ok(written.into())
    }

    /// The keywords of a schema behind every `$ref` and single `allOf`.
    fn flat(&self, schema: &'a Value, place: &str, depth: usize) -> Result<Keywords<'a>, Error> {
        if depth > DEEPEST {
            return Err(self.circle(place));
        }
        let (_, schema) = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.document.follow(reference, &step(place, "$ref"))?,
            None => (String::new(), schema),
        };
        let mut flat: Keywords<'a> = schema.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect();
        for composition in COMPOSITIONS {
            if let Some([only]) = flat.get(composition).and_then(|parts| parts.as_array()).map(Vec::as_slice) {
                let inner = self.flat(only, &step(place, composition), depth + 1)?;
                let contradicts = |(key, value): (&&str, &&Value)| {
                    !(is_prose(key) || OF_USE.contains(key)) && flat.get(key).is_some_and(|own| own != value)
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

    fn circle(&self, place: &str) -> Error {
        // Every turn of the circle made the place longer.
        let place = place.split_inclusive("/schema").next().unwrap_or(place);
        self.document.error(place, "contains itself, and can have no end", "give the parameter a schema that does not refer to itself")
    }
}
