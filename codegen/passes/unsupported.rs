//! Operations that the client cannot send or read, reported by name before progenitor panics on them.

use openapiv3::{MediaType, OpenAPI, Operation, ReferenceOr, SchemaKind, StatusCode, StringFormat, Type, VariantOrUnknownOrEmpty};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::pointer::step;
use crate::codegen::spec::{item_mut, operations, operations_mut, resolved};

const JSON: &str = "application/json";

/// Takes the JSON of request bodies that servers accept in several formats, and rejects operations that have no JSON to send or read.
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
    let pointer = step(&step(pointer, "requestBody"), "content");
    for (kind, media) in &body.content {
        if kind != JSON || has_files(spec, media) {
            return Err(unsupported(step(&pointer, kind), operation, "its request uploads files, or is not JSON"));
        }
    }
    Ok(())
}

/// Whether a property of a body is a file.
fn has_files(spec: &OpenAPI, media: &MediaType) -> bool {
    let body = media.schema.as_ref().and_then(|schema| resolved(spec, schema));
    let properties = body.and_then(|body| match &body.schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => Some(&object.properties),
        _ => None,
    });
    properties.into_iter().flat_map(|properties| properties.values()).filter_map(|property| resolved(spec, property)).any(|property| {
        let binary = VariantOrUnknownOrEmpty::Item(StringFormat::Binary);
        matches!(&property.schema.schema_kind, SchemaKind::Type(Type::String(string)) if string.format == binary)
    })
}

fn check_responses(pointer: &str, operation: &Operation) -> Result<(), Diagnostic> {
    let pointer = step(pointer, "responses");
    let mut first = None;
    for (status, response) in &operation.responses.responses {
        let is_success = matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2));
        let ReferenceOr::Item(response) = response else { continue };
        if !is_success {
            continue;
        }
        let pointer = step(&pointer, &status.to_string());
        if let Some(kind) = response.content.keys().find(|kind| *kind != JSON) {
            return Err(unsupported(step(&step(&pointer, "content"), kind), operation, "its response is not JSON"));
        }
        let schema = response.content.get(JSON).map(|media| &media.schema);
        if first.is_some_and(|first| first != schema) {
            return Err(unsupported(pointer, operation, "it has several kinds of success responses"));
        }
        first = Some(schema);
    }
    Ok(())
}
