//! Reports differences between the responses of a server and the specification.
//!
//! Responses of servers older or newer than the checked-in specification are decoded too, and differences are reported:
//! [`Paginator::on_drift`](crate::pagination::Paginator::on_drift) reports each kind of difference once per field rather than once per
//! row. With the feature `tracing`, they are also events of level `WARN`, but only the first skipped row of a listing is.
//!
#![cfg_attr(feature = "testing", doc = "```")]
#![cfg_attr(not(feature = "testing"), doc = "```ignore")]
//! use authentik_flow_bindings::testing::{FakeAuthentik, Release};
//!
//! # #[cfg(operation = "flows_bindings_list")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = FakeAuthentik::builder().release(Release::V2026_8).generated(10, 2).start().await?;
//! let client = server.client();
//! let rows = client.flows_bindings_list().paginate().on_drift(|drift| eprintln!("{drift}")).collect().await?;
//! # Ok(()) }
//! # #[cfg(not(operation = "flows_bindings_list"))]
//! # fn main() {}
//! ```
//!
//! # Compatibility with other releases
//!
//! The models match the release named in the build metadata of this crate's version. Responses of other releases differ as follows:
//!

#![doc = include_str!("releases.md")]

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

pub use super::schema::DriftKind;
use super::schema::ObjectSchema;
use crate::redaction::excerpt_of;

/// A difference between a response and the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Drift {
    /// The kind of difference.
    pub kind: DriftKind,
    /// The page on which it was first seen, counted from 1.
    pub page: u64,
    /// The path at which it was first seen, such as `results[3].stage_obj.flow_set[0].layout`.
    pub path: String,
    /// A short excerpt of the response, without the queries of URLs. For an unknown field, only its kind and length, because its value
    /// may be a secret; for a missing field, empty.
    pub excerpt: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let difference = match self.kind {
            DriftKind::UnknownValue => "has an unknown value",
            DriftKind::MissingField => "is missing",
            DriftKind::UnknownField => "is an unknown field",
            DriftKind::OutOfRange => "is out of range",
            DriftKind::SkippedRow => "cannot be decoded and was skipped",
        };
        write!(f, "page {}: `{}` {difference}", self.page, self.path)?;
        if self.excerpt.is_empty() { Ok(()) } else { write!(f, ": {}", self.excerpt) }
    }
}

/// The most reports of one listing, not counting skipped rows. Arbitrary text in an enum property would otherwise cause one for each row.
const MAX_REPORTS: usize = 200;

type Callback = Arc<Mutex<dyn FnMut(&Drift) + Send>>;

/// Reports drift to a callback and to `tracing`, each difference once.
#[derive(Clone, Default)]
#[doc(hidden)]
pub struct DriftReporter {
    callback: Option<Callback>,
    reported: Arc<Mutex<BTreeSet<(DriftKind, String)>>>,
    pub(crate) skip_undecodable: bool,
    /// Whether several listings share the reports, like the passes of a snapshot.
    shared: bool,
}

impl DriftReporter {
    pub(crate) fn set_callback(&mut self, callback: impl FnMut(&Drift) + Send + 'static) {
        self.callback = Some(Arc::new(Mutex::new(callback)));
    }

    /// A reporter for a new listing. It starts without any reports, unless they are shared.
    pub(crate) fn anew(&self) -> Self {
        if self.shared { self.clone() } else { Self { reported: Arc::default(), ..self.clone() } }
    }

    /// A reporter for several listings that the caller sees as one.
    pub(crate) fn shared(&self) -> Self {
        Self { shared: true, ..self.anew() }
    }

    /// Whether responses are compared.
    pub(crate) fn is_wanted(&self) -> bool {
        #[cfg(feature = "tracing")]
        if tracing::enabled!(tracing::Level::WARN) {
            return true;
        }
        self.callback.is_some()
    }

    /// Compares a decoded body with the specification. Does nothing without a callback or subscriber.
    pub(crate) fn compare(&self, body: &[u8], schema: &ObjectSchema, page: u64) {
        if self.is_wanted()
            && let Ok(document) = serde_json::from_slice::<Value>(body)
        {
            schema.compare_page(&document, &mut |kind, path, value| self.report(kind, path, value, page));
        }
    }

    /// Reports a skipped row, unless a row with this identity was reported before; returns whether it was new.
    pub(crate) fn report_skipped(&self, identity: &str, page: u64, path: &str, excerpt: String) -> bool {
        let first = self.is_first(DriftKind::SkippedRow, identity.to_owned());
        if first {
            let drift = Drift { kind: DriftKind::SkippedRow, page, path: path.to_owned(), excerpt };
            // The callback is called for each row, but only the first one is logged.
            if self.is_first(DriftKind::SkippedRow, String::new()) {
                log(&drift);
            }
            self.call(&drift);
        }
        first
    }

    fn report(&self, kind: DriftKind, path: &str, value: Option<&Value>, page: u64) {
        let mut difference = without_indices(path);
        if kind == DriftKind::UnknownValue {
            difference.extend(value.map(|value| format!(" {value}")));
        }
        if self.is_first(kind, difference) {
            let excerpt = match value {
                Some(value) if kind == DriftKind::UnknownField => describe(value),
                value => value.map(excerpt_of).unwrap_or_default(),
            };
            let drift = Drift { kind, page, path: path.to_owned(), excerpt };
            log(&drift);
            self.call(&drift);
        }
    }

    fn is_first(&self, kind: DriftKind, difference: String) -> bool {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        (kind == DriftKind::SkippedRow || reported.len() < MAX_REPORTS) && reported.insert((kind, difference))
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
    tracing::warn!(page = drift.page, path = drift.path, "a response of authentik differs from the specification: {drift}");
}

#[cfg(not(feature = "tracing"))]
fn log(_: &Drift) {}

/// The kind and length of a value, which do not reveal it.
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

/// `results[].order` for `results[3].order`, so that the same difference in each row is reported once.
fn without_indices(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "[" + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}
