#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod compat;
pub mod enums;
mod error;
mod flows;
pub mod pagination;
mod parameters;
mod redaction;
mod signed_link;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;

/// What `build.rs` makes of `openapi/flows_bindings_list.yaml`.
#[allow(clippy::all, clippy::pedantic)]
mod codegen {
    include!(concat!(env!("OUT_DIR"), "/codegen.rs"));
}

pub use client::ClientBuilder;
pub use codegen::{Client, builder, types};
pub use compat::drift;
pub use compat::drift::{Drift, DriftKind};
pub use compat::version::VersionRange;
pub use error::{ConnectionError, ConnectionErrorKind, DecodeError, Error, StatusError};
pub use flows::PolicyEvaluation;
pub use signed_link::SignedLink;
pub use transport::ResponseValue;
pub use transport::retry::RetryPolicy;
pub use types::{
    DeniedAction, FlowDesignation, FlowLayout, FlowSet, FlowStageBinding, InvalidResponseAction, PaginatedFlowStageBindingList, Pagination,
    PolicyEngineMode, Stage,
};
