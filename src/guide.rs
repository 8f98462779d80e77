//! Guides: how to list, test, deploy and observe.
//!
//! They exist only in the documentation; builds leave them out.

#[doc = include_str!("../docs/listing.md")]
pub mod listing {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/deployment.md")]
pub mod deployment {}

#[doc = include_str!("../docs/observability.md")]
#[cfg(feature = "tracing")]
pub mod observability {}

#[doc = include_str!("../docs/middleware.md")]
pub mod middleware {}

#[doc = include_str!("../docs/regenerating.md")]
pub mod regenerating {}

#[doc = include_str!("../docs/migrating.md")]
pub mod migrating {}

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
mod readme {}
