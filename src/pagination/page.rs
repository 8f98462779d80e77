//! Reads one page of a list.

use std::collections::BTreeSet;

use reqwest::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::key::{SortKey, SortValue, key_text};
use super::operation::Operation;
use super::stable_hash;
use crate::compat::drift::DriftReporter;
use crate::compat::version::{VersionMarker, VersionRange};
use crate::redaction::{Quoter, without_queries};
use crate::transport::decode::{DecodeFailure, decode, decode_borrowed};
use crate::types::Pagination;
use crate::{Client, Error, ResponseValue};

/// How many rows of one response may be skipped. A response with more invalid rows is not a list of this type.
const MAX_SKIPPED_ROWS: usize = 1_000;

/// The most rows for which memory is reserved before they are decoded.
const MAX_ROWS_RESERVED: usize = 1_000;

/// One page of a list, or the whole list of a server that does not paginate.
#[derive(Debug)]
pub(super) struct RawPage<T> {
    /// `None` if the server does not paginate.
    pub(super) pagination: Option<Pagination>,
    /// Its rows, in the order of the response.
    pub(super) rows: Vec<RawRow<T>>,
    /// The releases that the response is compatible with; derived from page 1 only.
    pub(super) server: VersionRange,
}

#[derive(Debug)]
pub(super) enum RawRow<T> {
    Decoded(T),
    Skipped(SkippedRow),
}

/// A row that cannot be decoded.
#[derive(Debug)]
pub(super) struct SkippedRow {
    /// Its key, if it can be read.
    pub(super) key: Option<SortKey>,
    /// Distinguishes it from other rows: its key, or else its content and offset.
    pub(super) identity: String,
    pub(super) failure: DecodeFailure,
}

impl SkippedRow {
    /// Reports the row when it is first seen in a listing.
    pub(super) fn report(&self, page: u64, reporter: &DriftReporter) {
        let key = self.key.as_ref().map(|key| format!("row {}: ", key_text(key))).unwrap_or_default();
        let excerpt = format!("{key}{}: {}", self.failure.message(), self.failure.excerpt());
        reporter.report_skipped(&self.identity, page, self.failure.path(), excerpt);
    }
}

impl<T> RawPage<T> {
    /// The number of rows in the whole list.
    pub(super) fn count(&self) -> u64 {
        self.pagination.as_ref().map_or(self.rows.len() as u64, |pagination| pagination.count)
    }

    /// Why the keys do not uniquely identify the rows; `None` if they do.
    pub(super) fn ambiguity(&self, operation: &Operation<T>) -> Option<String> {
        let decoded = self.rows.iter().filter_map(|row| match row {
            RawRow::Decoded(item) => Some(operation.key_of(item)),
            RawRow::Skipped(_) => None,
        });
        let mut seen = BTreeSet::new();
        decoded.into_iter().find_map(|key| {
            if key.contains(&SortValue::Null) {
                return Some(format!("a row without `{}` cannot be distinguished from others", operation.key_name()));
            }
            (!seen.insert(key))
                .then(|| format!("two rows on one page have the same `{}`, so they cannot be distinguished", operation.key_name()))
        })
    }

    /// The rows that could be decoded; reports the others.
    pub(super) fn decoded(self, page: u64, reporter: &DriftReporter) -> (Vec<T>, Vec<SkippedRow>) {
        let (mut decoded, mut skipped) = (Vec::with_capacity(self.rows.len()), Vec::new());
        for row in self.rows {
            match row {
                RawRow::Decoded(item) => decoded.push(item),
                RawRow::Skipped(row) => {
                    row.report(page, reporter);
                    skipped.push(row);
                }
            }
        }
        (decoded, skipped)
    }
}

impl<T> RawRow<T> {
    /// The key, if it can be read.
    pub(super) fn key(&self, operation: &Operation<T>) -> Option<SortKey> {
        match self {
            Self::Decoded(item) => Some(operation.key_of(item)),
            Self::Skipped(row) => row.key.clone(),
        }
    }
}

