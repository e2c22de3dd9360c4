//! Protobuf's bytes: tags, numbers, lengths.

use super::ProtobufError;

type Outcome<T> = Result<T, ProtobufError>;

/// A number of variable length.
pub(crate) const VARINT: u64 = 0;
/// Eight bytes.
pub(crate) const FIXED64: u64 = 1;
/// A length and as many bytes.
pub(super) const BYTES: u64 = 2;
const GROUP: u64 = 3;
const GROUP_END: u64 = 4;
const FIXED32: u64 = 5;

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

pub(crate) fn put_tag(out: &mut Vec<u8>, number: u32, wire: u64) {
    put_varint(out, u64::from(number) << 3 | wire);
}

/// A signed number; negative ones take ten bytes, of 32 bits too.
pub(crate) fn put_signed(out: &mut Vec<u8>, number: u32, value: i64) {
    put_tag(out, number, VARINT);
    put_varint(out, value.cast_unsigned());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, BYTES);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A message in a field; what it is made of is written by `fill`.
pub(crate) fn put_message(out: &mut Vec<u8>, number: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    put_tag(out, number, BYTES);
    // Most are shorter than 128 bytes: one byte of length is left free and widened if need be.
    let place = out.len();
    out.push(0);
    fill(out);
    let length = out.len() - place - 1;
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out[place] = short,
        _ => {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, length as u64);
            out.splice(place..=place, bytes);
        }
    }
}

/// What a field holds, before anybody knows its type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'a> {
    Number(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    /// A form that no field of Kubernetes has.
    Other(u64),
}

impl Raw<'_> {
    pub(super) fn wire(self) -> u64 {
        match self {
            Raw::Number(_) => VARINT,
            Raw::Eight(_) => FIXED64,
            Raw::Bytes(_) => BYTES,
            Raw::Other(wire) => wire,
        }
    }
}

/// A place in a message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes that have not been read.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn varint(&mut self) -> Outcome<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.rest.split_first().ok_or(ProtobufError::End)?;
            self.rest = rest;
            value |= u64::from(first & 0x7f) << shift;
            if *first < 0x80 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Overflow)
    }

    fn take(&mut self, length: usize) -> Outcome<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ProtobufError::End)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next field's number and what it holds; nothing at the end.
    pub(super) fn field(&mut self) -> Outcome<Option<(u64, Raw<'a>)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let (number, wire) = (tag >> 3, tag & 7);
        if number == 0 || wire == GROUP_END || wire > FIXED32 {
            return Err(ProtobufError::Tag(number, wire));
        }
        Ok(Some((number, self.raw(wire)?)))
    }

    fn raw(&mut self, wire: u64) -> Outcome<Raw<'a>> {
        Ok(match wire {
            VARINT => Raw::Number(self.varint()?),
            FIXED64 => {
                let eight = self.take(8)?.try_into().map_err(|_| ProtobufError::End)?;
                Raw::Eight(eight)
            }
            BYTES => {
                let length = self.varint()?;
                Raw::Bytes(self.take(usize::try_from(length).map_err(|_| ProtobufError::End)?)?)
            }
            GROUP => {
                self.group()?;
                Raw::Other(wire)
            }
            wire => {
                self.take(4)?;
                Raw::Other(wire)
            }
        })
    }

    /// Passes over a group, whose beginning has been read, and the groups in it.
    fn group(&mut self) -> Outcome<()> {
        let mut open = 1_usize;
        while open > 0 {
            let tag = self.varint()?;
            match tag & 7 {
                GROUP => open += 1,
                GROUP_END => open -= 1,
                wire @ (VARINT | FIXED64 | BYTES | FIXED32) => drop(self.raw(wire)?),
                wire => return Err(ProtobufError::Tag(tag >> 3, wire)),
            }
        }
        Ok(())
    }
}
