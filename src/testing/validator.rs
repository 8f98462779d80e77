//! Validation of filters and request bodies, with authentik's messages.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::list::ErrorResponse;
use super::query::Query;
use crate::compat::schema::{Field, FieldKind, ListSchema};

/// Validates filters as authentik does, with its messages: one list of messages for each parameter.
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

    /// The value of a boolean parameter; authentik ignores an invalid one.
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

    /// The filter, if every parameter is valid.
    pub(super) fn check<T>(self, filter: T) -> Result<T, ErrorResponse> {
        if self.errors.is_empty() { Ok(filter) } else { Err((400, Value::Object(self.errors))) }
    }
}

/// Rejects a request body whose properties do not match those of the rows. Properties that rows do not have are accepted, because the
/// specification has write-only ones.
pub(super) fn check_body(list: &ListSchema, properties: &Map<String, Value>) -> Result<(), ErrorResponse> {
    let invalid = |(name, value): (&String, &Value)| Some((name.clone(), json!([problem(list.field(name)?, value)?])));
    let errors = properties.iter().filter_map(invalid).collect::<Map<_, _>>();
    if errors.is_empty() { Ok(()) } else { Err((400, Value::Object(errors))) }
}

fn problem(field: &Field, value: &Value) -> Option<String> {
    let unless = |is_valid: bool, message: &str| (!is_valid).then(|| message.to_owned());
    match &field.kind {
        _ if value.is_null() => unless(field.nullable, "This field may not be null."),
        FieldKind::Boolean => unless(value.is_boolean(), "Must be a valid boolean."),
        FieldKind::Number => unless(value.is_number(), "A valid number is required."),
        FieldKind::Integer { minimum, maximum } => match value.as_i64() {
            None => unless(false, "A valid integer is required."),
            Some(number) if number < *minimum => Some(format!("Ensure this value is greater than or equal to {minimum}.")),
            Some(number) if number > *maximum => Some(format!("Ensure this value is less than or equal to {maximum}.")),
            Some(_) => None,
        },
        FieldKind::Enum(values) => {
            let is_known = value.as_str().is_some_and(|text| values.contains(&text));
            (!is_known).then(|| format!("\"{}\" is not a valid choice.", value.as_str().unwrap_or(&value.to_string())))
        }
        FieldKind::Uuid => unless(value.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok()), "Must be a valid UUID."),
        FieldKind::Text | FieldKind::Date | FieldKind::DateTime => unless(value.is_string(), "Not a valid string."),
        FieldKind::Object(_) | FieldKind::List(_) | FieldKind::Map(_) | FieldKind::Union(_) | FieldKind::Any => None,
    }
}
