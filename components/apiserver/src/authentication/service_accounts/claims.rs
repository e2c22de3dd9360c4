//! What a service account's token says, signed and checked. Pure.
//!
//! Upstream: pkg/serviceaccount/claims.go, legacy.go, and jwt.go for the form.

use super::{PublicKey, SigningKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Clocks may differ by so many seconds (jose's default leeway).
const LEEWAY_SECONDS: u64 = 60;

/// Who issues tokens that are kept in secrets.
pub(super) const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

/// A token's content. Times are in seconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub(super) struct Claims {
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub(super) aud: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<u64>,
    #[serde(default)]
    pub(super) iss: String,
    #[serde(default)]
    pub(super) jti: String,
    #[serde(rename = "kubernetes.io", skip_serializing_if = "Option::is_none")]
    pub(super) bound: Option<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    #[serde(default)]
    pub(super) sub: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) legacy: Option<Legacy>,
}

/// Whose the token is, and what it ends with.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Bound {
    pub(super) namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Reference>,
    pub(super) serviceaccount: Reference,
    /// The client should have asked for a new one by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warnafter: Option<u64>,
}

/// An object.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Reference {
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) uid: String,
}

/// Whose a token is that is kept in a secret.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub(super) struct Legacy {
    #[serde(rename = "kubernetes.io/serviceaccount/namespace")]
    pub(super) namespace: String,
    #[serde(rename = "kubernetes.io/serviceaccount/secret.name")]
    pub(super) secret: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.name")]
    pub(super) name: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.uid")]
    pub(super) uid: String,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(from)? {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    })
}

/// Signs; none: the key does not.
pub(super) fn signed(claims: &Claims, key: &SigningKey) -> Option<String> {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = json!({"alg": key.public().algorithm(), "kid": key.public().id()});
    let message =
        format!("{}.{}", part(header.to_string()), part(serde_json::to_string(claims).ok()?));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())?);
    Some(format!("{message}.{signature}"))
}

/// Reads a token of one of these issuers; none: it is none of theirs.
///
/// # Errors
/// It says that it is, and is not signed by any of the keys.
pub(super) fn read(
    token: &str,
    issuers: &[String],
    keys: &[PublicKey],
) -> Result<Option<Claims>, String> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
        #[serde(default)]
        kid: String,
    }
    let Some((message, signature)) = token.rsplit_once('.') else { return Ok(None) };
    let Some((header, claims)) = message.split_once('.') else { return Ok(None) };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let read = |part: &str| serde_json::from_slice::<Claims>(&decoded(part)?).ok();
    let Some(claims) = read(claims) else { return Ok(None) };
    if claims.iss != LEGACY_ISSUER && !issuers.contains(&claims.iss) {
        return Ok(None);
    }
    let header = decoded(header).and_then(|bytes| serde_json::from_slice::<Header>(&bytes).ok());
    let (Some(header), Some(signature)) = (header, decoded(signature)) else { return Ok(None) };
    let mut keys = keys.iter().filter(|key| header.kid.is_empty() || key.id() == header.kid);
    // The token must not choose how it is checked.
    let good = |key: &PublicKey| {
        key.algorithm() == header.alg && key.verifies(message.as_bytes(), &signature)
    };
    match keys.any(good) {
        true => Ok(Some(claims)),
        false => Err("invalid signature, no keys found".into()),
    }
}

/// Whether it is the token's time.
///
/// # Errors
/// It is too early or too late.
pub(super) fn check_time(claims: &Claims, now: u64) -> Result<(), String> {
    if claims.nbf.is_some_and(|start| now + LEEWAY_SECONDS < start) {
        return Err("service account token is not valid yet".into());
    }
    if claims.exp.is_some_and(|end| now.saturating_sub(LEEWAY_SECONDS) > end) {
        return Err("service account token has expired".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::key::tests as keys, *};

    fn key() -> SigningKey {
        SigningKey::read(&keys::pem("PRIVATE KEY", &keys::pkcs8())).expect("a key")
    }

    fn claims() -> Claims {
        let bound = Bound { namespace: "n".into(), ..Bound::default() };
        Claims {
            iss: "me".into(),
            sub: "system:serviceaccount:n:a".into(),
            aud: vec!["x".into()],
            exp: Some(1000),
            nbf: Some(500),
            bound: Some(bound),
            ..Claims::default()
        }
    }

    #[test]
    fn what_was_signed_is_read_and_nothing_else() {
        let (key, other, issuers) = (key(), key(), ["me".to_owned()]);
        let public = [key.public().clone()];
        let token = signed(&claims(), &key).expect("a token");
        assert_eq!(read(&token, &issuers, &public), Ok(Some(claims())));
        assert_eq!(read(&token, &["you".to_owned()], &public), Ok(None));
        assert!(read(&token, &issuers, &[other.public().clone()]).is_err());
        let forged = signed(&claims(), &other).expect("a token");
        assert!(read(&forged, &issuers, &public).is_err());
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"iss":"me"}"#)
        );
        assert!(read(&none, &issuers, &public).is_err());
        for text in ["", "a", "a.b.c", &token[1..]] {
            assert_eq!(read(text, &issuers, &public), Ok(None), "{text}");
        }
    }

    #[test]
    fn a_token_has_its_time() {
        let at = |now| check_time(&claims(), now).is_ok();
        assert_eq!([at(439), at(440), at(1060), at(1061)], [false, true, true, false]);
        assert!(check_time(&Claims::default(), 7).is_ok());
    }

    #[test]
    fn claims_are_written_as_upstream_writes_them() {
        let text = serde_json::to_string(&claims()).expect("it is JSON");
        assert_eq!(
            text,
            "{\"aud\":[\"x\"],\"exp\":1000,\"iss\":\"me\",\"jti\":\"\",\"kubernetes.io\":\
             {\"namespace\":\"n\",\"serviceaccount\":{\"name\":\"\"}},\"nbf\":500,\
             \"sub\":\"system:serviceaccount:n:a\"}"
        );
        let one: Claims = serde_json::from_str(r#"{"aud":"x"}"#).expect("one audience");
        assert_eq!(one.aud, ["x"]);
    }
}
