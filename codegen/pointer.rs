//! JSON pointers (RFC 6901) and `$ref`: the only module that escapes, resolves and walks them.
//!
//! Everything here works on `serde_json::Value`, which the generator also parses YAML into, so there is one tree type to walk.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::diagnostic::Diagnostic;

/// The pointer of a child: `child("#/paths", "/flows/")` is `#/paths/~1flows~1`.
pub fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The pointer of a component: `to_component("schemas", "Stage")` is `#/components/schemas/Stage`.
pub fn to_component(collection: &str, name: &str) -> String {
    child(&format!("#/components/{collection}"), name)
}

/// The name of the component that a pointer refers to; `None` if it refers to another collection or to a part of a component.
pub fn component<'a>(pointer: &'a str, collection: &str) -> Option<Cow<'a, str>> {
    let name = pointer.strip_prefix("#/components/")?.strip_prefix(collection)?.strip_prefix('/')?;
    (!name.contains('/')).then(|| if name.contains('~') { unescape(name).into() } else { name.into() })
}

/// Unescapes a reference token, which is one step of a pointer.
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Calls `visit` with every value of a tree and its pointer, parents first.
pub fn walk(pointer: &str, node: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, node);
    match node {
        Value::Object(map) => map.iter().for_each(|(key, value)| walk(&child(pointer, key), value, visit)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| walk(&format!("{pointer}/{index}"), item, visit)),
        _ => {}
    }
}

/// The `$ref` of the value itself, not of values inside it.
pub fn reference(node: &Value) -> Option<&str> {
    node.get("$ref")?.as_str()
}

/// The schemas in `components` that a schema refers to, anywhere inside it.
pub fn referenced_schemas(schema: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk("", schema, &mut |_, node| names.extend(reference(node).and_then(|target| component(target, "schemas")).map(Cow::into_owned)));
    names
}

/// Checks that every `$ref` resolves to a value in the document: progenitor panics on one that does not.
pub fn check_references(document: &Value) -> Result<(), Diagnostic> {
    let mut found = None;
    walk("#", document, &mut |pointer, node| {
        let Some(target) = reference(node) else { return };
        let problem = match target.strip_prefix('#') {
            None => (format!("refers to `{target}`, outside the document"), "copy its target into `components` and refer to that"),
            Some(path) if document.pointer(path).is_none() => {
                (format!("refers to `{target}`, which does not exist"), "add the component, or correct its name in the `$ref`")
            }
            Some(_) => return,
        };
        found.get_or_insert_with(|| Diagnostic::new(child(pointer, "$ref"), problem.0, problem.1));
    });
    found.map_or(Ok(()), Err)
}
