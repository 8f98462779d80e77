//! Finds the line and column of a JSON pointer in the text of a document.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Diagnostic;
use super::pointer::unescape;

/// Adds the line and column of its pointer to an error, if the pointer is in this text.
pub fn with_line(error: Diagnostic, text: &str) -> Diagnostic {
    match locate(text, &error.pointer) {
        Some((line, column)) => Diagnostic { file: format!("{}:{line}:{column}", error.file), ..error },
        None => error,
    }
}

/// The line and column of the value at a pointer, or of its nearest ancestor, which may be the document itself.
///
/// The parsers report positions of errors but not of values, so an error is raised at the value.
pub fn locate(text: &str, pointer: &str) -> Option<(usize, usize)> {
    const FOUND: &str = "this is the value at the pointer";
    let mut keys = pointer.strip_prefix("#/")?.split('/').map(unescape).collect::<Vec<_>>();
    // The value may be missing: then its nearest ancestor is used.
    while !keys.is_empty() {
        let seek = Seek { keys: &keys, found: FOUND };
        let found = if text.trim_start().starts_with('{') {
            let error = seek.deserialize(&mut serde_json::Deserializer::from_str(text)).err();
            error.filter(|error| error.to_string().contains(FOUND)).map(|error| (error.line(), error.column()))
        } else {
            let error = seek.deserialize(serde_yaml::Deserializer::from_str(text)).err();
            error.filter(|error| error.to_string().contains(FOUND)).and_then(|error| error.location()).map(|at| (at.line(), at.column()))
        };
        if found.is_some() {
            return found;
        }
        keys.pop();
    }
    Some((1, 1))
}

/// Follows keys into a document, and fails with `found` at the value of the last key.
#[derive(Clone, Copy)]
struct Seek<'a> {
    keys: &'a [String],
    found: &'static str,
}

/// A key of a mapping. Deserializing it fails if it is the last one to follow.
struct Key<'a>(Seek<'a>);

impl Seek<'_> {
    /// The remaining keys to follow below this key, if it is on the path.
    fn below(self, key: &str) -> Option<Self> {
        let (first, keys) = self.keys.split_first()?;
        (first == key).then_some(Self { keys, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if self.keys.is_empty() {
            return Err(A::Error::custom(self.found));
        }
        while let Some(below) = entries.next_key_seed(Key(self))? {
            match below {
                Some(below) => entries.next_value_seed(below)?,
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.keys.is_empty() {
            return Err(A::Error::custom(self.found));
        }
        for index in 0_usize.. {
            let item = match self.below(&index.to_string()) {
                Some(below) => items.next_element_seed(below)?,
                None => items.next_element::<IgnoredAny>()?.map(drop),
            };
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }
}

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<Seek<'a>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Option<Seek<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        match self.0.below(key) {
            Some(below) if below.keys.is_empty() => Err(E::custom(below.found)),
            below => Ok(below),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn pointers_lead_to_lines_and_columns() {
        let yaml = "openapi: 3.0.3\npaths:\n  /a/:\n    get:\n      tags:\n      - one\n      - two\ninfo: { title: t }\n";
        for (pointer, line) in [
            ("#/openapi", 1),
            ("#/paths/~1a~1", 3),
            ("#/paths/~1a~1/get", 4),
            ("#/paths/~1a~1/get/tags/1", 7),
            ("#/paths/~1a~1/get/missing", 4),
            ("#/info", 8),
            ("#/info/title", 8),
        ] {
            assert_eq!(locate(yaml, pointer).map(|(line, _)| line), Some(line), "{pointer}");
        }
        assert_eq!(locate(yaml, "line 3, column 1"), None);
        assert_eq!(locate(yaml, "#/nowhere"), Some((1, 1)));
        let json = "{\n  \"openapi\": \"3.0.3\",\n  \"info\": {\n    \"version\": 1\n  }\n}\n";
        assert_eq!(locate(json, "#/info/version").map(|(line, _)| line), Some(4));
    }
}
