//! Signed tokens: JSON Web Tokens with claims `username`, `revision` and `exp` (server/auth/jwt.go).
//!
//! HS256 with a shared key, RS256 and ES256 with a private key in PEM. ES256 draws chance from
//! ring, not from the host: simulations use HS256.

use super::{AuthInfo, pem};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use host::Timestamp;
use ring::{hmac, rand::SystemRandom, signature as sig};
use serde::{Deserialize, Serialize};
use sig::KeyPair;
use std::time::Duration;

/// Upstream's `ttl` of `--auth-token jwt`.
pub const JWT_TTL: Duration = Duration::from_secs(5 * 60);

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// `sign-method` is none of HS256, RS256, ES256.
    #[error("auth: invalid auth signature method")]
    Method,
    /// The key is no PEM or not of the method's kind.
    #[error("auth: missing key data: {0}")]
    Key(String),
    /// The key can only verify.
    #[error("auth: token signing attempted with verify-only key")]
    VerifyOnly,
    /// Signing failed.
    #[error("auth: the token cannot be signed")]
    Sign,
}

enum Key {
    Hs256(hmac::Key),
    Rs256(Box<sig::RsaKeyPair>),
    Es256(Box<sig::EcdsaKeyPair>),
    /// Of somebody else who signs.
    Rs256Public(Vec<u8>),
    /// Of somebody else who signs.
    Es256Public(Vec<u8>),
}

/// Signs and verifies tokens.
pub struct Jwt {
    key: Key,
    ttl: Duration,
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt").field("method", &self.method()).finish_non_exhaustive()
    }
}

#[derive(Deserialize, Serialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    exp: Option<f64>,
    #[serde(default, skip_serializing)]
    nbf: Option<f64>,
    revision: f64,
    username: String,
}

impl Jwt {
    /// A signer by method: `key` is the shared secret of HS256, or the PEM of a private key.
    ///
    /// # Errors
    /// The method is unknown, or the key does not fit it.
    pub fn new(method: &str, key: &[u8], ttl: Duration) -> Result<Self, JwtError> {
        let key = match method {
            "HS256" => Key::Hs256(hmac::Key::new(hmac::HMAC_SHA256, key)),
            "RS256" => Key::Rs256(Box::new(rsa(key)?)),
            "ES256" => Key::Es256(Box::new(ecdsa(key)?)),
            _ => return Err(JwtError::Method),
        };
        Ok(Self { key, ttl })
    }

    /// One that only verifies, by the PEM of a public key; somebody else signs.
    ///
    /// # Errors
    /// The method has no public keys, or the key cannot be read.
    pub fn verifier(method: &str, public: &[u8]) -> Result<Self, JwtError> {
        let key = match method {
            "RS256" => Key::Rs256Public(pem::public_key(public)?),
            "ES256" => Key::Es256Public(pem::public_key(public)?),
            _ => return Err(JwtError::Method),
        };
        Ok(Self { key, ttl: Duration::ZERO })
    }

    /// The token of a user.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn sign(&self, user: &str, revision: u64, now: Timestamp) -> Result<String, JwtError> {
        let claims = Claims {
            exp: Some((now.seconds() + self.ttl.as_secs()) as f64),
            nbf: None,
            revision: revision as f64,
            username: user.to_owned(),
        };
        let header = Header { alg: self.method().to_owned(), typ: "JWT".to_owned() };
        let part = |json: serde_json::Result<Vec<u8>>| {
            json.map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| JwtError::Sign)
        };
        let signed = format!(
            "{}.{}",
            part(serde_json::to_vec(&header))?,
            part(serde_json::to_vec(&claims))?
        );
        let signature = URL_SAFE_NO_PAD.encode(self.signature(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    /// Who a token speaks for, if it was signed with our key and its time is not up.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<AuthInfo> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        // The token must not choose how it is verified.
        if header.alg != self.method() {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !self.is_signed(signed.as_bytes(), &signature) {
            return None;
        }
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let now = now.seconds() as f64;
        let timely =
            claims.exp.is_none_or(|end| now < end) && claims.nbf.is_none_or(|start| start <= now);
        timely.then_some(AuthInfo { username: claims.username, revision: claims.revision as u64 })
    }

    fn method(&self) -> &'static str {
        match self.key {
            Key::Hs256(_) => "HS256",
            Key::Rs256(_) | Key::Rs256Public(_) => "RS256",
            Key::Es256(_) | Key::Es256Public(_) => "ES256",
        }
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, JwtError> {
        let chance = SystemRandom::new();
        match &self.key {
            Key::Hs256(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&sig::RSA_PKCS1_SHA256, &chance, message, &mut signature)
                    .map_err(|_| JwtError::Sign)?;
                Ok(signature)
            }
            Key::Es256(key) => {
                let signature = key.sign(&chance, message).map_err(|_| JwtError::Sign)?;
                Ok(signature.as_ref().to_vec())
            }
            Key::Rs256Public(_) | Key::Es256Public(_) => Err(JwtError::VerifyOnly),
        }
    }

    fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn sig::VerificationAlgorithm, public: &[u8]| {
            sig::UnparsedPublicKey::new(algorithm, public).verify(message, signature).is_ok()
        };
        match &self.key {
            Key::Hs256(key) => hmac::verify(key, message, signature).is_ok(),
            Key::Rs256(key) => by(&sig::RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref()),
            Key::Es256(key) => by(&sig::ECDSA_P256_SHA256_FIXED, key.public_key().as_ref()),
            Key::Rs256Public(key) => by(&sig::RSA_PKCS1_2048_8192_SHA256, key),
            Key::Es256Public(key) => by(&sig::ECDSA_P256_SHA256_FIXED, key),
        }
    }
}

