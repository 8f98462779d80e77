//! A server to test against, without authentik: [`FakeAuthentik`].
//!
//! It serves the list operations of this crate over HTTP as a chosen [`Release`] does: filters and their error messages, page sizes,
//! fields, and order. With releases before 2025.8.4, rows with equal sort keys are in a different order on each page. All of this was
//! measured on real servers.
//!
//! ```
//! use authentik_flow_bindings::testing::{FakeAuthentik, Release};
//!
//! # #[cfg(operation = "flows_bindings_list")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = FakeAuthentik::builder().release(Release::V2025_6).generated(1_240, 212).start().await?;
//! let bindings = server.client().flows_bindings_list().paginate().collect().await?;
//! assert_eq!(bindings.len(), 1_240);
//! # Ok(()) }
//! # #[cfg(not(operation = "flows_bindings_list"))]
//! # fn main() {}
//! ```
//!
//! # Faults
//!
//! A [`Fault`] can be scheduled for one request, for a range of requests, or for all of them, to see how code behaves when the
//! server or the network fails:
//!
//! ```
//! use authentik_flow_bindings::testing::{FakeAuthentik, Fault};
//!
//! # #[cfg(operation = "flows_bindings_list")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = FakeAuthentik::builder().generated(10, 2).always(Fault::html(503)).start().await?;
//! let error = server.client().flows_bindings_list().paginate().collect().await.unwrap_err();
//! assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
//! # Ok(()) }
//! # #[cfg(not(operation = "flows_bindings_list"))]
//! # fn main() {}
//! ```
//!
//! Programs in other languages can test against the same server: `cargo run --example fake_authentik --features testing` serves it on a
//! port.

#[cfg(operation = "flows_bindings_list")]
mod bindings;
mod builder;
mod collation;
mod fault;
mod generate;
mod http;
mod list;
mod query;
mod records;
mod release;
mod respond;
mod rows;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod validator;

#[cfg(operation = "flows_bindings_list")]
pub use bindings::bindings;
pub use builder::FakeAuthentikBuilder;
pub use collation::Collation;
pub use fault::Fault;
pub use records::Records;
pub use release::Release;
pub use rows::Rows;
pub use server::FakeAuthentik;
pub use state::ReceivedRequest;
