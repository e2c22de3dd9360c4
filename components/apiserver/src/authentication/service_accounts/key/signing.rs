//! Keys that sign tokens.

use super::{
    KeyError, PublicKey,
    algorithm::{Algorithm, element},
    blocks,
};
use ring::{
    rand::SystemRandom,
    signature::{self as sig, EcdsaKeyPair, KeyPair, RsaKeyPair},
};
use rustls_pki_types::pem::SectionKind;
use std::{fmt, sync::Arc};

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

/// What signs.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Pair>,
    pub(super) public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.public.id()).finish_non_exhaustive()
    }
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

    pub(super) fn of(kind: SectionKind, der: &[u8]) -> Result<Self, KeyError> {
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

    pub(in super::super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signature; none: the key cannot make one.
    pub(in super::super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
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
