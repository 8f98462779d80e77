//! The properties that the fuzz targets `slicer` and `diff` check. Tests check them on stable Rust, too.

use serde_json::Value;

use crate::diff::{self, Input};
use crate::document::Document;
use crate::slice::{Selection, slice};
use crate::yaml;

/// Slicing a document succeeds or returns an error, and slicing a slice returns the same slice.
///
/// # Panics
/// If the property does not hold.
pub fn slicer(bytes: &[u8]) {
    if let Some((_, sliced)) = sliced(bytes) {
        let yaml = yaml::to_yaml(&sliced);
        let again = Document::parse("slice", &yaml).and_then(|document| slice(&document, &Selection::All, false));
        match again {
            Ok(again) => assert_eq!(yaml::to_yaml(&again), yaml, "the slice of a slice differs"),
            Err(error) => panic!("a slice cannot be sliced: {error}\n{yaml}"),
        }
    }
}

/// Comparing two slices returns a report, and comparing a slice with itself reports no change.
///
/// # Panics
/// If the property does not hold.
pub fn diff(old: &[u8], new: &[u8]) {
    if let (Some(old), Some(new)) = (sliced(old), sliced(new)) {
        let (old, new) = (Input::new(&old.0, &old.1), Input::new(&new.0, &new.1));
        let _ = diff::compare(&old, &new);
        assert!(diff::compare(&new, &new).changes.is_empty(), "a document differs from itself");
    }
}

fn sliced(bytes: &[u8]) -> Option<(Document, Value)> {
    let document = Document::parse("document", &String::from_utf8_lossy(bytes)).ok()?;
    let sliced = slice(&document, &Selection::All, false).ok()?;
    Some((document, sliced))
}
