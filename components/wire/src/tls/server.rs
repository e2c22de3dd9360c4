//! The accepting end of TLS.

use super::{
    Certificate, Error, HTTP1, HTTP2, Identity, authorities, encrypted, provider, signers::Signers,
};
use host::{BoxStream, Host};
use rustls::{
    ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{fmt, io, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// Whether clients show a certificate. The bytes are the authorities' certificates in PEM.
#[derive(Clone, Copy, Debug)]
pub enum ClientAuth<'a> {
    /// They are not asked.
    None,
    /// They may; one that our authorities did not sign ends the handshake.
    Optional(&'a [u8]),
    /// They must (`--client-cert-auth`).
    Required(&'a [u8]),
    /// They may, and whose signature theirs bears is told: by any of these groups of authorities
    /// ([`Certificate::signed_by`]), or by none of them. A group may be empty.
    Told(&'a [Option<&'a [u8]>]),
}

/// The configuration of a listener. Cheap to clone.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    /// Where handshakes let any certificate pass.
    signers: Option<Arc<Signers>>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}

/// What a handshake settled.
pub(crate) struct Session {
    /// The protocol agreed on; none: the client did not say.
    pub(crate) http2: Option<bool>,
    pub(crate) certificate: Option<Arc<Certificate>>,
}

impl ServerTls {
    /// Serves as `identity`, over HTTP/2 or HTTP/1.1 as the client prefers.
    ///
    /// # Errors
    /// [`Error::Certificates`] or [`Error::Authorities`] for unusable authorities.
    pub fn new(host: &Host, identity: &Identity, clients: ClientAuth<'_>) -> Result<Self, Error> {
        let provider = provider::provider(host);
        let mut signers = None;
        let verifier: Arc<dyn ClientCertVerifier> = match clients {
            ClientAuth::None => WebPkiClientVerifier::no_client_auth(),
            ClientAuth::Told(groups) => {
                signers.insert(Arc::new(Signers::new(host, groups, &provider)?)).clone()
            }
            ClientAuth::Optional(pem) | ClientAuth::Required(pem) => {
                let roots = Arc::new(authorities(pem)?);
                let builder = WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
                let builder = match clients {
                    ClientAuth::Optional(_) => builder.allow_unauthenticated(),
                    ClientAuth::Required(_) | ClientAuth::Told(_) | ClientAuth::None => builder,
                };
                builder.build().map_err(|error| Error::Authorities(error.to_string()))?
            }
        };
        let mut config = ServerConfig::builder_with_details(provider, provider::time(host))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(identity.as_server());
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), signers })
    }

    pub(crate) async fn accept(&self, stream: BoxStream) -> io::Result<(BoxStream, Session)> {
        let stream = TlsAcceptor::from(self.config.clone()).accept(stream).await?;
        let connection = stream.get_ref().1;
        let http2 = connection.alpn_protocol().map(|protocol| protocol == HTTP2);
        let certificate = connection
            .peer_certificates()
            .and_then(<[_]>::split_first)
            .map(|(own, others)| {
                let mut read = Certificate::from_der(own)?;
                read.signed_by =
                    self.signers.as_ref().map_or_else(Vec::new, |it| it.of(own, others));
                Ok(Arc::new(read))
            })
            .transpose()
            .map_err(|why: String| io::Error::new(io::ErrorKind::InvalidData, why))?;
        Ok((encrypted(stream.into()), Session { http2, certificate }))
    }
}
