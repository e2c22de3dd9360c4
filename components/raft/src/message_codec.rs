//! The binary form of messages: one kind byte, then the fields in order.

use crate::{
    codec::{Codec, DecodeError, Reader, put_bytes, put_list, put_number},
    message::{Body, Message},
    types::{Entry, EntryId, SnapshotMeta},
};

impl Codec for Message {
    fn encode_to(&self, out: &mut Vec<u8>) {
        put_number(out, self.to);
        put_number(out, self.from);
        put_number(out, self.term);
        self.body.encode_to(out);
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            to: from.number()?,
            from: from.number()?,
            term: from.number()?,
            body: Body::read(from)?,
        })
    }
}

const PROPOSE: u8 = 0;
const APPEND: u8 = 1;
const ACCEPTED: u8 = 2;
const REJECTED: u8 = 3;
const VOTE: u8 = 4;
const VOTE_RESPONSE: u8 = 5;
const SNAPSHOT: u8 = 6;
const HEARTBEAT: u8 = 7;
const HEARTBEAT_RESPONSE: u8 = 8;
const TRANSFER_LEADER: u8 = 9;
const TIMEOUT_NOW: u8 = 10;
const READ_INDEX: u8 = 11;
const READ_INDEX_RESPONSE: u8 = 12;

impl Codec for Body {
    fn encode_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Propose { entries } => {
                out.push(PROPOSE);
                put_list(out, entries, |out, entry| entry.encode_to(out));
            }
            Self::Append { prev, entries, commit } => {
                out.push(APPEND);
                prev.encode_to(out);
                put_list(out, entries, |out, entry| entry.encode_to(out));
                put_number(out, *commit);
            }
            Self::AppendResponse { index, reject: None } => {
                out.push(ACCEPTED);
                put_number(out, *index);
            }
            Self::AppendResponse { index, reject: Some(hint) } => {
                out.push(REJECTED);
                put_number(out, *index);
                hint.encode_to(out);
            }
            Self::Vote { pre, last, transfer } => {
                out.extend([VOTE, flags(*pre, *transfer)]);
                last.encode_to(out);
            }
            Self::VoteResponse { pre, reject } => {
                out.extend([VOTE_RESPONSE, flags(*pre, *reject)]);
            }
            Self::Snapshot { meta } => {
                out.push(SNAPSHOT);
                meta.encode_to(out);
            }
            Self::Heartbeat { commit, reads } => {
                out.push(HEARTBEAT);
                put_number(out, *commit);
                put_number(out, *reads);
            }
            Self::HeartbeatResponse { reads } => {
                out.push(HEARTBEAT_RESPONSE);
                put_number(out, *reads);
            }
            Self::TransferLeader => out.push(TRANSFER_LEADER),
            Self::TimeoutNow => out.push(TIMEOUT_NOW),
            Self::ReadIndex { context } => {
                out.push(READ_INDEX);
                put_bytes(out, context);
            }
            Self::ReadIndexResponse { index, context } => {
                out.push(READ_INDEX_RESPONSE);
                put_number(out, *index);
                put_bytes(out, context);
            }
        }
    }

    fn read(from: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match from.byte()? {
            PROPOSE => Self::Propose { entries: from.list(Entry::read)? },
            APPEND => Self::Append {
                prev: EntryId::read(from)?,
                entries: from.list(Entry::read)?,
                commit: from.number()?,
            },
            ACCEPTED => Self::AppendResponse { index: from.number()?, reject: None },
            REJECTED => {
                Self::AppendResponse { index: from.number()?, reject: Some(EntryId::read(from)?) }
            }
            VOTE => {
                let (pre, transfer) = read_flags(from)?;
                Self::Vote { pre, last: EntryId::read(from)?, transfer }
            }
            VOTE_RESPONSE => {
                let (pre, reject) = read_flags(from)?;
                Self::VoteResponse { pre, reject }
            }
            SNAPSHOT => Self::Snapshot { meta: SnapshotMeta::read(from)? },
            HEARTBEAT => Self::Heartbeat { commit: from.number()?, reads: from.number()? },
            HEARTBEAT_RESPONSE => Self::HeartbeatResponse { reads: from.number()? },
            TRANSFER_LEADER => Self::TransferLeader,
            TIMEOUT_NOW => Self::TimeoutNow,
            READ_INDEX => Self::ReadIndex { context: from.bytes()? },
            READ_INDEX_RESPONSE => {
                Self::ReadIndexResponse { index: from.number()?, context: from.bytes()? }
            }
            value => return Err(DecodeError::Unknown { what: "message kind", value }),
        })
    }
}

fn flags(first: bool, second: bool) -> u8 {
    u8::from(first) | u8::from(second) << 1
}

fn read_flags(from: &mut Reader) -> Result<(bool, bool), DecodeError> {
    match from.byte()? {
        flags @ 0..=3 => Ok((flags & 1 != 0, flags & 2 != 0)),
        value => Err(DecodeError::Unknown { what: "flags", value }),
    }
}
