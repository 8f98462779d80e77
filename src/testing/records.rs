//! The rows of any list operation, with filters, order and keys derived from the specification.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use fnv::FnvHasher;
use serde::Serialize;
use serde_json::{Map, Value};

use super::collation::Collation;
use super::list::{ErrorResponse, OrderRules, Table};
use super::query::Query;
use super::release::Release;
use super::{generate, validator};
use crate::compat::schema::{Field, FieldKind, ListSchema, ObjectSchema};

mod filter;

use filter::Filter;

/// Whether a filter with this value selects a row.
pub(super) type CustomFilter = Box<dyn Fn(&Value, &str) -> bool + Send + Sync>;

/// The rows of one list operation of a [`FakeAuthentik`](super::FakeAuthentik), in the order of insertion.
pub struct Records {
    pub(super) list: &'static ListSchema,
    rows: Vec<Value>,
    /// Terms of `ordering` that the server sorts by.
    pub(super) sort_terms: Vec<&'static str>,
    /// The terms that identify a row.
    key: Vec<&'static str>,
    pub(super) collation: Collation,
    /// Filters that the test defined, by parameter.
    filters: BTreeMap<String, CustomFilter>,
    /// The number of changes so far.
    revision: u64,
    /// The number of rows ever added, so that no generated key is used twice.
    made: usize,
}

impl Records {
    pub(super) fn new(list: &'static ListSchema) -> Self {
        let scalars = list.row().into_iter().flat_map(|row| row.fields).filter(|field| is_scalar(&field.kind)).map(|field| field.name);
        Self {
            list,
            rows: Vec::new(),
            sort_terms: list.key_terms().chain(scalars).collect(),
            key: list.key_terms().collect(),
            collation: Collation::default(),
            filters: BTreeMap::new(),
            revision: 0,
            made: 0,
        }
    }

    /// Every row.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.rows.iter()
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds generated rows, with keys that no other generated row has or had. The same calls give the same rows.
    pub fn generate(&mut self, count: usize) {
        for _ in 0..count {
            let row = self.sample();
            self.push(row);
        }
    }

    /// Adds a row: a model, or a JSON object. Required properties that it lacks are generated.
    ///
    /// # Errors
    /// The row is not an object.
    pub fn insert(&mut self, row: impl Serialize) -> Result<(), serde_json::Error> {
        let given = serde_json::from_value(serde_json::to_value(row)?)?;
        self.complete(given);
        Ok(())
    }