/// Reads a page of up to `size` rows, or the bare array of a server that does not paginate.
pub(super) fn read_page<T>(
    operation: &Operation<T>,
    body: &[u8],
    page: u64,
    size: u64,
    reporter: &DriftReporter,
    quoter: Quoter<'_>,
) -> Result<RawPage<T>, DecodeFailure> {
    let server = || VersionRange::of(body, operation.version_markers);
    let decoded = if is_bare_array(body) {
        (operation.decode_rows)(body).map(|items| (None, items))
    } else {
        (operation.decode_page)(body).map(|(pagination, items)| (Some(pagination), items))
    };
    let read = match decoded {
        Ok((pagination, items)) => Ok((pagination, items.into_iter().map(RawRow::Decoded).collect())),
        Err(_) if reporter.skip_undecodable => read_row_by_row(operation, body, page, size, quoter),
        Err(failure) => Err(failure),
    };
    let (pagination, rows) = read.map_err(|failure| failure.on_server(server()))?;
    if reporter.is_wanted() {
        let without_token = quoter.redact(body);
        reporter.compare(without_token.as_deref().unwrap_or(body), operation.schema, page);
    }
    Ok(RawPage { pagination, rows, server: if page == 1 { server() } else { VersionRange::default() } })
}

/// Sends a request for one page, and returns it as the server sent it.
pub(crate) async fn send_one_page<P: DeserializeOwned>(
    client: &Client,
    request: Result<Request, progenitor_client::Error<()>>,
    markers: &[VersionMarker],
) -> Result<ResponseValue<P>, Error> {
    let parameter = |request: &Request| request.url().query_pairs().find(|(name, _)| name == "page")?.1.parse().ok();
    let page = request.as_ref().ok().and_then(parameter).unwrap_or(1);
    let read = |body: &[u8]| {
        if is_bare_array(body) {
            return Err(DecodeFailure::of_body("this server does not paginate; it sends the whole list as one array: use `paginate()`"));
        }
        decode(body).map_err(|failure| failure.on_server(VersionRange::of(body, markers)))
    };
    crate::transport::send(client, request, read).await.map_err(|error| error.on_page(page))
}

/// Whether the body is a bare array, which a server without pagination sends.
fn is_bare_array(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

type ReadRows<T> = (Option<Pagination>, Vec<RawRow<T>>);

/// Reads a page row by row, because some rows cannot be decoded.
fn read_row_by_row<T>(
    operation: &Operation<T>,
    body: &[u8],
    page: u64,
    size: u64,
    quoter: Quoter<'_>,
) -> Result<ReadRows<T>, DecodeFailure> {
    #[derive(Deserialize)]
    struct Page<'a> {
        pagination: Pagination,
        #[serde(borrow)]
        results: Vec<&'a RawValue>,
    }

    let (list, pagination, rows) = if is_bare_array(body) {
        ("", None, decode_borrowed::<Vec<&RawValue>>(body)?)
    } else {
        let Page { pagination, results } = decode_borrowed(body)?;
        ("results", Some(pagination), results)
    };
    if pagination.is_some() && rows.len() as u64 > size {
        return Err(DecodeFailure::of_body(format!("it has {} rows, but at most {size} were requested", rows.len())));
    }
    let offset = (page - 1).saturating_mul(size);
    let mut read = Vec::with_capacity(rows.len().min(MAX_ROWS_RESERVED));
    let mut skipped = 0;
    for (index, row) in rows.into_iter().enumerate() {
        let failure = match (operation.decode_row)(row.get().as_bytes()) {
            Ok(item) => {
                read.push(RawRow::Decoded(item));
                continue;
            }
            Err(failure) => {
                // Reports must not contain the token, even if the server repeats it.
                let without_token = quoter.redact(row.get().as_bytes()).and_then(|row| (operation.decode_row)(&row).err());
                without_token.unwrap_or(failure).in_row(list, index)
            }
        };
        skipped += 1;
        if skipped > MAX_SKIPPED_ROWS {
            return Err(failure);
        }
        let key = serde_json::from_str::<Value>(row.get()).ok().and_then(|row| operation.key_in(&row));
        let content = || format!("{:016x} at {}", stable_hash(&without_queries(row.get())), offset + index as u64);
        let identity = key.as_ref().map_or_else(content, |key| key_text(key));
        read.push(RawRow::Skipped(SkippedRow { key, identity, failure }));
    }
    Ok((pagination, read))
}
