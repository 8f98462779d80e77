//! The query parameters of a request.

/// The parameters, decoded, in the order received.
pub(super) struct Query<'a>(pub(super) &'a [(String, String)]);

impl<'a> Query<'a> {
    /// The last value of a parameter, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// The last value of a parameter, even if it is empty.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter, without empty ones.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The parameters that select and sort the rows.
    pub(super) fn without_page(&self) -> Vec<(String, String)> {
        self.0.iter().filter(|(key, _)| key != "page" && key != "page_size").cloned().collect()
    }
}
