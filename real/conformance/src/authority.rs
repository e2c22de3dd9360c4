//! A certificate authority for one test.

use crate::scratch::Scratch;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use std::net::{IpAddr, Ipv4Addr};

/// Paths of a certificate and its key.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate, PEM.
    pub cert: String,
    /// Its private key, PEM.
    pub key: String,
}

/// Signs certificates; its files live in a scratch directory.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    files: Scratch,
    /// Path of its own certificate, PEM.
    pub cert: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.cert)
    }
}

impl Authority {
    /// A new one, trusted by nobody yet.
    ///
    /// # Panics
    /// The key cannot be made.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a valid certificate");
        let files = Scratch::new("certificates");
        let cert = files.write("ca.pem", issuer.pem());
        Self { issuer, files, cert }
    }

    /// A certificate for 127.0.0.1 and localhost, good for servers and clients alike, whose common
    /// name is `name`.
    ///
    /// # Panics
    /// The certificate cannot be made.
    pub fn issue(&self, name: &str) -> Pair {
        self.issue_in(name, &[])
    }

    /// The same, for a member of these organisations, which Kubernetes reads as groups.
    ///
    /// # Panics
    /// The certificate cannot be made.
    pub fn issue_in(&self, name: &str, organizations: &[&str]) -> Pair {
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned()]).expect("a valid name");
        params.distinguished_name.push(DnType::CommonName, name);
        for organization in organizations {
            params.distinguished_name.push(DnType::OrganizationName, *organization);
        }
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key can be made");
        let cert = params.signed_by(&key, &self.issuer).expect("a valid certificate");
        Pair {
            cert: self.files.write(&format!("{name}.pem"), cert.pem()),
            key: self.files.write(&format!("{name}.key"), key.serialize_pem()),
        }
    }
}
