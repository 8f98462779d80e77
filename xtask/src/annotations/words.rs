//! Words of ours that have no place any more.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{key_text, step};
use crate::node::bare;

/// Descriptions of ours that stand nowhere in a slice any more, by where they stood; of a parameter also what it may be called now.
pub fn homeless(ours: &Value, slice: &Value) -> Vec<String> {
    fn words<'a>(node: &'a Value, place: &str, found: &mut Vec<(String, &'a str)>) {
        match node {
            Value::Object(map) => {
                for (key, value) in map {
                    match value.as_str() {
                        Some(text) if key == "description" => found.push((place.to_owned(), text)),
                        _ => words(value, &step(place, key), found),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let name = item.get("name").map_or_else(|| index.to_string(), key_text);
                    words(item, &step(place, &name), found);
                }
            }
            _ => {}
        }
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    words(ours, "#", &mut before);
    words(slice, "#", &mut after);
    let kept = after.into_iter().map(|(_, text)| text).collect::<BTreeSet<_>>();
    let homeless = before.into_iter().filter(|(_, text)| !text.is_empty() && !kept.contains(text));
    let called = |place: String| match perhaps_renamed(ours, slice, &place) {
        Some(name) => format!("{place} (is it `{name}` now?)"),
        None => place,
    };
    homeless.map(|(place, _)| called(place)).collect()
}

/// A new parameter that is of the same form as the one that stood at a place.
fn perhaps_renamed<'a>(ours: &Value, slice: &'a Value, place: &str) -> Option<&'a str> {
    let (operation, name) = place.strip_prefix('#')?.split_once("/parameters/")?;
    let (before, after) = (ours.pointer(operation)?["parameters"].as_array()?, slice.pointer(operation)?["parameters"].as_array()?);
    let gone = before.iter().find(|parameter| parameter["name"] == name)?;
    let is_new = |parameter: &&Value| !before.iter().any(|known| known["name"] == parameter["name"]);
    let same_form = |parameter: &&Value| ["in", "schema"].iter().all(|key| bare(ours, &gone[*key]) == bare(slice, &parameter[*key]));
    after.iter().filter(is_new).find(same_form)?["name"].as_str()
}
