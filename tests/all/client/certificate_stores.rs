//! Certificate authorities from environment variables.

use authentik_flow_bindings::Client;
use authentik_flow_bindings::testing::{FakeAuthentik, Fault};

use super::certificate_authority::Authority;
use super::tls::{assert_tls_error, list};
use super::{faulty, run_alone};

/// Certificate stores come from environment variables, so each case runs in a separate process.
#[test]
fn certificate_stores_from_the_environment_are_used_or_reported() {
    let run = |test: &str, name: &str, value: &std::path::Path| {
        run_alone(test, |command| {
            command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").env(name, value);
        });
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    run("certificate_stores::an_unreadable_store", "SSL_CERT_FILE", &file);
    std::fs::write(&file, "no certificate").unwrap();
    run("certificate_stores::a_store_without_certificates", "SSL_CERT_FILE", &file);
    run("certificate_stores::no_store_at_all", "SSL_CERT_DIR", folder.path());
    std::fs::write(&file, Authority::new().pem).unwrap();
    run("certificate_stores::a_store_with_another_authority", "SSL_CERT_FILE", &file);
}

/// `AUTHENTIK_CA_FILE` makes a client trust an authority that the system does not; `AUTHENTIK_INSECURE` makes it accept any.
#[test]
fn a_client_from_the_environment_trusts_the_configured_authority() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let authority = Authority::new();
    let address = runtime.block_on(authority.serve("localhost", |_| {}));
    let folder = tempfile::tempdir().unwrap();
    let (ca, token) = (folder.path().join("ca.pem"), folder.path().join("token"));
    std::fs::write(&ca, authority.pem).unwrap();
    std::fs::write(&token, "not-a-real-token\n").unwrap();
    let run = |test: &str, name: &str, value: &std::path::Path| {
        run_alone(test, |command| {
            command.env_remove("AUTHENTIK_TOKEN").env("AUTHENTIK_URL", &address).env("AUTHENTIK_TOKEN_FILE", &token).env(name, value);
        });
    };
    run("certificate_stores::a_client_from_the_environment", "AUTHENTIK_CA_FILE", &ca);
    run("certificate_stores::a_client_from_the_environment", "AUTHENTIK_INSECURE", "true".as_ref());
}

#[tokio::test]
#[ignore = "run by the test above, with AUTHENTIK_URL"]
async fn a_client_from_the_environment() {
    list(&Client::from_env().unwrap()).await;
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
    // A custom authority is enough.
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
