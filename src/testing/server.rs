//! The fake server, and the requests that it received.

use std::net::SocketAddr;
use std::sync::MutexGuard;
use std::{fmt, io};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::http;
use super::rows::Rows;
use super::state::{InFlight, ReceivedRequest, Shared, State, TOKEN, exchange, lock};
use crate::Client;

/// A fake authentik, which listens on a port of this machine until it is dropped.
pub struct FakeAuthentik {
    address: SocketAddr,
    client: Client,
    state: Shared,
    task: JoinHandle<()>,
}

impl FakeAuthentik {
    /// The token that the server accepts.
    pub const TOKEN: &'static str = TOKEN;

    /// The server's address, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client for this server, which does not retry. Each call returns a clone of the same client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// All requests received so far.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.lock().received.clone()
    }

    /// The largest number of requests that were in flight at the same time.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        self.lock().most_in_flight
    }

    /// The number of responses that were written completely, not counting requests that the client cancelled.
    ///
    /// A client can receive the end of a response shortly before it is counted.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.lock().completed
    }

    /// Reads or changes the rows.
    pub fn with_rows<T>(&self, change: impl FnOnce(&mut Rows) -> T) -> T {
        change(&mut self.lock().rows)
    }

    /// Changes the tenant's setting for the largest page. With `Some(0)` a request with a `page_size` is not paginated.
    pub fn set_largest_page_size(&self, rows: Option<u64>) {
        self.lock().pages.largest_size = rows;
    }

    pub(super) fn start(listener: TcpListener, state: Shared) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let client = Client::builder(format!("http://{address}")).token(TOKEN).retries(0).build().map_err(io::Error::other)?;
        let task = tokio::spawn(accept(listener, state.clone()));
        Ok(Self { address, client, state, task })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for FakeAuthentik {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for FakeAuthentik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAuthentik").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Accepts connections until it is aborted, which closes them all.
async fn accept(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        // Accepting fails if the process has no file descriptors left. The connection stays queued until one is free.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let state = shared.clone();
        connections.spawn(async move {
            // The client sees errors of its connection; the server can ignore them.
            let _ = http::serve(stream, |request| exchange(&state, request), InFlight::complete).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
