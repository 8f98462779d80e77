//! Configuring a fake server: its release, its rows, and its schedule of changes and faults.

use std::ops::RangeBounds;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, io};

use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use super::fault::Fault;
use super::release::Release;
use super::rows::{Rows, bindings};
use super::server::FakeAuthentik;
use super::state::{ReceivedRequest, State};
use crate::types::FlowStageBinding;

/// Configures a [`FakeAuthentik`].
#[must_use = "a builder does nothing until `start()` is called"]
pub struct FakeAuthentikBuilder {
    port: u16,
    state: State,
}

impl FakeAuthentik {
    /// Starts to configure a server of release 2025.6 without bindings.
    pub fn builder() -> FakeAuthentikBuilder {
        FakeAuthentikBuilder { port: 0, state: State::new(Release::V2025_6) }
    }
}

impl FakeAuthentikBuilder {
    /// The release to behave as.
    pub fn release(mut self, release: Release) -> Self {
        self.state.rules = release.rules();
        self
    }

    /// The port to listen on, on 127.0.0.1; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Adds [generated](bindings) bindings.
    pub fn generated(self, count: usize, flows: usize) -> Self {
        self.bindings(bindings(count, flows))
    }

    /// Adds these bindings.
    pub fn bindings(mut self, bindings: impl IntoIterator<Item = FlowStageBinding>) -> Self {
        self.state.rows.extend(bindings);
        self
    }

    /// Adds bindings from JSON: an array of rows, or a page as authentik sends it.
    ///
    /// # Errors
    /// The text is invalid JSON, or a row is not a binding. The error says at which line.
    ///
    /// ```
    /// use authentik_flow_bindings::testing::{FakeAuthentik, bindings};
    ///
    /// let json = serde_json::to_string(&bindings(3, 1))?;
    /// let server = FakeAuthentik::builder().json(&json)?;
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn json(self, json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Page {
            results: Vec<FlowStageBinding>,
        }
        let is_array = json.trim_start().starts_with('[');
        let rows = if is_array { serde_json::from_str(json)? } else { serde_json::from_str::<Page>(json)?.results };
        Ok(self.bindings(rows))
    }

    /// Changes the initial rows in any other way.
    pub fn with_rows(mut self, change: impl FnOnce(&mut Rows)) -> Self {
        change(&mut self.state.rows);
        self
    }

    /// The time before each response begins; zero by default.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.state.latency = latency;
        self
    }

    /// The tenant's settings for pages: the default size, and the largest size, to which larger ones are clamped. With `Some(0)` a
    /// request with a `page_size` is not paginated.
    pub fn page_sizes(mut self, default: u64, largest: Option<u64>) -> Self {
        self.state.rules.list.default_page_size = default.max(1);
        self.state.rules.list.largest_page_size = largest;
        self
    }

    /// Changes the rows just before request `number`, counted from 1, is handled.
    pub fn before_request(mut self, number: usize, change: impl FnOnce(&mut Rows) + Send + Sync + 'static) -> Self {
        self.state.before_request.entry(number).or_default().push(Box::new(change));
        self
    }

    /// Changes the rows while request `number`, counted from 1, is handled: after COUNT and before SELECT.
    ///
    /// authentik counts the rows first, validates the page number against that count, and cuts the page to it. A row inserted in
    /// between pushes the last row off the last page, and nothing in the response shows it.
    ///
    /// A request that is rejected before SELECT leaves the rows as they are.
    pub fn between_count_and_select(mut self, number: usize, change: impl FnOnce(&mut Rows) + Send + Sync + 'static) -> Self {
        self.state.between_count_and_select.entry(number).or_default().push(Box::new(change));
        self
    }

    /// Schedules a fault for request `number`, counted from 1. Of several faults for a request, the one added last counts.
    pub fn fault(self, number: usize, fault: Fault) -> Self {
        self.faults(number..=number, fault)
    }

    /// Schedules a fault for a range of requests, such as `3..10` or `5..`.
    pub fn faults(mut self, requests: impl RangeBounds<usize>, fault: Fault) -> Self {
        self.state.faults.add(requests, fault);
        self
    }

    /// Schedules a fault for every request.
    pub fn always(self, fault: Fault) -> Self {
        self.faults(.., fault)
    }

    /// Changes every response with status 200 before it is sent, to something that no real server sends.
    pub fn tamper(mut self, change: impl FnMut(&ReceivedRequest, &mut Value) + Send + Sync + 'static) -> Self {
        self.state.tamper = Some(Box::new(change));
        self
    }

    /// Starts the server on the current Tokio runtime.
    ///
    /// # Errors
    /// The port is in use or not permitted.
    pub async fn start(self) -> io::Result<FakeAuthentik> {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
        FakeAuthentik::start(listener, Arc::new(Mutex::new(self.state)))
    }
}

impl fmt::Debug for FakeAuthentikBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAuthentikBuilder").field("rows", &self.state.rows.len()).finish_non_exhaustive()
    }
}
