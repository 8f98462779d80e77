//! Annotations are our additions to a slice: descriptions, the order of enum values, and extensions for facts that OpenAPI cannot express.
//!
//! They are carried from the checked-in slice to the same place in another. A component that was renamed keeps them, and so does a
//! property whose `x-aliases` has the new name: the old name then becomes an alias of the new one, so that responses with either are
//! decoded.

use serde_json::{Value, json};

use crate::codegen::metadata::{EXTENSIONS, OF_PROPERTIES};
use crate::codegen::pointer::walk;
use crate::document::child;
use crate::resolved_schema::ResolvedSchema;
use crate::slice::operations;

pub use copy::{Renamed, aliases};
pub use removed_parts::with_parts_of;

use carry::Carry;
pub use carry::DroppedAlias;
use copy::{annotate, operations_mut};

mod carry;
mod copy;
pub mod listing;
pub mod orphaned;
mod removed_parts;

/// Changes that were found while carrying annotations.
pub struct Carried {
    pub renamed: Vec<Renamed>,
    pub removed_entries: Vec<listing::RemovedEntry>,
    pub dropped_aliases: Vec<DroppedAlias>,
}

/// Carries annotations from the slice `ours` to `slice`.
pub fn carry(ours: &Value, slice: &mut Value) -> Carried {
    annotate(ours, slice);
    annotate(&ours["info"], &mut slice["info"]);
    slice["info"]["title"] = ours["info"]["title"].clone();
    let servers = slice.get_mut("servers").and_then(Value::as_array_mut);
    ours["servers"].as_array().into_iter().flatten().zip(servers.into_iter().flatten()).for_each(|(ours, server)| annotate(ours, server));
    let mut carry = Carry::new(ours, slice);

    for (path, item) in slice["paths"].as_object_mut().into_iter().flatten() {
        annotate(&ours["paths"][path], item);
    }
    for (pointer, operation) in operations_mut(slice) {
        let id = operation.get("operationId").cloned();
        let same_id = operations(ours).map(|(.., ours)| ours).find(|ours| ours.get("operationId") == id.as_ref());
        // An operation whose `operationId` changed is found by its path and method.
        if let Some(ours) = same_id.or_else(|| ours.pointer(&pointer[1..])) {
            carry.operation(ours, operation);
        }
    }
    carry.components(slice);
    let schemes = slice.pointer_mut("/components/securitySchemes").and_then(Value::as_object_mut);
    for (name, scheme) in schemes.into_iter().flatten() {
        annotate(&ours["components"]["securitySchemes"][name], scheme);
    }
    let Carry { renamed, dropped_aliases, .. } = carry;
    let removed_entries = listing::fit(slice);
    Carried { renamed, removed_entries, dropped_aliases }
}

/// Properties that were renamed since the old slice, and are still decoded under their old names.
pub fn renamed(old: &Value, new: &Value) -> Vec<Renamed> {
    let mut found = Vec::new();
    for (component, schema) in new["components"]["schemas"].as_object().into_iter().flatten() {
        let before = &old["components"]["schemas"][component]["properties"];
        for (name, property) in schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| before.get(*name).is_none()) {
            let was_renamed = |alias: &&str| before.get(*alias).is_some() && schema["properties"].get(*alias).is_none();
            let alias = aliases(property).find(was_renamed);
            found.extend(alias.map(|alias| Renamed { component: component.clone(), old: alias.to_owned(), new: name.clone() }));
        }
    }
    found
}

/// The pointers of the aliases and defaults that properties had in `old` and no longer have in `new`.
pub fn removed_extensions(old: &Value, new: &Value) -> Vec<String> {
    let mut removed = Vec::new();
    walk("#/components/schemas", &old["components"]["schemas"], &mut |pointer, before| {
        let Some(after) = new.pointer(&pointer[1..]) else { return };
        let lost = |extension: &&str| match (before.get(*extension), after.get(*extension)) {
            (Some(Value::Array(before)), Some(Value::Array(after))) => before.iter().any(|alias| !after.contains(alias)),
            (before, after) => before.is_some() && after.is_none(),
        };
        removed.extend(OF_PROPERTIES.into_iter().filter(lost).map(|extension| child(pointer, extension)));
    });
    removed
}

/// A property that servers of the old document may leave out, and the default that the client uses then.
pub struct AssumedDefault {
    pub component: String,
    pub property: String,
    pub default: Value,
}

/// Gives each property that `new` requires and `old` does not a default for servers that do not send it, if it is an array or a free-form
/// object: an empty one. The defaults of other properties need a decision by a maintainer.
pub fn assume_defaults(old: &Value, new: &mut Value) -> Vec<AssumedDefault> {
    let mut assumed_defaults = Vec::new();
    for (component, before) in old["components"]["schemas"].as_object().into_iter().flatten() {
        let pointer = child("#/components/schemas", component);
        let Some(after) = new.pointer(&pointer[1..]) else { continue };
        let (before, after) = (ResolvedSchema::new(old, before, pointer.clone()), ResolvedSchema::new(new, after, pointer.clone()));
        let own = child(&pointer, "properties");
        for (name, property) in after.properties().into_iter().filter(|(name, property)| property.used_at == child(&own, name)) {
            let was_sent = std::iter::once(name).chain(property.aliases()).any(|name| before.requires(name));
            if !after.requires(name) || was_sent || property.get("x-default-when-absent").is_some() {
                continue;
            }
            let Some(default) = property.empty_value() else { continue };
            assumed_defaults.push(AssumedDefault { component: component.clone(), property: name.to_owned(), default });
        }
    }
    for AssumedDefault { component, property, default } in &assumed_defaults {
        let pointer = child(&child(&child("/components/schemas", component), "properties"), property);
        if let Some(property) = new.pointer_mut(&pointer) {
            annotate(&json!({ "x-default-when-absent": default }), property);
        }
    }
    assumed_defaults
}

/// Writes an extension at a pointer. An existing list is extended by the values that it lacks. Returns whether the slice has the pointer.
pub fn add(slice: &mut Value, pointer: &str, keyword: &str, value: &Value) -> bool {
    let Some(node) = slice.pointer_mut(pointer.trim_start_matches('#')) else { return false };
    let mut value = value.clone();
    if let (Some(known), Some(more)) = (node.get(keyword).and_then(Value::as_array), value.as_array()) {
        value = known.iter().chain(more.iter().filter(|value| !known.contains(value))).cloned().collect();
    }
    annotate(&json!({ keyword: value }), node);
    true
}

/// Whether a document has any of our extensions.
pub fn are_in(node: &Value) -> bool {
    match node {
        Value::Object(map) => map.iter().any(|(key, value)| EXTENSIONS.contains(&key.as_str()) || are_in(value)),
        Value::Array(items) => items.iter().any(are_in),
        _ => false,
    }
}
