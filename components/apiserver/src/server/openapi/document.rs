//! A document as it is kept: compressed, with the hash of what it says.

use super::super::{Asked, answer, compression};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha512};
use std::fmt::Write;
use wire::Response;

/// A document, and its name among all that have its path.
#[derive(Debug)]
pub(super) struct Document {
    compressed: Bytes,
    /// In hexadecimal.
    pub(super) hash: String,
}

impl Document {
    /// Keeps what has that hash.
    pub(super) fn keep(text: &[u8], hash: String) -> Self {
        Self { compressed: compression::gzip(text).into(), hash }
    }

    /// The document, or that the client knows it.
    pub(super) fn answer(&self, asked: &Asked, media: &'static str) -> Response {
        let tag = format!("\"{}\"", self.hash);
        let known = asked.header(header::IF_NONE_MATCH).unwrap_or_default();
        let mut known = known.split(',').map(|one| one.trim().trim_start_matches("W/"));
        let mut response = match known.any(|one| one == tag || one == "*") {
            true => {
                let mut response = answer::reply(StatusCode::NOT_MODIFIED, media, Bytes::new());
                response.headers_mut().remove(header::CONTENT_TYPE);
                response
            }
            false => compression::kept(asked, media, &self.compressed),
        };
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Accept"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}

/// SHA-512, as upstream writes it.
pub(super) fn hash(text: &[u8]) -> String {
    Sha512::digest(text).iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02X}");
        hash
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_as_upstream_writes_them() {
        let hash = hash(b"abc");
        assert!(hash.starts_with("DDAF35A193617ABACC41") && hash.len() == 128, "{hash}");
    }
}
