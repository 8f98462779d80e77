//! [`FakeAuthentik`]: a server to test against, on this machine and without authentik.
//!
//! It answers `GET /api/v3/flows/bindings/` over real HTTP as a chosen [`Release`] does, as was measured on real servers: its
//! filters and their error messages, its page sizes, its fields, and its order, down to the tied rows that releases before
//! 2025.8.4 put in another order on each page.
//!
//! ```
//! use authentik_flow_bindings::testing::{FakeAuthentik, Release};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = FakeAuthentik::builder().release(Release::V2025_6).generated(1_240, 212).start().await?;
//! let bindings = server.client().flows_bindings_list().paginate().collect().await?;
//! assert_eq!(bindings.len(), 1_240);
//! # Ok(()) }
//! ```

mod query;
mod release;
mod rows;
mod server;

pub use release::Release;
pub use rows::{Rows, bindings};
pub use server::{FakeAuthentik, FakeAuthentikBuilder, Fault, ReceivedRequest};
