//! Compares two slices, and judges each change for deployed clients and for this crate.

pub use input::{Input, generatable};
pub use matrix::Matrix;
pub use model::{Change, Diff, InvalidOperation, Operation};
pub use verdict::compare;
pub use wire::Compatibility;

mod comparison;
mod compositions;
mod constraints;
mod findings;
mod input;
mod matrix;
mod media_types;
mod model;
pub mod operations;
mod properties;
mod requests;
mod responses;
pub mod rules;
pub mod rust;
mod schemas;
mod security;
mod verdict;
mod wire;
