//! Random responses, generated from a schema.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::releases::PAGE;

/// Which optional fields to generate.
#[derive(Clone, Copy, PartialEq)]
pub enum Optional {
    All,
    None,
    Some,
}

/// Generates random values that match a schema.
pub struct Generator<'a> {
    pub spec: &'a Value,
    pub rng: Rng,
    pub optional: Optional,
    /// Whether to add an unknown field to each object.
    pub extra: bool,
}

impl Generator<'_> {
    pub fn value(&mut self, schema: &Value) -> Value {
        if let Some(target) = schema["$ref"].as_str() {
            return self.value(&self.spec.pointer(target.trim_start_matches('#')).unwrap().clone());
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.value(&parts[0].clone());
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[self.rng.usize(..values.len())].clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => (0..self.rng.usize(..4)).map(|_| self.value(&schema["items"])).collect(),
            Some("boolean") => self.rng.bool().into(),
            Some("number") => match self.rng.u8(..3) {
                0 => json!(f64::from(self.rng.u32(..))),
                1 => json!(self.rng.u64(..1 << 53)),
                _ => json!(self.rng.u32(..50)),
            },
            Some("integer") => match self.rng.u8(..3) {
                0 => schema.get("minimum").cloned().unwrap_or(json!(0)),
                1 => schema.get("maximum").cloned().unwrap_or(json!(i64::MAX)),
                _ => json!(self.rng.i32(..)),
            },
            _ if schema["format"] == "uuid" => json!(uuid::Uuid::from_u128(self.rng.u128(..))),
            _ => (0..self.rng.usize(..12)).map(|_| self.rng.char(..)).collect::<String>().into(),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let required: Vec<_> = schema["required"].as_array().cloned().unwrap_or_default();
        let mut object = Map::new();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = match self.optional {
                Optional::All => true,
                Optional::None => false,
                Optional::Some => self.rng.bool(),
            };
            if wanted || required.iter().any(|required| required == name) {
                object.insert(name.clone(), self.value(schema));
            }
        }
        if self.extra {
            object.insert("x_unknown_field".into(), json!({"a": [1, null, "b"]}));
        }
        object.into()
    }
}

/// One page with every field of the schema, and with enough rows for every enum value to occur.
pub fn full_page(spec: &Value, seed: u64) -> Value {
    let mut generator = Generator { spec, rng: Rng::with_seed(seed), optional: Optional::All, extra: false };
    let mut rows: Vec<Value> = (0..40).map(|_| generator.value(&spec["components"]["schemas"]["FlowStageBinding"])).collect();
    rows.sort_by_key(|row| (row["order"].as_i64(), row["pk"].as_str().map(str::to_owned)));
    let pagination = json!({"next": 0, "previous": 0, "count": 40, "current": 1, "total_pages": 1, "start_index": 1, "end_index": 40});
    let mut page = json!({"pagination": pagination, "results": rows});
    if spec["components"]["schemas"][PAGE]["properties"].get("autocomplete").is_some() {
        page["autocomplete"] = json!({"stage": ["a"]});
    }
    page
}

/// A response with up to three changes: a byte is replaced or inserted, or the end is cut off.
pub fn damaged(spec: &Value, seed: u64) -> Vec<u8> {
    let mut generator = Generator { spec, rng: Rng::with_seed(seed), optional: Optional::Some, extra: false };
    let mut bytes = serde_json::to_vec(&generator.value(&spec["components"]["schemas"][PAGE])).unwrap();
    let mut rng = Rng::with_seed(seed);
    for _ in 0..rng.usize(..4) {
        let place = rng.usize(..bytes.len());
        match rng.u8(..3) {
            0 => bytes[place] = rng.u8(..),
            1 => bytes.truncate(place.max(1)),
            _ => bytes.insert(place, rng.u8(..)),
        }
    }
    bytes
}
