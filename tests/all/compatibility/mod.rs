//! Responses of every release since 2021 are decoded, and differences from the specification are reported.
#![cfg(operation = "flows_bindings_list")]

mod decoding;
mod drift;
mod random_responses;
mod releases;
mod skipped_rows;
mod table;
mod versions;

use std::sync::{Arc, Mutex};

use authentik_flow_bindings::Drift;
use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, Fault};

/// A server whose every response has this JSON body.
fn page_response(body: impl Into<Vec<u8>>) -> FakeAuthentikBuilder {
    let headers = vec![("content-type", "application/json".to_owned())];
    FakeAuthentik::builder().always(Fault::Response { status: 200, headers, body: body.into() })
}

/// A callback for `on_drift`, and the values that it was called with.
fn recorder() -> (Arc<Mutex<Vec<Drift>>>, impl FnMut(&Drift) + Clone + Send + 'static) {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&reported);
    (reported, move |drift: &Drift| sink.lock().unwrap().push(drift.clone()))
}
