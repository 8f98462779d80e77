//! Runs progenitor, which panics on many constructs that it does not support, and finds the part of the document that it failed on.

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

use ::progenitor::{GenerationSettings, Generator, InterfaceStyle, TypeImpl};
use heck::ToUpperCamelCase;
use indexmap::IndexMap;
use openapiv3::{Components, OpenAPI, Operation, PathItem, Paths, ReferenceOr, Schema};
use proc_macro2::TokenStream;
use quote::quote;

use super::diagnostic::Diagnostic;
use super::metadata::Metadata;
use super::pointer::{child, referenced_schemas, to_component};
use super::recursion::{infinite_schema, oversized_schema};

/// Generates the client, or reports the operation or component that progenitor cannot generate.
pub fn run(spec: &OpenAPI, metadata: &Metadata) -> Result<TokenStream, Diagnostic> {
    if let Some(component) = infinite_schema(spec) {
        return Err(Diagnostic::new(
            metadata.pointer(&component),
            "contains an `allOf` that merges the schema with itself infinitely",
            "refer to the component directly, without an `allOf` of several parts",
        ));
    }
    if let Some(component) = oversized_schema(spec) {
        return Err(Diagnostic::new(
            metadata.pointer(&component),
            "its `allOf` combines too many schemas",
            "declare the properties in one schema: an `allOf` may combine 64 schemas, directly and through other components",
        ));
    }
    let settings = settings(metadata);
    generate(&settings, spec).map_err(|problem| {
        Diagnostic::new(
            culprit(&settings, spec),
            format!("progenitor cannot generate this: {problem}"),
            "simplify the construct in the document, or add a fixup to codegen/passes/fixups.rs",
        )
    })
}

fn settings(metadata: &Metadata) -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_inner_type(quote!(::std::sync::Arc<crate::transport::Settings>))
        .with_derive("PartialEq");
    let impls = || [TypeImpl::Display, TypeImpl::FromStr].into_iter();
    for open_enum in &metadata.enums {
        settings.with_replacement(open_enum.component.to_upper_camel_case(), format!("crate::types::{}", open_enum.name), impls());
    }
    for own_type in &metadata.own_types {
        settings.with_replacement(own_type, format!("crate::{own_type}"), impls());
    }
    settings
}

fn generate(settings: &GenerationSettings, spec: &OpenAPI) -> Result<TokenStream, String> {
    /// The panic hook is global, so only one run at a time may replace it.
    static PANIC_HOOK: Mutex<()> = Mutex::new(());
    let _guard = PANIC_HOOK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);

    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| Generator::new(settings).generate_tokens(spec)));
    panic::set_hook(hook);

    let problem = match outcome {
        Ok(Ok(tokens)) => return Ok(tokens),
        Ok(Err(error)) => error.to_string(),
        Err(payload) => payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "panicked without a message".into()),
    };
    // The remaining lines dump the whole schema.
    Err(problem.lines().next().unwrap_or_default().to_owned())
}

/// The pointer of the smallest part of the document that fails by itself.
fn culprit(settings: &GenerationSettings, spec: &OpenAPI) -> String {
    let fails = |part: &OpenAPI| generate(settings, part).is_err();
    failing_schema(spec, &fails).or_else(|| failing_operation(spec, &fails)).unwrap_or_else(|| "#".into())
}

fn failing_schema(spec: &OpenAPI, fails: &dyn Fn(&OpenAPI) -> bool) -> Option<String> {
    let all = spec.components.as_ref().map(|components| components.schemas.clone()).unwrap_or_default();
    let closures = all.keys().map(|name| (name, closure(&all, name)));
    let failing = closures.filter(|(_, schemas)| {
        let components = Components { schemas: schemas.clone(), ..Components::default() };
        fails(&OpenAPI { paths: Paths::default(), components: Some(components), ..spec.clone() })
    });
    failing.min_by_key(|(_, schemas)| schemas.len()).map(|(name, _)| to_component("schemas", name))
}

fn failing_operation(spec: &OpenAPI, fails: &dyn Fn(&OpenAPI) -> bool) -> Option<String> {
    for (path, item) in &spec.paths.paths {
        let pointer = child("#/paths", path);
        let Some(item) = item.as_item() else { return Some(pointer) };
        let alone = |operation: Operation| {
            let item = PathItem { parameters: item.parameters.clone(), get: Some(operation), ..PathItem::default() };
            let mut part = spec.clone();
            part.paths.paths = IndexMap::from([(path.clone(), ReferenceOr::Item(item))]);
            part
        };
        if let Some((method, operation)) = item.iter().find(|(_, operation)| fails(&alone(Operation::clone(operation)))) {
            return Some(
                failing_part(operation, &|operation| fails(&alone(operation)))
                    .into_iter()
                    .fold(child(&pointer, method), |pointer, key| child(&pointer, &key)),
            );
        }
    }
    None
}

/// The parameter or response whose removal makes the operation succeed.
fn failing_part(operation: &Operation, fails: &dyn Fn(Operation) -> bool) -> Vec<String> {
    for index in 0..operation.parameters.len() {
        let mut without = operation.clone();
        without.parameters.remove(index);
        if !fails(without) {
            return vec!["parameters".into(), index.to_string()];
        }
    }
    for status in operation.responses.responses.keys() {
        let mut without = operation.clone();
        without.responses.responses.shift_remove(status);
        if !fails(without) {
            return vec!["responses".into(), status.to_string()];
        }
    }
    Vec::new()
}

type Schemas = IndexMap<String, ReferenceOr<Schema>>;

/// A schema and all schemas that it refers to, directly or indirectly.
fn closure(all: &Schemas, name: &str) -> Schemas {
    let mut reached = Schemas::new();
    let mut pending = BTreeSet::from([name.to_owned()]);
    while let Some(name) = pending.pop_first() {
        let Some(schema) = all.get(&name) else { continue };
        if reached.insert(name, schema.clone()).is_none() {
            pending.extend(referenced_schemas(&serde_json::to_value(schema).unwrap_or_default()));
        }
    }
    reached
}
