//! Validation of filters, with authentik's messages.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::list::ErrorResponse;
use super::query::Query;

/// Validates filters as authentik does, with its messages: one list for each parameter.
pub(super) struct Validator<'a> {
    pub(super) query: &'a Query<'a>,
    errors: Map<String, Value>,
}

impl<'a> Validator<'a> {
    pub(super) fn new(query: &'a Query<'a>) -> Self {
        Self { query, errors: Map::new() }
    }

    pub(super) fn error(&mut self, name: &str, message: &str) {
        self.errors.insert(name.to_owned(), json!([message]));
    }

    pub(super) fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let uuid = Uuid::parse_str(self.query.get(name)?).ok();
        if uuid.is_none() {
            self.error(name, "Enter a valid UUID.");
        }
        uuid
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let number = self.query.get(name)?.parse().ok();
        if number.is_none() {
            self.error(name, "Enter a number.");
        }
        number
    }

    /// authentik ignores a bad boolean.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.query.get(name)?.to_lowercase().parse().ok()
    }

    pub(super) fn choice(&mut self, name: &str, values: &[&str]) -> Option<String> {
        let text = self.query.get(name)?;
        if !values.contains(&text) {
            self.error(name, &format!("Select a valid choice. {text} is not one of the available choices."));
        }
        Some(text.to_owned())
    }

    /// The words of `search`, in lowercase. A row matches if it contains each of them.
    pub(super) fn words(&self) -> Result<Vec<String>, ErrorResponse> {
        let search = self.query.get("search").unwrap_or_default();
        if search.contains('\0') {
            return Err((400, json!(["Null characters are not allowed."])));
        }
        Ok(search.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect())
    }

    /// The filter, if all of it is valid.
    pub(super) fn check<T>(self, filter: T) -> Result<T, ErrorResponse> {
        if self.errors.is_empty() { Ok(filter) } else { Err((400, Value::Object(self.errors))) }
    }
}
