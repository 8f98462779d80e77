//! Where documents come from: a file, a URL, an authentik server, or upstream's repository.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use url::Url;

use crate::digest::sha256;
use crate::document::Document;
use crate::download::{MAX_BYTES, Wanted, download, too_large};
use crate::loopback::is_loopback;
use crate::project::Project;

/// A source of an OpenAPI document.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    File(String),
    Url(String),
    /// An authentik server, which serves its own schema.
    Server(String),
    Release(String),
}

/// A document, with the SHA-256 of the bytes that it was read from.
pub struct Fetched {
    pub document: Document,
    pub sha256: String,
}

impl Source {
    /// Parses an argument of the command line.
    ///
    /// # Errors
    /// Fails if it is none of the four.
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
            bail!("`{text}` names a series of releases\n  help: name one of them, such as {release}.0");
        }
        bail!(
            "`{text}`: no such file\n  help: give a file, the URL of an OpenAPI document, the address of an authentik server with \
             its https://, or a release such as 2026.8.0"
        )
    }

    fn address(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("file://") {
            bail!("{text}: `file://` URLs are not supported\n  help: give the path of the file, `{path}`");
        }
        let url = match Url::parse(text) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                bail!(
                    "a URL with a user name or password is not supported\n  help: if the server asks for a token, put it into {}",
                    crate::download::TOKEN
                )
            }
            Ok(url) => url,
            // The text may have a password in it.
            Err(_) if text.contains('@') => bail!("invalid URL\n  help: write it as in https://auth.example.com"),
            Err(error) => bail!("{text}: invalid URL: {error}\n  help: write it as in https://auth.example.com"),
        };
        check_scheme(&url)?;
        // The URL of a document ends in a file name with an extension; the address of an authentik server has no path, or the path of its
        // API.
        let path = url.path().trim_end_matches('/');
        if url.query().is_some() || Path::new(path).extension().is_some() {
            return Ok(Self::Url(text.into()));
        }
        let base = text.trim_end_matches('/').trim_end_matches("/schema").trim_end_matches("/api/v3");
        Ok(Self::Server(base.into()))
    }

    /// The name to show.
    pub fn name(&self) -> &str {
        match self {
            Self::File(name) | Self::Url(name) | Self::Server(name) | Self::Release(name) => name,
        }
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Fails if it cannot be read or downloaded, is too large, or is not an OpenAPI document.
    pub fn fetch(&self, project: &Project) -> Result<Fetched> {
        let bytes = match self {
            Self::File(path) => read_file(path)?,
            Self::Url(url) => download(&Wanted {
                url: parse(url)?,
                if_missing: "check that the document exists".into(),
                waiting: None,
                may_send_token: true,
            })?,
            // JSON parses faster than the YAML that a server sends by default.
            Self::Server(base) => download(&Wanted {
                url: parse(&format!("{base}/api/v3/schema/?format=json"))?,
                if_missing: format!(
                    "check that {base} is the address of an authentik server; to read a document from a URL, give one that names the file"
                ),
                waiting: Some("generate its schema, which takes some servers 20 s"),
                may_send_token: true,
            })?,
            Self::Release(release) => download(&Wanted {
                url: parse(&project.url(release)?)?,
                if_missing: format!(
                    "check that authentik {release} exists: https://github.com/goauthentik/authentik/tags has a tag for each release"
                ),
                waiting: None,
                may_send_token: false,
            })?,
        };
        let sha256 = sha256(&bytes);
        let text = String::from_utf8(bytes).map_err(|_| anyhow!("{}: not UTF-8\n  help: save it as UTF-8", self.name()))?;
        Ok(Fetched { document: Document::parse(self.name(), &text)?, sha256 })
    }
}

fn read_file(path: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => bail!("{path}: {}", too_large()),
        Ok(_) => Ok(bytes),
        Err(error) => bail!("{path}: cannot be read: {error}\n  help: give a document that you may read"),
    }
}

fn parse(url: &str) -> Result<Url> {
    let url = Url::parse(url).map_err(|error| anyhow!("{url}: invalid URL: {error}"))?;
    check_scheme(&url)?;
    Ok(url)
}

/// Rejects plain HTTP to other machines, because anyone who changes the document in transit would change the generated code.
fn check_scheme(url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if url.host_str().is_some_and(is_loopback) => Ok(()),
        "http" => bail!(
            "{url}: plain http, where anyone on the network path could change the document that code is generated from\n  help: use https"
        ),
        scheme => bail!("{url}: the scheme `{scheme}` is not supported\n  help: use https"),
    }
}
