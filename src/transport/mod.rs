//! Sending one request: its headers, time limit and retries, and reading its response.

pub(crate) mod decode;
mod retry;

use std::time::Duration;

use progenitor_client::ResponseValue;
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
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

impl Settings {
    /// Gives a request its token, name and time, whichever transport it goes through.
    fn prepare(&self, request: &mut Request) -> Result<(), Error> {
        let rows = request.url().query_pairs().find(|(name, _)| name == "page_size").and_then(|(_, rows)| rows.parse().ok()).unwrap_or(0);
        *request.timeout_mut() = Some(self.timeout.saturating_add(TIME_PER_ROW.saturating_mul(ROWS_IN_TIME.max(rows) - ROWS_IN_TIME)));

        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, bearer(token)?);
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

/// Sends a request, as often as the settings allow, and reads its response.
pub(crate) async fn send<T>(
    client: &Client,
    request: Result<Request, progenitor_client::Error<()>>,
    read: impl Fn(&[u8]) -> Result<T, DecodeFailure>,
) -> Result<ResponseValue<T>, Error> {
    let mut request = request.map_err(Error::from_generated)?;
    client.inner.prepare(&mut request)?;
    let (request, read) = (&request, &read);
    retry::with_retries(client.inner.retries, || async move {
        let attempt =
            request.try_clone().ok_or_else(|| Error::InvalidRequest { message: "a streamed body cannot be sent again".into() })?;
        let response = client.client.execute(attempt).await.map_err(Error::from_transport)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            return Err(Error::from_refusal(response).await);
        }
        let body = response.bytes().await.map_err(Error::from_transport)?;
        match read(&body) {
            Ok(value) => Ok(ResponseValue::new(value, status, headers)),
            Err(flaw) => Err(Error::from_undecodable(flaw, &headers)),
        }
    })
    .await
}
