//! What `x-listing` says of parameters and properties, which come, go and are renamed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Renamed, operations_mut};
use crate::document::step;

/// Something that was removed from `x-listing`, because the parameter or property that it names is gone.
pub struct Unlisted {
    /// JSON pointer of the `x-listing`.
    pub pointer: String,
    pub what: String,
}

/// Removes from `x-listing` what names a parameter or property that does not exist.
pub fn fit(slice: &mut Value, renamed: &[Renamed]) -> Vec<Unlisted> {
    fn properties(node: &Value, found: &mut BTreeSet<String>) {
        match node {
            Value::Object(map) => {
                found.extend(map.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned());
                map.values().for_each(|value| properties(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
            _ => {}
        }
    }
    let mut known = BTreeSet::new();
    properties(slice, &mut known);
    let current = |path: &str| {
        let part = |step: &str| match renamed.iter().find(|renamed| step.trim_end_matches("[]") == renamed.old) {
            Some(renamed) => step.replacen(&renamed.old, &renamed.new, 1),
            None => step.to_owned(),
        };
        path.split('.').map(part).collect::<Vec<_>>().join(".")
    };
    let is_known = |path: &str| path.split('.').all(|step| known.contains(step.trim_end_matches("[]")));
    let mut unlisted = Vec::new();
    for (at, operation) in operations_mut(slice) {
        let mut unlist = |what: String| unlisted.push(Unlisted { pointer: step(&at, "x-listing"), what });
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters = parameters.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect::<BTreeSet<_>>();
        let Some(listing) = operation.get_mut("x-listing").and_then(Value::as_object_mut) else { continue };
        if let Some(terms) = listing.get_mut("sort-terms").and_then(Value::as_object_mut) {
            for path in terms.values_mut() {
                *path = current(path.as_str().unwrap_or_default()).into();
            }
            let gone = terms.iter().filter(|(_, path)| !path.as_str().is_some_and(is_known)).map(|(term, _)| term.clone());
            for term in gone.collect::<Vec<_>>() {
                terms.remove(&term);
                unlist(format!("the sort term `{term}`"));
            }
        }
        if let Some(order) = listing.get("total-order").and_then(Value::as_str) {
            let (kept, gone) =
                order.split(',').partition::<Vec<_>, _>(|term| listing.get("sort-terms").is_some_and(|terms| terms.get(term).is_some()));
            gone.iter().for_each(|term| unlist(format!("`{term}` in its total order")));
            let kept = kept.join(",");
            if kept.is_empty() {
                listing.remove("total-order");
            } else {
                listing.insert("total-order".into(), kept.into());
            }
        }
        if let Some(partition) = listing.get_mut("partition").and_then(Value::as_object_mut) {
            let parameter = partition.get("parameter").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(paths) = partition.get_mut("found-in").and_then(Value::as_array_mut) {
                for path in paths.iter_mut() {
                    *path = current(path.as_str().unwrap_or_default()).into();
                }
                paths.retain(|path| path.as_str().is_some_and(is_known));
            }
            let has_values = partition.get("found-in").and_then(Value::as_array).is_some_and(|paths| !paths.is_empty());
            if !has_values || !parameters.contains(&parameter) {
                listing.remove("partition");
                unlist(format!("the partition by `{parameter}`"));
            }
        }
    }
    unlisted
}
