//! Whether a client generated from one schema can decode values that another describes: the decoding rules of the generated Rust.

use std::cell::RefCell;
use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::canonical;
use crate::resolved_schema::ResolvedSchema;

/// Whether a client decodes a response, or a server accepts a request. Ordered from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Compatibility {
    /// Everything is decoded.
    Compatible,
    /// The response is decoded, but a value is dropped; or a filter of the request is not applied.
    Lossy,
    /// The response cannot be decoded, or the request is rejected.
    Incompatible,
}

impl Compatibility {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::Lossy => "lossy",
            Self::Incompatible => "incompatible",
        }
    }
}

use Compatibility::{Compatible, Incompatible, Lossy};

/// Outcomes for pairs of client and server schemas, by their pointers. In a recursive pair, the inner occurrence counts as compatible.
type Known = RefCell<HashMap<(String, String), Compatibility>>;

/// The worst outcome when a client of the schema `client` decodes values that the schema `server` allows, apart from `null`.
pub fn decodes(client: &ResolvedSchema, server: &ResolvedSchema) -> Compatibility {
    decodes_within(client, server, &Known::default())
}

fn decodes_within(client: &ResolvedSchema, server: &ResolvedSchema, known: &Known) -> Compatibility {
    if !(client.has_parts() && server.has_parts()) {
        return decodes_values(client, server, known);
    }
    let pair = (client.pointer.clone(), server.pointer.clone());
    if let Some(outcome) = known.borrow().get(&pair) {
        return *outcome;
    }
    known.borrow_mut().insert(pair.clone(), Compatible);
    let outcome = decodes_values(client, server, known);
    known.borrow_mut().insert(pair, outcome);
    outcome
}

fn decodes_values(client: &ResolvedSchema, server: &ResolvedSchema, known: &Known) -> Compatibility {
    let inside = |client: &ResolvedSchema, server: &ResolvedSchema| decodes_within(client, server, known);
    for composition in ["oneOf", "anyOf"] {
        let alternatives = server.parts(composition);
        if !alternatives.is_empty() {
            return alternatives.iter().map(|server| inside(client, server)).max().unwrap_or(Compatible);
        }
    }
    for composition in ["oneOf", "anyOf"] {
        let alternatives = client.parts(composition);
        if !alternatives.is_empty() {
            // The first alternative that decodes is taken, even if it drops values that a later one would keep.
            return alternatives
                .iter()
                .map(|client| inside(client, server))
                .find(|outcome| *outcome != Incompatible)
                .unwrap_or(Incompatible);
        }
    }
    match (client.kind(), server.kind()) {
        ("string", "string") => strings(client, server),
        ("integer" | "number", "integer" | "number") if closed(client, server) => Incompatible,
        ("integer", "integer") if client.values().is_empty() => {
            let ((low, high), (lowest, highest)) = (range(client), sent_range(server));
            if low <= lowest && highest <= high { Compatible } else { Incompatible }
        }
        ("integer", "number") if !server.is_counter => Incompatible,
        // A `float` is an `f32`, which has about half the digits.
        ("number", "number") if client.text("format") == Some("float") && server.text("format") != Some("float") => Lossy,
        ("any", _) | ("integer" | "number", "integer" | "number") | ("boolean", "boolean") => Compatible,
        ("array", "array") => match (client.inner("items"), server.inner("items")) {
            (None, _) => Compatible,
            (Some(client), Some(server)) => null(&client, &server, true).max(inside(&client, &server)),
            (Some(client), None) if client.kind() == "any" => Compatible,
            (Some(_), None) => Incompatible,
        },
        ("object", "object") => object(client, server, &inside),
        ("composition", "composition") => {
            let (client, server) = (client.parts("allOf"), server.parts("allOf"));
            if client.len() != server.len() {
                return Incompatible;
            }
            client.iter().zip(&server).map(|(client, server)| inside(client, server)).max().unwrap_or(Compatible)
        }
        _ => Incompatible,
    }
}

/// Only these formats become types that reject some strings. An enum is open, and a date keeps its text.
const PARSED: [&str; 4] = ["uuid", "ip", "ipv4", "ipv6"];

fn strings(client: &ResolvedSchema, server: &ResolvedSchema) -> Compatibility {
    let parsed =
        |node: &ResolvedSchema| node.text("format").filter(|format| PARSED.contains(format) && node.values().is_empty()).map(str::to_owned);
    match (parsed(client), parsed(server)) {
        (None, _) => Compatible,
        (Some(a), Some(b)) if a == b || (a == "ip" && b.starts_with("ip")) => Compatible,
        _ => Incompatible,
    }
}

