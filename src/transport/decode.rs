//! Decodes a body, and locates the problem in one that cannot be decoded.

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

pub(crate) use crate::error::DecodeFailure;
use crate::redaction::Quoter;

/// How much of a document with a syntax error is shown before the error, in bytes.
const BEFORE: usize = 80;

/// Decodes a body. If that fails, reads it again to find the path of the problem.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeFailure> {
    decode_borrowed(body)
}

/// Like [`decode`], for values that borrow from the body.
pub(crate) fn decode_borrowed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeFailure> {
    serde_json::from_slice(body).map_err(|error| diagnose::<T>(body, error))
}

fn diagnose<'a, T: Deserialize<'a>>(body: &'a [u8], error: serde_json::Error) -> DecodeFailure {
    if let Some(format) = other_format(body) {
        return DecodeFailure::of_body(format);
    }
    let quoter = Quoter::default();
    let (is_data, is_eof, place) = (error.is_data(), error.is_eof(), place_of(body, &error));
    // The error may quote megabytes. `message` drops it before the second pass creates another one.
    let message = message(error);
    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)).err();
    let segments = located.as_ref().map(|error| error.path().iter().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let row = segments.iter().find_map(|segment| match segment {
        Segment::Seq { index } => Some(*index),
        _ => None,
    });
    let path = located.as_ref().map_or_else(|| ".".to_owned(), |error| quoter.quote(&error.path().to_string()));
    let excerpt = if is_data { value_at(body, &segments).map(|value| quoter.quote(value)) } else { None };
    DecodeFailure::new(path, row, message, excerpt.unwrap_or_else(|| around(body, place))).cut_off(is_eof)
}

/// The parser's message. Its beginning may quote the response, and its end says what was expected.
fn message(error: serde_json::Error) -> String {
    let quoter = Quoter::default();
    let text = error.to_string();
    drop(error);
    match text.rfind(", expected ").and_then(|at| text.split_at_checked(at)) {
        Some((found, expected)) => quoter.quote(found) + &quoter.quote(expected),
        None => quoter.quote(&text),
    }
}

/// What is wrong with the format of the body, if it begins with a byte order mark or the signature of gzip.
fn other_format(body: &[u8]) -> Option<&'static str> {
    match body {
        [0xef, 0xbb, 0xbf, ..] => {
            Some("it begins with a byte order mark, which JSON must not have: check the proxy in front of the server")
        }
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => Some("it is UTF-16 text, and JSON must be UTF-8: check the proxy in front of the server"),
        [0x1f, 0x8b, ..] => {
            Some("it is compressed with gzip, but does not say so (`Content-Encoding`): check the proxy in front of the server")
        }
        _ => None,
    }
}

/// The position of an error in the body, in bytes.
fn place_of(body: &[u8], error: &serde_json::Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', body).nth(line - 2).map_or(0, |end| end + 1),
    };
    line_start.saturating_add(error.column()).min(body.len())
}

/// The text around a syntax error. It begins where no URL can continue, so that the rest of a query is not shown as ordinary text.
fn around(body: &[u8], place: usize) -> String {
    let earliest = place.saturating_sub(BEFORE);
    let ends_url = |at: &usize| {
        let (before, byte) = (body.get(..*at).unwrap_or_default(), body.get(*at));
        let is_escaped = before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
        byte.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'"' && !is_escaped)
    };
    let start = if earliest == 0 { Some(0) } else { (earliest..place).find(ends_url) };
    let Some(start) = start else { return String::new() };
    let text = String::from_utf8_lossy(body.get(start..).map_or(&[], |rest| rest.get(..4 * BEFORE).unwrap_or(rest))).into_owned();
    let quoted = Quoter::default().quote(&text);
    if start == 0 { quoted } else { format!("… {quoted}") }
}

/// The JSON of the value at a path, without building a tree of the whole document.
fn value_at<'a>(body: &'a [u8], path: &[Segment]) -> Option<&'a str> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    Find(path).deserialize(&mut deserializer).ok().flatten().map(RawValue::get)
}

/// Reads a document and keeps only the value at a path.
struct Find<'p>(&'p [Segment]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [Segment::Map { .. } | Segment::Seq { .. }, ..] => deserializer.deserialize_any(self),
            // The end of the path, or a part of it that JSON does not have, such as the variant of an enum.
            _ => <&RawValue>::deserialize(deserializer).map(Some),
        }
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.0 {
                [Segment::Map { key }, rest @ ..] if found.is_none() && *key == name => found = map.next_value_seed(Find(rest))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let [Segment::Seq { index }, rest @ ..] = self.0 else { return Ok(None) };
        for _ in 0..*index {
            list.next_element::<IgnoredAny>()?;
        }
        let found = list.next_element_seed(Find(rest))?.flatten();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only decoding is tested")]
    struct Page {
        results: Vec<Row>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only decoding is tested")]
    struct Row {
        order: u32,
    }

    fn failure(body: &str) -> DecodeFailure {
        decode::<Page>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_wrong_type_is_shown_with_its_path() {
        let failure = failure(&json!({"x": [1], "results": [{"order": 1}, {"a": 0, "order": {"b": [2]}}]}).to_string());
        assert_eq!((failure.path(), failure.excerpt()), ("results[1].order", "{\"b\":[2]}"));
        assert_eq!(failure.message(), "invalid type: map, expected u32 at line 1 column 39");
    }

    #[test]
    fn a_syntax_error_is_shown_with_the_text_around_it() {
        let rows = "{\"order\": 1}, ".repeat(500);
        let failure = failure(&format!("{{\"results\": [\n{rows}{{\"order\": 1 \"broken\": 2}}]}}"));
        assert!(failure.excerpt().contains("{\"order\": 1 \"broken\": 2}]}"), "{}", failure.excerpt());
        assert!(failure.message().contains("line 2 column"), "{}", failure.message());
    }

    #[test]
    fn the_text_around_a_syntax_error_has_no_queries() {
        for query in ["?token=eyJ", "\\u003ftoken=eyJ", "?a=\\\"x\\\"&token=eyJ"] {
            for length in (0..400).chain([5_000]) {
                let padding = "a".repeat(length);
                let failure = failure(&format!("{{\"results\": \"https://cdn.example.com/{query}{padding}eyJ\\q\"}}"));
                assert!(!failure.excerpt().contains("eyJ") && !failure.excerpt().contains("aaa\\q"), "{length}: {}", failure.excerpt());
            }
        }
    }

    #[test]
    fn other_formats_are_named() {
        let message = |body: &[u8]| decode::<Page>(body).unwrap_err().message().to_owned();
        assert!(message(b"\xef\xbb\xbf{\"results\": []}").contains("byte order mark"));
        assert!(message(b"\x1f\x8b\x08\0\0").contains("compressed with gzip"));
        assert!(message(b"\xff\xfe{\0").contains("UTF-16"));
    }

    #[test]
    fn a_failure_is_small_for_any_response() {
        let long = "x".repeat(5_000_000);
        for body in [
            json!({"results": [{"order": long}]}).to_string(),
            json!({"results": [{long.as_str(): {}, "order": []}]}).to_string(),
            json!({"results": vec![Value::Null; 8_000]}).to_string(),
            format!("{{\"results\": [{{\"{long}\": [}}]"),
        ] {
            let failure = failure(&body);
            assert!(failure.message().contains("at line 1 column"), "{}", failure.message());
            let length = failure.path().len() + failure.message().len() + failure.excerpt().len();
            assert!(length < 1_500, "{length} bytes");
        }
    }
}
