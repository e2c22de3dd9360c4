//! JSON Web Tokens in their compact form: taken apart, and checked against keys. Pure.
//!
//! Upstream: github.com/coreos/go-oidc (verify.go), RFC 7515, 7517, 7518. Keys on the curve P-521
//! (ES512) are not known here: no library of ours computes with them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature as sig;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Signatures that may be asked for (oidc's allowedSigningAlgs).
pub(super) const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

/// Clocks may differ by so many seconds where a token begins.
const LEEWAY_SECONDS: i64 = 60;

/// A token whose signature is not checked yet.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    pub(super) algorithm: String,
    pub(super) key_id: String,
    pub(super) claims: Map<String, Value>,
    message: String,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
    /// What must be understood; nothing is.
    #[serde(default)]
    crit: Vec<String>,
}

impl Token {
    /// Takes a text apart; none: it is no such token.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
        if !header.crit.is_empty() {
            return None;
        }
        Some(Self {
            algorithm: header.alg,
            key_id: header.kid,
            claims: serde_json::from_slice(&decoded(claims)?).ok()?,
            message: message.to_owned(),
            signature: decoded(signature)?,
        })
    }

    /// Who says that they have issued it. Google left the scheme out once (GoogleIss).
    pub(super) fn issuer(&self) -> &str {
        match self.claims.get("iss").and_then(Value::as_str).unwrap_or_default() {
            "accounts.google.com" => "https://accounts.google.com",
            issuer => issuer,
        }
    }

    /// For whom it is.
    fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it is for one of these, and whether it is its time (in seconds since 1970).
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self, wanted: &[String], now: u64) -> Result<(), String> {
        let own = self.audiences();
        if !own.iter().any(|one| wanted.iter().any(|wanted| wanted == one)) {
            return Err(format!("oidc: expected audience in {wanted:?} got {own:?}"));
        }
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let seconds = |name: &str| self.claims.get(name).and_then(whole_seconds);
        let end = seconds("exp").unwrap_or(0);
        if end <= now {
            return Err(format!("oidc: token is expired (Token Expiry: {})", told(end)));
        }
        match seconds("nbf").filter(|start| now + LEEWAY_SECONDS < *start) {
            Some(start) => Err(format!(
                "oidc: current time {} before the nbf (not before) time: {}",
                told(now),
                told(start)
            )),
            None => Ok(()),
        }
    }

    /// Whether one of these keys has signed it.
    pub(super) fn is_signed_by(&self, keys: &[Key]) -> bool {
        let mut named = keys.iter().filter(|key| self.key_id.is_empty() || key.id == self.key_id);
        let message = self.message.as_bytes();
        named.any(|key| key.verifies(&self.algorithm, message, &self.signature))
    }
}

/// Seconds may be written with a fraction.
#[expect(clippy::cast_possible_truncation, reason = "what is too large is at the end of time")]
fn whole_seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

fn told(seconds: i64) -> String {
    api::time::Moment { seconds, nanos: 0 }.to_second()
}

/// A key that checks signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Key {
    id: String,
    material: Material,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point on P-256 or P-384, not compressed.
    Ec {
        bits: u16,
        point: Vec<u8>,
    },
}

impl Key {
    /// The keys of a key set that can be used; others are left out.
    pub(super) fn set(document: &Value) -> Option<Vec<Self>> {
        let keys = document["keys"].as_array()?;
        Some(keys.iter().filter_map(Self::read).collect())
    }

    fn read(key: &Value) -> Option<Self> {
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        let material = match (key["kty"].as_str()?, key["crv"].as_str().unwrap_or_default()) {
            ("RSA", _) => Material::Rsa { modulus: bytes("n")?, exponent: bytes("e")? },
            ("EC", curve) => {
                let bits = match curve {
                    "P-256" => 256,
                    "P-384" => 384,
                    _ => return None,
                };
                let point = [&[4], bytes("x")?.as_slice(), bytes("y")?.as_slice()].concat();
                Material::Ec { bits, point }
            }
            _ => return None,
        };
        Some(Self { id: key["kid"].as_str().unwrap_or_default().to_owned(), material })
    }

    /// The key's kind decides how a signature may be checked, not the token alone.
    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                let key = sig::RsaPublicKeyComponents { n: modulus, e: exponent };
                rsa(algorithm).is_some_and(|how| key.verify(how, message, signature).is_ok())
            }
            Material::Ec { bits, point } => {
                let how: &dyn sig::VerificationAlgorithm = match (algorithm, bits) {
                    ("ES256", 256) => &sig::ECDSA_P256_SHA256_FIXED,
                    ("ES384", 384) => &sig::ECDSA_P384_SHA384_FIXED,
                    _ => return false,
                };
                sig::UnparsedPublicKey::new(how, point).verify(message, signature).is_ok()
            }
        }
    }
}

fn rsa(algorithm: &str) -> Option<&'static sig::RsaParameters> {
    Some(match algorithm {
        "RS256" => &sig::RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &sig::RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &sig::RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &sig::RSA_PSS_2048_8192_SHA256,
        "PS384" => &sig::RSA_PSS_2048_8192_SHA384,
        "PS512" => &sig::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
