//! Updates `x-listing` when upstream removes or renames the parameters and properties that it names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::copy::{aliases, operations_mut};
use crate::codegen::metadata::PAGING;
use crate::codegen::pointer::walk;
use crate::document::child;

/// An entry that was removed from `x-listing`, because its parameter or property no longer exists.
pub struct RemovedEntry {
    /// JSON pointer of the `x-listing`.
    pub pointer: String,
    /// What it was, to complete "`x-listing` no longer has".
    pub what: String,
}

/// Removes entries of `x-listing` whose parameter or property does not exist.
pub fn fit(slice: &mut Value) -> Vec<RemovedEntry> {
    let properties = Properties::of(slice);
    let mut removed_entries = Vec::new();
    for (at, operation) in operations_mut(slice) {
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters = parameters.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect::<BTreeSet<_>>();
        let pointer = child(&at, "x-listing");
        if let Some(missing) = PAGING.into_iter().find(|name| !parameters.contains(*name))
            && operation.as_object_mut().is_some_and(|operation| operation.remove("x-listing").is_some())
        {
            let what = format!("any entries (and the operation no longer has `paginate()`, which needs the parameter `{missing}`)");
            removed_entries.push(RemovedEntry { pointer, what });
            continue;
        }
        let Some(listing) = operation.get_mut("x-listing").and_then(Value::as_object_mut) else { continue };
        let removed = [fit_sort_terms(listing, &properties), fit_total_order(listing), fit_partition(listing, &properties, &parameters)];
        removed_entries.extend(removed.into_iter().flatten().map(|what| RemovedEntry { pointer: pointer.clone(), what }));
    }
    removed_entries
}

fn fit_sort_terms(listing: &mut Map<String, Value>, properties: &Properties) -> Vec<String> {
    let Some(terms) = listing.get_mut("sort-terms").and_then(Value::as_object_mut) else { return Vec::new() };
    let (kept, removed) = std::mem::take(terms).into_iter().partition::<Map<_, _>, _>(|(_, path)| properties.current(path).is_some());
    *terms = kept.into_iter().filter_map(|(term, path)| Some((term, properties.current(&path)?.into()))).collect();
    removed.keys().map(|term| format!("the sort term `{term}`")).collect()
}

fn fit_total_order(listing: &mut Map<String, Value>) -> Vec<String> {
    let terms = listing.get("sort-terms").and_then(Value::as_object);
    let (Some(order), Some(terms)) = (listing.get("total-order").and_then(Value::as_str), terms) else { return Vec::new() };
    let (kept, removed) = order.split(',').partition::<Vec<_>, _>(|term| terms.contains_key(*term));
    let removed = removed.iter().map(|term| format!("`{term}` in its total order")).collect();
    match kept.join(",") {
        kept if kept.is_empty() => listing.remove("total-order"),
        kept => listing.insert("total-order".into(), kept.into()),
    };
    removed
}

fn fit_partition(listing: &mut Map<String, Value>, properties: &Properties, parameters: &BTreeSet<String>) -> Vec<String> {
    let Some(partition) = listing.get_mut("partition").and_then(Value::as_object_mut) else { return Vec::new() };
    let parameter = partition.get("parameter").and_then(Value::as_str).unwrap_or_default().to_owned();
    let paths = partition.get("found-in").and_then(Value::as_array).into_iter().flatten();
    let paths = paths.filter_map(|path| properties.current(path)).collect::<Vec<_>>();
    if paths.is_empty() || !parameters.contains(&parameter) {
        listing.remove("partition");
        return vec![format!("the partition by `{parameter}`")];
    }
    partition.insert("found-in".into(), paths.into());
    Vec::new()
}

/// The properties of a slice by their names and aliases.
struct Properties(BTreeMap<String, String>);

impl Properties {
    fn of(slice: &Value) -> Self {
        let (mut names, mut aliased) = (BTreeMap::new(), BTreeMap::new());
        walk("", slice, &mut |_, node| {
            for (name, property) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
                names.insert(name.clone(), name.clone());
                aliased.extend(aliases(property).map(|alias| (alias.to_owned(), name.clone())));
            }
        });
        aliased.append(&mut names);
        Self(aliased)
    }

    /// A path such as `stage_obj.flow_set[].pk` with the current names of its properties; `None` if one of them no longer exists.
    fn current(&self, path: &Value) -> Option<String> {
        let part = |part: &str| {
            let name = self.0.get(part.trim_end_matches("[]"))?;
            Some(format!("{name}{}", if part.ends_with("[]") { "[]" } else { "" }))
        };
        path.as_str()?.split('.').map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join("."))
    }
}
