//! Generates rows from the specification.

use std::hash::Hasher;

use fastrand::Rng;
use fnv::FnvHasher;
use serde_json::{Map, Value, json};

use crate::compat::schema::{Field, FieldKind, ListSchema, ObjectSchema};

/// The depth of nesting below which generated objects have only their required properties.
const MAX_DEPTH: u32 = 3;

/// Generates row `number` of a list. The same number gives the same row, and no two numbers give the same key.
pub(super) fn row(list: &ListSchema, number: usize) -> Map<String, Value> {
    let mut seed = FnvHasher::with_key(number as u64);
    seed.write(list.id.as_bytes());
    let mut sampler = Sampler { number, rng: Rng::with_seed(seed.finish()) };
    let mut row = list.row().map(|schema| sampler.object(schema, 0)).unwrap_or_default();
    for (_, property) in list.key {
        // Keys are unique and never null, even if the specification allows it.
        if let Some(field) = list.field(property) {
            row.insert(field.name.to_owned(), sampler.key(&field.kind, field.name));
        }
    }
    row
}

struct Sampler {
    number: usize,
    rng: Rng,
}

impl Sampler {
    fn object(&mut self, schema: &ObjectSchema, depth: u32) -> Map<String, Value> {
        let fields = schema.fields.iter().filter(|field| field.required || depth <= MAX_DEPTH);
        fields.map(|field| (field.name.to_owned(), self.field(field, depth))).collect()
    }

    fn field(&mut self, field: &Field, depth: u32) -> Value {
        let is_null = field.nullable && (depth > MAX_DEPTH || self.rng.u8(..4) == 0);
        if is_null { Value::Null } else { self.value(&field.kind, field.name, depth) }
    }

    fn value(&mut self, kind: &FieldKind, name: &str, depth: u32) -> Value {
        match kind {
            FieldKind::Object(schema) => Value::Object(self.object(schema, depth + 1)),
            FieldKind::List(_) | FieldKind::Map(_) if depth > MAX_DEPTH => match kind {
                FieldKind::List(_) => json!([]),
                _ => json!({}),
            },
            FieldKind::List(items) => (0..self.rng.usize(..3)).map(|_| self.value(items, name, depth + 1)).collect(),
            FieldKind::Map(values) => json!({ "key": self.value(values, name, depth + 1) }),
            FieldKind::Union(kinds) => match self.rng.choice(*kinds) {
                Some(kind) => self.value(kind, name, depth),
                None => Value::Null,
            },
            FieldKind::Enum(values) => json!(self.rng.choice(*values)),
            // Only a few different values, so that many rows are equal when sorted by them.
            FieldKind::Integer { minimum, maximum } => json!(self.rng.i64(..10).saturating_mul(10).clamp(*minimum, *maximum)),
            FieldKind::Number => json!(f64::from(self.rng.u16(..1_000)) / 4.0),
            FieldKind::Boolean => json!(self.rng.bool()),
            FieldKind::Uuid | FieldKind::Text | FieldKind::Any => self.key(kind, name),
            FieldKind::Date => json!(self.date()),
            FieldKind::DateTime => json!(self.date_time()),
        }
    }

    /// A unique value.
    fn key(&mut self, kind: &FieldKind, name: &str) -> Value {
        let number = self.number;
        match kind {
            FieldKind::Uuid => json!(uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid()),
            FieldKind::Integer { minimum, .. } => json!(i64::try_from(number).unwrap_or(i64::MAX).saturating_add((*minimum).max(1))),
            // Mixed case and punctuation, which collations sort differently.
            _ => match self.rng.u8(..3) {
                0 => json!(format!("{name}-{number}")),
                1 => json!(format!("{}{number}", name.to_uppercase())),
                _ => json!(format!("{number}_{name}")),
            },
        }
    }

    fn date(&mut self) -> String {
        format!("20{:02}-{:02}-{:02}", self.rng.u8(20..30), self.rng.u8(1..13), self.rng.u8(1..29))
    }

    /// Django writes microseconds, unless they are zero.
    fn date_time(&mut self) -> String {
        let microseconds = if self.rng.u8(..4) == 0 { String::new() } else { format!(".{:06}", self.rng.u32(1..1_000_000)) };
        let (date, rng) = (self.date(), &mut self.rng);
        format!("{date}T{:02}:{:02}:{:02}{microseconds}Z", rng.u8(..24), rng.u8(..60), rng.u8(..60))
    }
}
