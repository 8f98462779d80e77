//! `paginate()` with every kind of server.
#![cfg(operation = "flows_bindings_list")]

mod changes;
mod hostile;
mod positions;
mod properties;
mod random_faults;
mod streams;
mod walks;

use std::collections::BTreeSet;

use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, ReceivedRequest, Release, Rows};
use authentik_flow_bindings::{Error, FlowStageBinding};
use uuid::Uuid;

/// Releases that sort by primary key.
const SORTED: [Release; 4] = [Release::V2024_2, Release::V2025_10, Release::V2025_12, Release::V2026_8];

fn fake(release: Release, rows: usize) -> FakeAuthentikBuilder {
    FakeAuthentik::builder().release(release).generated(rows, rows / 6 + 1)
}

async fn collect(server: &FakeAuthentik) -> Result<Vec<FlowStageBinding>, Error> {
    server.client().flows_bindings_list().paginate().collect().await
}

/// Page sizes of requests, in the order in which they arrived; negative for requests with `ordering=-pk`.
fn sizes(requests: &[ReceivedRequest]) -> Vec<i64> {
    let size = |request: &ReceivedRequest| request.parameter("page_size").unwrap().parse::<i64>().unwrap();
    requests.iter().map(|request| if request.parameter("ordering") == Some("-pk") { -size(request) } else { size(request) }).collect()
}

/// The primary keys, in ascending order.
fn sorted_keys(rows: &Rows) -> Vec<Uuid> {
    let mut keys = rows.iter().map(|row| row.pk).collect::<Vec<_>>();
    keys.sort_unstable();
    keys
}

/// Checks that no row is repeated and that every row of the server was received.
fn assert_all(server: &FakeAuthentik, received: &[FlowStageBinding], context: &str) {
    let keys = received.iter().map(|row| row.pk).collect::<BTreeSet<_>>();
    assert_eq!(keys.len(), received.len(), "{context}: a row is repeated");
    let missing = server.with_rows(|rows| rows.iter().filter(|row| !keys.contains(&row.pk)).count());
    assert_eq!(missing, 0, "{context}: rows are missing");
}
