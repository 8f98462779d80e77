//! Requests and listings without `async`, with the feature `blocking`.
//!
//! The client and its builders are the same. [`Blocking::blocking`] replaces `.await`, and turns a stream into an iterator:
//!
#![cfg_attr(operation = "flows_bindings_list", doc = "```no_run")]
#![cfg_attr(not(operation = "flows_bindings_list"), doc = "```ignore")]
//! use authentik_flow_bindings::blocking::Blocking;
//! use authentik_flow_bindings::{Client, Error};
//!
//! fn main() -> Result<(), Error> {
//!     let client = Client::from_env()?;
//!     for binding in client.flows_bindings_list().paginate().items().blocking() {
//!         println!("{}", binding?.stage_obj.name);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Requests and whole listings:
//!
#![cfg_attr(feature = "testing", doc = "```")]
#![cfg_attr(not(feature = "testing"), doc = "```ignore")]
//! use authentik_flow_bindings::blocking::Blocking;
//! # #[allow(unused_imports)]
//! # use authentik_flow_bindings::testing::FakeAuthentik;
//!
//! # #[cfg(operation = "flows_bindings_list")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = FakeAuthentik::builder().generated(1_240, 212).start().blocking()?;
//! # let client = server.client();
//! let page = client.flows_bindings_list().page_size(20).send().blocking()?;
//! assert_eq!(page.results.len(), 20);
//!
//! let all = client.flows_bindings_list().paginate().collect().blocking()?;
//! assert_eq!(all.len(), 1_240);
//! # Ok(())
//! # }
//! # #[cfg(not(operation = "flows_bindings_list"))]
//! # fn main() {}
//! ```
//!
//! The guarantees are the same as for the async methods, because the same code runs on a background thread. The first call starts that
//! thread, and it requests more pages while the caller processes rows.
//!
//! Inside a Tokio runtime, where blocking would stall other tasks, every call fails with [`Error::Configuration`]: use `.await` there.

use std::future::IntoFuture;
use std::sync::OnceLock;

use futures_util::stream::{Stream, StreamExt};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;
#[cfg(model = "Pagination")]
use crate::pagination::{Items, Pages};

/// Waits for a future, or for each item of a stream.
pub trait Blocking {
    /// The output of the future, or an iterator.
    type Output;

    /// Replaces `.await`.
    ///
    /// For a future or a `Paginator`, returns its output; for `Items` and `Pages`, returns an iterator.
    ///
    /// # Errors
    /// The errors of the future, and [`Error::Configuration`] inside a Tokio runtime.
    fn blocking(self) -> Self::Output;
}

impl<F, T, E> Blocking for F
where
    F: IntoFuture<Output = Result<T, E>>,
    E: From<Error>,
{
    type Output = Result<T, E>;

    fn blocking(self) -> Self::Output {
        runtime()?.block_on(self.into_future())
    }
}

#[cfg(model = "Pagination")]
impl<T> Blocking for Items<T> {
    type Output = Iter<Self>;

    fn blocking(self) -> Self::Output {
        Iter { stream: self, ended: false }
    }
}

#[cfg(model = "Pagination")]
impl<T> Blocking for Pages<T> {
    type Output = Iter<Self>;

    fn blocking(self) -> Self::Output {
        Iter { stream: self, ended: false }
    }
}

/// An iterator over the items of a stream. Dropping it cancels requests in flight.
#[derive(Debug)]
#[must_use = "an iterator is lazy and sends no requests until it is advanced"]
pub struct Iter<S> {
    stream: S,
    ended: bool,
}

impl<S> Iter<S> {
    /// The stream, for its `position()` or its `total()`.
    pub const fn stream(&self) -> &S {
        &self.stream
    }
}

impl<S, T> Iterator for Iter<S>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match runtime() {
            Ok(runtime) => runtime.block_on(self.stream.next()),
            Err(error) => Some(Err(error)),
        };
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The runtime of all blocking calls. It has a thread of its own, so that requests in flight make progress between two calls.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if Handle::try_current().is_ok() {
        return Err(Error::configuration(
            "a blocking call inside a Tokio runtime would stall other tasks: use `.await` in place of `.blocking()`",
        ));
    }
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("authentik-blocking").enable_all().build();
    let runtime = runtime.map_err(|error| Error::configuration(format!("the thread for blocking calls cannot be started: {error}")))?;
    Ok(RUNTIME.get_or_init(|| runtime))
}
