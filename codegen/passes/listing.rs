//! Reads and checks `x-listing`, which says how the rows of a list operation are identified and sorted.

use std::collections::BTreeMap;

use openapiv3::{OpenAPI, Operation};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::{Listing, Metadata, PAGING, Partition};
use crate::codegen::pointer::child;
use crate::codegen::queries::{operations_mut, parameters};
use crate::codegen::shapes::{Field, Kind, Shape, lists};

/// Reads the `x-listing` of every list operation and removes it from the document. If no key is declared, it is derived from the rows.
pub fn read_listings(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<(), Diagnostic> {
    let rows = lists(spec, &metadata.shapes).map(|list| (list.id.to_owned(), list.row)).collect::<BTreeMap<_, _>>();
    for (pointer, operation) in operations_mut(spec) {
        // progenitor reports an operation without an id.
        let Some(id) = operation.operation_id.clone() else { continue };
        let declared = operation.extensions.shift_remove("x-listing");
        let at = child(&pointer, "x-listing");
        let has_pages = PAGING.iter().all(|name| parameters(operation).any(|data| data.name == *name));
        let Some(row) = rows.get(&id).filter(|_| has_pages).and_then(|row| metadata.shapes.get(row)) else {
            if declared.is_some() {
                let help = "remove it, or correct the operation: a list has the parameters `page`, `page_size` and `ordering`, and its pages \
                            have `pagination` and `results`, which are objects";
                return Err(Diagnostic::new(at, "the operation is not a list", help));
            }
            continue;
        };
        let mut listing: Listing = serde_json::from_value(declared.unwrap_or_else(|| serde_json::json!({}))).map_err(|error| {
            let help =
                "the allowed keys are `key`, `total-order`, `sort-terms`, `partition` and `version-markers`: see `Listing` in codegen/metadata.rs";
            Diagnostic::new(&at, error.to_string(), help)
        })?;
        fill_defaults(&mut listing, row);
        check_listing(&listing, operation, row, &metadata.shapes)
            .map_err(|problem| Diagnostic::new(&at, problem, "use only parameters of the operation and properties of its rows"))?;
        if !listing.has_key() {
            metadata.without_key.push(pointer);
        }
        metadata.listings.insert(id, listing);
    }
    Ok(())
}

/// Adds the defaults.
fn fill_defaults(listing: &mut Listing, row: &Shape) {
    if listing.key.is_empty() {
        listing.key.extend(found_key(row).map(|field| field.name.clone()));
    }
    for term in &listing.key {
        listing.sort_terms.entry(term.clone()).or_insert_with(|| term.clone());
    }
    if listing.total_order.is_empty() {
        listing.total_order = listing.key.join(",");
    }
}

/// The property that identifies a row, found by the names that upstream uses for primary keys.
fn found_key(row: &Shape) -> Option<&Field> {
    let is_key = |field: &&Field| matches!(field.kind, Kind::Uuid | Kind::Integer { .. } | Kind::Text);
    let find = |matches: &dyn Fn(&str) -> bool| row.fields.iter().filter(is_key).find(|field| matches(&field.name));
    let names = ["pk", "uuid", "id", "aaguid"].iter().find_map(|key| find(&|name| name == *key));
    names.or_else(|| ["_uuid", "_pk"].iter().find_map(|suffix| find(&|name| name.ends_with(suffix))))
}

/// Checks that all parameters and properties that a listing names exist, so that the generated Rust compiles.
fn check_listing(listing: &Listing, operation: &Operation, row: &Shape, shapes: &BTreeMap<String, Shape>) -> Result<(), String> {
    let paths = listing.sort_terms.values().chain(listing.partition.iter().flat_map(|partition| &partition.found_in));
    for path in paths {
        let known = |step: &str| shapes.values().any(|shape| shape.fields.iter().any(|field| field.name == step));
        if let Some(unknown) = path.split('.').find(|step| !known(step.trim_end_matches("[]"))) {
            return Err(format!("unknown property `{unknown}` in the path `{path}`"));
        }
        if path.matches("[]").count() > 1 {
            return Err(format!("the path `{path}` contains more than one `[]`"));
        }
    }
    for (term, path) in listing.key_terms() {
        let kind = row.fields.iter().find(|field| field.name == *path).map(|field| &field.kind);
        if !matches!(kind, Some(Kind::Uuid | Kind::Integer { .. } | Kind::Text)) {
            return Err(format!("`key` contains `{term}`, but `{path}` is not a UUID, integer or text of the row"));
        }
    }
    if let Some(term) = listing.total_order.split(',').find(|term| !term.is_empty() && !listing.sort_terms.contains_key(*term)) {
        return Err(format!("`total-order` contains `{term}`, which is not in `sort-terms`"));
    }
    match &listing.partition {
        Some(Partition { parameter, .. }) if !parameters(operation).any(|data| data.name == *parameter) => {
            Err(format!("`partition` names `{parameter}`, which is not a parameter"))
        }
        _ => Ok(()),
    }
}
