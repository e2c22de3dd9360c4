//! The compact binary form of Raft's words, on the wire and on disk. Reading is total: garbage is an error, never a panic.
//!
//! Numbers are LEB128 varints, byte strings carry their length. There are no field numbers: a
//! format that must change gets a new kind byte.

use bytes::Bytes;

use crate::{
    change::{Change, ChangeKind, ConfChange, Transition},
    types::{ConfState, Entry, EntryId, EntryKind, HardState, NodeId, SnapshotMeta},
};

/// Why bytes do not say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("raft: encoding ends too early")]
    Truncated,
    /// Something follows the end.
    #[error("raft: {0} bytes after the end of the encoding")]
    Trailing(usize),
    /// A number needs more than 64 bits.
    #[error("raft: number too large")]
    Overflow,
    /// A kind that we do not know.
    #[error("raft: unknown {what} {value}")]
    Unknown {
        /// Of what.
        what: &'static str,
        /// The number found.
        value: u8,
    },
}

/// Has a binary form.
pub trait Codec: Sized {
    /// Adds the form to `out`.
    fn encode_to(&self, out: &mut Vec<u8>);

    /// Reads the form off the front.
    ///
    /// # Errors
    /// When the bytes do not say such a thing.
    fn read(from: &mut Reader) -> Result<Self, DecodeError>;

    /// The form.
    fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        self.encode_to(&mut out);
        out.into()
    }

    /// Reads the form from bytes that hold nothing else. Payloads share the bytes' memory.
    ///
    /// # Errors
    /// When the bytes do not say exactly such a thing.
    fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::read(&mut reader)?;
        match reader.rest.len() {
            0 => Ok(value),
            trailing => Err(DecodeError::Trailing(trailing)),
        }
    }
}

/// Bytes not yet read.
#[derive(Debug)]
pub struct Reader {
    rest: Bytes,
}

impl Reader {
    /// Starts at the front.
    pub fn new(bytes: Bytes) -> Self {
        Self { rest: bytes }
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = *self.rest.first().ok_or(DecodeError::Truncated)?;
        let _ = self.rest.split_to(1);
        Ok(byte)
    }

    /// A varint.
    ///
    /// # Errors
    /// At the end, or beyond 64 bits.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for (at, byte) in self.rest.iter().enumerate() {
            let bits = u64::from(byte & 0x7f);
            if at == 9 && *byte > 1 {
                return Err(DecodeError::Overflow);
            }
            value |= bits << (7 * at);
            if byte & 0x80 == 0 {
                let _ = self.rest.split_to(at + 1);
                return Ok(value);
            }
        }
        Err(DecodeError::Truncated)
    }

    /// A byte string; shares memory.
    ///
    /// # Errors
    /// At the end.
    pub fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let length = self.number()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() => Ok(self.rest.split_to(length)),
            _ => Err(DecodeError::Truncated),
        }
    }

    /// A list. Each item takes at least a byte, so that a lying count cannot reserve memory.
    ///
    /// # Errors
    /// As its items'.
    pub fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.number()?;
        if count > self.rest.len() as u64 {
            return Err(DecodeError::Truncated);
        }
        (0..count).map(|_| item(self)).collect()
    }
}

pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) fn put_list<T>(out: &mut Vec<u8>, items: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    put_number(out, items.len() as u64);
    for item in items {
        put(out, item);
    }
}

impl Codec for EntryId {
    fn encode_to(&self, out: &mut Vec<u8>) {
        put_number(out, self.term);
        put_number(out, self.index);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { term: from.number()?, index: from.number()? })
    }
}

impl Codec for Entry {
    fn encode_to(&self, out: &mut Vec<u8>) {
        out.push(match self.kind {
            EntryKind::Normal => 0,
            EntryKind::ConfChange => 1,
        });
        self.id().encode_to(out);
        put_bytes(out, &self.data);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        let kind = match from.byte()? {
            0 => EntryKind::Normal,
            1 => EntryKind::ConfChange,
            value => return Err(DecodeError::Unknown { what: "entry kind", value }),
        };
        let EntryId { term, index } = EntryId::read(from)?;
        Ok(Self { term, index, kind, data: from.bytes()? })
    }
}

impl Codec for HardState {
    fn encode_to(&self, out: &mut Vec<u8>) {
        put_number(out, self.term);
        put_number(out, self.vote);
        put_number(out, self.commit);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { term: from.number()?, vote: from.number()?, commit: from.number()? })
    }
}

fn put_ids(out: &mut Vec<u8>, ids: &[NodeId]) {
    put_list(out, ids, |out, id| put_number(out, *id));
}

impl Codec for ConfState {
    fn encode_to(&self, out: &mut Vec<u8>) {
        for set in [&self.voters, &self.learners, &self.voters_outgoing, &self.learners_next] {
            put_ids(out, set);
        }
        out.push(u8::from(self.auto_leave));
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            voters: from.list(Reader::number)?,
            learners: from.list(Reader::number)?,
            voters_outgoing: from.list(Reader::number)?,
            learners_next: from.list(Reader::number)?,
            auto_leave: from.byte()? != 0,
        })
    }
}

impl Codec for SnapshotMeta {
    fn encode_to(&self, out: &mut Vec<u8>) {
        self.id().encode_to(out);
        self.conf_state.encode_to(out);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        let EntryId { term, index } = EntryId::read(from)?;
        Ok(Self { conf_state: ConfState::read(from)?, index, term })
    }
}

impl Codec for Change {
    fn encode_to(&self, out: &mut Vec<u8>) {
        out.push(match self.kind {
            ChangeKind::AddVoter => 0,
            ChangeKind::Remove => 1,
            ChangeKind::Update => 2,
            ChangeKind::AddLearner => 3,
        });
        put_number(out, self.node);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        let kind = match from.byte()? {
            0 => ChangeKind::AddVoter,
            1 => ChangeKind::Remove,
            2 => ChangeKind::Update,
            3 => ChangeKind::AddLearner,
            value => return Err(DecodeError::Unknown { what: "change kind", value }),
        };
        Ok(Self { kind, node: from.number()? })
    }
}

/// The empty change, which leaves a joint configuration, is no bytes at all: it can never be
/// refused for its size.
impl Codec for ConfChange {
    fn encode_to(&self, out: &mut Vec<u8>) {
        if *self == Self::default() {
            return;
        }
        out.push(match self.transition {
            Transition::Auto => 0,
            Transition::JointImplicit => 1,
            Transition::JointExplicit => 2,
        });
        put_list(out, &self.changes, |out, change| change.encode_to(out));
        put_bytes(out, &self.context);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        if from.rest.is_empty() {
            return Ok(Self::default());
        }
        let transition = match from.byte()? {
            0 => Transition::Auto,
            1 => Transition::JointImplicit,
            2 => Transition::JointExplicit,
            value => return Err(DecodeError::Unknown { what: "transition", value }),
        };
        Ok(Self { transition, changes: from.list(Change::read)?, context: from.bytes()? })
    }
}
