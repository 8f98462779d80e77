//! Complete listings, on every release.
//!
//! [`paginate()`](crate::builder::FlowsBindingsList::paginate) turns a request into a [`Paginator`]. It promises:
//!
//! > **Every row that exists during the whole listing is returned exactly once, or the listing ends in an error that says what is missing.**
//!
//! Rows that are inserted or deleted during the listing may or may not be returned. The promise holds on every server that sorts by primary
//! key: authentik up to 2024.2, and from 2025.8.4 on. On 2024.4 to 2025.8.3 it holds except for the race described
//! [below](#servers-that-do-not-sort-by-key).
//!
//! A plain loop over pages does not keep this promise. authentik 2025.6 returns 15 to 22 % of the rows twice and never returns as many
//! others ([goauthentik/authentik#15269](https://github.com/goauthentik/authentik/issues/15269)), the same ones each time. On every
//! release a loop skips rows when others are deleted or moved in the meantime. Even then, the number of rows received can equal the
//! server's count, so a count proves nothing.
//!
//! ```no_run
//! use authentik_flow_bindings::Client;
//!
//! # #[cfg(operation = "flows_bindings_list")]
//! # async fn list() -> Result<(), authentik_flow_bindings::Error> {
//! let client = Client::from_env()?;
//! let all = client.flows_bindings_list().paginate().await?;
//!
//! let mut items = client.flows_bindings_list().paginate().concurrency(8).items();
//! while let Some(binding) = items.try_next().await? {
//!     println!("{} {}", binding.order, binding.stage_obj.name);
//! }
//! # Ok(()) }
//! ```
//!
//! # Why a listing is complete
//!
//! Every row has a key (for bindings, `pk`) that is unique and never changes: one property or several. Pages are requested in the order of
//! the keys. A server reads a page in one `SELECT`, so a page proves an interval: *every row that existed at that moment with a key from
//! the page's first to its last row is on the page.* The listing keeps the union of the intervals that it has proven. A row that exists
//! during the whole listing existed at each of those moments, so if the union covers the whole key space, the row has been received. No
//! concurrent change can break this, because the key of a row never changes.
//!
//! - **Beginning**: page 1 starts at offset 0, and no insert can shift that. It proves everything up to its last row.
//! - **Middle**: two intervals are joined only if they have a key in common. Page sizes vary a little, so that each page begins with a row
//!   of the page before. If rows were deleted in front of a page, it begins too late and leaves a gap, and pages further back are requested
//!   until the gap is closed.
//! - **End**: one request for one row in descending order returns the last row, and starts at offset 0 too. The last *ascending* page
//!   proves less: a server counts its rows first and then cuts the page to that count, so that a row inserted in between pushes the last
//!   one out.
//!
//! The listing decides from a server's pages, before it returns any row, whether the server sorts by key: the odds against 13 rows in
//! random order looking sorted are six billion to one.
//!
//! In the source, `src/pagination/coverage.rs` computes the union, `sort_detection.rs` decides whether the server sorts by key, `walk.rs`
//! chooses the next request, and `window.rs` chooses page numbers.
//!
//! ## String keys
//!
//! A database sorts strings by its own collation, so a client cannot know which of two comes first. Two pages are then known to have a key
//! in common only if they have a row in common. The last page shows whether the server sorts by key: requested in descending order, it has
//! the rows of ascending pages in reverse. Such a list is collected completely before its first row is returned, in code-point order, and
//! needs pages of at least 13 rows.
//!
//! A row without a key, or with the key of another row on its page, ends the listing in [`Error::Incomplete`], which says so.
//!
//! ## Order
//!
//! Rows are returned in key order. Any other `ordering` is honored by collecting every row and sorting on the client: a list in an order
//! that edits can change cannot be both streamed and complete. Strings are sorted by code point, while a database may sort them by
//! language.
//!
//! # Servers that do not sort by key
//!
//! authentik 2024.4 to 2025.8.3 ignores the term `pk`; the first unsorted page reveals that. Tied rows are then in a different order on
//! each page. In this case the listing requests all rows on one page, in a single `SELECT`, and compares the number of distinct rows with a
//! count that it reads *afterwards*. One race remains: a row that is inserted between COUNT and SELECT of that page pushes another one out,
//! and if a third row is deleted before the last count, both numbers agree. [`snapshot`](Paginator::snapshot), which lists twice, detects
//! it.
//!
//! If such a server also limits the page size (no release does both), the listing reads the list in parts (for bindings, one for each
//! flow), and compares the sum with the count.
//!
//! A tenant whose largest page size is 0 does not paginate: it sends the whole list as a JSON array. An array is accepted only as the first
//! response of a listing.
//!
//! # What a listing costs
//!
//! A list that fits on one page takes two requests, and an empty list takes one. For longer lists, overlapping pages cost this much more
//! than a plain loop over 10,000 rows, in addition to the request for the last row:
//!
//! | page size | requests | rows |
//! | --- | --- | --- |
//! | 100 | +18 % | +5 % |
//! | 50 | +24 % | +9 % |
//! | 20 | +39 % | +19 % |
//! | 10 | +62 % | +33 % |
//! | 5 | +99 % | +59 % |
//!
//! On a server that does not sort by key, the page with all rows takes time in proportion to their number: 13.6 s for 1,239 rows.
//!
//! Streams are lazy: they request pages only when polled, with at most [`concurrency`](Paginator::concurrency) in flight. Every
//! listing ends: only so many pages may prove nothing new (16, plus one per page of the list, at most 1,000), and a list may grow to four
//! times its first count plus 10,000 rows while it is read. Beyond that it ends in [`Error::Incomplete`]. So does a list on a server whose
//! largest page has fewer than 11 rows if the pages cannot overlap, such as 240 rows in pages of 5.

mod coverage;
mod fallback;
mod fetch;
mod key;
mod listing;
mod operation;
mod page;
mod paginator;
mod position;
mod request;
mod sort;
mod sort_detection;
mod stream;
mod walk;
mod window;

pub use paginator::Paginator;
pub use position::Position;
pub use stream::{Items, Page, Pages};

pub(crate) use listing::open;
pub(crate) use operation::{Operation, Partition, SortTerm};
pub(crate) use page::send_one_page;

use std::hash::Hasher;
use std::time::Duration;

use fnv::FnvHasher;

use crate::Error;
use crate::compat::drift::DriftReporter;
use crate::compat::version::VersionRange;

/// The settings of a listing, independent of the type of its rows.
#[derive(Clone, Debug)]
struct Settings {
    page_size: u64,
    concurrency: usize,
    reporter: DriftReporter,
    deadline: Option<Duration>,
}

fn incomplete(expected: u64, received: u64, reason: &str, server: VersionRange) -> Error {
    Error::Incomplete { expected, received, reason: reason.to_owned(), server }
}

/// A hash that is the same on every machine and in every release, unlike the hashes of `std`.
fn stable_hash(text: &str) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests;
