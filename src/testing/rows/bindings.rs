//! Methods of [`Rows`] for bindings.

use uuid::Uuid;

use super::Rows;
use crate::types::FlowStageBinding;

/// The rows of `flows_bindings_list`.
impl Rows {
    /// Every binding.
    pub fn iter(&self) -> impl Iterator<Item = &FlowStageBinding> {
        self.bindings.rows.iter()
    }

    /// The number of bindings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bindings.rows.len()
    }

    /// Whether there are no bindings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bindings.rows.is_empty()
    }

    /// Adds a binding. Its flow and stage exist from then on, even after the binding is removed.
    pub fn insert(&mut self, binding: FlowStageBinding) {
        self.bindings.insert(binding);
    }

    /// Removes and returns the binding with this primary key.
    pub fn remove(&mut self, pk: Uuid) -> Option<FlowStageBinding> {
        let row = self.bindings.position(pk)?;
        Some(self.bindings.remove(row))
    }

    /// Binds a policy to a binding, for the filter `policies`.
    pub fn bind_policy(&mut self, pk: Uuid, policy: Uuid) {
        self.bindings.bind_policy(pk, policy);
    }
}

impl Extend<FlowStageBinding> for Rows {
    fn extend<I: IntoIterator<Item = FlowStageBinding>>(&mut self, bindings: I) {
        bindings.into_iter().for_each(|binding| self.insert(binding));
    }
}
