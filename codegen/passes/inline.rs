//! Parts that stand in `components` are put where they are used.

use openapiv3::{OpenAPI, ReferenceOr};

use crate::codegen::metadata::operations;

/// Puts parameters and answers that stand in `components` (as they do since 2025.10) where they are referred to.
pub fn inline_parts(spec: &mut OpenAPI) {
    let Some(components) = spec.components.clone() else { return };
    for (_, operation) in operations(spec) {
        for parameter in &mut operation.parameters {
            put_in_place(parameter, "#/components/parameters/", &components.parameters);
        }
        for response in operation.responses.responses.values_mut() {
            put_in_place(response, "#/components/responses/", &components.responses);
        }
    }
}

fn put_in_place<T: Clone>(part: &mut ReferenceOr<T>, prefix: &str, components: &indexmap::IndexMap<String, ReferenceOr<T>>) {
    if let ReferenceOr::Reference { reference } = part
        && let Some(component) = reference.strip_prefix(prefix).and_then(|name| components.get(name))
    {
        *part = component.clone();
    }
}
