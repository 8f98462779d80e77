//! Where documents come from: a file, a URL, an authentik server, or upstream's repository.

use std::fmt::Write as _;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::Uri;

use crate::document::Document;
use crate::project::Project;

/// Upstream's whole schema is 1.8 MB; what is much larger is something else.
const MOST_BYTES: u64 = 64 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A cold server takes some seconds to make its schema, and lines can be slow.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(120);
const MOST_REDIRECTS: u32 = 5;

/// A place that has an OpenAPI document.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    File(String),
    Url(String),
    /// The schema that an authentik server has of itself.
    Server(String),
    Release(String),
}

/// A document, with the SHA-256 of the bytes that it was read from.
pub struct Fetched {
    pub document: Document,
    pub sha256: String,
}

impl Source {
    /// Understands what stands on the command line.
    ///
    /// # Errors
    /// It is none of the four.
    pub fn parse(text: &str) -> Result<Self> {
        if text.contains("://") {
            return Self::address(text);
        }
        if Path::new(text).exists() {
            return Ok(Self::File(text.into()));
        }
        let release = text.trim_start_matches("version/").trim_start_matches('v');
        if semver::Version::parse(release).is_ok() {
            return Ok(Self::Release(release.into()));
        }
        if semver::Version::parse(&format!("{release}.0")).is_ok() {
            bail!("`{text}` is a series of releases: name one of them, such as {release}.0");
        }
        bail!(
            "`{text}` is no file that is there. Give a file, the URL of an OpenAPI document, the address of an authentik server with its \
             https://, or a release such as 2026.8.0"
        )
    }

    fn address(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("file://") {
            bail!("{text}: give the path of a file, `{path}`");
        }
        let uri: Uri =
            text.parse().map_err(|error| anyhow!("{text}: is no URL: {error}\n  to mend it: write it as in https://auth.example.com"))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            bail!("a URL with a name or password in it is not taken: an authentik server shows its schema to everyone");
        }
        check_scheme(&uri)?;
        // A document has a name with an ending; an authentik server has an address, with or without the path of its API.
        let path = uri.path().trim_end_matches('/');
        let is_document = uri.query().is_some() || Path::new(path).extension().is_some();
        if is_document {
            return Ok(Self::Url(text.into()));
        }
        let base = text.trim_end_matches('/').trim_end_matches("/schema").trim_end_matches("/api/v3");
        Ok(Self::Server(base.into()))
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::File(name) | Self::Url(name) | Self::Server(name) | Self::Release(name) => name,
        }
    }

    /// Reads the document.
    ///
    /// # Errors
    /// It cannot be had, is too large, or is no OpenAPI document.
    pub fn fetch(&self, project: &Project) -> Result<Fetched> {
        let bytes = match self {
            Self::File(path) => std::fs::read(path)
                .map_err(|error| anyhow!("{path}: cannot be read: {error}\n  to mend it: give a document that you may read"))?,
            Self::Url(url) => download(url, &format!("{url}: is there such a document?"))?,
            // JSON is faster to read than the YAML that a server sends unless it is asked for this.
            Self::Server(base) => download(
                &format!("{base}/api/v3/schema/?format=json"),
                &format!("{base}: is this the address of an authentik server? To read a document from a URL, give one that names the file"),
            )?,
            Self::Release(release) => download(
                &project.url(release)?,
                &format!("authentik {release}: is there such a release? https://github.com/goauthentik/authentik/tags has a tag for each"),
            )?,
        };
        let sha256 = sha256(&bytes);
        let text = String::from_utf8(bytes).map_err(|_| anyhow!("{}: is no text in UTF-8\n  to mend it: save it as UTF-8", self.name()))?;
        Ok(Fetched { document: Document::parse(self.name(), &text)?, sha256 })
    }
}

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Code is not generated from what anyone may have changed on the way; a server on this machine is no way.
fn check_scheme(uri: &Uri) -> Result<()> {
    let host = uri.host().unwrap_or_default();
    let loopback = host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if loopback => Ok(()),
        Some("http") => bail!("{uri}: code is not generated from what came over plain http, where anyone may have changed it: use https"),
        _ => bail!("{uri}: has another scheme than https"),
    }
}

/// Downloads what is at `url`, with a progress bar on a terminal.
fn download(url: &str, hint: &str) -> Result<Vec<u8>> {
    check_scheme(&url.parse().map_err(|error| anyhow!("{url}: is no URL: {error}"))?)?;
    let encrypted = url.starts_with("https:");
    let agent: Agent = Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(WHOLE_TIMEOUT))
        .max_redirects(if encrypted { MOST_REDIRECTS } else { 0 })
        .https_only(encrypted)
        .http_status_as_error(false)
        .user_agent("authentik-flow-bindings-xtask")
        .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build())
        .build()
        .into();
    let failed = |error: &dyn std::fmt::Display| {
        anyhow!(
            "{url}: cannot be downloaded: {error}\n  to mend it: see whether the address is right and the network there; a file needs neither"
        )
    };
    let response = agent.get(url).header("accept", "*/*").call().map_err(|error| failed(&error))?;
    let status = response.status();
    if status == 404 {
        bail!("{url}: 404, not found\n  {hint}");
    }
    if !status.is_success() {
        bail!("{url}: the server answered {status}\n  to mend it: try again later, or give a file");
    }
    let mut body = response.into_body();
    let bar = match body.content_length() {
        _ if !std::io::stderr().is_terminal() => ProgressBar::hidden(),
        Some(length) => ProgressBar::new(length).with_style(
            ProgressStyle::with_template("{msg} {bar:40} {bytes}/{total_bytes} {bytes_per_sec}").unwrap_or(ProgressStyle::default_bar()),
        ),
        None => ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template("{msg} {spinner} {bytes}").unwrap_or(ProgressStyle::default_spinner())),
    };
    bar.set_message(format!("downloading {}", url.split('/').nth(2).unwrap_or(url)));
    let mut bytes = Vec::new();
    let reader = body.with_config().limit(MOST_BYTES).reader();
    let read = bar.wrap_read(reader).read_to_end(&mut bytes);
    bar.finish_and_clear();
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.to_string().contains("limit") => {
            bail!("{url}: is larger than {} MiB, which no schema of authentik is: is this the right address?", MOST_BYTES >> 20)
        }
        Err(error) => Err(failed(&error)),
    }
}
