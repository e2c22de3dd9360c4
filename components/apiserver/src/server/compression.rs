//! Long answers to those who read gzip.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/responsewriters/writers.go.

use super::{Asked, answer};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderValue, StatusCode, header};
use std::io::Write;
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
    let reads = asked.header(header::ACCEPT_ENCODING).is_some_and(reads_gzip);
    let compressed = (reads && body.len() >= BYTES_MIN).then(|| gzip(&body)).flatten();
    let Some(compressed) = compressed else { return answer::reply(status, media, body) };
    let mut response = answer::reply(status, media, compressed);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

/// Upstream asks no more than whether the word stands there.
fn reads_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == "gzip")
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // Writing to memory does not fail.
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_was_compressed_can_be_read() {
        let text = "kubernetes ".repeat(20_000);
        let compressed = gzip(text.as_bytes()).unwrap();
        assert!(compressed.len() < text.len() / 10);
        let mut read = String::new();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        for (accepted, reads) in [("gzip", true), ("br, gzip;q=1", true), ("identity", false)] {
            assert_eq!(reads_gzip(accepted), reads, "{accepted}");
        }
    }
}
