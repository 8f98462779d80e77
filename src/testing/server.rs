//! The HTTP server around the rows.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::query::{self, Query, Sorted};
use super::release::{Release, Rules};
use super::rows::{Rows, bindings};
use crate::Client;
use crate::types::FlowStageBinding;

const PATH: &str = "/api/v3/flows/bindings/";

type Script = Box<dyn FnOnce(&mut Rows) + Send>;
type Tamper = Box<dyn FnMut(&ReceivedRequest, &mut Value) + Send>;

/// A fake authentik, on a free port of this machine until it is dropped.
pub struct FakeAuthentik {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

/// Sets up a [`FakeAuthentik`].
#[must_use = "a builder starts no server before `start()`"]
pub struct FakeAuthentikBuilder {
    shared: Shared,
}

/// A request as it reached the fake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Its number, counted from 1.
    pub number: usize,
    /// The method, such as `GET`.
    pub method: String,
    /// The path with its slashes, without the query.
    pub path: String,
    /// The parameters, decoded, in the order in which they came.
    pub query: Vec<(String, String)>,
    /// The headers by name, without `Authorization`.
    pub headers: BTreeMap<String, String>,
}

impl ReceivedRequest {
    /// The last value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What goes wrong with an answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Another answer.
    Response {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<(&'static str, String)>,
        /// Its body.
        body: String,
    },
    /// The connection breaks in the middle of the body.
    Cut,
    /// The answer takes so long to begin, in place of the latency of the others.
    Delay(Duration),
}

impl Fault {
    /// Another status with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Response { status, headers: vec![("content-type", "application/json".into())], body: body.to_string() }
    }

    /// Another status with an HTML page, as a proxy or a crashed server sends it.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Response { status, headers: vec![("content-type", "text/html; charset=utf-8".into())], body: HTML.into() }
    }
}

struct Shared {
    rules: Rules,
    rows: Rows,
    latency: Duration,
    received: Vec<ReceivedRequest>,
    in_flight: usize,
    most_in_flight: usize,
    completed: usize,
    before_request: BTreeMap<usize, Vec<Script>>,
    between_count_and_select: BTreeMap<usize, Vec<Script>>,
    faults: BTreeMap<usize, Fault>,
    tamper: Option<Tamper>,
    sorted: Sorted,
}

impl FakeAuthentik {
    /// The token that it accepts.
    pub const TOKEN: &'static str = "fake-authentik-token";

    /// Begins a fake of release 2025.6 without bindings.
    pub fn builder() -> FakeAuthentikBuilder {
        FakeAuthentikBuilder {
            shared: Shared {
                rules: Release::V2025_6.rules(),
                rows: Rows::default(),
                latency: Duration::ZERO,
                received: Vec::new(),
                in_flight: 0,
                most_in_flight: 0,
                completed: 0,
                before_request: BTreeMap::new(),
                between_count_and_select: BTreeMap::new(),
                faults: BTreeMap::new(),
                tamper: None,
                sorted: Sorted::default(),
            },
        }
    }

    /// Its address, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of it, which does not try a request again.
    ///
    /// # Panics
    /// Never: the address and the token are good.
    #[must_use]
    pub fn client(&self) -> Client {
        let client = Client::builder(self.address()).token(Self::TOKEN).retries(0).build();
        client.unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// Every request so far.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.lock().received.clone()
    }

