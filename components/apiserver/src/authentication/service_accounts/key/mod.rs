//! Keys that sign and check service accounts' tokens: RSA, and ECDSA on P-256 and P-384.
//!
//! Signatures draw chance from ring, not from the host: nothing that a simulation looks at depends
//! on their bytes.
//!
//! Upstream: pkg/serviceaccount/jwt.go, client-go/util/keyutil.

mod algorithm;
mod public;
mod signing;

pub use public::PublicKey;
pub use signing::SigningKey;

use rustls_pki_types::pem::{PemObject, SectionKind};

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

/// The blocks of a PEM file.
fn blocks(pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, KeyError> {
    let all = <(SectionKind, Vec<u8>)>::pem_slice_iter(pem);
    all.collect::<Result<_, _>>().map_err(|error| KeyError::Pem(error.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};
    use ring::{
        rand::SystemRandom,
        signature::{self as sig, EcdsaKeyPair},
    };

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
        assert_eq!(jwk["kid"], key.public.id());
    }
}
