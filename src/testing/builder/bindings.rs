//! Builder methods for the bindings of a server.

use serde::Deserialize;

use super::FakeAuthentikBuilder;
use crate::testing::bindings::bindings;
use crate::types::FlowStageBinding;

/// The rows of `flows_bindings_list`.
impl FakeAuthentikBuilder {
    /// Adds [generated](bindings) bindings.
    pub fn generated(self, count: usize, flows: usize) -> Self {
        self.bindings(bindings(count, flows))
    }

    /// Adds these bindings.
    pub fn bindings(self, bindings: impl IntoIterator<Item = FlowStageBinding>) -> Self {
        self.with_rows(|rows| rows.extend(bindings))
    }

    /// Adds bindings from JSON: an array of rows, or a page as authentik sends it.
    ///
    /// # Errors
    /// Fails if the text is invalid JSON or a row is not a binding. The error names the line.
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
}
