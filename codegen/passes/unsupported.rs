//! Rejects what the generator does not support, with the name of the operation or model: progenitor would panic, or its Rust would not
//! compile or would lack `paginate()`.

use std::borrow::{Borrow, Cow};

use openapiv3::{
    MediaType, ObjectType, OpenAPI, Operation, ReferenceOr, Schema, SchemaKind, StatusCode, StringFormat, Type, VariantOrUnknownOrEmpty,
};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::{Metadata, PAGING};
use crate::codegen::pointer::{child, to_component};
use crate::codegen::queries::{components, item_mut, operations, operations_mut, parameters, resolved};

const JSON: &str = "application/json";

/// Keeps only the JSON form of request bodies, and rejects operations whose requests or responses have none.
pub fn require_json(spec: &mut OpenAPI) -> Result<(), Diagnostic> {
    for (_, operation) in operations_mut(spec) {
        let body = operation.request_body.as_mut().and_then(item_mut);
        if let Some(body) = body.filter(|body| body.content.contains_key(JSON)) {
            body.content.retain(|kind, _| kind == JSON);
        }
    }
    for (pointer, operation) in operations(spec) {
        check_body(spec, &pointer, operation)?;
        check_responses(&pointer, operation)?;
    }
    Ok(())
}

fn unsupported(pointer: String, operation: &Operation, problem: &str) -> Diagnostic {
    let id = operation.operation_id.as_deref().unwrap_or("an operation without an id");
    let help = "remove the operation from `operations` in openapi/upstream.toml, and send it with an HTTP client";
    Diagnostic::new(pointer, format!("`{id}` is not supported: {problem}"), help)
}

fn check_body(spec: &OpenAPI, pointer: &str, operation: &Operation) -> Result<(), Diagnostic> {
    let Some(ReferenceOr::Item(body)) = &operation.request_body else { return Ok(()) };
    let pointer = child(&child(pointer, "requestBody"), "content");
    for (kind, media) in &body.content {
        if kind != JSON || has_files(spec, media) {
            return Err(unsupported(child(&pointer, kind), operation, "its request uploads files, or is not JSON"));
        }
    }
    Ok(())
}

/// Whether a request body has a property that is a file.
fn has_files(spec: &OpenAPI, media: &MediaType) -> bool {
    let properties = body(spec, media).map(|(_, object)| &object.properties).into_iter().flatten();
    properties.filter_map(|(_, property)| resolved(spec, property)).any(|property| {
        let binary = VariantOrUnknownOrEmpty::Item(StringFormat::Binary);
        matches!(&property.schema.schema_kind, SchemaKind::Type(Type::String(string)) if string.format == binary)
    })
}

/// The object schema of a body, and its component.
fn body<'a>(spec: &'a OpenAPI, media: &'a MediaType) -> Option<(Option<Cow<'a, str>>, &'a ObjectType)> {
    let body = resolved(spec, media.schema.as_ref()?)?;
    match &body.schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => Some((body.component, object)),
        _ => None,
    }
}

/// Records bodies with read-only properties. The type of a component is the same in requests and responses, so callers see these
/// properties, and have to set those that are required. Upstream has a separate component without them for each body.
pub fn note_read_only_bodies(spec: &OpenAPI, metadata: &mut Metadata) {
    for (_, operation) in operations(spec) {
        let media = operation.request_body.iter().filter_map(ReferenceOr::as_item).filter_map(|body| body.content.get(JSON));
        for (component, object) in media.filter_map(|media| body(spec, media)) {
            let is_read_only = |property: &ReferenceOr<Box<Schema>>| property.as_item().is_some_and(|schema| schema.schema_data.read_only);
            let properties = object.properties.iter().filter(|(_, property)| is_read_only(property)).map(|(name, _)| format!("`{name}`"));
            let properties = properties.collect::<Vec<_>>();
            if let (Some(component), false) = (component, properties.is_empty()) {
                metadata.read_only_in_bodies.insert(to_component("schemas", &component), properties);
            }
        }
    }
}

fn check_responses(pointer: &str, operation: &Operation) -> Result<(), Diagnostic> {
    let pointer = child(pointer, "responses");
    let mut first = None;
    for (status, response) in &operation.responses.responses {
        let is_success = matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2));
        let ReferenceOr::Item(response) = response else { continue };
        if !is_success {
            continue;
        }
        let pointer = child(&pointer, &status.to_string());
        if let Some(kind) = response.content.keys().find(|kind| *kind != JSON) {
            return Err(unsupported(child(&child(&pointer, "content"), kind), operation, "its response is not JSON"));
        }
        let schema = response.content.get(JSON).map(|media| &media.schema);
        if first.is_some_and(|first| first != schema) {
            return Err(unsupported(pointer, operation, "it has several kinds of success responses"));
        }
        first = Some(schema);
    }
    Ok(())
}

/// Checks models with aliases or defaults, and the pages of list operations.
///
/// # Errors
/// Fails if a component with aliases or defaults is nullable, or the `results` of a page are not an array of models.
pub fn reject(spec: &OpenAPI, metadata: &Metadata) -> Result<(), Diagnostic> {
    const NULLABLE: &str = "write `nullable: true` where the component is used: a fixup in codegen/passes/fixups.rs can move it there";
    let is_tolerant = |name: &String| metadata.tolerant_properties.iter().any(|property| property.component == *name);
    let pages = operations(spec).filter_map(|(_, operation)| page(spec, operation)).collect::<Vec<_>>();
    for (name, schema) in components(spec) {
        let pointer = metadata.pointer(name);
        let is_page = pages.contains(name);
        if schema.schema_data.nullable && (is_page || is_tolerant(name)) {
            let problem = if is_page { "the page of a list operation" } else { "a model with `x-aliases` or `x-default-when-absent`" };
            return Err(Diagnostic::new(child(&pointer, "nullable"), format!("{problem} cannot be nullable as a component"), NULLABLE));
        }
        if is_page && let Some(problem) = problem_of_rows(spec, schema) {
            let help = "a listing needs an array of models; neither the array nor its items may be nullable: add a fixup to codegen/passes/fixups.rs";
            return Err(Diagnostic::new(child(&child(&pointer, "properties"), "results"), problem, help));
        }
    }
    Ok(())
}

/// The component of the pages of a list operation.
fn page(spec: &OpenAPI, operation: &Operation) -> Option<String> {
    let is_list = PAGING.iter().all(|name| parameters(operation).any(|parameter| parameter.name == *name));
    let response = operation.responses.responses.get(&StatusCode::Code(200)).filter(|_| is_list)?.as_item()?;
    let page = resolved(spec, response.content.get(JSON)?.schema.as_ref()?)?;
    let SchemaKind::Type(Type::Object(object)) = &page.schema.schema_kind else { return None };
    let is_page = ["pagination", "results"].iter().all(|name| object.properties.contains_key(*name));
    page.component.filter(|_| is_page).map(Cow::into_owned)
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

/// Whether a schema is nullable, itself or in the component that it refers to.
fn is_nullable<T: Borrow<Schema>>(spec: &OpenAPI, schema: &ReferenceOr<T>) -> bool {
    let here = schema.as_item().is_some_and(|schema| schema.borrow().schema_data.nullable);
    here || resolved(spec, schema).is_some_and(|target| target.schema.schema_data.nullable)
}
