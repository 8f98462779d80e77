//! The TLS settings of a client builder. They exist even without the feature `rustls`.

use std::fmt;

use zeroize::Zeroizing;

/// Which servers the client trusts, and how it identifies itself to them.
#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    /// Certificate authorities, as PEM.
    pub(super) roots: Vec<String>,
    /// Certificate chain and private key, as PEM.
    pub(super) identity: Option<Zeroizing<String>>,
    pub(super) accept_invalid_certs: bool,
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("roots", &self.roots.len())
            .field("identity", &self.identity.is_some())
            .field("accept_invalid_certs", &self.accept_invalid_certs)
            .finish()
    }
}
