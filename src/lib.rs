#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod counters;
mod decode;
pub mod drift;
pub mod enums;
mod error;
mod excerpt;
mod flows;
pub mod pagination;
mod retry;
mod span;
#[cfg(feature = "testing")]
pub mod testing;

/// What `build.rs` makes of `openapi/flows_bindings_list.yaml`.
#[allow(clippy::all, clippy::pedantic)]
mod codegen {
    include!(concat!(env!("OUT_DIR"), "/codegen.rs"));
}

pub use client::ClientBuilder;
pub use codegen::{Client, ResponseValue, builder, types};
pub use decode::DecodeError;
pub use drift::{Drift, DriftKind};
pub use error::{Error, StatusError};
pub use flows::PolicyEvaluation;
pub use span::ReleaseSpan;
pub use types::{
    DeniedAction, FlowDesignation, FlowLayout, FlowSet, FlowStageBinding, InvalidResponseAction, PaginatedFlowStageBindingList, Pagination,
    PolicyEngineMode, Stage,
};
