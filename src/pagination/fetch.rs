//! Requests that make progress while the stream is not polled.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::page::RawPage;
use super::window::Window;
use crate::Error;

/// A page in flight, in a separate task, so that a busy consumer neither delays it nor makes it time out.
/// Dropping it cancels the request.
pub(super) struct Fetch<T> {
    window: Window,
    task: JoinHandle<Result<RawPage<T>, Error>>,
}

impl<T: Send + 'static> Fetch<T> {
    /// Sends the request. Needs a Tokio runtime: see [`check_runtime`].
    pub(super) fn spawn(window: Window, request: impl Future<Output = Result<RawPage<T>, Error>> + Send + 'static) -> Self {
        #[cfg(feature = "tracing")]
        let request = tracing::Instrument::in_current_span(request);
        Self { window, task: tokio::spawn(request) }
    }
}

impl<T> Future for Fetch<T> {
    type Output = (Window, Result<RawPage<T>, Error>);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match ready!(Pin::new(&mut self.task).poll(context)) {
            Ok(response) => response,
            // A callback of `on_drift` panicked.
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => Err(Error::configuration("the Tokio runtime was shut down during a listing")),
        };
        Poll::Ready((self.window, response))
    }
}

impl<T> Drop for Fetch<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Fails outside a Tokio runtime, where no request can be sent.
pub(super) fn check_runtime() -> Result<(), Error> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::configuration("listings need a Tokio runtime: poll them inside `#[tokio::main]` or `Runtime::block_on`")),
    }
}
