//! Large values that are small in the history: the end is padding, whose length the value tells.
//!
//! `7-12:4000` is written as those nine bytes and 3,991 exclamation marks. What comes back otherwise
//! than it was written is noted as it came, so that no oracle takes it for the value.

use bytes::Bytes;

/// Less than every other byte of a value: padding changes no order.
const PADDING: u8 = b'!';
/// The longest value.
const BYTES_MAX: usize = 1 << 20;

/// The bytes that clients send for a value.
pub(crate) fn on_the_wire(value: &str) -> Bytes {
    let mut bytes = value.as_bytes().to_vec();
    if let Some(length) = told(value) {
        bytes.resize(length.max(bytes.len()), PADDING);
    }
    Bytes::from(bytes)
}

/// The value that a client was sent, without its padding.
pub(crate) fn in_the_history(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != PADDING).map_or(0, |last| last + 1);
    let value = String::from_utf8_lossy(&bytes[..end]).into_owned();
    if on_the_wire(&value).len() == bytes.len() {
        return value;
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// The length that a value tells of itself.
fn told(value: &str) -> Option<usize> {
    let (_, length) = value.rsplit_once(':')?;
    length.parse().ok().filter(|length| *length <= BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_and_goes() {
        assert_eq!(on_the_wire("7-1:12"), Bytes::from_static(b"7-1:12!!!!!!"));
        assert_eq!(in_the_history(b"7-1:12!!!!!!"), "7-1:12");
        for plain in ["", "7-1", "7-1:2", "a:b"] {
            assert_eq!(in_the_history(&on_the_wire(plain)), plain);
        }
    }

    #[test]
    fn a_damaged_value_is_not_taken_for_the_written_one() {
        for damaged in [&b"7-1:12!!!!!"[..], b"7-1:12!!!!!!!", b"7-1:12!!x!!!", b"7-1!"] {
            assert_eq!(in_the_history(damaged).as_bytes(), damaged);
        }
    }
}
