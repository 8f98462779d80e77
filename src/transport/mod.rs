//! Sending one request: its headers, time limit and retries, and reading its response.

pub(crate) mod decode;
mod retry;

use std::future::Future;
use std::time::Duration;

use progenitor_client::{ClientHooks, OperationInfo, ResponseValue};
use reqwest::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use reqwest::{Request, Response};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;
use crate::codegen::Client;
use decode::DecodeFailure;

/// Rows that a request may ask for before it is given more time than [`ClientBuilder::timeout`].
const ROWS_IN_TIME: u32 = 100;

/// What each further row may take; a slow server was seen to need 12 ms.
const TIME_PER_ROW: Duration = Duration::from_millis(50);

/// What every request needs, beside the address and the transport.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) token: Option<SecretString>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
}

impl ClientHooks<Settings> for Client {
    /// Gives each request its token, name and time, whichever transport it goes through.
    async fn pre<E>(&self, request: &mut Request, _: &OperationInfo) -> Result<(), progenitor_client::Error<E>> {
        let rows = request.url().query_pairs().find(|(name, _)| name == "page_size").and_then(|(_, rows)| rows.parse().ok()).unwrap_or(0);
        *request.timeout_mut() =
            Some(self.inner.timeout.saturating_add(TIME_PER_ROW.saturating_mul(ROWS_IN_TIME.max(rows) - ROWS_IN_TIME)));

        let headers = request.headers_mut();
        // A convention of Dropshot servers that progenitor adds; authentik does not know it.
        headers.remove("api-version");
        headers.insert(USER_AGENT, self.inner.user_agent.clone());
        if let Some(token) = &self.inner.token {
            let value = bearer(token).map_err(|error| progenitor_client::Error::InvalidRequest(error.to_string()))?;
            headers.insert(AUTHORIZATION, value);
        }
        Ok(())
    }
}

pub(crate) fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    let token = token.expose_secret().trim();
    if token.is_empty() {
        return Err(Error::configuration("the token is empty: set an API token of authentik, or none at all"));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Error::configuration("the token has characters that no header may have: copy it again, without line breaks"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sends a request, as often as the settings allow, and reads its answer.
pub(crate) async fn send<T, F, Fut>(
    client: &Client,
    mut execute: F,
    read: impl Fn(&[u8]) -> Result<T, DecodeFailure>,
) -> Result<ResponseValue<T>, Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Response, progenitor_client::Error<()>>>,
{
    let read = &read;
    retry::with_retries(client.inner.retries, || {
        let answer = execute();
        async move {
            let response = answer.await.map_err(Error::from_generated)?;
            let (status, headers) = (response.status(), response.headers().clone());
            if !status.is_success() {
                return Err(Error::from_refusal(response).await);
            }
            let body = response.bytes().await.map_err(Error::from_transport)?;
            match read(&body) {
                Ok(value) => Ok(ResponseValue::new(value, status, headers)),
                Err(flaw) => Err(Error::from_undecodable(flaw, &headers)),
            }
        }
    })
    .await
}
