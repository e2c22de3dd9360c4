//! How records lie in a segment, such that a torn write can be told from damage.
//!
//! A segment begins as zeros and is only appended to. Of every 512-byte sector the first 504 bytes
//! carry the stream of frames; the last 8 are a seal, written when the sector is full. A frame is
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the payload |
//! | 1 + 7 | kind; how much of the segment was durable when this frame was written |
//! | 4 | CRC of the above, the segment and the offset |
//! | … | payload, zeros up to a multiple of 8 |
//! | 4 | CRC of kind and payload, chained through all frames of the log |
//! | 4 | an end mark |
//!
//! After a power loss a sector is a prefix of what was appended to it, then zeros. So a sector that
//! a frame fills or ends in is complete if and only if its seal, or the frame's end mark, is there.
//! A frame with a wrong CRC and an incomplete sector was torn; with all sectors complete it is
//! damaged. (Upstream, `isTornEntry`, looks for a sector of zeros in the payload, which a value
//! made of zeros has too.) And because each frame says how much before it was durable, a hole in
//! front of such a frame is damage, even if it looks torn.

/// Bytes in a sector, as the disk writes them.
pub(crate) const SECTOR: usize = 512;
/// Bytes of a sector that carry frames.
const DATA: usize = 504;
/// The last bytes of a full sector. None is zero.
const SEAL: [u8; SECTOR - DATA] = *b"\xa5sealed\x5a";
/// The last bytes of a frame. None is zero.
const END: [u8; 4] = *b"\xc3end";
pub(crate) const HEADER: usize = 16;
const TRAILER: usize = 8;
/// The largest payload: an entry holds a request of at most a few megabytes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Where a position in the stream of frames lies in the file.
pub(crate) fn physical(position: u64) -> u64 {
    position / DATA as u64 * SECTOR as u64 + position % DATA as u64
}

/// The stream's bytes that a file of `len` bytes carries.
fn logical_len(len: usize) -> usize {
    len / SECTOR * DATA + (len % SECTOR).min(DATA)
}

/// The CRC that follows `chain` after a frame.
fn chain_crc(chain: u32, kind: u8, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(chain, &[kind]), payload)
}

/// Binds a header to its place, so that no other bytes of the file can pass for one.
fn header_crc(segment: u64, position: u64, header: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&segment.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(crc, &position.to_le_bytes()), header)
}

/// The bytes that a frame takes in the stream.
fn frame_len(payload: usize) -> usize {
    HEADER + payload.next_multiple_of(8) + TRAILER
}

/// Appends frames to a buffer that will be written in one piece.
#[derive(Debug)]
pub(crate) struct Encoder {
    /// The segment's sequence number.
    pub(crate) segment: u64,
    /// Where in the stream the next frame begins.
    pub(crate) position: u64,
    /// How much of the stream is known to be durable.
    pub(crate) synced: u64,
    /// The CRC chained so far.
    pub(crate) chain: u32,
    /// What is to be written, at [`Encoder::offset`] of the file.
    pub(crate) buffer: Vec<u8>,
    written: u64,
}

impl Encoder {
    pub(crate) fn new(segment: u64, position: u64, chain: u32) -> Self {
        let buffer = Vec::new();
        Self { segment, position, synced: position, chain, buffer, written: position }
    }

    /// Where in the file the buffer belongs.
    pub(crate) fn offset(&self) -> u64 {
        physical(self.written)
    }

    /// The buffer was written.
    pub(crate) fn mark_written(&mut self) {
        self.buffer.clear();
        self.written = self.position;
    }

    pub(crate) fn frame(&mut self, kind: u8, payload: &[u8]) {
        let mut header = [0; HEADER];
        let len = u32::try_from(payload.len()).expect("checked against PAYLOAD_BYTES_MAX");
        header[0..4].copy_from_slice(&len.to_le_bytes());
        header[4..12].copy_from_slice(&(self.synced << 8 | u64::from(kind)).to_le_bytes());
        let check = header_crc(self.segment, self.position, &header[..12]);
        header[12..].copy_from_slice(&check.to_le_bytes());
        self.chain = chain_crc(self.chain, kind, payload);
        let mut trailer = [0; TRAILER];
        trailer[..4].copy_from_slice(&self.chain.to_le_bytes());
        trailer[4..].copy_from_slice(&END);
        self.put(&header);
        self.put(payload);
        self.put(&[0; 8][..payload.len().next_multiple_of(8) - payload.len()]);
        self.put(&trailer);
    }

    fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = DATA - (self.position % DATA as u64) as usize;
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.buffer.extend_from_slice(now);
            self.position += now.len() as u64;
            if now.len() == room {
                self.buffer.extend_from_slice(&SEAL);
            }
            bytes = later;
        }
    }
}

