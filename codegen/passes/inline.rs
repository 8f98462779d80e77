//! Copies parameters and responses from `components` into the operations that use them, where all other passes expect them.

use indexmap::IndexMap;
use openapiv3::{OpenAPI, ReferenceOr};

use crate::codegen::pointer::component;
use crate::codegen::queries::operations_mut;

/// Inlines the parameters and responses that operations refer to. Upstream's operations have such references since 2025.10.
pub fn inline_parts(spec: &mut OpenAPI) {
    let Some(components) = spec.components.clone() else { return };
    for (_, operation) in operations_mut(spec) {
        operation.parameters.iter_mut().for_each(|parameter| inline(parameter, "parameters", &components.parameters));
        operation.responses.responses.values_mut().for_each(|response| inline(response, "responses", &components.responses));
    }
}

fn inline<T: Clone>(part: &mut ReferenceOr<T>, collection: &str, components: &IndexMap<String, ReferenceOr<T>>) {
    if let ReferenceOr::Reference { reference } = part
        && let Some(target) = component(reference, collection).and_then(|name| components.get(name.as_ref()))
    {
        *part = target.clone();
    }
}
