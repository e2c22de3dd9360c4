//! One file of the log: its name, and what reading it tells.

use crate::{
    Machine, WalError,
    error::Doing,
    frame::{Frame, Image, SECTOR, physical},
    record::{CHAIN, Record},
};
use host::{BlockFile, Open};

/// Bytes read at once; whole sectors.
const PIECE_BYTES: usize = 1024 * 1024;
/// Enough that whoever looks beyond the last record sees zeros as long as the file has any.
const ZEROS_KEPT: usize = 2 * SECTOR;

/// A segment's name: `{seq:016x}-{index:016x}.wal`, as upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentName {
    /// Counts segments from zero.
    pub(crate) sequence: u64,
    /// The first entry that may be in it.
    pub(crate) index: u64,
}

impl SegmentName {
    pub(crate) fn file(self) -> String {
        format!("{:016x}-{:016x}.wal", self.sequence, self.index)
    }

    pub(crate) fn path(self, dir: &str) -> String {
        format!("{dir}/{}", self.file())
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (sequence, index) = name.strip_suffix(".wal")?.split_once('-')?;
        let number =
            |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
        Some(Self { sequence: number(sequence)?, index: number(index)? })
    }
}

/// The segments in a directory, in order.
pub(crate) fn list(machine: &Machine, dir: &str) -> Result<Vec<SegmentName>, WalError> {
    let names = machine.disk.list(dir).doing("list", dir)?;
    let mut segments: Vec<_> = names.iter().filter_map(|name| SegmentName::parse(name)).collect();
    segments.sort();
    Ok(segments)
}

/// The newest segments that follow each other without a gap. Older ones are leftovers of a release
/// that a power loss undid in part.
pub(crate) fn unbroken(segments: &[SegmentName]) -> &[SegmentName] {
    let follows = |pair: &[SegmentName]| pair[0].sequence + 1 == pair[1].sequence;
    let gap = segments.windows(2).rposition(|pair| !follows(pair));
    &segments[gap.map_or(0, |gap| gap + 1)..]
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing was written after the last record.
    Clean,
    /// What follows was never durable: a torn record, or pieces of some.
    Torn,
    /// What follows was durable, or must have been.
    Damaged(&'static str),
}

/// How far a segment could be read.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The stream's position after the last good record.
    pub(crate) end: usize,
    /// How much of the stream was durable when the last good record was written.
    pub(crate) synced: u64,
    /// The CRC chained so far.
    pub(crate) chain: u32,
    pub(crate) stop: Stop,
    pub(crate) image: Image,
}

impl Scan {
    /// Where in the file reading stopped.
    pub(crate) fn offset(&self) -> u64 {
        physical(self.end as u64)
    }

    /// True when the file ends with its last record, as a cut leaves it.
    pub(crate) fn is_whole(&self) -> bool {
        self.stop == Stop::Clean && self.image.bytes().len() as u64 <= self.offset()
    }
}

/// Reads a whole segment and hands out each record. `chain` is the CRC before it, if the segment
/// before it was read too.
pub(crate) fn scan(
    machine: &Machine,
    path: &str,
    name: SegmentName,
    chain: Option<u32>,
    each: impl FnMut(Record),
) -> Result<Scan, WalError> {
    let file = machine.disk.open(path, Open::Read).doing("open", path)?;
    let image = Image::new(name.sequence, read_all(&*file, path)?);
    Ok(scan_image(image, chain, each))
}

fn scan_image(image: Image, before: Option<u32>, mut each: impl FnMut(Record)) -> Scan {
    let (mut end, mut synced) = (0, 0);
    let (mut second, mut headed) = (None, false);
    let mut chain = before.unwrap_or(0);
    let mut scratch = Vec::new();
    let stop = loop {
        match image.frame(end, chain, CHAIN, &mut scratch) {
            Frame::Good { kind, payload, chain: after, synced: before_it, next } => {
                if kind == CHAIN && before.is_some() && payload != chain.to_le_bytes() {
                    break Stop::Damaged("crc mismatch with the segment before it");
                }
                let Some(record) = Record::decode(kind, payload) else {
                    break Stop::Damaged("unexpected block type");
                };
                match record {
                    Record::Chain if end == 0 => second = Some(next),
                    Record::Metadata(_) if second == Some(end) => headed = true,
                    _ => {}
                }
                each(record);
                (end, chain, synced) = (next, after, before_it);
            }
            Frame::Damaged(what) => break Stop::Damaged(what),
            Frame::Nothing | Frame::Torn if image.was_durable(end) => {
                break Stop::Damaged("a record is missing before others that were written later");
            }
            Frame::Torn => break Stop::Torn,
            Frame::Nothing if image.is_blank_from(end) => break Stop::Clean,
            Frame::Nothing => break Stop::Torn,
        }
    };
    // The head is durable before the segment gets its name.
    let stop = if headed { stop } else { Stop::Damaged("the head of the segment is missing") };
    Scan { end, synced, chain, stop, image }
}

/// Reads a file in pieces and leaves out the zeros at its end but for [`ZEROS_KEPT`]: most of the
/// last segment is space reserved for later, which need not stand in memory.
fn read_all(file: &dyn BlockFile, path: &str) -> Result<Vec<u8>, WalError> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut end = 0;
    loop {
        let read = file.read_at(end as u64, &mut piece).doing("read", path)?;
        let sectors = piece[..read].chunks(SECTOR);
        let used = sectors.rev().skip_while(|sector| is_zero(sector)).map(<[u8]>::len).sum();
        if used > 0 {
            bytes.resize(end, 0);
            bytes.extend_from_slice(&piece[..used]);
        }
        end += read;
        if read < piece.len() {
            bytes.resize(end.min(bytes.len() + ZEROS_KEPT), 0);
            return Ok(bytes);
        }
    }
}

/// Looks at every byte: without an early end it takes many at a time.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}
