//! Converts the parameters that callers set on a request.

use std::fmt::Debug;

/// Converts the value of an optional parameter.
///
/// To keep setters chainable, an invalid value causes an error only when the request is sent. The message names the parameter, the value, and
/// the expected type.
pub(crate) fn optional<T, V: TryInto<T> + Debug>(name: &str, hint: &str, value: V) -> Result<Option<T>, String> {
    required(name, hint, value).map(Some)
}

/// Converts the value of a required parameter, like [`optional`].
pub(crate) fn required<T, V: TryInto<T> + Debug>(name: &str, hint: &str, value: V) -> Result<T, String> {
    /// How many characters of a value a message shows.
    const LONGEST_VALUE: usize = 100;
    let shown = format!("{value:?}");
    value.try_into().map_err(|_| {
        let end = shown.char_indices().nth(LONGEST_VALUE).map_or(shown.len(), |(end, _)| end);
        let dots = if end < shown.len() { "…" } else { "" };
        format!("`{name}` must be {hint}, not {}{dots}", &shown[..end])
    })
}
