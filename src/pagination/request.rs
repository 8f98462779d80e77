//! What is listed: an operation as the generator describes it, and one request for it.

use std::sync::Arc;

use reqwest::{Request, Url};
use serde_json::Value;

use super::page::{RawPage, read_page};
use super::sort::{SortKey, SortValue};
use crate::compat::drift::DriftReporter;
use crate::compat::schema::ObjectSchema;
use crate::compat::version::VersionMarker;
use crate::transport::decode::DecodeFailure;
use crate::types::Pagination;
use crate::{Client, Error, ResponseValue};

/// Decodes a body.
type Decode<T> = fn(&[u8]) -> Result<T, DecodeFailure>;

/// A list operation. The generator writes one `static` for each.
pub(crate) struct Operation<T: 'static> {
    /// The operation's id, such as `flows_bindings_list`.
    pub(crate) id: &'static str,
    /// What identifies a row, one term or several: no two rows share it, and it never changes.
    pub(crate) key: &'static [SortTerm<T>],
    /// Every term by which rows can be sorted here.
    pub(crate) sort_terms: &'static [SortTerm<T>],
    /// Terms that every release sorts by, but for the key, which some ignore.
    pub(crate) reliable_terms: &'static [&'static str],
    /// A filter that divides the list into smaller ones.
    pub(crate) partition: Option<Partition<T>>,
    pub(crate) schema: &'static ObjectSchema,
    pub(crate) version_markers: &'static [VersionMarker],
    pub(crate) decode_page: Decode<(Pagination, Vec<T>)>,
    pub(crate) decode_rows: Decode<Vec<T>>,
    pub(crate) decode_row: Decode<T>,
}

impl<T> Operation<T> {
    /// The key of a row.
    pub(super) fn key_of(&self, item: &T) -> SortKey {
        self.key.iter().map(|term| (term.value)(item)).collect()
    }

    /// The key of a row that cannot be decoded, if the row has one.
    pub(super) fn key_in(&self, row: &Value) -> Option<SortKey> {
        let value = |term: &SortTerm<T>| SortValue::from_json(term.property.split('.').try_fold(row, |value, name| value.get(name))?);
        self.key.iter().map(value).collect()
    }

    /// The parameter `ordering` that sorts rows by key.
    pub(super) fn key_ordering(&self, descending: bool) -> String {
        let sign = if descending { "-" } else { "" };
        self.key.iter().map(|term| format!("{sign}{}", term.name)).collect::<Vec<_>>().join(",")
    }

    /// The key, for messages.
    pub(super) fn key_name(&self) -> String {
        self.key_ordering(false)
    }
}

/// A term of the parameter `ordering`, and the value that it sorts by.
pub(crate) struct SortTerm<T> {
    /// The term, such as `stage__name`.
    pub(crate) name: &'static str,
    /// The path of the property in JSON, such as `stage_obj.name`.
    pub(crate) property: &'static str,
    pub(crate) value: fn(&T) -> SortValue,
}

/// A filter that divides a list: for bindings, the flow.
pub(crate) struct Partition<T> {
    pub(crate) parameter: &'static str,
    /// The values of the parameter that a row tells of.
    pub(crate) values: fn(&T) -> Vec<SortValue>,
}

/// A request for the rows that its filters keep, of any page.
pub(super) struct ListRequest<T: 'static> {
    client: Client,
    url: Arc<Url>,
    template: Arc<Request>,
    pub(super) operation: &'static Operation<T>,
}

impl<T> Clone for ListRequest<T> {
    fn clone(&self) -> Self {
        let Self { client, url, template, operation } = self;
        Self { client: client.clone(), url: Arc::clone(url), template: Arc::clone(template), operation }
    }
}

impl<T> ListRequest<T> {
    pub(super) fn new(client: Client, request: Request, operation: &'static Operation<T>) -> Self {
        Self { client, url: Arc::new(request.url().clone()), template: Arc::new(request), operation }
    }

    /// The parameter `ordering`, as the caller set it.
    pub(super) fn ordering(&self) -> Option<String> {
        self.url.query_pairs().find(|(name, _)| name == "ordering").map(|(_, value)| value.into_owned())
    }

    /// The parameters that decide which rows there are.
    pub(super) fn filters(&self) -> impl Iterator<Item = (String, String)> {
        self.url.query_pairs().into_owned().filter(|(name, _)| !["ordering", "page", "page_size"].contains(&name.as_str()))
    }

    /// The rows with this value of the [`Partition`]; `None` where the caller has set that filter.
    pub(super) fn in_partition(&self, parameter: &str, value: &SortValue) -> Option<Self> {
        if self.filters().any(|(name, _)| name == parameter) {
            return None;
        }
        let mut url = Url::clone(&self.url);
        url.query_pairs_mut().append_pair(parameter, &value.to_string());
        Some(Self { url: Arc::new(url), ..self.clone() })
    }

    /// Requests one page.
    pub(super) async fn fetch(&self, ordering: &str, page: u64, size: u64, reporter: &DriftReporter) -> Result<RawPage<T>, Error> {
        let mut request = self.template.try_clone().ok_or_else(|| Error::invalid_request("a request with a body cannot be listed"))?;
        let url = request.url_mut();
        *url = Url::clone(&self.url);
        url.query_pairs_mut()
            .clear()
            .extend_pairs(self.filters())
            .append_pair("ordering", ordering)
            .append_pair("page", &page.to_string())
            .append_pair("page_size", &size.to_string());
        let read = |body: &[u8]| read_page(self.operation, body, page, size, reporter, self.client.inner.quoter());
        let response = crate::transport::send(&self.client, Ok(request), read).await;
        response.map(ResponseValue::into_inner).map_err(|error| error.on_page(page))
    }
}
