//! `x-listing`: how the rows of a list operation are sorted and told apart.

use std::collections::BTreeMap;

use openapiv3::{OpenAPI, Operation};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::{Listing, Metadata, Partition};
use crate::codegen::pointer::step;
use crate::codegen::shapes::Shape;
use crate::codegen::spec::{operations_mut, parameters};

/// Reads `x-listing`, and removes it from the document.
pub fn read_listings(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<(), Diagnostic> {
    for (pointer, operation) in operations_mut(spec) {
        let Some(listing) = operation.extensions.shift_remove("x-listing") else { continue };
        let pointer = step(&pointer, "x-listing");
        let listing: Listing = serde_json::from_value(listing).map_err(|error| {
            let help = "its keys are `total-order`, `sort-terms`, `partition` and `version-markers`: see `Listing` in codegen/metadata.rs";
            Diagnostic::new(&pointer, error.to_string(), help)
        })?;
        check_listing(&listing, operation, &metadata.shapes)
            .map_err(|problem| Diagnostic::new(&pointer, problem, "name parameters of the operation, and properties of its rows"))?;
        metadata.listings.insert(operation.operation_id.clone().unwrap_or_default(), listing);
    }
    Ok(())
}

/// Checks that everything the listing names exists, so that the generated Rust compiles.
fn check_listing(listing: &Listing, operation: &Operation, shapes: &BTreeMap<String, Shape>) -> Result<(), String> {
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
    if let Some(term) = listing.total_order.split(',').find(|term| !listing.sort_terms.contains_key(*term)) {
        return Err(format!("`total-order` contains `{term}`, which is not in `sort-terms`"));
    }
    match &listing.partition {
        Some(Partition { parameter, .. }) if !parameters(operation).any(|data| data.name == *parameter) => {
            Err(format!("`partition` names `{parameter}`, which is not a parameter"))
        }
        _ => Ok(()),
    }
}
