//! A certificate with its key, which can be exchanged while connections are served.

use super::{Error, certificates, provider};
use host::Host;
use parking_lot::RwLock;
use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::CryptoProvider,
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::pem::PemObject;
use std::{fmt, sync::Arc};

/// Who we are to the other end. Clones share one certificate: [`Identity::replace`] changes it for
/// all, from the next handshake on.
#[derive(Clone)]
pub struct Identity(Arc<Shared>);

struct Shared {
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// An identity from a certificate chain (ours first) and its private key, both PEM.
    ///
    /// # Errors
    /// [`Error::Certificates`], [`Error::Key`], or [`Error::Pair`] when they do not fit.
    pub fn from_pem(host: &Host, chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let provider = provider::provider(host);
        let current = RwLock::new(certified(&provider, chain, key)?);
        Ok(Self(Arc::new(Shared { provider, current })))
    }

    /// Shows another certificate from the next handshake on.
    ///
    /// # Errors
    /// As [`Identity::from_pem`]; the old certificate stays then.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), Error> {
        *self.0.current.write() = certified(&self.0.provider, chain, key)?;
        Ok(())
    }

    pub(super) fn as_server(&self) -> Arc<dyn ResolvesServerCert> {
        self.0.clone()
    }

    pub(super) fn as_client(&self) -> Arc<dyn ResolvesClientCert> {
        self.0.clone()
    }
}

fn certified(
    provider: &CryptoProvider,
    chain: &[u8],
    key: &[u8],
) -> Result<Arc<CertifiedKey>, Error> {
    let chain = certificates(chain)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| Error::Key(error.to_string()))?;
    CertifiedKey::from_der(chain, key, provider).map(Arc::new).map_err(Error::Pair)
}

impl ResolvesServerCert for Shared {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

impl ResolvesClientCert for Shared {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