fn rsa(pem: &[u8]) -> Result<sig::RsaKeyPair, JwtError> {
    let (label, der) = pem::decode(pem)?;
    let key = match label.as_str() {
        "RSA PRIVATE KEY" => sig::RsaKeyPair::from_der(&der),
        _ => sig::RsaKeyPair::from_pkcs8(&der),
    };
    key.map_err(|why| JwtError::Key(why.to_string()))
}

fn ecdsa(pem: &[u8]) -> Result<sig::EcdsaKeyPair, JwtError> {
    let (_, der) = pem::decode(pem)?;
    let algorithm = &sig::ECDSA_P256_SHA256_FIXED_SIGNING;
    sig::EcdsaKeyPair::from_pkcs8(algorithm, &der, &SystemRandom::new())
        .map_err(|why| JwtError::Key(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    fn es256() -> Jwt {
        let algorithm = &sig::ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = sig::EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Jwt::new("ES256", pem.as_bytes(), JWT_TTL).unwrap()
    }

    #[test]
    fn a_token_names_its_user_until_its_time_is_up() {
        for jwt in [Jwt::new("HS256", b"shared", JWT_TTL).unwrap(), es256()] {
            let token = jwt.sign("alice", 7, at(1000)).unwrap();
            let alice = AuthInfo { username: "alice".to_owned(), revision: 7 };
            assert_eq!(jwt.verify(&token, at(1000)), Some(alice.clone()));
            assert_eq!(jwt.verify(&token, at(1299)), Some(alice));
            assert_eq!(jwt.verify(&token, at(1300)), None);
        }
    }

    #[test]
    fn a_forged_token_is_nobodys() {
        let jwt = Jwt::new("HS256", b"shared", JWT_TTL).unwrap();
        let token = jwt.sign("alice", 7, at(0)).unwrap();
        let other = Jwt::new("HS256", b"other", JWT_TTL).unwrap();
        assert_eq!(other.verify(&token, at(0)), None);
        assert_eq!(es256().verify(&token, at(0)), None, "of another method");
        let none = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), "e30");
        for bad in ["", ".", "..", "a.b.c", &token[..token.len() - 2], &none] {
            assert_eq!(jwt.verify(bad, at(0)), None, "{bad}");
        }
    }

    #[test]
    fn a_public_key_verifies_and_does_not_sign() {
        let signer = es256();
        let Key::Es256(pair) = &signer.key else { panic!("it was made so") };
        // SubjectPublicKeyInfo of a P-256 key, up to the key itself.
        let mut info = vec![0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d];
        info.extend([0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
        info.extend([0x03, 0x42, 0x00]);
        info.extend(pair.public_key().as_ref());
        let body = STANDARD.encode(&info);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        let verifier = Jwt::verifier("ES256", pem.as_bytes()).unwrap();
        let token = signer.sign("alice", 7, at(0)).unwrap();
        assert_eq!(verifier.verify(&token, at(0)), signer.verify(&token, at(0)));
        assert!(verifier.verify(&token, at(0)).is_some());
        assert_eq!(verifier.sign("alice", 7, at(0)), Err(JwtError::VerifyOnly));
        let torn = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END", &body[..40]);
        assert!(matches!(Jwt::verifier("ES256", torn.as_bytes()), Err(JwtError::Key(_))));
        assert_eq!(Jwt::verifier("HS256", b"").err(), Some(JwtError::Method));
    }

    #[test]
    fn unusable_keys_are_refused() {
        let key = |method, pem: &str| Jwt::new(method, pem.as_bytes(), JWT_TTL).err();
        assert_eq!(key("HS1", "x"), Some(JwtError::Method));
        assert_eq!(key("RS256", "x"), Some(JwtError::Key("no PEM block".to_owned())));
        let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        assert!(matches!(key("ES256", pem), Some(JwtError::Key(_))));
    }
}
