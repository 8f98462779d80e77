//! Schemas in canonical form: equivalent schemas have the same bytes.
//!
//! - Every `$ref` to a component refers to the end of its chain of references. A `$ref` to any other location is replaced with its target.
//! - An `allOf`, `oneOf` or `anyOf` of one part is replaced with the part. `allOf` stays where a `$ref` has keywords beside it about
//!   how it is used. Any other keyword beside an `allOf` becomes one more part of it.
//! - A component that is a scalar or an array is inlined where it is used; models and enums stay components.
//! - The schema of a parameter contains no references, unless it is an object or a composition.
//! - An inline schema that equals a component becomes a `$ref` to it. If it equals several, it becomes a `$ref` to one that is already
//!   referred to, or else to the first by name.
//! - An integer has no `format` if its bounds imply it.
//! - Enums, lists of required properties and parts of `allOf` are sorted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::codegen::pointer::{component, reference};

pub use keywords::{USAGE, range, sorted};
pub use schemas::{Canonical, linked_components};

mod keywords;
mod parameters;
mod schemas;

/// A component that contains itself directly through `allOf`, `oneOf` or `anyOf`, not in a property or item. No Rust type can express it.
pub fn made_of_itself(schemas: &Map<String, Value>) -> Option<&String> {
    fn parts(schema: &Value, found: &mut Vec<String>) {
        found.extend(reference(schema).and_then(|to| component(to, "schemas")).map(Cow::into_owned));
        let lists = keywords::COMPOSITIONS.iter().filter_map(|composition| schema.get(composition)?.as_array());
        lists.flatten().for_each(|part| parts(part, found));
    }
    schemas.keys().find(|name| {
        let (mut waiting, mut seen) = (Vec::new(), BTreeSet::new());
        parts(&schemas[*name], &mut waiting);
        while let Some(part) = waiting.pop() {
            if part == **name {
                return true;
            }
            if let Some(schema) = schemas.get(&part).filter(|_| seen.insert(part.clone())) {
                parts(schema, &mut waiting);
            }
        }
        false
    })
}
