//! From HTTP/1.1 to WebSocket.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// What the client's key is hashed with (RFC 6455, section 1.3).
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that is no WebSocket handshake, in the words of gorilla/websocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("websocket: the client is not using the websocket protocol: {0}")]
pub struct NotAHandshake(&'static str);

/// The protocols that a client offers, in its order.
pub fn protocols(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}

/// The headers of the `101` that answers a client's handshake, with the protocol that is spoken.
///
/// # Errors
/// The request is none.
pub fn accepted(request: &HeaderMap, protocol: Option<&str>) -> Result<HeaderMap, NotAHandshake> {
    if !crate::has_token(request, &header::CONNECTION, "upgrade") {
        return Err(NotAHandshake("'upgrade' token not found in 'Connection' header"));
    }
    if !crate::has_token(request, &header::UPGRADE, "websocket") {
        return Err(NotAHandshake("'websocket' token not found in 'Upgrade' header"));
    }
    if !crate::has_token(request, &header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(NotAHandshake("unsupported version: 13 not found in 'Sec-Websocket-Version'"));
    }
    let key = request.get(header::SEC_WEBSOCKET_KEY);
    let key = key.ok_or(NotAHandshake("'Sec-WebSocket-Key' header must be Base64 encoded"))?;
    let salted = [key.as_bytes(), SALT].concat();
    let proof = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &salted));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(proof) = HeaderValue::from_str(&proof) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, proof);
    }
    if let Some(Ok(protocol)) = protocol.map(HeaderValue::from_str) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_answered_as_the_rfc_answers_it() {
        let mut asked = HeaderMap::new();
        assert!(accepted(&asked, None).is_err());
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "chat, v5.channel.k8s.io"),
        ] {
            asked.append(name, HeaderValue::from_static(value));
        }
        asked.append("sec-websocket-protocol", HeaderValue::from_static("other"));
        assert_eq!(protocols(&asked), ["chat", "v5.channel.k8s.io", "other"]);
        let answer = accepted(&asked, Some("chat")).unwrap();
        assert_eq!(answer[header::SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(answer[header::SEC_WEBSOCKET_PROTOCOL], "chat");
    }
}
