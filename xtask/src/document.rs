//! An OpenAPI 3.0 document as a tree of values, and pointers into it.

use std::borrow::Cow;

use serde_json::Value;

use crate::codegen::pointer::reference;
pub use crate::codegen::pointer::{child, component};
use crate::codegen::pointer::{unescape, walk};
use crate::codegen::{Diagnostic, check_version, locate};

mod tree;

use tree::Tree;

/// A problem with its location and help.
pub type Error = Diagnostic;

/// A parsed OpenAPI document.
pub struct Document {
    /// The path, address or release that it came from.
    pub name: String,
    pub root: Value,
    /// The text that it was parsed from.
    text: String,
}

impl Document {
    /// Parses YAML or JSON.
    ///
    /// # Errors
    /// Fails if the text is neither, or is not an OpenAPI 3.0 document.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut document = Self { name: name.to_owned(), root: Value::Null, text: String::new() };
        // Some editors begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        let start = text.trim_start();
        let is_blank = |line: &str| line.trim().is_empty() || line.starts_with('#') || line.starts_with("---");
        let root = if let Some((offset, character)) = forbidden_character(text) {
            let problem = format!("the control character U+{:04X}", u32::from(character));
            Err(document.error(line_and_column(text, offset), problem, "remove it, or save the file as UTF-8 if it is in another encoding"))
        } else if text.lines().all(is_blank) {
            Err(document.error("line 1", "the document is empty", "pass an OpenAPI document"))
        } else if start.starts_with('<') {
            Err(document.error("line 1", "an HTML or XML page", "give the address of the document itself, not of a page about it"))
        } else if nests_too_deeply(text) {
            Err(document.error("the whole file", format!("brackets are nested more than {MAX_NESTING} deep"), "pass an OpenAPI document"))
        } else if start.starts_with('{') {
            document.parse_json(text)
        } else {
            document.parse_yaml(text)
        };
        (document.root, document.text) = (root?, text.to_owned());
        match document.check() {
            Ok(()) => Ok(document),
            Err(error) => Err(document.with_line(error)),
        }
    }

    fn parse_yaml(&self, text: &str) -> Result<Value, Error> {
        serde_yaml::from_str::<Tree>(text).map(|Tree(root)| root).map_err(|error| {
            let place = error.location().map_or("the whole file".into(), |at| format!("line {}, column {}", at.line(), at.column()));
            self.error(
                place,
                format!("invalid YAML: {error}"),
                "correct it there; wrong indentation, a missing quote, a duplicate key or excessive nesting is the usual cause",
            )
        })
    }

    /// JSON is also YAML, but parsing it as JSON takes a fraction of the time. Some YAML begins like JSON.
    fn parse_json(&self, text: &str) -> Result<Value, Error> {
        serde_json::from_str::<Tree>(text).map(|Tree(root)| root).or_else(|error| {
            serde_yaml::from_str::<Tree>(text).map(|Tree(root)| root).map_err(|_| {
                let place = format!("line {}, column {}", error.line(), error.column());
                self.error(
                    place,
                    format!("invalid JSON: {error}"),
                    "correct it there; a missing comma or quote or a duplicate key is the usual cause",
                )
            })
        })
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(version) = self.root.get("swagger").and_then(text) {
            let help = "convert it to OpenAPI 3.0.3, for instance with swagger2openapi";
            return Err(self.error("#/swagger", format!("Swagger (OpenAPI {version}) is not supported"), help));
        }
        check_version(self.root.get("openapi").and_then(text).as_deref()).map_err(|error| error.in_file(&self.name))?;
        for part in ["info", "paths"] {
            let problem = match self.root.get(part) {
                Some(Value::Object(_)) => continue,
                Some(_) => "is not a mapping",
                None => "is missing",
            };
            return Err(self.error(format!("#/{part}"), problem, "check that this OpenAPI document is complete"));
        }
        if let Some(pointer) = control_character(&self.root) {
            return Err(self.error(pointer, "contains a control character", "remove it: reports and the generated code would contain it"));
        }
        match self.root.pointer("/info/version") {
            Some(Value::Number(number)) => {
                let help = "put it in quotes; otherwise 1.10 is read as 1.1";
                Err(self.error("#/info/version", format!("the number {number} instead of a string"), help))
            }
            Some(Value::String(version)) if !version.is_empty() => Ok(()),
            _ => Err(self.error("#/info/version", "is missing", "every OpenAPI document has a version: check that this one is complete")),
        }
    }

    pub fn error(&self, pointer: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Error {
        Diagnostic::new(pointer, problem, help).in_file(&self.name)
    }

    /// An error of this document with the line and column of its pointer, or of its nearest ancestor.
    pub fn with_line(&self, error: Error) -> Error {
        // Looking for a pointer that does not exist would take a pass over the text for each of its ancestors.
        let exists = |pointer: &&str| self.root.pointer(pointer.trim_start_matches('#')).is_some();
        let ancestors = std::iter::successors(Some(error.pointer.as_str()), |pointer| Some(pointer.rsplit_once('/')?.0));
        let nearest = ancestors.into_iter().find(exists).filter(|pointer| *pointer != "#").unwrap_or(&error.pointer).to_owned();
        let located = locate::with_line(Error { pointer: nearest, ..error.clone() }, &self.text);
        Error { file: located.file, ..error }
    }

    /// An error of this document's slice, with the line and column in this document if the pointer is valid here. Items of lists may be
    /// in another order in a slice.
    pub fn with_own_line(&self, error: Error) -> Error {
        let mut keys = error.pointer.trim_start_matches("#/").split('/').map(unescape);
        let is_here = keys.try_fold(&self.root, |at, key| at.as_object()?.get(&key)).is_some();
        if is_here { self.with_line(error.in_file(&self.name)) } else { error }
    }

    /// The release in `info.version`.
    pub fn release(&self) -> &str {
        self.root.pointer("/info/version").and_then(Value::as_str).unwrap_or_default()
    }

    /// A part of the document and its pointer, or the target of its `$ref`.
    ///
    /// # Errors
    /// See [`follow`](Self::follow).
    pub fn resolve<'a>(&'a self, part: &'a Value, pointer: String) -> Result<(String, &'a Value), Error> {
        match reference(part) {
            Some(target) => self.follow(target, &child(&pointer, "$ref")),
            None => Ok((pointer, part)),
        }
    }

    /// Follows a `$ref` at `pointer`, and every further `$ref` that it leads to; also returns the JSON pointer of the target.
    ///
    /// # Errors
    /// Fails if the reference is external, dangling or circular.
    pub fn follow(&self, to: &str, pointer: &str) -> Result<(String, &Value), Error> {
        let mut seen = vec![to.to_owned()];
        loop {
            let last = seen.last().map_or("", String::as_str);
            let Some(target_pointer) = last.strip_prefix('#') else {
                return Err(self.error(
                    pointer,
                    format!("refers to `{last}`, outside this document"),
                    "bundle the document into one file first, for instance with `redocly bundle`",
                ));
            };
            let target_pointer = decode_percent(target_pointer);
            let Some(target) = self.root.pointer(&target_pointer) else {
                return Err(self.error(
                    pointer,
                    format!("refers to `{last}`, which is not in the document"),
                    "add what it refers to, or correct the reference",
                ));
            };
            match reference(target) {
                Some(next) if seen.iter().any(|earlier| earlier == next) => {
                    return Err(self.error(pointer, format!("refers to `{to}`, which only refers back to itself"), "break the cycle"));
                }
                Some(next) => seen.push(next.to_owned()),
                None => return Ok((format!("#{target_pointer}"), target)),
            }
        }
    }
}

