//! Faults of responses, and the requests that they are scheduled for.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use serde_json::Value;

/// The page that a crashed server or a proxy sends.
pub(super) const HTML: &str = "<!DOCTYPE html>\n<html><head><title>authentik</title></head><body></body></html>\n";

/// A fault of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A different response is sent.
    Response {
        /// Its status.
        status: u16,
        /// Its headers. `content-length` is added.
        headers: Vec<(&'static str, String)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The response begins after this time, which replaces the server's latency.
    Delay(Duration),
    /// The connection is closed without a response.
    Close,
    /// The connection is reset (TCP RST) without a response.
    Reset,
    /// The head and half of the body are sent, then the connection is closed.
    Cut,
    /// The head and half of the body are sent, then nothing more until the client closes the connection.
    Stall,
    /// The body is sent one byte at a time, with this pause before each.
    Drip(Duration),
    /// The body never ends: the head is followed by spaces until the client closes the connection.
    InfiniteBody,
    /// The response is HTTP/1.0, without `content-length`; the end of the connection is the end of the body.
    Http10,
    /// The connection is closed without notice after a complete response, as when a worker is recycled.
    CloseAfter,
    /// The body is compressed, even if the client does not accept that.
    Gzip,
    /// The header `content-encoding` has this value, and the body is sent as it is.
    ContentEncoding(&'static str),
}

impl Fault {
    /// A response with this status and a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".into())];
        Self::Response { status, headers, body: body.to_string().into() }
    }

    /// A response with this status and an HTML page, as a proxy or a crashed server sends it.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Response { status, headers: vec![("content-type", "text/html; charset=utf-8".into())], body: HTML.into() }
    }
}

/// The faults by request.
#[derive(Debug, Default)]
pub(super) struct Schedule(Vec<(Requests, Fault)>);

type Requests = (Bound<usize>, Bound<usize>);

impl Schedule {
    pub(super) fn add(&mut self, requests: impl RangeBounds<usize>, fault: Fault) {
        self.0.push(((requests.start_bound().cloned(), requests.end_bound().cloned()), fault));
    }

    /// The fault of a request: the one that was added last.
    pub(super) fn get(&self, number: usize) -> Option<Fault> {
        self.0.iter().rev().find(|(requests, _)| requests.contains(&number)).map(|(_, fault)| fault.clone())
    }
}
