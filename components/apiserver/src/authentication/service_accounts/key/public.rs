//! Keys that check tokens: read from files, published as JSON Web Keys.

use super::{
    KeyError, SigningKey,
    algorithm::{Algorithm, element},
    blocks,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature as sig;
use rustls_pki_types::pem::SectionKind;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_parser::{
    certificate::X509Certificate, prelude::FromDer, public_key::PublicKey as Parsed,
    x509::SubjectPublicKeyInfo,
};

/// What checks signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// Told in tokens, so that the right key is tried.
    id: String,
    algorithm: Algorithm,
    /// `SubjectPublicKeyInfo`.
    pub(super) info: Vec<u8>,
    /// The key in it.
    bare: Vec<u8>,
}

impl PublicKey {
    pub(super) fn new(algorithm: Algorithm, bare: &[u8]) -> Self {
        let bits = element(0x03, &[&[0], bare].concat());
        let info = element(0x30, &[algorithm.identifier(), bits].concat());
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(&info));
        Self { id, algorithm, info, bare: bare.to_vec() }
    }

    fn of_info(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let algorithm = match info.parsed().ok()? {
            Parsed::RSA(_) => Algorithm::Rs256,
            Parsed::EC(point) if point.key_size() == 256 => Algorithm::Es256,
            Parsed::EC(point) if point.key_size() == 384 => Algorithm::Es384,
            _ => return None,
        };
        Some(Self::new(algorithm, &info.subject_public_key.data))
    }

    /// The keys in a file: public keys, certificates' keys, and the public halves of private keys.
    ///
    /// # Errors
    /// There is none.
    pub fn read(pem: &[u8]) -> Result<Vec<Self>, KeyError> {
        let mut keys = Vec::new();
        for block in blocks(pem)? {
            let key = match block {
                (SectionKind::PublicKey, der) => SubjectPublicKeyInfo::from_der(&der)
                    .ok()
                    .and_then(|(_, info)| Self::of_info(&info)),
                (SectionKind::Certificate, der) => X509Certificate::from_der(&der)
                    .ok()
                    .and_then(|(_, certificate)| Self::of_info(certificate.public_key())),
                (kind, der) => SigningKey::of(kind, &der).ok().map(|key| key.public),
            };
            keys.extend(key);
        }
        if keys.is_empty() { Err(KeyError::None) } else { Ok(keys) }
    }

    pub(in super::super) fn id(&self) -> &str {
        &self.id
    }

    pub(in super::super) fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = sig::UnparsedPublicKey::new(self.algorithm.verification(), &self.bare);
        key.verify(message, signature).is_ok()
    }

    /// The key as a JSON Web Key (RFC 7517).
    pub(in super::super) fn jwk(&self) -> Option<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = json!({"use": "sig", "kid": self.id, "alg": self.algorithm()});
        let (_, info) = SubjectPublicKeyInfo::from_der(&self.info).ok()?;
        match info.parsed().ok()? {
            Parsed::RSA(rsa) => {
                let number = |bytes: &[u8]| {
                    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
                    text(&bytes[first..])
                };
                key["kty"] = "RSA".into();
                key["n"] = number(rsa.modulus).into();
                key["e"] = number(rsa.exponent).into();
            }
            _ => {
                // The first byte says that the point is not compressed.
                let (x, y) = self.bare.get(1..)?.split_at(self.bare.len() / 2);
                let curve = if self.algorithm == Algorithm::Es256 { "P-256" } else { "P-384" };
                key["kty"] = "EC".into();
                key["crv"] = curve.into();
                key["x"] = text(x).into();
                key["y"] = text(y).into();
            }
        }
        Some(key)
    }
}
