//! Runs progenitor, which panics on much of what it does not support, and says *where* in the document it gave up.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

use ::progenitor::{GenerationSettings, Generator};
use indexmap::IndexMap;
use openapiv3::{Components, OpenAPI, ReferenceOr};
use proc_macro2::TokenStream;

use super::Flaw;
use super::recursion::endless;

/// Generates the client, or tells which operation or component progenitor cannot generate.
pub fn run(settings: &GenerationSettings, spec: &OpenAPI) -> Result<TokenStream, Flaw> {
    if let Some(component) = endless(spec) {
        return Err((
            format!("#/components/schemas/{component}"),
            "has an `allOf` in it that puts it together with something else, and so on without end".into(),
            "refer to the component alone there, without an `allOf` of two parts",
        ));
    }
    generate(settings, spec).map_err(|problem| {
        (
            culprit(settings, spec),
            format!("progenitor cannot generate this: {problem}"),
            "simplify the construct in the document, or add a fixup to codegen/passes/fixups.rs that does",
        )
    })
}

fn generate(settings: &GenerationSettings, spec: &OpenAPI) -> Result<TokenStream, String> {
    /// The panic hook belongs to the whole process: one run at a time may silence it.
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
            .unwrap_or_else(|| "it panicked without a message".into()),
    };
    // What follows the first line is the whole schema as Rust prints it.
    Err(problem.lines().next().unwrap_or_default().to_owned())
}

/// The smallest part of the document that fails on its own.
fn culprit(settings: &GenerationSettings, spec: &OpenAPI) -> String {
    let fails = |part: &OpenAPI| generate(settings, part).is_err();

    let all = spec.components.as_ref().map(|components| components.schemas.clone()).unwrap_or_default();
    let smallest = all
        .keys()
        .map(|name| (name, closure(&all, name)))
        .filter(|(_, schemas)| {
            let components = Components { schemas: schemas.clone(), ..Components::default() };
            fails(&OpenAPI { paths: openapiv3::Paths::default(), components: Some(components), ..spec.clone() })
        })
        .min_by_key(|(_, schemas)| schemas.len());
    if let Some((name, _)) = smallest {
        return format!("#/components/schemas/{name}");
    }

    for (path, item) in &spec.paths.paths {
        let place = format!("#/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        let Some(item) = item.as_item() else { return place };
        for (method, operation) in item.iter() {
            let with = |changed: openapiv3::Operation| {
                let mut part = spec.clone();
                let mut only = openapiv3::PathItem { parameters: item.parameters.clone(), ..Default::default() };
                only.get = Some(changed);
                part.paths.paths = IndexMap::from([(path.clone(), ReferenceOr::Item(only))]);
                part
            };
            if !fails(&with(operation.clone())) {
                continue;
            }
            for index in 0..operation.parameters.len() {
                let mut without = operation.clone();
                without.parameters.remove(index);
                if !fails(&with(without)) {
                    return format!("{place}/{method}/parameters/{index}");
                }
            }
            for status in operation.responses.responses.keys() {
                let mut without = operation.clone();
                without.responses.responses.shift_remove(status);
                if !fails(&with(without)) {
                    return format!("{place}/{method}/responses/{status}");
                }
            }
            return format!("{place}/{method}");
        }
    }
    "the whole document".into()
}

type Schemas = IndexMap<String, ReferenceOr<openapiv3::Schema>>;

/// `name` and every schema that it reaches.
fn closure(all: &Schemas, name: &str) -> Schemas {
    let mut reached = Schemas::new();
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        let Some(schema) = all.get(&name) else { continue };
        if reached.insert(name, schema.clone()).is_none() {
            references(&serde_json::to_value(schema).unwrap_or_default(), &mut waiting);
        }
    }
    reached
}

fn references(node: &serde_json::Value, found: &mut Vec<String>) {
    match node {
        serde_json::Value::Object(map) => {
            let target = map.get("$ref").and_then(|target| target.as_str());
            found.extend(target.and_then(|target| target.strip_prefix("#/components/schemas/")).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
