//! Converts what callers pass for the parameters of a request.

use std::fmt::Debug;

/// Converts the value of an optional parameter.
///
/// A value that cannot be converted fails when the request is sent, so that setters can be chained; the message names the parameter, the
/// value, and what is expected.
pub(crate) fn optional<T, V: TryInto<T> + Debug>(name: &str, hint: &str, value: V) -> Result<Option<T>, String> {
    required(name, hint, value).map(Some)
}

/// As [`optional`], for a parameter that a request cannot be sent without.
pub(crate) fn required<T, V: TryInto<T> + Debug>(name: &str, hint: &str, value: V) -> Result<T, String> {
    /// Characters of a value that a message shows.
    const LONGEST_VALUE: usize = 100;
    let shown = format!("{value:?}");
    value.try_into().map_err(|_| {
        let end = shown.char_indices().nth(LONGEST_VALUE).map_or(shown.len(), |(end, _)| end);
        let dots = if end < shown.len() { "…" } else { "" };
        format!("`{name}` takes {hint}, not {}{dots}", &shown[..end])
    })
}
