//! The state of the fake server, and the requests that it received.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::fault::{Fault, Schedule};
use super::http::{self, Exchange};
use super::list::SortCache;
use super::release::{PageRules, Release};
use super::rows::Rows;

/// The token that the server accepts.
pub(super) const TOKEN: &str = "fake-authentik-token";

type Change = Box<dyn FnOnce(&mut Rows) + Send + Sync>;
type Tamper = Box<dyn FnMut(&ReceivedRequest, &mut Value) + Send + Sync>;

pub(super) type Shared = Arc<Mutex<State>>;

pub(super) fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request as the server received it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Its number, starting at 1.
    pub number: usize,
    /// The method, such as `GET`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query parameters, decoded, in the order received.
    pub query: Vec<(String, String)>,
    /// The headers by lowercase name, without `authorization`.
    pub headers: BTreeMap<String, String>,
}

impl ReceivedRequest {
    /// The last value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn new(request: &http::Request, number: usize) -> Self {
        let url = reqwest::Url::parse(&format!("http://fake{}", request.target)).ok();
        Self {
            number,
            method: request.method.clone(),
            path: request.target.split('?').next().unwrap_or_default().to_owned(),
            query: url.iter().flat_map(|url| url.query_pairs().into_owned()).collect(),
            headers: request.headers.iter().filter(|(name, _)| name != "authorization").cloned().collect(),
        }
    }
}

/// A request in flight, until its response is written or its client disconnects.
pub(super) struct InFlight(Shared);

impl InFlight {
    /// Counts the response, which was written completely.
    pub(super) fn complete(&self) {
        lock(&self.0).completed += 1;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.0).in_flight -= 1;
    }
}

pub(super) fn exchange(shared: &Shared, request: &http::Request) -> Exchange<InFlight> {
    let mut state = lock(shared);
    state.in_flight += 1;
    state.most_in_flight = state.most_in_flight.max(state.in_flight);
    let received = ReceivedRequest::new(request, state.received.len() + 1);
    state.received.push(received.clone());
    for change in state.before_request.remove(&received.number).unwrap_or_default() {
        change(&mut state.rows);
    }
    let fault = state.faults.get(received.number);
    let delay = if let Some(Fault::Delay(delay)) = fault { delay } else { state.latency };
    let response = state.respond(&received, request);
    Exchange { response, delay, fault, guard: InFlight(Arc::clone(shared)) }
}

pub(super) struct State {
    pub(super) release: Release,
    pub(super) pages: PageRules,
    pub(super) rows: Rows,
    pub(super) latency: Duration,
    pub(super) received: Vec<ReceivedRequest>,
    pub(super) in_flight: usize,
    pub(super) most_in_flight: usize,
    pub(super) completed: usize,
    pub(super) before_request: BTreeMap<usize, Vec<Change>>,
    pub(super) between_count_and_select: BTreeMap<usize, Vec<Change>>,
    pub(super) faults: Schedule,
    pub(super) tamper: Option<Tamper>,
    pub(super) sorted: SortCache,
}

impl State {
    pub(super) fn new(release: Release) -> Self {
        Self {
            release,
            pages: release.page_rules(),
            rows: Rows::default(),
            latency: Duration::ZERO,
            received: Vec::new(),
            in_flight: 0,
            most_in_flight: 0,
            completed: 0,
            before_request: BTreeMap::new(),
            between_count_and_select: BTreeMap::new(),
            faults: Schedule::default(),
            tamper: None,
            sorted: SortCache::default(),
        }
    }
}
