//! What is around a message: the magic and the kind, a list's items, a watch event.

use super::{
    ProtobufError,
    wire::{Raw, Reader, put_bytes, put_message},
};

/// How each document begins.
pub const MAGIC: &[u8; 4] = b"k8s\0";

/// A document: `runtime.Unknown`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Envelope<'a> {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// The message.
    pub raw: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// A document's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.raw.len() + 64);
        out.extend_from_slice(MAGIC);
        put_message(&mut out, 1, |out| {
            put_bytes(out, 1, self.api_version.as_bytes());
            put_bytes(out, 2, self.kind.as_bytes());
        });
        put_bytes(&mut out, 2, self.raw);
        // Neither encoded otherwise nor of another type: as upstream writes it.
        put_bytes(&mut out, 3, b"");
        put_bytes(&mut out, 4, b"");
        out
    }

    /// What a document holds.
    ///
    /// # Errors
    /// Bytes that are no document.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ProtobufError> {
        let bytes = bytes.strip_prefix(MAGIC).ok_or(ProtobufError::Magic)?;
        let (mut envelope, mut reader) = (Self::default(), Reader::new(bytes));
        while let Some(field) = reader.field()? {
            match field {
                (1, Raw::Bytes(kind)) => envelope.name(kind)?,
                (2, Raw::Bytes(raw)) => envelope.raw = raw,
                _ => {}
            }
        }
        Ok(envelope)
    }

    fn name(&mut self, bytes: &[u8]) -> Result<(), ProtobufError> {
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.field()? {
            match field {
                (1, Raw::Bytes(text)) => {
                    self.api_version = String::from_utf8_lossy(text).into_owned();
                }
                (2, Raw::Bytes(text)) => self.kind = String::from_utf8_lossy(text).into_owned(),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The message of a list, whose `metadata` and items are messages already.
pub fn list<'a>(metadata: &[u8], items: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, 1, metadata);
    for item in items {
        put_bytes(&mut out, 2, item);
    }
    out
}

/// The message of a watch event; the object is a whole document. A stream has no magic between its
/// frames: four bytes of length stand before each.
pub fn watch_event(kind: &str, object: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(object.len() + 32);
    put_bytes(&mut out, 1, kind.as_bytes());
    put_message(&mut out, 2, |out| put_bytes(out, 1, object));
    out
}
