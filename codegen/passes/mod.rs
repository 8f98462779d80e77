//! The passes on the document, before progenitor reads it.

pub mod descriptions;
pub mod fixups;
pub mod hoist;
pub mod inline;
