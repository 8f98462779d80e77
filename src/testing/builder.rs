//! Configures a fake server: its release, its rows, and its schedule of changes and faults.

use std::ops::RangeBounds;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, io};

use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;

use super::collation::Collation;
use super::fault::Fault;
use super::release::Release;
use super::rows::Rows;
use super::server::FakeAuthentik;
use super::state::{ReceivedRequest, State};

#[cfg(operation = "flows_bindings_list")]
mod bindings;

/// Configures a [`FakeAuthentik`].
#[must_use = "a builder does nothing until `start()` is called"]
pub struct FakeAuthentikBuilder {
    port: u16,
    state: State,
    /// The error of an earlier call.
    error: Option<String>,
}

impl FakeAuthentik {
    /// Configures a server of release 2025.6 without rows.
    pub fn builder() -> FakeAuthentikBuilder {
        FakeAuthentikBuilder { port: 0, state: State::new(Release::V2025_6), error: None }
    }
}

impl FakeAuthentikBuilder {
    /// The release to imitate.
    pub fn release(mut self, release: Release) -> Self {
        self.state.release = release;
        self.state.pages = release.page_rules();
        self
    }

    /// The port to listen on, on 127.0.0.1. The default, 0, chooses a free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Adds generated rows to a list operation, such as `core_users_list`. They have every property of the specification, and keys
    /// that no other generated row of the operation has. The same calls give the same rows.
    ///
    /// If this crate does not have the operation, [`start`](Self::start) fails.
    pub fn generate(self, operation: &str, count: usize) -> Self {
        self.try_with_rows(|rows| rows.generate(operation, count))
    }

    /// Adds these rows to a list operation: models, or JSON objects. Required properties that a row lacks are generated; in a binding, also
    /// those of its stage and flow. Rows are not validated as authentik validates requests.
    ///
    /// [`start`](Self::start) fails for an unknown operation, a row that is not an object, or a binding with a property of the wrong type.
    pub fn rows(self, operation: &str, rows: impl IntoIterator<Item = impl Serialize>) -> Self {
        rows.into_iter().zip(1..).fold(self, |server, (row, number): (_, usize)| {
            server.try_with_rows(|rows| rows.add(operation, row).map_err(|error| format!("row {number} of `{operation}`: {error}")))
        })
    }

    /// The terms of `ordering` that a list operation sorts by, with or without `-`; others are ignored. By default, every scalar
    /// property. With no terms, `ordering` has no effect. `flows_bindings_list` is rejected, because it always sorts as the release does.
    ///
    /// If this crate does not have the operation, [`start`](Self::start) fails.
    pub fn sort_terms(self, operation: &str, terms: &[&'static str]) -> Self {
        self.try_with_rows(|rows| {
            rows.known(operation)?.sort_terms = terms.to_vec();
            Ok(())
        })
    }

    /// Defines a filter of a list operation: `selects` gets each row and the value of the parameter.
    ///
    /// Filters with the name of a row property, and `search`, need no definition. `flows_bindings_list` is rejected: its filters are fixed.
    ///
    /// If this crate does not have the operation, or the operation does not have the parameter,
    /// [`start`](Self::start) fails.
    pub fn filter(self, operation: &str, parameter: &str, selects: impl Fn(&Value, &str) -> bool + Send + Sync + 'static) -> Self {
        self.try_with_rows(|rows| rows.known(operation)?.define_filter(parameter, Box::new(selects)))
    }

    /// How strings are sorted, except in bindings.
    pub fn collation(mut self, collation: Collation) -> Self {
        self.state.rows.records().for_each(|records| records.collation = collation);
        self
    }

    fn try_with_rows(mut self, change: impl FnOnce(&mut Rows) -> Result<(), String>) -> Self {
        if let Err(error) = change(&mut self.state.rows) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Changes the initial rows with a closure.
    pub fn with_rows(mut self, change: impl FnOnce(&mut Rows)) -> Self {
        change(&mut self.state.rows);
        self
    }

    /// The time before each response begins; zero by default.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.state.latency = latency;
        self
    }

    /// The tenant's settings for pages: the default size, and the largest size, which replaces a larger requested one. With `Some(0)`, a
    /// request with a `page_size` is not paginated.
    pub fn page_sizes(mut self, default: u64, largest: Option<u64>) -> Self {
        self.state.pages.default_size = default.max(1);
        self.state.pages.largest_size = largest;
        self
    }

    /// Changes the rows just before the server handles request `number`, counted from 1.
    pub fn before_request(mut self, number: usize, change: impl FnOnce(&mut Rows) + Send + Sync + 'static) -> Self {
        self.state.before_request.entry(number).or_default().push(Box::new(change));
        self
    }

    /// Changes the rows while the server handles request `number`, counted from 1: after COUNT and before SELECT.
    ///
    /// authentik counts the rows first, validates the page number against that count, and ends the last page there. A row inserted in
    /// between pushes the last row off the last page, and nothing in the response shows it.
    ///
    /// A request that is rejected before SELECT leaves the rows as they are.
    pub fn between_count_and_select(mut self, number: usize, change: impl FnOnce(&mut Rows) + Send + Sync + 'static) -> Self {
        self.state.between_count_and_select.entry(number).or_default().push(Box::new(change));
        self
    }

    /// Schedules a fault for request `number`, counted from 1. If a request has several faults, the one added last applies.
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

    /// Changes the body of every response with status 200 before it is sent, for example to something that no real server sends.
    pub fn tamper(mut self, change: impl FnMut(&ReceivedRequest, &mut Value) + Send + Sync + 'static) -> Self {
        self.state.tamper = Some(Box::new(change));
        self
    }

    /// Starts the server on the current Tokio runtime.
    ///
    /// # Errors
    /// The port is in use or not permitted, or an earlier call named an operation or a filter that this crate does not have, or passed a
    /// row that is not an object, or a binding with a property of the wrong type.
    ///
    /// # Panics
    /// Outside a Tokio runtime, or in one without I/O.
    pub async fn start(self) -> io::Result<FakeAuthentik> {
        if let Some(error) = self.error {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
        FakeAuthentik::start(listener, Arc::new(Mutex::new(self.state)))
    }
}

impl fmt::Debug for FakeAuthentikBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAuthentikBuilder").field("release", &self.state.release).finish_non_exhaustive()
    }
}
