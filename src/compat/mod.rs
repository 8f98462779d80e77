//! Reading servers of other releases.

pub mod drift;
mod lenient_integer;
pub(crate) mod version;

pub(crate) use lenient_integer::lenient_integer;
