//! The operations of a document that a slice consists of.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::codegen::pointer::child;
use crate::document::{Document, Error};

/// The keys of a path item that hold operations.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Which operations to slice.
#[derive(Clone)]
pub enum Selection {
    /// Operations with these ids.
    Only(Vec<String>),
    All,
}

/// An operation of the document.
pub struct Chosen<'a> {
    pub path: &'a str,
    pub method: &'static str,
    pub pointer: String,
    /// The parameters of all operations at the path.
    pub shared: Option<&'a Value>,
    /// Servers of all operations at the path.
    pub servers: Option<&'a Value>,
    pub operation: &'a Value,
}

/// An operation, or all operations at a path, that cannot be sliced.
pub struct Broken<'a> {
    pub path: &'a str,
    /// `None` for all operations at the path.
    pub method: Option<&'static str>,
    pub error: Error,
}

/// Finds the selected operations, and returns broken ones separately: they matter only if all operations are selected.
pub fn choose<'a>(document: &'a Document, selection: &Selection) -> Result<(Vec<Chosen<'a>>, Vec<Broken<'a>>), Error> {
    let (mut chosen, mut broken) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for (path, item) in document.root["paths"].as_object().into_iter().flatten().filter(|(path, _)| path.starts_with('/')) {
        let (at, item) = match document.resolve(item, child("#/paths", path)) {
            Ok(found) => found,
            Err(error) => {
                broken.push(Broken { path, method: None, error });
                continue;
            }
        };
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let pointer = child(&at, method);
            if !operation.is_object() {
                let error = document.error(pointer, "is not an operation", "write a mapping, as OpenAPI 3.0 requires for an operation");
                broken.push(Broken { path, method: Some(method), error });
                continue;
            }
            let name = operation.get("operationId").and_then(Value::as_str).filter(|name| !name.is_empty());
            let wanted = match selection {
                Selection::All => true,
                Selection::Only(wanted) => name.is_some_and(|name| wanted.iter().any(|wanted| wanted == name)),
            };
            if let Some(name) = name.filter(|name| !names.insert(*name)) {
                let problem = format!("has the `operationId` `{name}`, which is taken by another operation");
                let error = document.error(pointer, problem, "give each operation a unique id");
                if wanted && matches!(selection, Selection::Only(_)) {
                    return Err(error);
                }
                broken.push(Broken { path, method: Some(method), error });
                continue;
            }
            if wanted {
                chosen.push(Chosen { path, method, pointer, shared: item.get("parameters"), servers: item.get("servers"), operation });
            }
        }
    }
    if let Selection::Only(wanted) = selection
        && let Some(missing) = wanted.iter().find(|wanted| !names.contains(wanted.as_str()))
    {
        return Err(document.error("#/paths", format!("has no operation `{missing}`"), nearest(missing, &names)));
    }
    Ok((chosen, broken))
}

/// The help for an operation that a document does not have.
fn nearest(missing: &str, names: &BTreeSet<&str>) -> String {
    let mut nearest = names.iter().map(|name| (strsim::jaro_winkler(missing, name), name)).collect::<Vec<_>>();
    nearest.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let nearest = nearest.iter().take(3).map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>();
    match nearest.as_slice() {
        [] => "the document has no operation with an `operationId`: is it the right one?".to_owned(),
        names => format!("correct `operations` in openapi/upstream.toml; the nearest names are {}", names.join(", ")),
    }
}