/// What stands at a position of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A good frame.
    Good { kind: u8, payload: &'a [u8], chain: u32, synced: u64, next: usize },
    /// Zeros: nothing was written here, or it was lost.
    Nothing,
    /// A frame of which sectors are missing.
    Torn,
    /// A frame that is all there, and wrong.
    Damaged(&'static str),
}

struct Header {
    len: usize,
    kind: u8,
    synced: u64,
}

/// A segment's bytes, read from the file.
#[derive(Debug)]
pub(crate) struct Image {
    segment: u64,
    file: Vec<u8>,
}

impl Image {
    pub(crate) fn new(segment: u64, file: Vec<u8>) -> Self {
        Self { segment, file }
    }

    /// The end of the stream.
    pub(crate) fn end(&self) -> usize {
        logical_len(self.file.len())
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.file
    }

    /// Appends the stream's bytes in `from..to`, which must be there.
    fn copy(&self, mut from: usize, to: usize, into: &mut Vec<u8>) {
        while from < to {
            let run = (DATA - from % DATA).min(to - from);
            let start = physical(from as u64) as usize;
            into.extend_from_slice(&self.file[start..start + run]);
            from += run;
        }
    }

    /// The header's bytes at `at`, if the stream goes so far.
    fn head(&self, at: usize) -> Option<[u8; HEADER]> {
        let mut head = [0; HEADER];
        let start = physical(at as u64) as usize;
        if at % DATA + HEADER <= DATA {
            head.copy_from_slice(self.file.get(start..start + HEADER)?);
            return Some(head);
        }
        let here = DATA - at % DATA;
        let next = start + here + SEAL.len();
        head[..here].copy_from_slice(self.file.get(start..start + here)?);
        head[here..].copy_from_slice(self.file.get(next..next + HEADER - here)?);
        Some(head)
    }

    /// Reads the frame at `at`, given the chained CRC before it, into `scratch`. `restart` is the
    /// kind whose payload is that CRC.
    pub(crate) fn frame<'a>(
        &self,
        at: usize,
        chain: u32,
        restart: u8,
        scratch: &'a mut Vec<u8>,
    ) -> Frame<'a> {
        let Some(bytes) = self.head(at) else {
            scratch.clear();
            self.copy(at, self.end(), scratch);
            return if scratch.iter().all(|b| *b == 0) { Frame::Nothing } else { Frame::Torn };
        };
        let Some(header) = self.header(at) else {
            return match () {
                () if bytes.iter().all(|b| *b == 0) => Frame::Nothing,
                () if self.header_is_torn(at) => Frame::Torn,
                () => Frame::Damaged("the header of a record is wrong"),
            };
        };
        let next = at + frame_len(header.len);
        if next > self.end() {
            return Frame::Torn;
        }
        scratch.clear();
        self.copy(at + HEADER, next, scratch);
        let payload = &scratch[..header.len];
        let before = match payload.try_into() {
            Ok(restarted) if header.kind == restart => u32::from_le_bytes(restarted),
            Ok(_) | Err(_) => chain,
        };
        let chain = chain_crc(before, header.kind, payload);
        let trailer = &scratch[scratch.len() - TRAILER..];
        if trailer[..4] == chain.to_le_bytes() && trailer[4..] == END {
            let Header { kind, synced, .. } = header;
            return Frame::Good { kind, payload, chain, synced, next };
        }
        if self.is_incomplete(at, next) { Frame::Torn } else { Frame::Damaged("crc mismatch") }
    }

    fn header(&self, at: usize) -> Option<Header> {
        let bytes = self.head(at)?;
        let word = u64::from_le_bytes(bytes[4..12].try_into().ok()?);
        let kind = (word & 0xff) as u8;
        // Most of what is looked at is zeros.
        if kind == 0 {
            return None;
        }
        let check = u32::from_le_bytes(bytes[12..].try_into().ok()?);
        let len = u32::from_le_bytes(bytes[..4].try_into().ok()?) as usize;
        (check == header_crc(self.segment, at as u64, &bytes[..12])).then_some(Header {
            len,
            kind,
            synced: word >> 8,
        })
    }

    /// True when a sector of the frame lacks its end, which is written last.
    fn is_incomplete(&self, at: usize, next: usize) -> bool {
        (at / DATA..next.div_ceil(DATA)).any(|sector| {
            let last = if next <= (sector + 1) * DATA {
                physical(next as u64 - 1) as usize
            } else {
                (sector + 1) * SECTOR - 1
            };
            self.file.get(last).is_none_or(|byte| *byte == 0)
        })
    }

    /// True when all that follows the header in one of its sectors is zeros: a whole frame would
    /// have its seal or end mark there.
    fn header_is_torn(&self, at: usize) -> bool {
        let last = at + HEADER - 1;
        (at / DATA..=last / DATA).any(|sector| {
            let from = physical(last.min((sector + 1) * DATA - 1) as u64) as usize;
            let to = ((sector + 1) * SECTOR).min(self.file.len());
            self.file[from..to].iter().all(|byte| *byte == 0)
        })
    }

    /// A frame after `at` that was written when all up to beyond `at` was durable.
    pub(crate) fn was_durable(&self, at: usize) -> bool {
        let places = (at + 8..self.end()).step_by(8);
        places.filter_map(|place| self.header(place)).any(|header| header.synced > at as u64)
    }

    /// True when nothing was written at `at` or after it.
    pub(crate) fn is_blank_from(&self, at: usize) -> bool {
        let from = (physical(at as u64) as usize).min(self.file.len());
        self.file[from..].iter().all(|byte| *byte == 0)
    }
}
