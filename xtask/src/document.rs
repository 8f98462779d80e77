//! An OpenAPI 3.0 document as a tree of values, and the places in it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::codegen::{GenerateError, check_version};

/// What is wrong, where, and what to do about it.
pub type Error = GenerateError;

/// An OpenAPI document, read and looked at.
pub struct Document {
    /// What people call it: a path, an address or a release.
    pub name: String,
    pub root: Value,
}

impl Document {
    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// The text is neither, is no OpenAPI document, or is one of another version than 3.0.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let document = Self { name: name.to_owned(), root: Value::Null };
        // Some editors begin a file with a mark that is no text.
        let text = text.trim_start_matches('\u{feff}');
        let start = text.trim_start();
        let root = if start.starts_with('<') {
            Err(document.error(
                "line 1",
                "is an HTML or XML page",
                "give the address of the document itself; a web page about it has another",
            ))
        } else if start.starts_with('{') {
            // JSON is YAML too, but is read in a fraction of the time as what it is.
            serde_json::from_str::<Tree>(text).or_else(|error| {
                serde_yaml::from_str(text).map_err(|_| {
                    let place = format!("line {}, column {}", error.line(), error.column());
                    document.error(
                        place,
                        format!("cannot be read as JSON: {error}"),
                        "correct it there; a comma, a quote or a key that is there twice is the usual cause",
                    )
                })
            })
        } else {
            serde_yaml::from_str::<Tree>(text).map_err(|error| {
                let place = error.location().map_or("the whole file".into(), |at| format!("line {}, column {}", at.line(), at.column()));
                document.error(
                    place,
                    format!("cannot be read as YAML: {error}"),
                    "correct it there; an indentation, a quote or a key that is there twice is the usual cause",
                )
            })
        };
        let document = Self { root: root?.0, ..document };
        document.check().map(|()| document)
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(version) = self.root.get("swagger").and_then(text) {
            let remedy = "convert it to OpenAPI 3.0.3, for instance with swagger2openapi";
            return Err(self.error("#/swagger", format!("is Swagger (OpenAPI {version}), and OpenAPI 3.0 is read only"), remedy));
        }
        check_version(self.root.get("openapi").and_then(text).as_deref())
            .map_err(|(place, problem, remedy)| self.error(place, problem, remedy))?;
        for part in ["info", "paths"] {
            if !self.root.get(part).is_some_and(Value::is_object) {
                return Err(self.error(format!("#/{part}"), "is missing", "every OpenAPI document has it: is this one complete?"));
            }
        }
        match self.root.pointer("/info/version") {
            Some(Value::Number(number)) => {
                let remedy = "put it in quotes, or 1.10 is read as 1.1";
                Err(self.error("#/info/version", format!("is the number {number}, and no text"), remedy))
            }
            _ => Ok(()),
        }
    }

    pub fn error(&self, place: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error { file: self.name.clone(), place: place.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// The release of the API that the document says it is of.
    pub fn release(&self) -> &str {
        self.root.pointer("/info/version").and_then(Value::as_str).unwrap_or_default()
    }

    /// Follows a `$ref` at `place`, and every one that it leads to; also returns the JSON pointer of what is there.
    ///
    /// # Errors
    /// It leads out of the document, to nothing, or in a circle.
    pub fn follow(&self, reference: &str, place: &str) -> Result<(String, &Value), Error> {
        let mut seen = vec![reference.to_owned()];
        loop {
            let last = seen.last().map_or("", String::as_str);
            let Some(pointer) = last.strip_prefix('#') else {
                return Err(self.error(
                    place,
                    format!("refers to `{last}`, outside this document"),
                    "bundle the document into one file first, for instance with `redocly bundle`",
                ));
            };
            let pointer = decode_percent(pointer);
            let Some(target) = self.root.pointer(&pointer) else {
                return Err(self.error(
                    place,
                    format!("refers to `{last}`, which is not in the document"),
                    "add what it refers to, or correct the reference",
                ));
            };
            match target.get("$ref").and_then(Value::as_str) {
                Some(next) if seen.iter().any(|earlier| earlier == next) => {
                    return Err(self.error(
                        place,
                        format!("refers to `{reference}`, which only refers back to itself"),
                        "break the circle",
                    ));
                }
                Some(next) => seen.push(next.to_owned()),
                None => return Ok((format!("#{pointer}"), target)),
            }
        }
    }
}

/// A scalar as text: YAML reads `version: 3.0` as a number.
fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// A scalar as the key of a mapping.
pub fn key_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One more step of a JSON pointer.
pub fn step(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The name at the end of a pointer such as `#/components/schemas/Stage`, if it is of that collection.
pub fn component<'a>(pointer: &'a str, collection: &str) -> Option<Cow<'a, str>> {
    let name = pointer.strip_prefix("#/components/")?.strip_prefix(collection)?.strip_prefix('/')?;
    (!name.contains('/')).then(|| if name.contains('~') { name.replace("~1", "/").replace("~0", "~").into() } else { name.into() })
}

/// `%20` and its like, which a `$ref` may have as a part of a URL.
fn decode_percent(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

/// Values as a document has them, of which no key is there twice: of two, one would be lost.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Tree)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value that JSON has too")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(format!("the number {value} is none that JSON has")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Tree(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` is there twice")));
            }
            let Tree(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}
