//! Keys that sign and check service accounts' tokens: RSA, and ECDSA on P-256 and P-384.
//!
//! Signatures draw chance from ring, not from the host: nothing that a simulation looks at depends
//! on their bytes.
//!
//! Upstream: pkg/serviceaccount/jwt.go, client-go/util/keyutil.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{self as sig, EcdsaKeyPair, KeyPair, RsaKeyPair},
};
use rustls_pki_types::pem::{PemObject, SectionKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};
use x509_parser::{
    certificate::X509Certificate, prelude::FromDer, public_key::PublicKey as Parsed,
    x509::SubjectPublicKeyInfo,
};

/// A file that holds no key that we can use.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// It is no PEM.
    #[error("no PEM: {0}")]
    Pem(String),
    /// No block of it is a key.
    #[error("data does not contain a valid RSA or ECDSA key")]
    None,
    /// Its size or curve is not one of ours.
    #[error("the key cannot be used: {0}")]
    Unusable(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Algorithm {
    Rs256,
    Es256,
    Es384,
}

/// What checks signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// Told in tokens, so that the right key is tried.
    id: String,
    algorithm: Algorithm,
    /// `SubjectPublicKeyInfo`.
    info: Vec<u8>,
    /// The key in it.
    bare: Vec<u8>,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

/// What signs.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Pair>,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.public.id).finish_non_exhaustive()
    }
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    fn verification(self) -> &'static dyn sig::VerificationAlgorithm {
        match self {
            Self::Rs256 => &sig::RSA_PKCS1_2048_8192_SHA256,
            Self::Es256 => &sig::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &sig::ECDSA_P384_SHA384_FIXED,
        }
    }

    /// `AlgorithmIdentifier`: the object identifier of the kind of key, and of its curve.
    fn identifier(self) -> Vec<u8> {
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
        let (kind, parameter) = match self {
            Self::Rs256 => (RSA, element(0x05, &[])),
            Self::Es256 => (EC, element(0x06, P256)),
            Self::Es384 => (EC, element(0x06, P384)),
        };
        element(0x30, &[element(0x06, kind), parameter].concat())
    }
}

/// A DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let digits: Vec<u8> =
                length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(0x7f));
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

impl PublicKey {
    fn new(algorithm: Algorithm, bare: &[u8]) -> Self {
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

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = sig::UnparsedPublicKey::new(self.algorithm.verification(), &self.bare);
        key.verify(message, signature).is_ok()
    }

    /// The key as a JSON Web Key (RFC 7517).
    pub(super) fn jwk(&self) -> Option<Value> {
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

fn blocks(pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, KeyError> {
    let all = <(SectionKind, Vec<u8>)>::pem_slice_iter(pem);
    all.collect::<Result<_, _>>().map_err(|error| KeyError::Pem(error.to_string()))
}

impl SigningKey {
    /// The first private key of a file.
    ///
    /// # Errors
    /// There is none, or none that we can sign with.
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let private = |kind: &SectionKind| {
            use SectionKind::{EcPrivateKey, PrivateKey, RsaPrivateKey};
            matches!(kind, RsaPrivateKey | PrivateKey | EcPrivateKey)
        };
        let found = blocks(pem)?.into_iter().find(|(kind, _)| private(kind));
        let (kind, der) = found.ok_or(KeyError::None)?;
        Self::of(kind, &der)
    }

    fn of(kind: SectionKind, der: &[u8]) -> Result<Self, KeyError> {
        match kind {
            SectionKind::RsaPrivateKey => Self::rsa(RsaKeyPair::from_der(der)),
            SectionKind::PrivateKey => {
                Self::rsa(RsaKeyPair::from_pkcs8(der)).or_else(|_| Self::ec(|_| der.to_vec()))
            }
            // SEC 1 is what PKCS #8 wraps.
            SectionKind::EcPrivateKey => Self::ec(|algorithm| {
                let version = element(0x02, &[0]);
                let key = element(0x04, der);
                element(0x30, &[version, algorithm.identifier(), key].concat())
            }),
            _ => Err(KeyError::None),
        }
    }

    fn rsa(pair: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<Self, KeyError> {
        let pair = pair.map_err(|why| KeyError::Unusable(why.to_string()))?;
        let public = PublicKey::new(Algorithm::Rs256, pair.public_key().as_ref());
        Ok(Self { pair: Arc::new(Pair::Rsa(Box::new(pair))), public })
    }

    /// A key on the curve that it turns out to be on.
    fn ec(pkcs8: impl Fn(Algorithm) -> Vec<u8>) -> Result<Self, KeyError> {
        let mut why = KeyError::None;
        for (algorithm, signing) in [
            (Algorithm::Es256, &sig::ECDSA_P256_SHA256_FIXED_SIGNING),
            (Algorithm::Es384, &sig::ECDSA_P384_SHA384_FIXED_SIGNING),
        ] {
            match EcdsaKeyPair::from_pkcs8(signing, &pkcs8(algorithm), &SystemRandom::new()) {
                Ok(pair) => {
                    let public = PublicKey::new(algorithm, pair.public_key().as_ref());
                    return Ok(Self { pair: Arc::new(Pair::Ec(Box::new(pair))), public });
                }
                Err(rejected) => why = KeyError::Unusable(rejected.to_string()),
            }
        }
        Err(why)
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signature; none: the key cannot make one.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let chance = SystemRandom::new();
        match &*self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(&sig::RSA_PKCS1_SHA256, &chance, message, &mut signature);
                signed.ok().map(|()| signature)
            }
            Pair::Ec(pair) => Some(pair.sign(&chance, message).ok()?.as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    pub(in super::super) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
        let body = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
    }

    pub(in super::super) fn pkcs8() -> Vec<u8> {
        let algorithm = &sig::ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("a key");
        der.as_ref().to_vec()
    }

    #[test]
    fn a_key_is_read_in_every_form_that_it_comes_in() {
        let der = pkcs8();
        let key = SigningKey::read(&pem("PRIVATE KEY", &der)).expect("a private key");
        let signature = key.sign(b"message").expect("a signature");
        let info = pem("PUBLIC KEY", &key.public.info);
        for file in [pem("PRIVATE KEY", &der), info] {
            let keys = PublicKey::read(&file).expect("a public key");
            assert_eq!(keys, std::slice::from_ref(&key.public));
            assert!(keys[0].verifies(b"message", &signature));
            assert!(!keys[0].verifies(b"massage", &signature));
        }
        // What PKCS #8 wraps: the last element of the outer one.
        let inner = der.windows(2).skip(20).position(|two| two == [0x30, 0x6b]);
        let inner = &der[20 + inner.expect("a key within")..];
        let sec1 = SigningKey::read(&pem("EC PRIVATE KEY", inner)).expect("a private key");
        assert_eq!(sec1.public, key.public);
        assert_eq!(PublicKey::read(b"").err(), Some(KeyError::None));
        let bad = SigningKey::read(&pem("PRIVATE KEY", b"x"));
        assert!(matches!(bad, Err(KeyError::Unusable(_))));
    }

    #[test]
    fn a_key_is_published_with_its_coordinates() {
        let key = SigningKey::read(&pem("PRIVATE KEY", &pkcs8())).expect("a private key");
        let jwk = key.public.jwk().expect("it can be written");
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&"EC".into(), &"P-256".into()));
        for coordinate in ["x", "y"] {
            assert_eq!(jwk[coordinate].as_str().map(str::len), Some(43));
        }
        assert_eq!(jwk["kid"], key.public.id);
    }
}
