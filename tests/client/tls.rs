//! TLS: certificates made on the fly, and real TLS servers.

use std::sync::Arc;
use std::time::Duration;

use authentik_flow_bindings::testing::{FakeAuthentik, Fault};
use authentik_flow_bindings::{Client, ConnectionErrorKind, Error};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{error_of, faulty};

const PAGE: &str =
    r#"{"pagination":{"count":0,"current":1,"end_index":0,"next":0,"previous":0,"start_index":0,"total_pages":1},"results":[]}"#;

/// A certificate authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("Authority {}", fastrand::u64(..)));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { pem: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, as PEM.
    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// The address of a TLS server with a certificate of this authority.
    async fn serve(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
        start(config(&self.issue(name, change), None)).await
    }
}

fn config((certificate, key): &(String, String), clients: Option<&Authority>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Serves an empty page over TLS; returns the address.
async fn start(config: ServerConfig) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    respond(stream).await;
                }
            });
        }
    });
    format!("https://localhost:{port}")
}

async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    assert!(head.starts_with(b"GET /api/v3/flows/bindings/ HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&head));
    let response =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}", PAGE.len());
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn list(client: &Client) {
    assert_eq!(client.flows_bindings_list().send().await.unwrap().pagination.count, 0);
}

/// Checks that the request fails at once, as a TLS error with this explanation.
async fn assert_tls_error(client: &Client, explanation: &str) {
    let error = error_of(client).await;
    assert!(error.is_tls() && !error.is_retryable() && error.attempts() == 1, "{error:?}");
    assert!(error.to_string().contains(explanation), "{explanation} is not in: {error}");
}

#[tokio::test]
async fn an_added_authority_is_trusted() {
    let authority = Authority::new();
    let address = authority.serve("localhost", |_| {}).await;
    let several = format!("{}\n{}", Authority::new().pem, authority.pem);
    list(&Client::builder(&address).token("t").add_root_certificate(several).build().unwrap()).await;
}

#[tokio::test]
async fn certificates_that_are_not_accepted_are_explained() {
    let (authority, other) = (Authority::new(), Authority::new());
    let past = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let future = |params: &mut CertificateParams| params.not_before = rcgen::date_time_ymd(4000, 1, 1);
    let cases = [
        (
            &other,
            authority.serve("localhost", |_| {}).await,
            "is signed by an unknown authority: add the certificate of that authority with",
        ),
        (&authority, authority.serve("localhost", past).await, "has expired: renew it, or correct the clock of this machine"),
        (&authority, authority.serve("localhost", future).await, "is not valid yet"),
        (&authority, authority.serve("auth.example.com", |_| {}).await, "is for another host: use a name that it lists"),
    ];
    for (trusted, address, explanation) in cases {
        let client = || Client::builder(&address).token("t").add_root_certificate(trusted.pem.clone());
        assert_tls_error(&client().build().unwrap(), explanation).await;
        list(&client().danger_accept_invalid_certs(true).build().unwrap()).await;
    }
}

#[tokio::test]
async fn a_client_certificate_is_sent_where_one_is_required() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let address = start(config(&authority.issue("localhost", |_| {}), Some(&clients))).await;
    let client = || Client::builder(&address).token("t").add_root_certificate(authority.pem.clone());
    assert_tls_error(&client().build().unwrap(), "requires a client certificate: set one with `client_identity`").await;

    let (certificate, key) = clients.issue("client", |_| {});
    list(&client().client_identity(format!("{certificate}\n{key}")).build().unwrap()).await;

    let (certificate, key) = authority.issue("client", |_| {});
    let error = error_of(&client().client_identity(format!("{certificate}\n{key}")).build().unwrap()).await;
    assert!(error.is_tls() && error.to_string().contains("client"), "{error}");
}

#[tokio::test]
async fn a_server_with_other_versions_of_tls_is_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            // A fatal alert, `protocol_version`.
            let _ = stream.write_all(&[0x15, 3, 1, 0, 2, 2, 70]).await;
        }
    });
    let client = Client::builder(&address).token("t").add_root_certificate(Authority::new().pem).build().unwrap();
    assert_tls_error(&client, "have no TLS version or cipher in common; this client speaks TLS 1.2 and 1.3").await;
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_explained() {
    let address = Authority::new().serve("localhost", |_| {}).await.replace("https://", "http://");
    let Error::Connection(error) = error_of(&Client::builder(&address).token("t").build().unwrap()).await else {
        panic!("no connection error")
    };
    assert_eq!((error.kind(), error.request().attempts()), (ConnectionErrorKind::NotHttp, 1));
    assert!(error.to_string().contains("does not speak HTTP: if the port expects TLS, use https://"), "{error}");
}

