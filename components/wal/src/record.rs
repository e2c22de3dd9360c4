//! What a log says: the records and their payloads.
//!
//! The kinds are upstream's (server/storage/wal/walpb); their encoding is ours.

use crate::SnapshotMark;
use bytes::Bytes;
use raft::types::{Entry, EntryKind, HardState};

pub(crate) const METADATA: u8 = 1;
pub(crate) const ENTRY: u8 = 2;
pub(crate) const STATE: u8 = 3;
pub(crate) const CHAIN: u8 = 4;
pub(crate) const SNAPSHOT: u8 = 5;

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// Whose log it is.
    Metadata(Vec<u8>),
    /// An entry of Raft's log.
    Entry(Entry),
    /// Raft's hard state from here on.
    State(HardState),
    /// The CRC of everything before this segment.
    Chain,
    /// A snapshot was made durable.
    Snapshot(SnapshotMark),
}

impl Record {
    /// `None` for a payload that no version of ours has written.
    pub(crate) fn decode(kind: u8, payload: &[u8]) -> Option<Self> {
        match kind {
            METADATA => Some(Self::Metadata(payload.to_vec())),
            ENTRY => decode_entry(payload).map(Self::Entry),
            STATE => {
                let [term, vote, commit] = numbers(payload)?;
                Some(Self::State(HardState { term, vote, commit }))
            }
            CHAIN => (payload.len() == 4).then_some(Self::Chain),
            SNAPSHOT => {
                let [index, term] = numbers(payload)?;
                Some(Self::Snapshot(SnapshotMark { index, term }))
            }
            _ => None,
        }
    }
}

const ENTRY_HEAD: usize = 17;

pub(crate) fn encode_entry(entry: &Entry, payload: &mut Vec<u8>) {
    payload.clear();
    payload.extend_from_slice(&entry.term.to_le_bytes());
    payload.extend_from_slice(&entry.index.to_le_bytes());
    payload.push(match entry.kind {
        EntryKind::Normal => 0,
        EntryKind::ConfChange => 1,
    });
    payload.extend_from_slice(&entry.data);
}

fn decode_entry(payload: &[u8]) -> Option<Entry> {
    let (head, data) = payload.split_at_checked(ENTRY_HEAD)?;
    let [term, index] = numbers(&head[..16])?;
    let kind = match head[16] {
        0 => EntryKind::Normal,
        1 => EntryKind::ConfChange,
        _ => return None,
    };
    Some(Entry { term, index, kind, data: Bytes::copy_from_slice(data) })
}

pub(crate) fn encode_state(state: &HardState) -> [u8; 24] {
    let mut payload = [0; 24];
    for (bytes, number) in payload.chunks_mut(8).zip([state.term, state.vote, state.commit]) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    payload
}

pub(crate) fn encode_mark(mark: SnapshotMark) -> [u8; 16] {
    let mut payload = [0; 16];
    payload[..8].copy_from_slice(&mark.index.to_le_bytes());
    payload[8..].copy_from_slice(&mark.term.to_le_bytes());
    payload
}

/// Exactly `N` numbers.
fn numbers<const N: usize>(payload: &[u8]) -> Option<[u64; N]> {
    let (words, rest) = payload.as_chunks::<8>();
    let words: &[[u8; 8]; N] = words.try_into().ok()?;
    rest.is_empty().then(|| words.map(u64::from_le_bytes))
}
