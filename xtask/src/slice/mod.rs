//! A slice: the chosen operations of a document with everything that they reach, in canonical form.
//!
//! The same API has the same canonical bytes. Parameters, responses, bodies, headers and security requirements are written where they are
//! used; `canonical/` does the schemas. Documentation (descriptions, titles, examples, the order of tags), defaults that are spelled out
//! (`required: false`) and `callbacks` are left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::canonical::{Canonical, linked_components, made_of_itself};
use crate::codegen::pointer::{reference, to_component};
use crate::document::{Document, Error};
use crate::on_a_large_stack;

use operations::{Slicer, api_path};
use selection::{Broken, Chosen, choose};
pub use selection::{METHODS, Selection};

mod operations;
mod selection;

/// Slices a document.
///
/// # Errors
/// An operation is missing or invalid, or a `$ref` is external or dangling.
pub fn slice(document: &Document, selection: &Selection, keep_prose: bool) -> Result<Value, Error> {
    let (chosen, broken) = choose(document, selection).map_err(|error| document.with_line(error))?;
    if let (Selection::All, Some(broken)) = (selection, broken.into_iter().next()) {
        return Err(document.with_line(broken.error));
    }
    let written = on_a_large_stack(|| write(document, &chosen, keep_prose));
    written.map_err(|mut invalid| document.with_line(invalid.swap_remove(0).error))
}

/// An operation that cannot be sliced, and why.
pub struct LeftOut {
    pub method: &'static str,
    pub path: String,
    pub reason: String,
}

/// How many errors get a line and column. Finding these takes another pass over the document, which may be 1.8 MB long.
const MAX_LOCATED: usize = 10;

/// The texts of errors, which often concern many operations.
struct Reasons<'a> {
    document: &'a Document,
    /// Keyed by the text of the error without its line.
    known: BTreeMap<String, String>,
}

impl Reasons<'_> {
    fn of(&mut self, error: &Error) -> String {
        let (text, known) = (error.to_string(), self.known.len());
        let locate = || if known < MAX_LOCATED { self.document.with_line(error.clone()).to_string() } else { error.to_string() };
        self.known.entry(text).or_insert_with(locate).clone()
    }
}

/// Slices every operation of a document that is valid, and returns the others.
///
/// # Errors
/// The document is invalid as a whole.
pub fn slice_valid(document: &Document) -> Result<(Value, Vec<LeftOut>), Error> {
    let (mut chosen, broken) = choose(document, &Selection::All).map_err(|error| document.with_line(error))?;
    let mut reasons = Reasons { document, known: BTreeMap::new() };
    let mut left_out = Vec::new();
    for Broken { path, method, error } in broken {
        let reason = reasons.of(&error);
        let methods = method.map_or(METHODS.to_vec(), |method| vec![method]);
        left_out.extend(methods.into_iter().map(|method| LeftOut { method, path: path.to_owned(), reason: reason.clone() }));
    }
    let mut reached = BTreeMap::new();
    loop {
        let invalid = match on_a_large_stack(|| write(document, &chosen, false)) {
            Ok(slice) => return Ok((slice, left_out)),
            Err(invalid) => invalid,
        };
        let before = chosen.len();
        for Invalid { concerns, error } in invalid {
            let is_concerned = |operation: &mut Chosen| match &concerns {
                Concerned::Operation(pointer) => operation.pointer == *pointer,
                Concerned::UsersOf(component) => {
                    let pointer = operation.pointer.clone();
                    reached.entry(pointer).or_insert_with(|| linked_components(document, operation.operation)).contains(component)
                }
            };
            for operation in chosen.extract_if(.., is_concerned) {
                left_out.push(LeftOut { method: operation.method, path: operation.path.to_owned(), reason: reasons.of(&error) });
            }
            if chosen.len() == before {
                return Err(document.with_line(error));
            }
        }
    }
}

/// Something invalid, and the operations that it concerns.
struct Invalid {
    concerns: Concerned,
    error: Error,
}

enum Concerned {
    /// The operation at this pointer.
    Operation(String),
    /// Every operation that reaches this component.
    UsersOf(String),
}

fn write(document: &Document, chosen: &[Chosen], keep_prose: bool) -> Result<Value, Vec<Invalid>> {
    let mut slicer = Slicer { document, canonical: Canonical::new(document, keep_prose), security: BTreeMap::new(), keep_prose };
    for operation in chosen {
        slicer.canonical.link(operation.operation);
    }
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut invalid = Vec::new();
    for operation in chosen {
        match slicer.operation(operation) {
            Ok(written) => _ = paths.entry(operation.path).or_default().insert(operation.method.into(), written),
            Err(error) => invalid.push(Invalid { concerns: Concerned::Operation(operation.pointer.clone()), error }),
        }
    }
    let mut schemas = Map::new();
    while let Some((name, written)) = slicer.canonical.next_component() {
        match written {
            Ok(written) => _ = schemas.insert(name, written),
            Err(error) => invalid.push(Invalid { concerns: Concerned::UsersOf(name), error }),
        }
    }
    if let Some(name) = made_of_itself(&schemas) {
        let pointer = to_component("schemas", name);
        let error = document.error(pointer, "consists of itself", "remove the reference to itself from its allOf, oneOf or anyOf");
        invalid.push(Invalid { concerns: Concerned::UsersOf(name.clone()), error });
    }
    if !invalid.is_empty() {
        return Err(invalid);
    }
    Ok(assemble(document, &paths, [("schemas", schemas), ("securitySchemes", slicer.security.into_iter().collect())], keep_prose))
}

/// Every operation of a document or slice, with its path and method.
pub fn operations(root: &Value) -> impl Iterator<Item = (&str, &'static str, &Value)> {
    let resolve = |item| reference(item).and_then(|target| root.pointer(target.strip_prefix('#')?)).unwrap_or(item);
    let paths = root["paths"].as_object().into_iter().flatten().map(move |(path, item)| (path.as_str(), resolve(item)));
    paths.flat_map(|(path, item)| METHODS.into_iter().filter_map(move |method| Some((path, method, item.get(method)?))))
}

fn assemble(
    document: &Document,
    paths: &BTreeMap<&str, Map<String, Value>>,
    components: [(&str, Map<String, Value>); 2],
    keep_prose: bool,
) -> Value {
    let root = &document.root;
    let mut info = json!({ "title": "", "version": document.release() });
    for key in ["title", "description"] {
        if let Some(prose) = root["info"].get(key).filter(|_| keep_prose) {
            info[key] = prose.clone();
        }
    }
    // The 3.0.x versions of the OpenAPI specification differ in wording only.
    let mut whole = json!({ "openapi": "3.0.3", "info": info, "servers": api_path(root.get("servers")), "paths": paths });
    for (collection, parts) in components {
        if !parts.is_empty() {
            whole["components"][collection] = Value::Object(parts);
        }
    }
    whole
}
