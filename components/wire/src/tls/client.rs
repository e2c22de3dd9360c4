//! The connecting end of TLS.

use super::{Error, HTTP1, HTTP2, Identity, authorities, encrypted, provider};
use host::{BoxStream, Host};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, io, sync::Arc};
use tokio_rustls::TlsConnector;

/// Which servers to believe.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Those with a certificate that one of these authorities (PEM) signed for their name.
    Authorities(&'a [u8]),
    /// Any: for tests and for operators who insist (`--insecure-skip-tls-verify`).
    Anyone,
}

/// Which versions of HTTP a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    Http1,
    Http2,
    /// HTTP/2 where the server speaks it.
    Either,
}

/// How to connect. Cheap to clone.
#[derive(Clone)]
pub struct ClientTls {
    http2: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    either: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClientTls {
    /// Connects to servers it trusts, showing `identity` if asked for a certificate.
    ///
    /// # Errors
    /// [`Error::Certificates`] or [`Error::Authorities`] for unusable authorities.
    pub fn new(host: &Host, trust: Trust<'_>, identity: Option<&Identity>) -> Result<Self, Error> {
        let provider = provider::provider(host);
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::Anyone => Arc::new(Gullible(provider.clone())),
            Trust::Authorities(pem) => {
                let roots = Arc::new(authorities(pem)?);
                WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                    .build()
                    .map_err(|error| Error::Authorities(error.to_string()))?
            }
        };
        let builder = ClientConfig::builder_with_details(provider, provider::time(host))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut http2 = match identity {
            Some(identity) => builder.with_client_cert_resolver(identity.as_client()),
            None => builder.with_no_client_auth(),
        };
        http2.resumption = Resumption::disabled();
        http2.alpn_protocols = vec![HTTP2.to_vec()];
        let mut http1 = http2.clone();
        http1.alpn_protocols = vec![HTTP1.to_vec()];
        let mut either = http2.clone();
        either.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        let [http2, http1, either] = [http2, http1, either].map(Arc::new);
        Ok(Self { http2, http1, either, name: None })
    }

    /// Expects the server to be called `name` instead of what the endpoint is called.
    ///
    /// # Errors
    /// [`Error::ServerName`].
    pub fn server_name(mut self, name: &str) -> Result<Self, Error> {
        self.name = Some(server_name(name)?);
        Ok(self)
    }

    /// Agrees on encryption with the server called `endpoint`; true for HTTP/2, if it says so.
    pub(crate) async fn connect(
        &self,
        stream: BoxStream,
        endpoint: &str,
        versions: Versions,
    ) -> io::Result<(BoxStream, bool)> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => server_name(endpoint)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?,
        };
        let config = match versions {
            Versions::Http2 => &self.http2,
            Versions::Http1 => &self.http1,
            Versions::Either => &self.either,
        };
        let stream = TlsConnector::from(config.clone()).connect(name, stream).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
        Ok((encrypted(stream.into()), http2))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name.to_owned()).map_err(|_| Error::ServerName(name.to_owned()))
}

/// Believes any certificate, though not a forged signature with it.
#[derive(Debug)]
struct Gullible(Arc<CryptoProvider>);

impl ServerCertVerifier for Gullible {
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
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