    /// Removes and returns the row with this key, as in the path of a request: a primary key, or a property such as `slug`.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let row = self.find(key)?;
        self.revision += 1;
        Some(self.rows.remove(row))
    }

    /// Changes properties of the row with this key (see [`remove`](Self::remove)), and returns the row.
    pub fn update(&mut self, key: &str, changes: &Map<String, Value>) -> Option<&Value> {
        let row = self.find(key)?;
        self.extend(row, changes.clone());
        self.rows.get(row)
    }

    fn extend(&mut self, row: usize, changes: Map<String, Value>) {
        self.revision += 1;
        if let Some(row) = self.rows.get_mut(row).and_then(Value::as_object_mut) {
            row.extend(changes);
        }
    }

    /// Adds a row, with generated values for the required properties that it lacks.
    fn complete(&mut self, given: Map<String, Value>) {
        let mut row = self.sample();
        row.retain(|name, _| self.list.field(name).is_some_and(|field| field.required));
        row.extend(given);
        self.push(row);
    }

    pub(super) fn define_filter(&mut self, parameter: &str, filter: CustomFilter) -> Result<(), String> {
        if !self.list.filters.contains(&parameter) {
            return Err(format!("`{parameter}` is not a filter of `{}`; it has {}", self.list.id, self.list.filters.join(", ")));
        }
        self.filters.insert(parameter.to_owned(), filter);
        Ok(())
    }

    fn sample(&mut self) -> Map<String, Value> {
        self.made += 1;
        generate::row(self.list, self.made)
    }

    fn push(&mut self, row: Map<String, Value>) {
        self.revision += 1;
        self.rows.push(Value::Object(row));
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("operation", &self.list.id).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Table for Records {
    fn id(&self) -> &'static str {
        self.list.id
    }

    fn path(&self) -> &'static str {
        self.list.path
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn select(&self, query: &Query<'_>) -> Result<Vec<usize>, ErrorResponse> {
        let filter = Filter::new(query, self)?;
        Ok(self.rows.iter().enumerate().filter(|(_, row)| filter.matches(row)).map(|(index, _)| index).collect())
    }

    fn scatter(&self, row: usize) -> u128 {
        let mut hasher = FnvHasher::default();
        self.rows.get(row).hash(&mut hasher);
        hasher.finish().into()
    }

    fn compare(&self, a: usize, b: usize, term: &str) -> Ordering {
        let property = self.list.key.iter().find(|(name, _)| *name == term).map_or(term, |(_, property)| property);
        let value = |row: usize| self.rows.get(row).and_then(|row| property_of(row, property)).unwrap_or(&Value::Null);
        let is_text = self.list.field(property).is_none_or(|field| matches!(field.kind, FieldKind::Text | FieldKind::Enum(_)));
        compare(value(a), value(b), if is_text { self.collation } else { Collation::CodePoint })
    }

    fn order_rules(&self, release: Release) -> OrderRules<'_> {
        let default_order = if release.breaks_ties() { self.key.as_slice() } else { &[] };
        OrderRules { default_order, sort_terms: &self.sort_terms, conflicting_terms: &[], key: &self.key }
    }

    fn find(&self, key: &str) -> Option<usize> {
        let property = self.list.lookup_property()?;
        self.rows.iter().position(|row| property_of(row, property).is_some_and(|value| text_of(value) == key))
    }

    fn get(&self, row: usize, _: Release) -> Option<Value> {
        self.rows.get(row).cloned()
    }

    fn create(&mut self, properties: Map<String, Value>) -> Result<usize, ErrorResponse> {
        validator::check_body(self.list, &properties)?;
        self.complete(properties);
        Ok(self.rows.len() - 1)
    }

    fn change(&mut self, row: usize, changes: Map<String, Value>) -> Result<(), ErrorResponse> {
        validator::check_body(self.list, &changes)?;
        self.extend(row, changes);
        Ok(())
    }

    fn delete(&mut self, row: usize) {
        self.revision += 1;
        self.rows.remove(row);
    }
}

/// Compares like PostgreSQL: null sorts last.
fn compare(a: &Value, b: &Value, collation: Collation) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => collation.compare(a, b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default()),
        },
        (a, b) => a.is_null().cmp(&b.is_null()),
    }
}

/// The value at a path such as `stage_obj.name`.
fn property_of<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(row, |value, name| value.get(name))
}

/// A scalar as written in a path or a query.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_scalar(kind: &FieldKind) -> bool {
    !matches!(kind, FieldKind::Object(_) | FieldKind::List(_) | FieldKind::Map(_) | FieldKind::Union(_) | FieldKind::Any)
}

impl ListSchema {
    /// The schema of a row.
    pub(super) fn row(&self) -> Option<&'static ObjectSchema> {
        match self.page.fields.iter().find(|field| field.name == "results")?.kind {
            FieldKind::List(FieldKind::Object(row)) => Some(row),
            _ => None,
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.row()?.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn key_terms(&self) -> impl Iterator<Item = &'static str> {
        self.key.iter().map(|(term, _)| *term)
    }

    /// The property by which the path parameter selects a row: the property with that name, otherwise the key.
    fn lookup_property(&self) -> Option<&'static str> {
        let named = self.lookup.and_then(|name| self.field(name)).map(|field| field.name);
        named.or_else(|| self.key.first().map(|(_, property)| *property))
    }

    /// The property that a filter compares: the property with the same name or, for the path parameter, the one that it selects rows by.
    fn filtered(&self, filter: &str) -> Option<&'static Field> {
        let field = self.field(filter).filter(|field| is_scalar(&field.kind) || matches!(field.kind, FieldKind::List(_)));
        field.or_else(|| self.field(self.lookup_property()?).filter(|_| self.lookup == Some(filter)))
    }
}
