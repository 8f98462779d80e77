//! A few words of an answer for people to read, without the credentials that links in it may have.

use serde_json::Value;

/// How much of an answer an error quotes, in characters.
const LONGEST_EXCERPT: usize = 200;

/// A few words of a text, on one line and without credentials.
pub(crate) fn excerpt(text: &str) -> String {
    let text = without_queries(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match text.char_indices().nth(LONGEST_EXCERPT) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

/// The JSON of a value with every text in it without queries.
pub(crate) fn excerpt_of(value: &Value) -> String {
    fn clean(value: &mut Value) {
        match value {
            Value::String(text) => *text = without_queries(text),
            Value::Array(items) => items.iter_mut().for_each(clean),
            Value::Object(map) => map.values_mut().for_each(clean),
            _ => {}
        }
    }
    let mut value = value.clone();
    clean(&mut value);
    excerpt(&value.to_string())
}

/// The text without the query part of the links in it, where a signed link has its credential.
///
/// What looks like a query ends with the word or the string that it stands in.
pub(crate) fn without_queries(text: &str) -> String {
    let text = text.replace("\\u003f", "?").replace("\\u003F", "?");
    let mut kept = String::with_capacity(text.len());
    let (mut in_query, mut escaped) = (false, false);
    for character in text.chars() {
        in_query = in_query && !(character.is_whitespace() || !escaped && matches!(character, '"' | '<' | '>'));
        escaped = character == '\\' && !escaped;
        if !in_query {
            kept.push(character);
        }
        if character == '?' && !in_query {
            in_query = true;
            kept.push('…');
        }
    }
    kept
}

/// Origin and path of the place that a redirect leads to: what else it has may be a credential.
pub(crate) fn place(location: &str) -> String {
    match reqwest::Url::parse(location) {
        Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        Err(_) => location.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}
