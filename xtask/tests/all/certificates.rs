//! Downloads from servers whose certificates are not valid.

use std::process::Command;
use std::sync::{Arc, mpsc};

use crate::common::Project;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// Serves TLS handshakes with a certificate. Returns the port.
fn serve(certificate: &Certificate, key: &KeyPair) -> u16 {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap().port()).unwrap();
            while let Ok((connection, _)) = listener.accept().await {
                // The client rejects the certificate, so the handshake fails.
                let _ = acceptor.accept(connection).await;
            }
        });
    });
    receive.recv().unwrap()
}

/// Downloads from a port on localhost, trusting only the given authority. Returns the error message.
fn error_of(port: u16, authority: &str) -> String {
    let project = Project::new();
    let file = project.write("authority.pem", authority);
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("--root").arg(project.path()).args(["slice", &format!("https://localhost:{port}/schema.yml")]);
    let output = command.env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

fn parameters(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn each_certificate_problem_has_a_message_and_help() {
    let [trusted, other, namesake] = ["Trusted", "Other", "Trusted"].map(authority);
    let key = KeyPair::generate().unwrap();

    let mut expired = parameters("localhost");
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let mut self_signed_authority = parameters("localhost");
    self_signed_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (certificate, problem) in [
        (parameters("localhost").signed_by(&key, &other).unwrap(), "an authority that this machine does not trust\n  help: add "),
        (parameters("localhost").signed_by(&key, &namesake).unwrap(), "is not signed by the authority that it names\n  help: add "),
        (self_signed_authority.self_signed(&key).unwrap(), "is the self-signed certificate of an authority\n  help: add "),
        (expired.signed_by(&key, &trusted).unwrap(), "has expired\n  help: renew it"),
        (parameters("other.example").signed_by(&key, &trusted).unwrap(), "is for another host\n  help: use the name"),
    ] {
        let error = error_of(serve(&certificate, &key), &trusted.pem());
        assert!(error.contains(problem), "{problem} is not in: {error}");
    }
}
