//! Finds operations of `upstream.toml` that upstream renamed or removed.

use serde_json::Value;

use crate::diff::Operation;
use crate::diff::operations::operations;
use crate::report::RenamedOperation;

/// The operations of `upstream.toml` in a new document.
#[derive(Default)]
pub struct Resolved {
    /// Their ids in the new document.
    pub ids: Vec<String>,
    pub renamed: Vec<RenamedOperation>,
    pub missing: Vec<MissingOperation>,
}

/// An operation that the new document does not have, or has without an `operationId`.
pub struct MissingOperation {
    pub id: String,
    pub operation: Operation,
    pub has_no_id: bool,
    /// The operation with the same method and the most similar id, if one is similar.
    pub nearest: Option<String>,
}

/// How similar the id of a successor must be, from 0 to 1.
const SIMILAR: f64 = 0.85;

/// Looks operations up in a new document: by id, or else by the method and path that they have in the checked-in slice.
///
/// An unknown id is left unchanged, and the slicer reports it.
pub fn resolve(wanted: &[String], checked_in: &Value, document: &Value) -> Resolved {
    let (before, after) = (operations(checked_in), operations(document));
    let mut resolved = Resolved::default();
    for id in wanted {
        let known = before.iter().find(|(_, operation)| id_of(operation) == Some(id.as_str()));
        let exists = after.values().any(|operation| id_of(operation) == Some(id.as_str()));
        let Some((operation, _)) = known.filter(|_| !exists) else {
            resolved.ids.push(id.clone());
            continue;
        };
        let at_same_path = after.iter().find(|(other, _)| other.method == operation.method && same_path(&other.path, &operation.path));
        let has_no_id = at_same_path.is_some_and(|(_, operation)| id_of(operation).is_none());
        if let Some(new) = at_same_path.and_then(|(_, operation)| id_of(operation)) {
            resolved.ids.push(new.to_owned());
            resolved.renamed.push(RenamedOperation { old: id.clone(), new: new.to_owned() });
            continue;
        }
        let alike = after.iter().filter(|(other, _)| other.method == operation.method).filter_map(|(_, operation)| id_of(operation));
        let nearest = alike.map(|other| (strsim::jaro_winkler(id, other), other)).max_by(|(a, _), (b, _)| a.total_cmp(b));
        let nearest = nearest.filter(|(similarity, _)| *similarity >= SIMILAR).map(|(_, other)| other.to_owned());
        resolved.missing.push(MissingOperation { id: id.clone(), operation: operation.clone(), has_no_id, nearest });
    }
    resolved
}

fn id_of(operation: &Value) -> Option<&str> {
    operation["operationId"].as_str().filter(|id| !id.is_empty())
}

/// Whether two paths are equal except for the names of their parameters.
fn same_path(a: &str, b: &str) -> bool {
    let is_parameter = |part: &str| part.starts_with('{') && part.ends_with('}');
    a.split('/').count() == b.split('/').count()
        && a.split('/').zip(b.split('/')).all(|(a, b)| a == b || is_parameter(a) && is_parameter(b))
}
