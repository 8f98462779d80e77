#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
pub mod enums;
mod error;
pub mod pagination;
mod retry;
#[cfg(feature = "testing")]
pub mod testing;

/// What `build.rs` makes of `openapi/flows_bindings_list.yaml`.
#[allow(clippy::all, clippy::pedantic)]
mod codegen {
    include!(concat!(env!("OUT_DIR"), "/codegen.rs"));
}

pub use client::ClientBuilder;
pub use codegen::{Client, ResponseValue, builder, types};
pub use error::{DecodeError, Error, StatusError};
pub use types::{
    DeniedAction, FlowDesignation, FlowLayout, FlowSet, FlowStageBinding, InvalidResponseAction, PaginatedFlowStageBindingList, Pagination,
    PolicyEngineMode, Stage,
};
