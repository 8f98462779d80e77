//! Functions that copy annotations, and that find the parts of a slice that have them.

use serde_json::{Value, json};

use crate::document::child;
use crate::slice::METHODS;

/// A property that upstream renamed.
#[derive(PartialEq)]
pub struct Renamed {
    pub component: String,
    pub old: String,
    pub new: String,
}

/// Copies annotations from one node to another.
pub fn annotate(ours: &Value, to: &mut Value) {
    let is_ours = |key: &&String| ["description", "summary"].contains(&key.as_str()) || key.starts_with("x-");
    let annotations = ours.as_object().into_iter().flatten().filter(|(key, _)| is_ours(key)).collect::<Vec<_>>();
    if annotations.is_empty() || !to.is_object() {
        return;
    }
    if to.get("$ref").is_some() {
        // OpenAPI 3.0 ignores everything next to a `$ref`.
        *to = json!({ "allOf": [to.take()] });
    }
    for (key, value) in annotations {
        to[key] = value.clone();
    }
}

/// The other names of a property, from `x-aliases`.
pub fn aliases(property: &Value) -> impl Iterator<Item = &str> {
    property.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Every operation, with its JSON pointer.
pub fn operations_mut(slice: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    slice["paths"].as_object_mut().into_iter().flatten().flat_map(|(path, item)| {
        let at = child("#/paths", path);
        let parts = item.as_object_mut().into_iter().flatten().filter(|(key, _)| METHODS.contains(&key.as_str()));
        parts.map(move |(method, operation)| (child(&at, method), operation))
    })
}
