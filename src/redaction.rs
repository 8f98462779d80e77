//! Quotes parts of a response: short, on one line, and without credentials or terminal control characters.

use std::borrow::Cow;

use serde_json::Value;

/// The longest quotation, in characters.
const MAX_CHARS: usize = 200;

/// How much of a text is examined, in bytes, so that quoting many megabytes takes no longer than quoting a few lines.
const WINDOW: usize = 2048;

/// The shortest token that is redacted. Ordinary words may contain a shorter one.
const SHORTEST_TOKEN: usize = 8;

/// Replaces the client's token where the server repeats it.
const REDACTED_TOKEN: &str = "[token]";

/// Quotes text from a server, without the client's token.
#[derive(Clone, Copy, Default)]
pub(crate) struct Quoter<'a> {
    token: Option<&'a str>,
}

impl<'a> Quoter<'a> {
    pub(crate) fn new(token: Option<&'a str>) -> Self {
        Self { token: token.filter(|token| token.len() >= SHORTEST_TOKEN) }
    }

    /// Quotes the beginning of a text.
    pub(crate) fn quote(self, text: &str) -> String {
        let window = head(text, WINDOW);
        let blanked = self.without_token(window);
        // The end of the window may have split a token or an escape sequence.
        let spare = if window.len() < text.len() { self.token.map_or(0, str::len).max(16) } else { 0 };
        let clean = without_queries(head(&blanked, blanked.len().saturating_sub(spare)));
        let mut quoted = String::new();
        for (number, character) in clean.split_whitespace().flat_map(|word| [" ", word]).flat_map(str::chars).skip(1).enumerate() {
            if number == MAX_CHARS {
                quoted.push_str(" …");
                return quoted;
            }
            if is_unsafe(character) { quoted.extend(character.escape_unicode()) } else { quoted.push(character) }
        }
        if spare > 0 {
            quoted.push_str(" …");
        }
        quoted
    }

    /// Quotes a JSON value: a string without its quotation marks, anything else as JSON.
    pub(crate) fn quote_value(self, value: &Value) -> String {
        value.as_str().map_or_else(|| self.quote(&value.to_string()), |text| self.quote(text))
    }

    /// Quotes the scheme, host, port and path of a redirect target. The rest of the URL may contain a credential.
    pub(crate) fn quote_location(self, base: &reqwest::Url, location: &str) -> String {
        match base.join(location) {
            Ok(url) => self.quote(&format!("{}{}", url.origin().ascii_serialization(), url.path())),
            Err(_) => "an invalid URL".to_owned(),
        }
    }

    fn without_token(self, text: &str) -> Cow<'_, str> {
        match self.token {
            Some(token) if text.contains(token) => text.replace(token, REDACTED_TOKEN).into(),
            _ => text.into(),
        }
    }

    /// The body with the token redacted, even where it is written with JSON escapes; `None` if the body does not contain the token.
    pub(crate) fn redact(self, body: &[u8]) -> Option<Vec<u8>> {
        let token = self.token?;
        if memchr::memmem::find(body, token.as_bytes()).is_some() {
            return Some(self.without_token(&unescaped(body)).into_owned().into_bytes());
        }
        memchr::memchr(b'\\', body)?;
        let body = unescaped(body);
        let escaped = serde_json::to_string(token).ok()?;
        let escaped = escaped.trim_matches('"');
        (body.contains(token) || body.contains(escaped))
            .then(|| self.without_token(&body.replace(escaped, REDACTED_TOKEN)).into_owned().into_bytes())
    }
}

/// JSON with only the necessary escapes, so that no text is hidden by escapes.
fn unescaped(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = escape.strip_prefix('u').and_then(|digits| digits.get(..4)).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let character = code.and_then(char::from_u32).filter(|character| !character.is_control() && !matches!(character, '"' | '\\'));
        let length = match character {
            Some(character) => {
                plain.push(character);
                5
            }
            None if escape.starts_with('/') => 0,
            None => {
                plain.push('\\');
                let length = escape.chars().next().map_or(0, char::len_utf8);
                plain.push_str(head(escape, length));
                length
            }
        };
        rest = escape.get(length..).unwrap_or_default();
    }
    plain + rest
}

