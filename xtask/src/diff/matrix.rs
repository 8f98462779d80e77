//! Compares every release with every other release.

use serde_json::Value;

use super::model::Wire;
use super::verdict::wire_verdict;
use super::wire::Compatibility;

/// The wire verdicts of the clients of all releases with the servers of all releases.
pub struct Matrix {
    pub releases: Vec<String>,
    /// By client, then by server.
    pub outcomes: Vec<Vec<Compatibility>>,
}

impl Matrix {
    /// Compares annotated slices.
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
