//! Sends one request, with its headers, limits and retries, and reads the response.

pub(crate) mod decode;
pub(crate) mod limits;
mod response;
pub(crate) mod retry;
mod throttle;
mod token;

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Method, Request, Response};

use crate::Error;
use crate::codegen::Client;
use crate::error::DecodeFailure;
use crate::redaction::Quoter;
use crate::telemetry::Span;
use limits::Limits;
pub use response::ResponseValue;
use retry::RetryPolicy;
use throttle::Throttle;
pub(crate) use token::Token;

/// How many bytes of an error response are read.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// The settings of every request except the address and the HTTP client, shared by the clones of a client.
#[derive(Debug)]
pub struct Settings {
    token: Option<Token>,
    user_agent: HeaderValue,
    limits: Limits,
    retry: RetryPolicy,
    throttle: Throttle,
}

impl Settings {
    pub(crate) fn new(token: Option<Token>, user_agent: HeaderValue, limits: Limits, retry: RetryPolicy) -> Self {
        let throttle = Throttle::new(limits.max_in_flight);
        Self { token, user_agent, limits, retry, throttle }
    }

    /// Sets the token, the user agent and the time limit of a request.
    fn prepare(&self, request: &mut Request) {
        *request.timeout_mut() = Some(self.limits.time_for(request.url()));
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.header());
        }
    }

    pub(crate) fn quoter(&self) -> Quoter<'_> {
        Quoter::new(self.token.as_ref().and_then(Token::secret))
    }
}

/// Sends a request, with retries, and reads the response.
pub(crate) async fn send<T>(
    client: &Client,
    request: Result<Request, progenitor_client::Error<()>>,
    read: impl Fn(&[u8]) -> Result<T, DecodeFailure>,
) -> Result<ResponseValue<T>, Error> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(Error::configuration(
            "requests need a Tokio runtime with I/O and timers: send them from `#[tokio::main]`, or inside `Runtime::block_on`",
        ));
    }
    let settings = &client.inner;
    let mut request = request.map_err(Error::from_generated)?;
    settings.prepare(&mut request);
    // Only GET and HEAD are retried: any other request may have changed something on the server even if it failed.
    let policy = if matches!(*request.method(), Method::GET | Method::HEAD) { settings.retry } else { RetryPolicy::never() };
    let (request, read) = (&request, &read);
    let mut resends = 0..;
    let send = || {
        let span = Span::request(request, resends.next().unwrap_or(u64::MAX), settings.quoter());
        async move {
            let outcome = span.around(attempt(client, request, read)).await;
            match &outcome {
                Ok(response) => span.record_status(response.status().as_u16()),
                Err(error) => span.record_error(error),
            }
            outcome
        }
    };
    retry::run(policy, &settings.throttle, settings.limits.deadline, send).await
}

/// Sends a request once.
async fn attempt<T>(
    client: &Client,
    request: &Request,
    read: &impl Fn(&[u8]) -> Result<T, DecodeFailure>,
) -> Result<ResponseValue<T>, Error> {
    let settings = &client.inner;
    let _in_flight = settings.throttle.enter().await;
    let request = request.try_clone().ok_or_else(|| Error::invalid_request("a streamed body cannot be sent"))?;
    let address = request.url().origin().ascii_serialization();
    let mut response = client.client.execute(request).await.map_err(|error| Error::from_transport(error, &address))?;
    let (status, headers) = (response.status(), response.headers().clone());
    if !status.is_success() {
        let body = error_body(&mut response, &settings.limits).await;
        return Err(Error::from_status(status, &headers, response.url(), &body, settings.quoter()));
    }
    let failed = |failure| Error::from_decode_failure(failure, &headers, settings.quoter());
    reject_encoding(&headers, settings.quoter()).map_err(failed)?;
    let Some(body) = settings.limits.read_body(&mut response, settings.limits.max_response_bytes, &address).await? else {
        return Err(failed(settings.limits.too_large()));
    };
    match read(&body) {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(failure) => {
            // The message must not quote the token, even if the server repeats it.
            let again = settings.quoter().redact(&body).and_then(|body| read(&body).err());
            Err(failed(again.unwrap_or(failure)))
        }
    }
}

/// The beginning of the body of an error response. If the body ends early, the part that was received is used, because the status is known.
async fn error_body(response: &mut Response, limits: &Limits) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= MAX_ERROR_BODY {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(limits.idle_timeout, read).await;
    body.truncate(MAX_ERROR_BODY);
    body
}

/// Fails if the body is still encoded: the HTTP client removes the header of an encoding that it has decoded.
fn reject_encoding(headers: &HeaderMap, quoter: Quoter<'_>) -> Result<(), DecodeFailure> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("an unreadable name"));
    match encoding {
        None | Some("") => Ok(()),
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => Ok(()),
        Some(encoding) => {
            let encoding = quoter.quote(encoding);
            Err(DecodeFailure::of_body(format!(
                "it is encoded as `{encoding}`, and this client accepts gzip only: check the proxy in front of the server"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// How many requests reach a server that always responds with 502.
    async fn requests_to_a_broken_server(method: Method) -> usize {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (received, mut requests) = tokio::sync::mpsc::unbounded_channel();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = received.send(());
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            }
        });
        let policy = RetryPolicy::default().max_attempts(3).pauses(Duration::from_millis(1), Duration::from_millis(1));
        let client = Client::builder(&address).token("not-a-real-token").retry(policy).build().unwrap();
        let request = Request::new(method, address.parse().unwrap());
        send(&client, Ok(request), decode::decode::<serde_json::Value>).await.unwrap_err();
        server.abort();
        let _ = server.await;
        std::iter::from_fn(|| requests.try_recv().ok()).count()
    }

    #[tokio::test]
    async fn only_get_and_head_are_retried() {
        for (method, requests) in [("GET", 3), ("HEAD", 3), ("POST", 1), ("PUT", 1), ("PATCH", 1), ("DELETE", 1), ("OPTIONS", 1)] {
            assert_eq!(requests_to_a_broken_server(method.parse().unwrap()).await, requests, "{method}");
        }
    }
}
