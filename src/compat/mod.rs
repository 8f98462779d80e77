//! Decodes responses of releases other than the specification's.

pub mod drift;
mod lenient_integer;
pub(crate) mod schema;
pub(crate) mod version;

pub(crate) use lenient_integer::lenient_integer;
