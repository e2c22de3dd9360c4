//! Counts of a server's gRPC calls, as go-grpc-prometheus keeps them, and of the bytes of their
//! messages.

use bytes::Buf;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tonic::Code;

/// Status codes that gRPC knows.
const CODES: usize = 17;
/// Before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// A method by its path, such as `/etcdserverpb.KV/Put`, and its kind: `unary`, `client_stream`,
/// `server_stream` or `bidi_stream`.
pub type Method = (&'static str, &'static str);

/// What was counted for one method.
#[derive(Debug, Default)]
pub struct MethodCounts {
    /// Calls begun.
    pub started: AtomicU64,
    /// Messages from clients.
    pub received: AtomicU64,
    /// Messages to clients.
    pub sent: AtomicU64,
    /// Calls ended, by status code.
    pub handled: [AtomicU64; CODES],
}

#[derive(Debug, Default)]
struct Shared {
    methods: BTreeMap<&'static str, (&'static str, Arc<MethodCounts>)>,
    bytes_received: AtomicU64,
    bytes_sent: AtomicU64,
}

/// Counts for a fixed set of methods: what clients call by other names is not remembered. Clones
/// share them.
#[derive(Clone, Debug, Default)]
pub struct CallCounts(Arc<Shared>);

impl CallCounts {
    /// All at zero.
    pub fn new(methods: &[Method]) -> Self {
        let methods = methods.iter().map(|(path, kind)| (*path, (*kind, Arc::default())));
        Self(Arc::new(Shared { methods: methods.collect(), ..Shared::default() }))
    }

    /// Each method with its counts, by path.
    pub fn methods(&self) -> impl Iterator<Item = (Method, &MethodCounts)> {
        self.0.methods.iter().map(|(path, (kind, counts))| ((*path, *kind), &**counts))
    }

    /// Bytes of messages from clients, without their framing.
    pub fn bytes_received(&self) -> u64 {
        self.0.bytes_received.load(Relaxed)
    }

    /// Bytes of messages to clients, without their framing.
    pub fn bytes_sent(&self) -> u64 {
        self.0.bytes_sent.load(Relaxed)
    }

    /// A call begins; none: nobody counts that method.
    pub(crate) fn start(&self, path: &str) -> Option<Call> {
        let (_, counts) = self.0.methods.get(path)?;
        counts.started.fetch_add(1, Relaxed);
        Some(Call { counts: counts.clone(), shared: self.0.clone() })
    }
}

/// One call under way.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    counts: Arc<MethodCounts>,
    shared: Arc<Shared>,
}

impl Call {
    /// A part of the request's body came.
    pub(crate) fn received(&self, frames: &mut Frames, data: impl Buf) {
        let (messages, bytes) = frames.count(data);
        self.counts.received.fetch_add(messages, Relaxed);
        self.shared.bytes_received.fetch_add(bytes, Relaxed);
    }

    /// A part of the response's body leaves.
    pub(crate) fn sent(&self, frames: &mut Frames, data: impl Buf) {
        let (messages, bytes) = frames.count(data);
        self.counts.sent.fetch_add(messages, Relaxed);
        self.shared.bytes_sent.fetch_add(bytes, Relaxed);
    }

    /// The call ended.
    pub(crate) fn handled(&self, code: Code) {
        // The enumeration has exactly the known codes, from zero.
        if let Some(count) = self.counts.handled.get(code as usize) {
            count.fetch_add(1, Relaxed);
        }
    }
}

/// Where a body stands between its messages.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frames {
    prefix: [u8; PREFIX_BYTES],
    prefix_seen: usize,
    payload_left: usize,
}

impl Frames {
    /// Messages that begin in `data`, and the bytes of payload in it.
    fn count(&mut self, mut data: impl Buf) -> (u64, u64) {
        let (mut messages, mut bytes) = (0, 0);
        while data.has_remaining() {
            let payload = self.payload_left.min(data.remaining());
            if payload > 0 {
                data.advance(payload);
                self.payload_left -= payload;
                bytes += payload as u64;
                continue;
            }
            let wanted = (PREFIX_BYTES - self.prefix_seen).min(data.remaining());
            data.copy_to_slice(&mut self.prefix[self.prefix_seen..][..wanted]);
            self.prefix_seen += wanted;
            if self.prefix_seen == PREFIX_BYTES {
                let [_, length @ ..] = self.prefix;
                self.payload_left = u32::from_be_bytes(length) as usize;
                self.prefix_seen = 0;
                messages += 1;
            }
        }
        (messages, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let mut body = Vec::new();
        for payload in [&b"abc"[..], b"", b"defghij"] {
            body.push(0);
            body.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
            body.extend(payload);
        }
        for size in 1..=body.len() {
            let mut frames = Frames::default();
            let counts = body.chunks(size).map(|part| frames.count(part));
            let total = counts.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            assert_eq!(total, (3, 10), "in parts of {size}");
        }
    }

    #[test]
    fn only_known_methods_are_counted() {
        let counts = CallCounts::new(&[("/a/B", "unary")]);
        assert!(counts.start("/a/C").is_none());
        let call = counts.start("/a/B").unwrap();
        call.handled(Code::NotFound);
        let (method, found) = counts.methods().next().unwrap();
        assert_eq!(method, ("/a/B", "unary"));
        assert_eq!(found.started.load(Relaxed), 1);
        assert_eq!(found.handled[Code::NotFound as usize].load(Relaxed), 1);
    }
}
