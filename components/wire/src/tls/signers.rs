//! Lets clients in with whatever certificate they show, and tells who signed it.
//!
//! An API server answers 401 to a client whose certificate is nobody's, and believes one authority
//! about users and another about proxies that speak for users; a handshake can do neither.

use super::{Error, authorities};
use host::{Clock, Host};
use rustls::{
    DigitallySignedStruct, DistinguishedName, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use std::{fmt, sync::Arc, time::Duration};

/// Groups of authorities.
pub(super) struct Signers {
    provider: Arc<CryptoProvider>,
    clock: Arc<dyn Clock>,
    /// None: a group of nobody.
    groups: Vec<Option<Arc<dyn ClientCertVerifier>>>,
    names: Vec<DistinguishedName>,
}

impl fmt::Debug for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signers").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}

impl Signers {
    pub(super) fn new(
        host: &Host,
        groups: &[Option<&[u8]>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let group = |pem: &&[u8]| {
            let roots = Arc::new(authorities(pem)?);
            WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(|error| Error::Authorities(error.to_string()))
        };
        let groups = groups.iter().map(|pem| pem.as_ref().map(group).transpose());
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        let names = groups.iter().flatten().flat_map(|group| group.root_hint_subjects().to_vec());
        let names = names.collect();
        Ok(Self { provider: provider.clone(), clock: host.clock.clone(), groups, names })
    }

    /// The groups that have signed a certificate, by their places.
    pub(super) fn of(&self, own: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Vec<usize> {
        let now = UnixTime::since_unix_epoch(Duration::from_nanos(self.clock.wall().0));
        let signed = |group: &Option<Arc<dyn ClientCertVerifier>>| {
            group.as_ref().is_some_and(|it| it.verify_client_cert(own, others, now).is_ok())
        };
        let groups = self.groups.iter().enumerate();
        groups.filter(|(_, group)| signed(group)).map(|(place, _)| place).collect()
    }
}

impl ClientCertVerifier for Signers {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
