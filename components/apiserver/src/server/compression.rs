//! Long answers to those who read gzip.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/responsewriters/writers.go.

use super::{Asked, answer};
use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use http::{HeaderValue, StatusCode, header};
use std::io::{Read, Write};
use wire::Response;

/// Shorter answers are not worth it (defaultGzipThresholdBytes).
const BYTES_MIN: usize = 128 * 1024;

/// The answer, compressed where it is long and the client reads that.
pub(super) fn fitting(
    asked: &Asked,
    status: StatusCode,
    media: &'static str,
    body: Bytes,
) -> Response {
    match body.len() >= BYTES_MIN && is_read(asked) {
        true => marked(answer::reply(status, media, gzip(&body))),
        false => answer::reply(status, media, body),
    }
}

/// An answer that is kept compressed, in the form that the client reads.
pub(super) fn kept(asked: &Asked, media: &'static str, compressed: &Bytes) -> Response {
    if is_read(asked) {
        return marked(answer::reply(StatusCode::OK, media, compressed.clone()));
    }
    let mut plain = Vec::new();
    let read = GzDecoder::new(&compressed[..]).read_to_end(&mut plain);
    read.expect("this server compressed it");
    answer::reply(StatusCode::OK, media, plain)
}

fn marked(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

fn is_read(asked: &Asked) -> bool {
    asked.header(header::ACCEPT_ENCODING).is_some_and(reads_gzip)
}

/// Upstream asks no more than whether the word stands there.
fn reads_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == "gzip")
}

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compressed_can_be_read() {
        let text = "kubernetes ".repeat(20_000);
        let compressed = gzip(text.as_bytes());
        assert!(compressed.len() < text.len() / 10);
        let mut read = String::new();
        GzDecoder::new(&compressed[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        for (accepted, reads) in [("gzip", true), ("br, gzip;q=1", true), ("identity", false)] {
            assert_eq!(reads_gzip(accepted), reads, "{accepted}");
        }
    }
}
