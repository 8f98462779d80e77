//! Sending one request: its headers, time limit and retries, and reading its response.

pub(crate) mod decode;
mod retry;

use std::time::Duration;

use progenitor_client::ResponseValue;
use reqwest::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use reqwest::{Method, Request};
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
    // Sending anything else again may change the server twice.
    let retries = if matches!(*request.method(), Method::GET | Method::HEAD) { client.inner.retries } else { 0 };
    let (request, read) = (&request, &read);
    retry::with_retries(retries, || async move {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// How many requests reach a server that always responds with 502.
    async fn requests_to_a_broken_server(method: Method) -> usize {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let mut requests = 0;
            while let Ok(Ok((mut stream, _))) = tokio::time::timeout(Duration::from_secs(3), listener.accept()).await {
                requests += 1;
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            }
            requests
        });
        let client = Client::builder(&address).token("not-a-real-token").retries(2).build().unwrap();
        let request = Request::new(method, address.parse().unwrap());
        send(&client, Ok(request), decode::decode::<serde_json::Value>).await.unwrap_err();
        server.await.unwrap()
    }

    #[tokio::test]
    async fn only_get_and_head_are_retried() {
        for (method, requests) in
            [(Method::GET, 3), (Method::HEAD, 3), (Method::POST, 1), (Method::PUT, 1), (Method::PATCH, 1), (Method::DELETE, 1)]
        {
            assert_eq!(requests_to_a_broken_server(method.clone()).await, requests, "{method}");
        }
    }
}