#[tokio::test]
async fn tls_on_a_plain_port_is_explained() {
    let trusted = Authority::new().pem;
    let client = |address: &str| {
        let address = address.replace("http://", "https://");
        Client::builder(address).token("t").add_root_certificate(trusted.clone()).connect_timeout(Duration::from_millis(300)).retries(0)
    };
    // A server that responds to what is not HTTP, and one that waits for the end of a line.
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", server.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = server.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
        }
    });
    assert_tls_error(&client(&address).build().unwrap(), "the port does not speak TLS: check the port").await;

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = error_of(&client(&format!("http://{}", silent.local_addr().unwrap())).build().unwrap()).await;
    assert!(error.is_connect() && error.is_timeout(), "{error:?}");
    assert!(error.to_string().contains("the connection timed out: the host does not respond, or the port does not speak TLS"), "{error}");
}

#[test]
fn invalid_pem_is_an_error_of_configuration() {
    let build = |change: fn(authentik_flow_bindings::ClientBuilder) -> authentik_flow_bindings::ClientBuilder| {
        change(Client::builder("https://auth.example.com").token("t").add_root_certificate(Authority::new().pem)).build()
    };
    let error = build(|builder| builder.add_root_certificate("no PEM at all")).unwrap_err().to_string();
    assert!(error.contains("AUTHENTIK_CA_FILE) contains no PEM section `BEGIN CERTIFICATE`"), "{error}");
    let error = build(|builder| builder.client_identity(Authority::new().pem)).unwrap_err().to_string();
    assert!(error.contains("contains no PEM section `BEGIN PRIVATE KEY`"), "{error}");
    let error = build(|builder| builder.client_identity("-----BEGIN SECRET-----")).unwrap_err().to_string();
    assert!(error.contains("the client identity") && !error.contains("SECRET"), "{error}");
}

/// Certificate stores come from the environment, which belongs to the whole process: a process of its own for each case.
#[test]
fn certificate_stores_of_the_environment_are_used_or_named() {
    let run = |test: &str, name: &str, value: &std::path::Path| {
        let mut command = assert_cmd::Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--ignored"]).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").env(name, value);
        command.assert().success();
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    run("tls::an_unreadable_store", "SSL_CERT_FILE", &file);
    std::fs::write(&file, "no certificate").unwrap();
    run("tls::a_store_without_certificates", "SSL_CERT_FILE", &file);
    run("tls::no_store_at_all", "SSL_CERT_DIR", folder.path());
    std::fs::write(&file, Authority::new().pem).unwrap();
    run("tls::a_store_with_another_authority", "SSL_CERT_FILE", &file);
}

fn https_error() -> String {
    Client::builder("https://auth.example.com").token("t").build().unwrap_err().to_string()
}

#[tokio::test]
#[ignore = "run by the test above, with SSL_CERT_FILE"]
async fn an_unreadable_store() {
    assert!(https_error().starts_with("SSL_CERT_FILE: `/") && https_error().contains("cannot be read"), "{}", https_error());
    plain_http_needs_no_store().await;
}

#[test]
#[ignore = "run by the test above, with SSL_CERT_FILE"]
fn a_store_without_certificates() {
    assert!(https_error().contains("contains no PEM section `BEGIN CERTIFICATE`"), "{}", https_error());
}

#[tokio::test]
#[ignore = "run by the test above, with an empty SSL_CERT_DIR"]
async fn no_store_at_all() {
    assert!(https_error().contains("install them (the package `ca-certificates`)"), "{}", https_error());
    plain_http_needs_no_store().await;
    // An authority of one's own is enough.
    let authority = Authority::new();
    let address = authority.serve("localhost", |_| {}).await;
    list(&Client::builder(&address).token("t").add_root_certificate(authority.pem).build().unwrap()).await;
}

#[tokio::test]
#[ignore = "run by the test above, with SSL_CERT_FILE"]
async fn a_store_with_another_authority() {
    let address = Authority::new().serve("localhost", |_| {}).await;
    assert_tls_error(&Client::builder(&address).token("t").build().unwrap(), "is signed by an unknown authority").await;
}

async fn plain_http_needs_no_store() {
    let server: FakeAuthentik = faulty(Fault::Http10).await;
    server.client().flows_bindings_list().send().await.unwrap();
}
