//! Every release against every other.

use serde_json::Value;

use super::model::Wire;
use super::verdict::wire_verdict;
use super::wire::Compatibility;

/// What the clients of releases make of the servers of releases.
pub struct Matrix {
    pub releases: Vec<String>,
    /// By client, then by server.
    pub outcomes: Vec<Vec<Compatibility>>,
}

impl Matrix {
    /// Compares slices, which have their annotations.
    pub fn new(slices: &[Value]) -> Self {
        let release = |slice: &Value| slice["info"]["version"].as_str().unwrap_or_default().to_owned();
        let row = |client: &Value| {
            let outcome = |server: &Value| {
                let Wire { old_client_on_new_server, .. } = wire_verdict(client, server);
                old_client_on_new_server
            };
            slices.iter().map(outcome).collect()
        };
        Self { releases: slices.iter().map(release).collect(), outcomes: slices.iter().map(row).collect() }
    }
}
