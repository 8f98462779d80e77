//! One request for a list operation.

use std::sync::Arc;

use reqwest::{Request, Url};

use super::key::SortValue;
use super::operation::Operation;
use super::page::{RawPage, read_page};
use crate::compat::drift::DriftReporter;
use crate::{Client, Error, ResponseValue};

/// A request for any page of the rows that match its filters.
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

    /// The parameters that select rows.
    pub(super) fn filters(&self) -> impl Iterator<Item = (String, String)> {
        self.url.query_pairs().into_owned().filter(|(name, _)| !["ordering", "page", "page_size"].contains(&name.as_str()))
    }

    /// A request for the rows with this value of the partition; `None` if the caller has set that filter.
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
        let mut request = self.template.try_clone().ok_or_else(|| Error::invalid_request("a streamed body cannot be sent again"))?;
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