/// The beginning of a text: at most this many bytes, cut at a character boundary.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Whether a terminal or an editor may interpret the character instead of showing it.
fn is_unsafe(character: char) -> bool {
    let is_bidirectional = matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_invisible =
        matches!(character, '\u{00ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    character.is_control() || is_bidirectional || is_invisible
}

/// The text without the queries of its URLs, because the query of a signed URL is a credential.
///
/// A query ends at the end of the word or JSON string.
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

/// A short excerpt of a JSON value, for reports of [`drift`](crate::drift).
pub(crate) fn excerpt_of(value: &Value) -> String {
    Quoter::default().quote(&value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "not-a-real-token";

    #[test]
    fn quotations_are_short_and_on_one_line() {
        let quoted = Quoter::default().quote(&"word\n\t ".repeat(1_000_000));
        assert!(quoted.chars().count() <= MAX_CHARS + 2 && quoted.ends_with(" …") && !quoted.contains('\n'), "{quoted}");
        assert_eq!(Quoter::default().quote("  a \r\n b "), "a b");
    }

    #[test]
    fn characters_that_control_a_terminal_are_escaped() {
        assert_eq!(Quoter::default().quote("a\u{1b}[31mb\u{202e}c\u{7}\u{9b}d"), "a\\u{1b}[31mb\\u{202e}c\\u{7}\\u{9b}d");
        assert_eq!(Quoter::default().quote("zero\u{200b}width\u{feff}"), "zero\\u{200b}width\\u{feff}");
    }

    #[test]
    fn the_token_is_redacted_even_where_the_text_is_cut() {
        let quoter = Quoter::new(Some(TOKEN));
        assert_eq!(quoter.quote(&format!("no such token: {TOKEN}!")), "no such token: [token]!");
        for padding in WINDOW - TOKEN.len() - 2..=WINDOW {
            let text = format!("{}{TOKEN} and more", " ".repeat(padding));
            assert!(!quoter.quote(&text).contains("not-"), "{}", quoter.quote(&text));
        }
        assert_eq!(Quoter::new(Some("t")).quote("tattletale"), "tattletale", "a short token is not redacted");
    }

    #[test]
    fn a_token_is_redacted_in_any_json_form() {
        let redact =
            |token: &str, body: &str| Quoter::new(Some(token)).redact(body.as_bytes()).map(|body| String::from_utf8(body).unwrap());
        assert_eq!(redact(TOKEN, r#"["not-a-real-token"]"#).unwrap(), r#"["[token]"]"#);
        assert_eq!(redact(TOKEN, r#"["\u006eot-a\u002Dreal-token", "\\u006e\n\""]"#).unwrap(), r#"["[token]", "\\u006e\n\""]"#);
        assert_eq!(redact("to/ken/with/slashes", r#"["to\/ken\/with\/slashes"]"#).unwrap(), r#"["[token]"]"#);
        assert_eq!(redact("quo\"ted\\token", r#"["quo\"ted\\token"]"#).unwrap(), r#"["[token]"]"#);
        assert_eq!(redact("öddly-named", r#"["\u00f6ddly-named"]"#).unwrap(), r#"["[token]"]"#);
        assert_eq!(redact(TOKEN, r#"["\u006eot-a", "\ud83d\u", "\"#), None);
    }

    #[test]
    fn a_location_is_shown_without_credentials() {
        let base = "https://auth.example.com/api/v3/".parse().unwrap();
        let quoter = Quoter::new(Some(TOKEN));
        let shown = |location: &str| quoter.quote_location(&base, location);
        assert_eq!(shown("//user:password@login.example.com/a?token=b#c"), "https://login.example.com/a");
        assert_eq!(shown("/login?next=x"), "https://auth.example.com/login");
        assert_eq!(shown(&format!("/{TOKEN}/")), "https://auth.example.com/[token]/");
        assert_eq!(shown("https://["), "an invalid URL");
    }
}