    /// How many requests it had at a time, at the most.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        self.lock().most_in_flight
    }

    /// How many requests it has answered: not those whose client went away meanwhile.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.lock().completed
    }

    /// Reads or changes the bindings.
    pub fn with_rows<T>(&self, change: impl FnOnce(&mut Rows) -> T) -> T {
        change(&mut self.lock().rows)
    }

    /// Changes the setting for the largest page, as an administrator can: 0 does away with pages.
    pub fn set_largest_page_size(&self, rows: Option<u64>) {
        self.lock().rules.largest_page_size = rows;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
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

impl FakeAuthentikBuilder {
    /// The release to fake.
    pub fn release(mut self, release: Release) -> Self {
        self.shared.rules = release.rules();
        self
    }

    /// Adds [generated](bindings) bindings.
    pub fn generated(self, count: usize, flows: usize) -> Self {
        self.bindings(bindings(count, flows))
    }

    /// Adds these bindings.
    pub fn bindings(mut self, bindings: impl IntoIterator<Item = FlowStageBinding>) -> Self {
        self.shared.rows.extend(bindings);
        self
    }

    /// Changes the rows, for what the other methods do not say.
    pub fn with_rows(mut self, change: impl FnOnce(&mut Rows)) -> Self {
        change(&mut self.shared.rows);
        self
    }

    /// How long each answer takes, beside the time for making it.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.shared.latency = latency;
        self
    }

    /// The settings for pages, as an administrator can change them: rows on a page that is asked for without a size, and rows on the
    /// largest page. A largest page of 0 rows does away with pages.
    pub fn page_sizes(mut self, default: u64, largest: Option<u64>) -> Self {
        self.shared.rules.default_page_size = default.max(1);
        self.shared.rules.largest_page_size = largest;
        self
    }

    /// Changes the rows right before request `number`, counted from 1, is answered.
    pub fn before_request(mut self, number: usize, change: impl FnOnce(&mut Rows) + Send + 'static) -> Self {
        self.shared.before_request.entry(number).or_default().push(Box::new(change));
        self
    }

    /// Changes the rows while request `number`, counted from 1, is handled: after COUNT and before SELECT.
    ///
    /// authentik counts the rows first, validates the page number against that count, and cuts the page to it. A row inserted in
    /// between pushes the last row off the last page, and nothing in the response shows it.
    ///
    /// A request that is rejected before it counts, or by the count, leaves the rows as they are.
    pub fn between_count_and_select(mut self, number: usize, change: impl FnOnce(&mut Rows) + Send + 'static) -> Self {
        self.shared.between_count_and_select.entry(number).or_default().push(Box::new(change));
        self
    }

    /// Lets request `number`, counted from 1, go wrong.
    pub fn fault(mut self, number: usize, fault: Fault) -> Self {
        self.shared.faults.insert(number, fault);
        self
    }

    /// Changes every answer of status 200 before it is sent, to something that no real server says.
    pub fn tamper(mut self, change: impl FnMut(&ReceivedRequest, &mut Value) + Send + 'static) -> Self {
        self.shared.tamper = Some(Box::new(change));
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// No port of this machine can be listened on.
    pub async fn start(self) -> io::Result<FakeAuthentik> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(self.shared));
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // Ends with the task: the listener itself does not fail.
            let _ = axum::serve(listener, router).await;
        });
        Ok(FakeAuthentik { address, shared, task })
    }
}

impl fmt::Debug for FakeAuthentikBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAuthentikBuilder").field("rows", &self.shared.rows.len()).finish_non_exhaustive()
    }
}

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>authentik</title></head><body></body></html>\n";

/// A request in flight, until it is answered or its client goes away.
struct InFlight(Arc<Mutex<Shared>>);

impl InFlight {
    fn begin(shared: Arc<Mutex<Shared>>) -> Self {
        {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.in_flight += 1;
            shared.most_in_flight = shared.most_in_flight.max(shared.in_flight);
        }
        Self(shared)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).in_flight -= 1;
    }
}

async fn handle(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let _in_flight = InFlight::begin(Arc::clone(&shared));
    let response = respond(&shared, request).await;
    shared.lock().unwrap_or_else(PoisonError::into_inner).completed += 1;
    response
}

async fn respond(shared: &Mutex<Shared>, request: Request) -> Response {
    let (latency, fault, response) = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let received = record(&request, shared.received.len() + 1);
        let number = received.number;
        shared.received.push(received.clone());
        for script in shared.before_request.remove(&number).unwrap_or_default() {
            script(&mut shared.rows);
        }
        let fault = shared.faults.remove(&number);
        (shared.latency, fault, shared.respond(&received, request.headers()))
    };
    match fault {
        None => {
            tokio::time::sleep(latency).await;
            response
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            response
        }
        Some(Fault::Cut) => {
            let (mut head, _) = response.into_parts();
            head.headers.insert(header::CONTENT_LENGTH, 1_000.into());
            let chunks = [Ok("{\"pagination\":"), Err(io::Error::other("cut off"))];
            Response::from_parts(head, Body::from_stream(stream::iter(chunks)))
        }
        Some(Fault::Response { status, headers, body }) => {
            let mut builder = Response::builder().status(status);
            for (name, value) in headers {
                builder = builder.header(name, value);
            }
            builder.body(body.into()).unwrap_or_default()
        }
    }
}

