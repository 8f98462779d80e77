//! Downloads documents: time limits, size limit, redirects, tokens, and help if a download fails.

use std::fmt::Display;
use std::io::{IsTerminal, Read};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

/// The environment variable with a token for servers that require one.
pub const TOKEN: &str = "XTASK_TOKEN";

/// The largest document that is read. Upstream's whole schema is 1.8 MB in size.
pub const MAX_BYTES: u64 = 64 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time limit of a download. A server takes up to 20 s to generate its schema, and connections can be slow.
const TIMEOUT: Duration = Duration::from_secs(120);
const MAX_REDIRECTS: u32 = 5;

/// A document to download.
pub struct Wanted {
    pub url: Url,
    /// The help text if the server does not have the document.
    pub if_missing: String,
    /// What the server does before it responds, if it takes a long time.
    pub waiting: Option<&'static str>,
    /// Whether the user named this server, so that it may see the user's token.
    pub may_send_token: bool,
}

/// Downloads a document, with a progress bar on a terminal.
pub fn download(wanted: &Wanted) -> Result<Vec<u8>> {
    let url = &wanted.url;
    let host = url.host_str().unwrap_or_default();
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.enable_steady_tick(Duration::from_millis(100));
    if let Some(waiting) = wanted.waiting {
        let message = format!("waiting for {host} to {waiting}");
        if bar.is_hidden() {
            eprintln!("note: {message}");
        }
        bar.set_message(message);
    }
    let response = request(wanted)?;
    check_status(&response, wanted)?;

    let mut body = response.into_body();
    bar.set_message(format!("downloading from {host}"));
    let style = match body.content_length() {
        Some(length) => {
            bar.set_length(length);
            "{msg} {bar:40} {bytes}/{total_bytes} {bytes_per_sec}"
        }
        None => "{msg} {spinner} {bytes}",
    };
    bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
    let mut bytes = Vec::new();
    let read = bar.wrap_read(body.with_config().limit(MAX_BYTES).reader()).read_to_end(&mut bytes);
    bar.finish_and_clear();
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if is_too_large(&error) => bail!("{url}: {}", too_large()),
        Err(error) => Err(failed(url, &error)),
    }
}

/// The problem with a document that exceeds [`MAX_BYTES`], and what to do about it.
pub fn too_large() -> String {
    format!("larger than {} MiB, unlike any schema of authentik\n  help: check that this is the right document", MAX_BYTES >> 20)
}

fn is_too_large(error: &std::io::Error) -> bool {
    matches!(error.get_ref().and_then(|inner| inner.downcast_ref()), Some(ureq::Error::BodyExceedsLimit(_)))
}

/// Sends a request without a token, and a second one with the token if the server responds with 401 or 403.
fn request(wanted: &Wanted) -> Result<Response<Body>> {
    let url = &wanted.url;
    let is_encrypted = url.scheme() == "https";
    let agent: Agent = Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(TIMEOUT))
        .max_redirects(if is_encrypted { MAX_REDIRECTS } else { 0 })
        .https_only(is_encrypted)
        .http_status_as_error(false)
        .user_agent("authentik-flow-bindings-xtask")
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .into();
    let get = || agent.get(url.as_str()).header(header::ACCEPT, "*/*");
    let response = get().call().map_err(|error| failed(url, &error))?;
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty() && wanted.may_send_token);
    match token {
        Some(token) if is_denied(response.status()) => {
            let bearer = ureq::http::HeaderValue::from_str(&format!("Bearer {token}"));
            let bearer = bearer.map_err(|_| anyhow!("{TOKEN}: not a token: it contains characters that are not allowed in a header"))?;
            get().header(header::AUTHORIZATION, bearer).call().map_err(|error| failed(url, &error))
        }
        _ => Ok(response),
    }
}

fn is_denied(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN
}

fn check_status(response: &Response<Body>, wanted: &Wanted) -> Result<()> {
    let (url, status) = (&wanted.url, response.status());
    let help = match status.as_u16() {
        200..=299 => return Ok(()),
        300..=399 => match redirect_target(response, url) {
            Some(target) => format!("give the address that it redirects to, {target}"),
            None => "give the address of the document itself".to_owned(),
        },
        401 | 403 if wanted.may_send_token && std::env::var_os(TOKEN).is_some() => {
            format!("the server rejected the token in {TOKEN}: check that it is valid and may read the schema, or pass a file")
        }
        401 | 403 => format!("the server requires a token: set {TOKEN}, or pass a file"),
        404 | 410 => wanted.if_missing.clone(),
        429 | 500..=599 => "the server failed or is overloaded: try again later, or pass a file".to_owned(),
        _ => "check the address, or pass a file".to_owned(),
    };
    bail!("{url}: the server responded with {status}\n  help: {help}")
}

/// The target of a redirect, without its user name, password and query, which may contain credentials.
fn redirect_target(response: &Response<Body>, url: &Url) -> Option<Url> {
    let mut target = url.join(response.headers().get(header::LOCATION)?.to_str().ok()?).ok()?;
    target.set_username("").ok()?;
    target.set_password(None).ok()?;
    target.set_query(None);
    Some(target)
}

fn failed(url: &Url, error: &dyn Display) -> anyhow::Error {
    let (problem, help) = explain(&error.to_string());
    anyhow!("{url}: cannot be downloaded: {problem}\n  help: {help}")
}

/// The problem behind a TLS error, and what to do about it.
fn explain(error: &str) -> (String, &'static str) {
    const TRUST: &str = "add the authority's certificate to this machine's trust store, or pass a file";
    let certificates = [
        ("UnknownIssuer", "the server's certificate is from an authority that this machine does not trust", TRUST),
        ("BadSignature", "the server's certificate is not signed by the authority that it names", TRUST),
        ("CaUsedAsEndEntity", "the server's certificate is the self-signed certificate of an authority", TRUST),
        ("Expired", "the server's certificate has expired", "renew it, and check the clock of this machine"),
        ("certificate expired", "the server's certificate has expired", "renew it, and check the clock of this machine"),
        ("NotValidForName", "the server's certificate is for another host", "use the name that the certificate is for"),
        ("not valid for name", "the server's certificate is for another host", "use the name that the certificate is for"),
        ("for https only", "the server redirects to plain http", "give an address that stays on https"),
    ];
    match certificates.into_iter().find(|(known, ..)| error.contains(known)) {
        Some((_, problem, help)) => (problem.to_owned(), help),
        None => (error.to_owned(), "check the address and the network, or pass a file"),
    }
}

#[cfg(test)]
mod tests {
    use super::explain;

    #[test]
    fn tls_errors_say_what_to_do() {
        for (error, problem) in [
            ("io: invalid peer certificate: UnknownIssuer", "an authority that this machine does not trust"),
            ("io: invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "self-signed certificate of an authority"),
            ("io: invalid peer certificate: certificate not valid for name \"a\"", "for another host"),
            ("connection refused", "connection refused"),
        ] {
            assert!(explain(error).0.contains(problem), "{error}");
        }
    }
}
