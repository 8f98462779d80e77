//! Passes that change or check the document before progenitor processes it.

pub mod collisions;
pub mod fixups;
pub mod hoist;
pub mod inline;
pub mod listing;
pub mod missing_descriptions;
pub mod unsupported;
