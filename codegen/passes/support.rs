//! What the generator cannot express. progenitor accepts it, but the Rust would not compile, or would lack `paginate()`.

use std::borrow::Borrow;

use openapiv3::{OpenAPI, Operation, ReferenceOr, Schema, SchemaKind, StatusCode, Type};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::Metadata;
use crate::codegen::pointer::step;
use crate::codegen::spec::{components, operations, parameters, resolved};

/// The parameters that make an operation a paginated list.
const OF_LISTS: [&str; 3] = ["ordering", "page", "page_size"];

/// Checks models with annotations, and the pages of list operations.
///
/// # Errors
/// A model with aliases or defaults is nullable as a component, or a page does not have an array of models.
pub fn check_support(spec: &OpenAPI, metadata: &Metadata) -> Result<(), Diagnostic> {
    const NULLABLE: &str = "write `nullable: true` where the component is used: a fixup in codegen/passes/fixups.rs can move it there";
    let has_annotations = |name: &String| metadata.tolerant_properties.iter().any(|property| property.component == *name);
    let pages = operations(spec).filter_map(|(_, operation)| page(spec, operation)).collect::<Vec<_>>();
    for (name, schema) in components(spec) {
        let pointer = metadata.pointer(name);
        let is_page = pages.contains(name);
        if schema.schema_data.nullable && (is_page || has_annotations(name)) {
            let problem = if is_page { "the page of a list operation" } else { "a model with `x-aliases` or `x-default-when-absent`" };
            return Err(Diagnostic::new(step(&pointer, "nullable"), format!("{problem} cannot be nullable as a component"), NULLABLE));
        }
        if is_page && let Some(problem) = problem_of_rows(spec, schema) {
            let help = "a listing needs an array of models, neither nullable: write a fixup in codegen/passes/fixups.rs that makes it one";
            return Err(Diagnostic::new(step(&step(&pointer, "properties"), "results"), problem, help));
        }
    }
    Ok(())
}

/// The component of the pages of a list operation.
fn page(spec: &OpenAPI, operation: &Operation) -> Option<String> {
    let is_list = OF_LISTS.iter().all(|name| parameters(operation).any(|parameter| parameter.name == *name));
    let response = operation.responses.responses.get(&StatusCode::Code(200)).filter(|_| is_list)?.as_item()?;
    let page = resolved(spec, response.content.get("application/json")?.schema.as_ref()?)?;
    let SchemaKind::Type(Type::Object(object)) = &page.schema.schema_kind else { return None };
    let is_page = ["pagination", "results"].iter().all(|name| object.properties.contains_key(*name));
    page.component.filter(|_| is_page).map(std::borrow::Cow::into_owned)
}

/// Why the `results` of a page cannot be listed.
fn problem_of_rows(spec: &OpenAPI, page: &Schema) -> Option<&'static str> {
    let SchemaKind::Type(Type::Object(object)) = &page.schema_kind else { return None };
    let results = object.properties.get("results")?;
    if is_nullable(spec, results) {
        return Some("`results` of a page cannot be nullable");
    }
    let SchemaKind::Type(Type::Array(array)) = &resolved(spec, results)?.schema.schema_kind else {
        return Some("`results` of a page is not an array");
    };
    match &array.items {
        Some(items) if is_nullable(spec, items) => Some("the rows of a page cannot be nullable"),
        _ => None,
    }
}

/// Whether a schema is nullable at its place or as a component.
fn is_nullable<T: Borrow<Schema>>(spec: &OpenAPI, schema: &ReferenceOr<T>) -> bool {
    let here = schema.as_item().is_some_and(|schema| schema.borrow().schema_data.nullable);
    here || resolved(spec, schema).is_some_and(|target| target.schema.schema_data.nullable)
}
