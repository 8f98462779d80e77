//! Explains TLS errors to the administrator of the server or the client.

use std::error::Error;

use rustls::{AlertDescription, CertificateError};

/// Explains a cause of a failed request, if it is a TLS error.
pub(super) fn explain(cause: &(dyn Error + 'static)) -> Option<String> {
    use rustls::Error as Tls;
    Some(match cause.downcast_ref::<Tls>()? {
        Tls::InvalidCertificate(error) => certificate(error),
        Tls::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server requires a client certificate: set one with `client_identity`".to_owned()
        }
        Tls::AlertReceived(AlertDescription::ProtocolVersion) | Tls::PeerIncompatible(_) => {
            format!("the server and this client have no TLS version or cipher in common; this client speaks TLS 1.2 and 1.3 ({cause})")
        }
        Tls::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::BadCertificate) => format!(
            "the server rejected the TLS handshake: it may require a client certificate (`client_identity`) or another TLS version ({cause})"
        ),
        Tls::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError,
        ) => format!("the server rejected the client certificate: check `client_identity` ({cause})"),
        Tls::InvalidMessage(_) => {
            format!("the port does not speak TLS: check the port, or whether the server is meant to be http:// ({cause})")
        }
        _ => format!("TLS failed: {cause}"),
    })
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "the server's certificate is signed by an unknown authority: add the certificate of that authority with \
             `add_root_certificate` or AUTHENTIK_CA_FILE"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the server's certificate is signed by an authority with a trusted name but another key: if the authority was \
             renewed, add its new certificate with `add_root_certificate` or AUTHENTIK_CA_FILE"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the server's certificate has expired: renew it, or correct the clock of this machine ({error})")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the server's certificate is not valid yet: correct the clock of this machine or of the authority ({error})")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the server's certificate is for another host: use a name that it lists, or have it reissued ({error})")
        }
        CertificateError::Revoked => "the server's certificate has been revoked: have it reissued".to_owned(),
        other => format!("the server's certificate was rejected: {other}"),
    }
}
