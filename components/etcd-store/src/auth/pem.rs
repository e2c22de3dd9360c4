//! Reads keys from PEM: the bytes of a block, and the key within a public key's envelope.

use super::jwt::JwtError;
use base64::{Engine, engine::general_purpose::STANDARD};

fn bad(why: &str) -> JwtError {
    JwtError::Key(why.to_owned())
}

/// The first block of a PEM text: its label and bytes.
pub(super) fn decode(pem: &[u8]) -> Result<(String, Vec<u8>), JwtError> {
    let text = std::str::from_utf8(pem).map_err(|_| bad("not a text"))?;
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(|| bad("no PEM block"))?;
    let (label, rest) = rest.split_once("-----").ok_or_else(|| bad("no PEM label"))?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(|| bad("no end of the PEM block"))?;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| bad("no base64"))?;
    Ok((label.to_owned(), der))
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The bare key in a PEM public key: either it is bare already (PKCS #1), or it is the bit string
/// that ends a SubjectPublicKeyInfo (RFC 5280, section 4.1), after the algorithm.
pub(super) fn public_key(pem: &[u8]) -> Result<Vec<u8>, JwtError> {
    let (label, der) = decode(pem)?;
    if label == "RSA PUBLIC KEY" {
        return Ok(der);
    }
    let envelope = || {
        let (info, _) = element(&der, SEQUENCE)?;
        let (_, rest) = element(info, SEQUENCE)?;
        let (bits, _) = element(rest, BIT_STRING)?;
        // The first byte says how many bits at the end do not count; keys are whole bytes.
        bits.strip_prefix(&[0]).map(<[u8]>::to_vec)
    };
    envelope().ok_or_else(|| bad("no public key"))
}

/// The content of the DER element that `input` begins with, and what follows it.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match usize::from(first) {
        short @ 0..=0x7f => (short, rest),
        // Two bytes of length are more than any key needs.
        long @ 0x81..=0x82 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
