//! Random responses: values that a schema allows.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// How many nested references a random response follows. A schema whose every value is nested more deeply gets no response.
const DEEPEST: usize = 7;

/// A random value that a schema allows, or `None` if every value would be nested too deeply.
pub fn response(schema: &Value, slice: &Value, depth: usize, rng: &mut Rng) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return response(slice.pointer(&reference[1..]).unwrap(), slice, depth + 1, rng);
    }
    let inside = |schema: &Value, rng: &mut Rng| response(schema, slice, depth, rng);
    if schema["nullable"] == true && rng.u8(..4) == 0 {
        return Some(Value::Null);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut all = parts.iter().map(|part| inside(part, rng)).collect::<Option<Vec<_>>>()?;
        if all.len() == 1 {
            return all.pop();
        }
        let objects = all.into_iter().map(|part| part.as_object().cloned()).collect::<Option<Vec<_>>>()?;
        return Some(objects.into_iter().flatten().collect());
    }
    for union in ["oneOf", "anyOf"] {
        if let Some(parts) = schema[union].as_array() {
            return inside(&parts[rng.usize(..parts.len())], rng);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return Some(values[rng.usize(..values.len())].clone());
    }
    Some(match schema["type"].as_str() {
        Some("string") => match schema["format"].as_str() {
            Some("uuid") => json!(uuid(rng)),
            _ => json!((0..rng.usize(1..5)).map(|_| rng.lowercase()).collect::<String>()),
        },
        Some("integer") => {
            // An `f64` represents integers up to 2^53 exactly, but serde_json is off by one when it parses the longest of them.
            const EXACT: i64 = 1 << 48;
            let widest = if schema["format"] == "int32" { (i32::MIN.into(), i32::MAX.into()) } else { (-EXACT, EXACT) };
            let (low, high) = (schema["minimum"].as_i64().unwrap_or(widest.0), schema["maximum"].as_i64().unwrap_or(widest.1));
            json!(rng.i64(low..=high))
        }
        // Multiples of 1/8 are exact in binary and in decimal. Not every parser round-trips numbers with more digits.
        Some("number") if schema["format"] == "float" => json!(f64::from(rng.u16(..)) / 8.0),
        Some("number") => json!(f64::from(rng.u32(..)) / 8.0),
        Some("boolean") => json!(rng.bool()),
        Some("array") => (0..rng.usize(..3)).map_while(|_| inside(&schema["items"], rng)).collect(),
        _ => return object(schema, slice, depth, rng),
    })
}

fn object(schema: &Value, slice: &Value, depth: usize, rng: &mut Rng) -> Option<Value> {
    let mut object = Map::new();
    // Servers send page numbers and counts as integers, even if the schema says `number`.
    let counts = schema["properties"].get("total_pages").is_some();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        if required || rng.bool() {
            let counter = counts && ["number", "integer"].contains(&property["type"].as_str().unwrap_or_default());
            let value = if counter { Some(json!(rng.u16(..))) } else { response(property, slice, depth, rng) };
            match value {
                Some(value) => _ = object.insert(name.clone(), value),
                None if required => return None,
                None => {}
            }
        }
    }
    if schema["additionalProperties"].is_object() {
        let any = schema["additionalProperties"].as_object().unwrap().is_empty();
        for index in 0..rng.usize(..3) {
            let value = if any { Some(json!([1, "a"])) } else { response(&schema["additionalProperties"], slice, depth, rng) };
            object.extend(value.map(|value| (format!("other{index}"), value)));
        }
    }
    Some(object.into())
}

fn uuid(rng: &mut Rng) -> String {
    let hex = format!("{:032x}", rng.u128(..));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