fn record(request: &Request, number: usize) -> ReceivedRequest {
    let url = reqwest::Url::parse(&format!("http://fake{}", request.uri())).ok();
    let headers = request.headers().iter().filter(|(name, _)| *name != header::AUTHORIZATION);
    ReceivedRequest {
        number,
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: url.iter().flat_map(|url| url.query_pairs().into_owned()).collect(),
        headers: headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect(),
    }
}

impl Shared {
    fn respond(&mut self, request: &ReceivedRequest, headers: &HeaderMap) -> Response {
        let (status, body) = match self.body(request, headers) {
            Ok(body) => (200, body),
            Err(refusal) => refusal,
        };
        let (kind, body) = match body {
            Value::Null => ("text/html; charset=utf-8", HTML.to_owned()),
            body => ("application/json; charset=utf-8", body.to_string()),
        };
        Response::builder()
            .status(StatusCode::from_u16(status).unwrap_or_default())
            .header(header::CONTENT_TYPE, kind)
            .header("x-authentik-id", format!("{:032x}", request.number))
            .body(body.into())
            .unwrap_or_default()
    }

    /// The body of an answer, or a refusal; the body of an HTML page is `null`.
    fn body(&mut self, request: &ReceivedRequest, headers: &HeaderMap) -> Result<Value, (u16, Value)> {
        let detail = |status: u16, detail: String| Err((status, json!({ "detail": detail })));
        if request.path != PATH {
            return Err((404, Value::Null));
        }
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
        if !["*/*", "application/*", "application/json"].iter().any(|kind| accept.contains(kind)) {
            return detail(406, "Could not satisfy the request Accept header.".into());
        }
        match headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer ")) {
            None => return detail(403, "Authentication credentials were not provided.".into()),
            Some(token) if token != FakeAuthentik::TOKEN => return detail(403, "Token invalid/expired".into()),
            Some(_) => {}
        }
        if request.method != Method::GET.as_str() {
            return detail(405, format!("Method \"{}\" not allowed.", request.method));
        }
        let query = Query::new(request.query.clone());
        let counted = query::count(&query, &self.rows, &self.rules)?;
        for change in self.between_count_and_select.remove(&request.number).unwrap_or_default() {
            change(&mut self.rows);
        }
        let cut = query::select(&counted, &query, &self.rows, &self.rules, &mut self.sorted)?;
        let rows = self.rows.slice();
        let results = cut.places.into_iter().filter_map(|place| rows.get(place)).map(|row| self.row(row)).collect();
        let mut body = match cut.pagination {
            None => Value::Array(results),
            Some(pagination) if self.rules.autocomplete => json!({ "pagination": pagination, "results": results, "autocomplete": {} }),
            Some(pagination) => json!({ "pagination": pagination, "results": results }),
        };
        if let Some(tamper) = &mut self.tamper {
            tamper(request, &mut body);
        }
        Ok(body)
    }

    /// A binding with the fields that the release has.
    fn row(&self, binding: &FlowStageBinding) -> Value {
        let mut row = serde_json::to_value(binding).unwrap_or_default();
        let flows = row.pointer_mut("/stage_obj/flow_set").and_then(Value::as_array_mut);
        for flow in flows.into_iter().flatten().filter_map(Value::as_object_mut) {
            if let Some(background) = flow.remove("background").or_else(|| flow.remove("background_url")) {
                flow.insert(self.rules.background.into(), background);
            }
            if !flow.get("layout").and_then(Value::as_str).is_some_and(|layout| self.rules.layouts.contains(&layout)) {
                flow.insert("layout".into(), "stacked".into());
            }
        }
        row
    }
}