/// Whether the client rejects some of the numbers that are sent, because an enum of numbers is closed.
fn closed(client: &ResolvedSchema, server: &ResolvedSchema) -> bool {
    let (known, sent) = (client.values(), server.values());
    !known.is_empty() && (sent.is_empty() || sent.iter().any(|value| !known.contains(value)))
}

/// The range of integers that the Rust type of a schema can hold.
fn range(node: &ResolvedSchema) -> (i128, i128) {
    canonical::range(node.text("format"))
}

/// The range of integers that a server sends: the range of the format, within the bounds. The client's type depends only on the format.
fn sent_range(node: &ResolvedSchema) -> (i128, i128) {
    let (low, high) = range(node);
    let bound = |keyword: &str| node.get(keyword).and_then(Value::as_i64).map(i128::from);
    (bound("minimum").map_or(low, |minimum| minimum.max(low)), bound("maximum").map_or(high, |maximum| maximum.min(high)))
}

/// Computes the outcome for a value inside another, from the schemas of the client and the server.
type Inside<'a> = &'a dyn Fn(&ResolvedSchema, &ResolvedSchema) -> Compatibility;

fn object(client: &ResolvedSchema, server: &ResolvedSchema, inside: Inside) -> Compatibility {
    let mut worst = Compatible;
    let mut sent = server.properties();
    sent.retain(|(_, property)| !property.flag("writeOnly"));
    let mut read = Vec::new();
    for (name, property) in client.properties() {
        let required = client.requires(name);
        // Among a property and its aliases, the first one present is decoded.
        let mut names = std::iter::once(name).chain(property.aliases());
        worst = worst.max(match names.find_map(|name| sent.iter().find(|(sent_as, _)| *sent_as == name)) {
            Some((sent_as, value)) => {
                read.push(*sent_as);
                let missing = if server.requires(sent_as) { Compatible } else { absent(&property, required) };
                missing.max(null(&property, value, required)).max(inside(&property, value))
            }
            None => unnamed(&property, required, server, inside),
        });
    }
    for (_, property) in sent.iter().filter(|(name, _)| !read.contains(name)) {
        worst = worst.max(unread(client, property, inside));
    }
    if let (Some(client), Some(server)) = (client.inner("additionalProperties"), server.inner("additionalProperties")) {
        worst = worst.max(null(&client, &server, true)).max(inside(&client, &server));
    } else if server.inner("additionalProperties").is_some() {
        worst = worst.max(unread_others(client));
    }
    worst
}

/// The outcome for a property that the client does not know.
pub fn unread(client: &ResolvedSchema, property: &ResolvedSchema, inside: Inside) -> Compatibility {
    match client.inner("additionalProperties") {
        Some(others) => null(&others, property, true).max(inside(&others, property)),
        None => unread_others(client),
    }
}

/// The outcome for unknown properties if the client has no schema for them.
pub fn unread_others(client: &ResolvedSchema) -> Compatibility {
    match client.get("additionalProperties") {
        Some(Value::Bool(false)) => Incompatible,
        Some(_) => Compatible,
        // An object without properties is a map of arbitrary values.
        None if !client.has_properties() => Compatible,
        None => Lossy,
    }
}

/// The outcome for a property that the server does not declare: it is absent, or has the type of additional properties.
pub fn unnamed(property: &ResolvedSchema, required: bool, server: &ResolvedSchema, inside: Inside) -> Compatibility {
    let absent = absent(property, required);
    match server.inner("additionalProperties").filter(|others| others.kind() != "any") {
        Some(others) => absent.max(null(property, &others, required)).max(inside(property, &others)),
        None => absent,
    }
}

/// The outcome for a property that is absent.
pub fn absent(property: &ResolvedSchema, required: bool) -> Compatibility {
    if required && !property.is_option() && property.get("x-default-when-absent").is_none() { Incompatible } else { Compatible }
}

/// The outcome for `null`, if the server may send it here.
pub fn null(client: &ResolvedSchema, server: &ResolvedSchema, required: bool) -> Compatibility {
    let is_map = client.kind() == "object" && !client.has_properties();
    // An optional array or map that is absent becomes an empty one in Rust; an optional array of unique items is an `Option`.
    let is_empty = is_map || client.kind() == "array" && !client.flag("uniqueItems");
    let optional = !required && client.get("default").is_none() && !is_empty;
    let takes_null = client.is_option() || client.kind() != "string" && client.may_be_null();
    if !server.may_be_null() || takes_null || optional { Compatible } else { Incompatible }
}
