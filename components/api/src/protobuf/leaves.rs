//! Messages that stand for one value: quantities, moments, JSON, numbers or texts.

use super::{
    ProtobufError,
    wire::{Raw, Reader},
};
use crate::{decode, quantity::Quantity, time::Moment};
use serde_json::Value;

type Outcome<T> = Result<T, ProtobufError>;

/// The low 32 bits, as Go cuts what is too long.
pub(super) fn cut(number: u64) -> i32 {
    let low = u32::try_from(number & 0xffff_ffff).unwrap_or_default();
    low.cast_signed()
}

/// `intstr.IntOrString`.
pub(super) fn int_or_string(bytes: &[u8]) -> Outcome<Value> {
    let (mut kind, mut number, mut text) = (0, 0, String::new());
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.field()? {
        match field {
            (1, Raw::Number(found)) => kind = found,
            (2, Raw::Number(found)) => number = cut(found),
            (3, Raw::Bytes(found)) => text = String::from_utf8_lossy(found).into_owned(),
            _ => {}
        }
    }
    Ok(if kind == 1 { text.into() } else { number.into() })
}

/// The text of a message's first field.
fn first(bytes: &[u8]) -> Outcome<&[u8]> {
    let (mut found, mut reader) = (&[][..], Reader::new(bytes));
    while let Some(field) = reader.field()? {
        if let (1, Raw::Bytes(bytes)) = field {
            found = bytes;
        }
    }
    Ok(found)
}

/// `resource.Quantity` in its canonical form.
pub(super) fn quantity(bytes: &[u8]) -> Outcome<Value> {
    let text = String::from_utf8_lossy(first(bytes)?);
    if text.is_empty() {
        return Ok("0".into());
    }
    let quantity =
        Quantity::parse(&text).map_err(|error| ProtobufError::Json(error.to_string()))?;
    Ok(quantity.to_string().into())
}

/// Nothing for a message that holds nothing.
pub(super) fn moment(bytes: &[u8]) -> Outcome<Option<Moment>> {
    let (mut seconds, mut nanos, mut reader) = (0, 0, Reader::new(bytes));
    while let Some(field) = reader.field()? {
        match field {
            (1, Raw::Number(found)) => seconds = found.cast_signed(),
            (2, Raw::Number(found)) => nanos = u32::try_from(cut(found)).unwrap_or_default(),
            _ => {}
        }
    }
    // What is beyond the years that can be written is no moment.
    let known = (-62_135_596_800..253_402_300_800).contains(&seconds) && nanos < 1_000_000_000;
    let some = known && (seconds, nanos) != (0, 0);
    Ok(some.then_some(Moment { seconds, nanos }))
}

/// JSON in a message; nothing for a message that holds nothing.
pub(super) fn embedded(bytes: &[u8]) -> Outcome<Option<Value>> {
    let bytes = first(bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let decoded = decode::decode_any(bytes);
    let decoded = decoded.map_err(|error| ProtobufError::Json(error.to_string()))?;
    Ok(Some(decoded.value).filter(|value| !value.is_null()))
}
