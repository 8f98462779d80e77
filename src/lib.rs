// Examples on the front page and in the guides use the fake server.
#![cfg_attr(all(operation = "flows_bindings_list", any(not(doctest), feature = "testing")), doc = include_str!("front_page.md"))]
#![cfg_attr(not(operation = "flows_bindings_list"), doc = "A client for some operations of authentik's API: see [`Client`].")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(operation = "flows_bindings_list"), allow(dead_code, reason = "only list operations use pagination"))]

#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod client;
mod compat;
#[cfg(model = "DateTime")]
mod date_time;
pub mod enums;
mod error;
mod flows;
#[cfg(all(any(all(doc, not(doctest)), all(doctest, feature = "testing")), operation = "flows_bindings_list"))]
pub mod guide;
#[cfg(model = "Pagination")]
pub mod pagination;
mod parameters;
mod redaction;
mod signed_link;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;

/// The code that `build.rs` generates from `openapi/flows_bindings_list.yaml`.
#[allow(clippy::all, clippy::pedantic)]
mod codegen {
    include!(concat!(env!("OUT_DIR"), "/codegen.rs"));
}

pub use client::ClientBuilder;
// `Client`, `builder`, `types` and every model. What this file exports by name takes precedence over a model of the same name.
pub use codegen::*;
pub use compat::drift;
pub use compat::drift::{Drift, DriftKind};
pub use compat::version::VersionRange;
#[cfg(model = "DateTime")]
pub use date_time::DateTime;
pub use error::{ConnectionError, ConnectionErrorKind, DecodeError, Error, RequestSummary, StatusError};
#[cfg(model = "FlowStageBinding")]
pub use flows::PolicyEvaluation;
/// The HTTP client of [`ClientBuilder::http_client`].
pub use reqwest;
pub use signed_link::SignedLink;
pub use transport::ResponseValue;
pub use transport::retry::RetryPolicy;
