//! Annotations of parts that an unreleased sync removed from the checked-in slice.

use serde_json::{Map, Value};

/// Keys whose values are maps; the entries of these maps can have annotations.
const MAPS: [&str; 7] = ["paths", "properties", "schemas", "sort-terms", "x-enum-descriptions", "x-enum-labels", "x-listing"];

/// The checked-in slice with the parts of the released one that it lacks: a pre-release may have removed a property that the final release
/// has, or an upstream change may have been withdrawn. Where both have a part, the checked-in one counts.
pub fn with_parts_of(base: &Value, mut ours: Value) -> Value {
    fill(&mut ours, base, false);
    ours
}

fn fill(ours: &mut Value, base: &Value, is_map: bool) {
    match (ours, base) {
        (Value::Object(ours), Value::Object(base)) => fill_object(ours, base, is_map),
        // Parameters are identified by name and location.
        (Value::Array(ours), Value::Array(base)) => {
            let id = |parameter: &Value| Some((parameter.get("name")?.clone(), parameter.get("in")?.clone()));
            let missing = base
                .iter()
                .filter(|parameter| id(parameter).is_some_and(|id_in_base| !ours.iter().any(|ours| id(ours) == Some(id_in_base.clone()))));
            let missing = missing.cloned().collect::<Vec<_>>();
            ours.extend(missing);
            if base.iter().all(Value::is_string) {
                insert_in_order(ours, base);
            }
        }
        _ => {}
    }
}

/// Adds the enum values that `ours` lacks, each after the value that precedes it in `base`.
fn insert_in_order(ours: &mut Vec<Value>, base: &[Value]) {
    let mut next = 0;
    for value in base {
        let known = ours.iter().position(|known| known == value);
        let index = known.unwrap_or_else(|| {
            ours.insert(next, value.clone());
            next
        });
        next = index + 1;
    }
}

fn fill_object(ours: &mut Map<String, Value>, base: &Map<String, Value>, is_map: bool) {
    for (key, part) in base {
        // Inside a map, `properties` is the name of an entry, such as a property, and not the keyword.
        let holds_entries = MAPS.contains(&key.as_str()) && !(is_map && key == "properties");
        match ours.get_mut(key) {
            // An earlier sync may have shortened the ordering.
            Some(ours) if key == "total-order" && is_shortened(ours, part) => *ours = part.clone(),
            Some(ours) => fill(ours, part, holds_entries),
            None if is_map => _ = ours.insert(key.clone(), part.clone()),
            None => {}
        }
    }
}

/// Whether each term of an ordering is also in a longer one.
fn is_shortened(order: &Value, longer: &Value) -> bool {
    let terms = |order: &Value| order.as_str().unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>();
    let longer = terms(longer);
    terms(order).iter().all(|term| longer.contains(term))
}
