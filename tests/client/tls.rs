//! TLS: certificates made on the fly, and real TLS servers.

use std::time::Duration;

use authentik_flow_bindings::{Client, ConnectionErrorKind, Error};
use rcgen::CertificateParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::authority::{Authority, config, start};
use super::error_of;

pub async fn list(client: &Client) {
    assert_eq!(client.flows_bindings_list().send().await.unwrap().pagination.count, 0);
}

/// Checks that the request fails at once, as a TLS error with this explanation.
pub async fn assert_tls_error(client: &Client, explanation: &str) {
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
