//! What an answer has that the specification has not, and the other way round.
//!
//! Servers older or newer than the checked-in specification are read all the same. What was not understood is not hidden:
//! [`Paginator::on_drift`](crate::pagination::Paginator::on_drift) reports it, once for each kind of note and place, and never
//! for each row. With the feature `tracing` the same notes are events of level `WARN`.
//!
//! ```
//! use authentik_flow_bindings::testing::{FakeAuthentik, Release};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = FakeAuthentik::builder().release(Release::V2026_8).generated(10, 2).start().await?;
//! let client = server.client();
//! let rows = client.flows_bindings_list().paginate().on_drift(|note| eprintln!("{note}")).collect().await?;
//! # Ok(()) }
//! ```
//!
//! # What is read of which release
//!
//! The models are those of the release that the crate's version names in its metadata. Answers of the others become this:
//!

#![doc = include_str!("releases.md")]

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::pagination::SkippedRow;
use crate::redaction::excerpt_of;

/// A difference between an answer and the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Drift {
    /// What differs.
    pub kind: DriftKind,
    /// Number of the page on which it was seen first, counted from 1.
    pub page: u64,
    /// Where it was seen first, such as `results[3].stage_obj.flow_set[0].layout`.
    pub path: String,
    /// What the answer has there: short, and without the query part of links. Empty for a missing field.
    pub excerpt: String,
}

/// What differs between an answer and the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// An enum has a value that this release of the crate does not know. It is kept.
    UnknownValue,
    /// A field that the specification requires was not sent. Its default stands in for it.
    MissingField,
    /// A field was sent that the specification does not have. It is not read.
    UnknownField,
    /// A number lies outside the bounds of the specification. It is kept.
    OutOfRange,
    /// A row cannot be read and was gone past: see [`skip_undecodable`](crate::pagination::Paginator::skip_undecodable).
    SkippedRow,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DriftKind::UnknownValue => "has an unknown value",
            DriftKind::MissingField => "is missing",
            DriftKind::UnknownField => "is an unknown field",
            DriftKind::OutOfRange => "is out of range",
            DriftKind::SkippedRow => "cannot be read and was skipped",
        };
        write!(f, "page {}: `{}` {what}", self.page, self.path)?;
        if self.excerpt.is_empty() { Ok(()) } else { write!(f, ": {}", self.excerpt) }
    }
}

/// What the specification says of an object.
#[doc(hidden)]
pub struct Shape {
    pub(crate) fields: &'static [Field],
    /// Whether it may have any other field.
    pub(crate) open: bool,
}

#[doc(hidden)]
pub struct Field {
    pub(crate) name: &'static str,
    /// Other names under which some releases send it.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) required: bool,
    pub(crate) kind: Kind,
}

#[doc(hidden)]
#[allow(missing_docs)]
pub enum Kind {
    Object(&'static Shape),
    Objects(&'static Shape),
    Enum(&'static [&'static str]),
    Integer { minimum: i64, maximum: i64 },
    Other,
}

/// Notes of a listing, after which it tells no more: a text where an enum was would make one for each row.
const MOST_NOTES: usize = 200;

type Callback = Arc<Mutex<dyn FnMut(&Drift) + Send>>;

/// Who wants to know of drift in a listing, and what they have been told.
#[derive(Clone, Default)]
#[doc(hidden)]
pub struct DriftReporter {
    callback: Option<Callback>,
    told: Arc<Mutex<BTreeSet<(DriftKind, String)>>>,
    pub(crate) skip_undecodable: bool,
    /// Whether several listings share what has been told, as the passes of a snapshot do.
    shared: bool,
}

impl DriftReporter {
    pub(crate) fn set_callback(&mut self, callback: impl FnMut(&Drift) + Send + 'static) {
        self.callback = Some(Arc::new(Mutex::new(callback)));
    }

    /// For a listing of its own: nothing has been told yet.
    pub(crate) fn anew(&self) -> Self {
        if self.shared { self.clone() } else { Self { told: Arc::default(), ..self.clone() } }
    }

    /// For several listings that are one to the caller.
    pub(crate) fn shared(&self) -> Self {
        Self { shared: true, ..self.anew() }
    }

    fn is_wanted(&self) -> bool {
        #[cfg(feature = "tracing")]
        if tracing::enabled!(tracing::Level::WARN) {
            return true;
        }
        self.callback.is_some()
    }

    /// Compares a body that has been decoded with the specification; does nothing where nobody wants to know.
    pub(crate) fn compare(&self, body: &[u8], shape: &Shape, page: u64) {
        if self.is_wanted()
            && let Ok(document) = serde_json::from_slice::<Value>(body)
        {
            let note: &mut Note<'_> = &mut |kind, path, found| self.tell(kind, path, found, page);
            match shape.fields.iter().find(|field| field.name == "results") {
                // The bare rows of a server that does not paginate.
                Some(rows) if document.is_array() => compare_field(&document, &rows.kind, "", note),
                _ => compare(&document, shape, "", note),
            }
        }
    }

