//! TLS 1.2 and 1.3 for both ends, from PEM, with the host's clock and chance.
//!
//! Session resumption is off: tickets would bind a run to keys and caches that outlive a
//! connection, and a certificate that was replaced must count at once.

mod certificate;
mod client;
mod identity;
mod provider;
mod server;
mod signers;

pub use certificate::Certificate;
pub(crate) use client::Versions;
pub use client::{ClientTls, Trust};
pub use identity::Identity;
pub use server::{ClientAuth, ServerTls};

use host::{Addressed, BoxStream, Stream};
use rustls::{RootCertStore, pki_types::CertificateDer};
use rustls_pki_types::pem::PemObject;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate file holds no certificate, or something that is not one.
    #[error("cannot read certificates: {0}")]
    Certificates(String),
    /// A key file holds no private key, or one of an unknown kind.
    #[error("cannot read the private key: {0}")]
    Key(String),
    /// The key does not belong to the certificate, or the two cannot be used.
    #[error("certificate and private key: {0}")]
    Pair(rustls::Error),
    /// The certificate authorities cannot be used.
    #[error("certificate authorities: {0}")]
    Authorities(String),
    /// A server name is neither a DNS name nor an IP address.
    #[error("{0:?} is not a server name")]
    ServerName(String),
    /// Any other refusal of the TLS library.
    #[error(transparent)]
    Config(#[from] rustls::Error),
}

/// Either end of an encrypted connection as one more stream of the host.
fn encrypted(stream: tokio_rustls::TlsStream<BoxStream>) -> BoxStream {
    let carrier = stream.get_ref().0;
    let (local, peer) = (carrier.local_addr(), carrier.peer_addr());
    Addressed::boxed(stream, local, peer)
}

const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| Error::Certificates(error.to_string()))?;
    if found.is_empty() {
        return Err(Error::Certificates("no certificate found".to_owned()));
    }
    Ok(found)
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store.add(certificate).map_err(|error| Error::Authorities(error.to_string()))?;
    }
    Ok(store)
}
