//! The filters of a query for records.

use serde_json::{Map, Value, json};

use super::{CustomFilter, Records, text_of};
use crate::compat::schema::FieldKind;
use crate::testing::list::ErrorResponse;
use crate::testing::query::Query;
use crate::testing::validator::Validator;

/// The filters of a query.
pub(super) struct Filter<'a> {
    custom: Vec<(&'a CustomFilter, &'a str)>,
    /// Values that properties must have; in an array, at least one item must have the value.
    equal: Vec<(&'static str, String)>,
    /// Lowercase words, each of which some string of the row must contain.
    words: Vec<String>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(query: &Query<'a>, records: &'a Records) -> Result<Self, ErrorResponse> {
        let list = records.list;
        let mut validator = Validator::new(query);
        let (mut custom, mut equal) = (Vec::new(), Vec::new());
        for (name, text) in list.filters.iter().filter_map(|name| Some((*name, query.get(name)?))) {
            match (records.filters.get(name), list.filtered(name)) {
                (Some(filter), _) => custom.push((filter, text)),
                (None, Some(field)) => equal.extend(value(&mut validator, name, &field.kind).map(|value| (field.name, value))),
                (None, None) => {
                    let detail = format!(
                        "The fake server does not know what the filter `{name}` of {} selects: the rows have no such property. Define it \
                         with `FakeAuthentikBuilder::filter`.",
                        list.id
                    );
                    return Err((501, json!({ "detail": detail })));
                }
            }
        }
        let words = validator.words()?;
        validator.check(Self { custom, equal, words })
    }

    pub(super) fn matches(&self, row: &Value) -> bool {
        let equal = self.equal.iter().all(|(property, wanted)| match row.get(property) {
            Some(Value::Array(items)) => items.iter().any(|item| text_of(item) == *wanted),
            Some(value) => text_of(value) == *wanted,
            None => false,
        });
        equal
            && self.custom.iter().all(|(filter, text)| filter(row, text))
            && self.words.iter().all(|word| texts(row).any(|text| text.to_lowercase().contains(word)))
    }
}

fn texts(row: &Value) -> impl Iterator<Item = &str> {
    row.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str)
}

/// The value of a filter as text, normalized according to the type of the property; `None` if it is invalid.
fn value(validator: &mut Validator<'_>, name: &str, kind: &FieldKind) -> Option<String> {
    match kind {
        FieldKind::Uuid => validator.uuid(name).map(|uuid| uuid.to_string()),
        FieldKind::Integer { .. } => validator.number::<i64>(name).map(|number| number.to_string()),
        FieldKind::Boolean => validator.flag(name).map(|flag| flag.to_string()),
        FieldKind::Enum(values) => validator.choice(name, values),
        FieldKind::List(items) => value(validator, name, items),
        _ => validator.query.get(name).map(str::to_owned),
    }
}
