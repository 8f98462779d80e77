//! The TLS configuration: trusted certificate authorities and the client certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::tls_settings::TlsSettings;
use crate::Error;

/// The TLS configuration of a client. A client for plain HTTP needs no certificate authorities.
pub(super) fn config(settings: &TlsSettings, is_https: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::configuration(format!("TLS cannot be set up: {error}")))?;
    let roots = roots(settings)?;
    let builder = if settings.accept_invalid_certs {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnyServer(provider)))
    } else if is_https {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier(roots, provider)?))
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    let mut config = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let (chain, key) = identity(pem.as_bytes())?;
            let invalid = |error| Error::configuration(format!("the client identity cannot be used: {error}"));
            builder.with_client_auth_cert(chain, key).map_err(invalid)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn roots(settings: &TlsSettings) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut roots = Vec::new();
    for pem in &settings.roots {
        roots.extend(certificates(pem.as_bytes(), "the root certificate (`add_root_certificate`, AUTHENTIK_CA_FILE)")?);
    }
    Ok(roots)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(Error::configuration(format!("{what} contains no PEM section `BEGIN CERTIFICATE`"))),
        Err(error) => Err(Error::configuration(format!("{what} is not valid PEM: {error}"))),
    }
}

fn identity(pem: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let chain = certificates(pem, "the client identity (`client_identity`)")?;
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| Error::configuration("the client identity (`client_identity`) contains no PEM section `BEGIN PRIVATE KEY`"))?;
    Ok((chain, key))
}

/// Trusts the certificate authorities of the operating system, and `roots`.
fn verifier(roots: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Verifier, Error> {
    #[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
    if let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
        // The verifier would only log that it cannot read the file.
        let shown = file.to_string_lossy();
        let pem =
            std::fs::read(&file).map_err(|error| Error::configuration(format!("SSL_CERT_FILE: `{shown}` cannot be read: {error}")))?;
        certificates(&pem, &format!("SSL_CERT_FILE: `{shown}`"))?;
    }
    Verifier::new_with_extra_roots(roots, provider).map_err(|error| {
        Error::configuration(format!(
            "the certificate authorities of this machine cannot be loaded: install them (the package `ca-certificates`), set \
             SSL_CERT_FILE to a file of certificates, or add one with `add_root_certificate` (AUTHENTIK_CA_FILE) ({error})"
        ))
    })
}

/// Accepts any certificate, but still verifies that the server holds the certificate's private key.
#[derive(Debug)]
struct AcceptAnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
