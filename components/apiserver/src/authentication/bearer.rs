//! The token that a request shows: in `Authorization`, or among a WebSocket's protocols.
//!
//! Upstream: apiserver/pkg/authentication/request/{bearertoken,websocket}.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};

/// What browsers put before a token, since they cannot set `Authorization`.
const PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

/// The token of `Authorization: Bearer`, or else a WebSocket's.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    authorization(headers).map(str::to_owned).or_else(|| websocket(headers))
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).map(str::trim)
}

fn websocket(headers: &HeaderMap) -> Option<String> {
    let mut tokens = protocols(headers).filter_map(|one| one.strip_prefix(PROTOCOL));
    let (first, others) = (tokens.next()?, tokens.next());
    // Several are nobody's, and so is one beside which no protocol is asked for.
    if others.is_some() || protocols(headers).count() < 2 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(first.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok().filter(|token| !token.is_empty())
}

/// Takes credentials out of a request: nobody behind authentication is to see them.
pub(super) fn forget(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    let is_token = |one: &str| one.starts_with(PROTOCOL);
    if protocols(headers).any(is_token) {
        let others: Vec<_> = protocols(headers).filter(|one| !is_token(one)).collect();
        if let Ok(value) = HeaderValue::from_str(&others.join(",")) {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header"))])
    }

    #[test]
    fn tokens_come_after_the_word_bearer() {
        for (value, expected) in [
            ("Bearer secret", Some("secret")),
            ("bearer  secret ", Some("secret")),
            ("Bearer ", None),
            ("Basic secret", None),
            ("secret", None),
        ] {
            let found = token(&headers(header::AUTHORIZATION, value));
            assert_eq!(found.as_deref(), expected, "{value}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }

    #[test]
    fn browsers_name_theirs_among_protocols() {
        let named = format!("{PROTOCOL}c2VjcmV0");
        for (value, expected) in [
            (format!("{named}, v5.channel.k8s.io"), Some("secret")),
            (named.clone(), None),
            (format!("{named}, {named}, v5.channel.k8s.io"), None),
            ("v5.channel.k8s.io".to_owned(), None),
        ] {
            let headers = headers(header::SEC_WEBSOCKET_PROTOCOL, &value);
            assert_eq!(token(&headers).as_deref(), expected, "{value}");
        }
        let mut all = headers(header::SEC_WEBSOCKET_PROTOCOL, &format!("{named}, a, b"));
        all.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        forget(&mut all);
        assert_eq!(all[header::SEC_WEBSOCKET_PROTOCOL], "a,b");
        assert!(!all.contains_key(header::AUTHORIZATION));
    }
}