/// What a schema refers to, directly or in the first part of its `allOf`.
pub fn sole_reference(schema: &Value) -> Option<&str> {
    reference(schema).or_else(|| reference(schema.get("allOf")?.get(0)?))
}

/// The deepest nesting that is accepted. The time to parse YAML is quadratic in the nesting, which an attacker could exploit.
const MAX_NESTING: usize = 1000;

/// Counts all brackets, including those in strings: the number of unbalanced ones is far below the limit.
fn nests_too_deeply(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })
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

/// Decodes percent-encoding, because a `$ref` is a URL.
fn decode_percent(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

/// The first control character that YAML and JSON forbid, with its offset.
fn forbidden_character(text: &str) -> Option<(usize, char)> {
    let is_candidate = |byte: u8| begins_control_character(byte) && !matches!(byte, b'\t' | b'\n' | b'\r');
    let candidates = text.bytes().enumerate().filter(|(_, byte)| is_candidate(*byte));
    let mut characters = candidates.filter_map(|(offset, _)| Some((offset, text[offset..].chars().next()?)));
    characters.find(|(_, character)| character.is_control() && *character != '\u{85}')
}

/// Whether a control character can begin with this byte in UTF-8.
fn begins_control_character(byte: u8) -> bool {
    byte < b' ' || matches!(byte, 0x7f | 0xc2)
}

/// The pointer to a string with a control character, other than line breaks and tabs in prose and examples.
fn control_character(root: &Value) -> Option<String> {
    let mut found = None;
    // Most documents have none, and pointers take time.
    if has_control_character(root, "") {
        walk("#", root, &mut |pointer, node| {
            let key = pointer.split('/').map(unescape).rfind(|key| is_prose(key)).unwrap_or_default();
            if found.is_none() && node.is_string() && has_control_character(node, &key) {
                found = Some(pointer.to_owned());
            }
        });
    }
    found
}

/// Whether a part of a document has such a character; `key` is the enclosing key for prose, if any, or else the nearest key.
fn has_control_character(node: &Value, key: &str) -> bool {
    match node {
        Value::String(text) if !text.bytes().any(begins_control_character) => false,
        Value::String(text) => text.chars().any(|c| c.is_control() && !(is_prose(key) && matches!(c, '\n' | '\r' | '\t'))),
        Value::Object(map) => map.iter().any(|(inner, value)| has_control_character(value, if is_prose(key) { key } else { inner })),
        Value::Array(items) => items.iter().any(|item| has_control_character(item, key)),
        _ => false,
    }
}

/// Whether a key is for prose or examples.
fn is_prose(key: &str) -> bool {
    ["description", "summary", "title", "default", "example", "examples", "value"].contains(&key) || key.starts_with("x-")
}

fn line_and_column(text: &str, offset: usize) -> String {
    let before = &text[..offset];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {}, column {column}", before.matches('\n').count() + 1)
}
