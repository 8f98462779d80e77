//! The position at which a listing can be resumed.

use serde::{Deserialize, Serialize};

use super::key::SortKey;
use super::request::ListRequest;
use super::sort::Order;
use super::stable_hash;
use crate::Error;

/// The version of the stored format. Other versions are rejected.
const VERSION: u32 = 1;

/// A point between two rows of a listing, at which it can be resumed.
///
/// It is small, and can be stored with serde. It remains valid when rows around it are inserted or deleted, if the host name changes,
/// in later releases of this crate, and if the operation gains a filter. It belongs to one operation with its filters and its
/// `ordering`; [`resume`](super::Paginator::resume) rejects any other. In an `ordering` that edits can change, a row that moves between
/// the two listings may be returned twice or not at all; in the default order, by key, no row can move.
///
/// ```no_run
/// # use authentik_flow_bindings::{Client, Error, pagination::Position};
/// # #[cfg(operation = "flows_bindings_list")]
/// # async fn list(client: Client, stored: Option<Position>) -> Result<Option<Position>, Error> {
/// let mut paginator = client.flows_bindings_list().paginate();
/// if let Some(position) = stored {
///     paginator = paginator.resume(position);
/// }
/// let mut items = paginator.items();
/// while let Some(binding) = items.try_next().await? {
///     if binding.order > 100 {
///         break;
///     }
/// }
/// Ok(items.position())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    version: u32,
    listing: String,
    returned: u64,
    after: SortKey,
}

impl Position {
    pub(super) fn new(listing: String, returned: u64, after: SortKey) -> Self {
        Self { version: VERSION, listing, returned, after }
    }

    /// How many rows were returned up to this position, including those before a [`resume`](super::Paginator::resume).
    #[must_use]
    pub const fn returned(&self) -> u64 {
        self.returned
    }

    /// The row after which the listing continues.
    pub(super) fn after(&self) -> &SortKey {
        &self.after
    }

    /// Checks that the position belongs to a listing.
    pub(super) fn check<T>(&self, request: &ListRequest<T>, order: &Order<T>) -> Result<(), Error> {
        if self.version != VERSION {
            return Err(Error::invalid_request(format!(
                "the position has version {}, but this release of the crate reads version {VERSION}: start the listing again",
                self.version
            )));
        }
        if self.listing != fingerprint(request, order) {
            return Err(Error::invalid_request(
                "the position belongs to another listing: resume it with the operation, filters and `ordering` that it came from",
            ));
        }
        if !order.has_shape_of(&self.after, None) {
            return Err(damaged());
        }
        Ok(())
    }
}

/// The error for a position with values that no row of the listing can have.
pub(super) fn damaged() -> Error {
    Error::invalid_request("the position is damaged: it has values that no row of this listing has; start the listing again")
}

/// Identifies a listing: its operation, its order and the filters that are set, but not the server's name.
pub(super) fn fingerprint<T>(request: &ListRequest<T>, order: &Order<T>) -> String {
    let mut filters = request.filters().collect::<Vec<_>>();
    filters.sort();
    format!("{:016x}", stable_hash(&format!("{} {} {filters:?}", request.operation.id, order.parameter())))
}