    /// Tells of a row that was gone past, each row once; returns whether it was new.
    pub(crate) fn tell_skipped(&self, row: &SkippedRow, page: u64) -> bool {
        let first = self.is_first(DriftKind::SkippedRow, row.identity.clone());
        if first {
            let row_name = row.pk.map(|pk| format!("row {pk}: ")).unwrap_or_default();
            let excerpt = format!("{row_name}{}: {}", row.flaw.message(), row.flaw.excerpt());
            let drift = Drift { kind: DriftKind::SkippedRow, page, path: row.flaw.path().to_owned(), excerpt };
            // An event for the first one; the callback is told of each.
            if self.is_first(DriftKind::SkippedRow, String::new()) {
                log(&drift);
            }
            self.call(&drift);
        }
        first
    }

    fn tell(&self, kind: DriftKind, path: &str, found: Option<&Value>, page: u64) {
        let mut what = without_indices(path);
        if kind == DriftKind::UnknownValue {
            what.extend(found.map(|value| format!(" {value}")));
        }
        if self.is_first(kind, what) {
            let excerpt = match found {
                // Nobody knows what an unknown field holds: it may be a credential.
                Some(value) if kind == DriftKind::UnknownField => describe(value),
                found => found.map(excerpt_of).unwrap_or_default(),
            };
            let drift = Drift { kind, page, path: path.to_owned(), excerpt };
            log(&drift);
            self.call(&drift);
        }
    }

    fn is_first(&self, kind: DriftKind, what: String) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        (kind == DriftKind::SkippedRow || told.len() < MOST_NOTES) && told.insert((kind, what))
    }

    fn call(&self, drift: &Drift) {
        if let Some(callback) = &self.callback {
            callback.lock().unwrap_or_else(PoisonError::into_inner)(drift);
        }
    }
}

impl fmt::Debug for DriftReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriftReporter")
            .field("callback", &self.callback.is_some())
            .field("skip_undecodable", &self.skip_undecodable)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "tracing")]
fn log(drift: &Drift) {
    tracing::warn!(page = drift.page, path = drift.path, "authentik's answer differs from the specification: {drift}");
}

#[cfg(not(feature = "tracing"))]
fn log(_: &Drift) {}

type Note<'a> = dyn FnMut(DriftKind, &str, Option<&Value>) + 'a;

fn compare(document: &Value, shape: &Shape, place: &str, note: &mut Note<'_>) {
    let Some(object) = document.as_object() else { return };
    let at = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    for field in shape.fields {
        let found = std::iter::once(&field.name).chain(field.aliases).find_map(|name| Some((name, object.get(*name)?)));
        match found {
            Some((name, value)) => compare_field(value, &field.kind, &at(name), note),
            None if field.required => note(DriftKind::MissingField, &at(field.name), None),
            None => {}
        }
    }
    for (name, value) in object {
        if !shape.open && !shape.fields.iter().any(|field| field.name == name || field.aliases.contains(&name.as_str())) {
            note(DriftKind::UnknownField, &at(name), Some(value));
        }
    }
}

fn compare_field(value: &Value, kind: &Kind, place: &str, note: &mut Note<'_>) {
    match kind {
        Kind::Object(shape) => compare(value, shape, place, note),
        Kind::Objects(shape) => {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                compare(item, shape, &format!("{place}[{index}]"), note);
            }
        }
        Kind::Enum(values) if !value.as_str().is_none_or(|text| values.contains(&text)) => {
            note(DriftKind::UnknownValue, place, Some(value));
        }
        Kind::Integer { minimum, maximum } if !value.as_i64().is_none_or(|number| (*minimum..=*maximum).contains(&number)) => {
            note(DriftKind::OutOfRange, place, Some(value));
        }
        Kind::Enum(_) | Kind::Integer { .. } | Kind::Other => {}
    }
}

/// Kind and length of a value, which do not reveal it.
fn describe(value: &Value) -> String {
    let counted = |count: usize, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a boolean".into(),
        Value::Number(_) => "a number".into(),
        Value::String(text) => format!("a string of {}", counted(text.chars().count(), "character")),
        Value::Array(items) => format!("an array of {}", counted(items.len(), "item")),
        Value::Object(fields) => format!("an object of {}", counted(fields.len(), "field")),
    }
}

/// `results[].order` for `results[3].order`: the same note on each row is told once.
fn without_indices(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "[" + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}
