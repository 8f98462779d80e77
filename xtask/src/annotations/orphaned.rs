//! Finds orphaned descriptions: those whose subject no longer exists.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{child, key_text};
use crate::resolved_schema::bare;

/// The pointers of orphaned descriptions; for a parameter, also its possible new name.
pub fn orphaned_descriptions(ours: &Value, slice: &Value) -> Vec<String> {
    fn descriptions<'a>(node: &'a Value, pointer: &str, found: &mut Vec<(String, &'a str)>) {
        match node {
            Value::Object(map) => {
                for (key, value) in map {
                    match value.as_str() {
                        Some(text) if key == "description" => found.push((pointer.to_owned(), text)),
                        _ => descriptions(value, &child(pointer, key), found),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let name = item.get("name").map_or_else(|| index.to_string(), key_text);
                    descriptions(item, &child(pointer, &name), found);
                }
            }
            _ => {}
        }
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    descriptions(ours, "#", &mut before);
    descriptions(slice, "#", &mut after);
    let kept = after.into_iter().map(|(_, text)| text).collect::<BTreeSet<_>>();
    let orphaned = before.into_iter().filter(|(_, text)| !text.is_empty() && !kept.contains(text));
    let named = |pointer: String| match perhaps_renamed(ours, slice, &pointer) {
        Some(name) => format!("{pointer} (now `{name}`?)"),
        None => pointer,
    };
    orphaned.map(|(pointer, _)| named(pointer)).collect()
}

/// A new parameter with the same schema as the removed one.
fn perhaps_renamed<'a>(ours: &Value, slice: &'a Value, pointer: &str) -> Option<&'a str> {
    let (operation, name) = pointer.strip_prefix('#')?.split_once("/parameters/")?;
    let (before, after) = (ours.pointer(operation)?["parameters"].as_array()?, slice.pointer(operation)?["parameters"].as_array()?);
    let gone = before.iter().find(|parameter| parameter["name"] == name)?;
    let is_new = |parameter: &&Value| !before.iter().any(|known| known["name"] == parameter["name"]);
    let same_form = |parameter: &&Value| ["in", "schema"].iter().all(|key| bare(ours, &gone[*key]) == bare(slice, &parameter[*key]));
    after.iter().filter(is_new).find(same_form)?["name"].as_str()
}
