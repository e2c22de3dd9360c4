//! Where the audit log goes, and how.
//!
//! Upstream: apiserver/pkg/server/options/audit.go.

use super::AuditPolicy;
use crate::remote::Remote;
use std::{fmt, io, sync::Arc, time::Duration};

/// `--audit-*`.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// `--audit-policy-file`.
    pub policy: AuditPolicy,
    /// Everybody is told the same.
    pub sinks: Vec<AuditSink>,
}

/// One who is told.
#[derive(Clone, Debug)]
pub struct AuditSink {
    /// Who.
    pub target: AuditTarget,
    /// `--audit-*-mode`.
    pub mode: AuditMode,
    /// `--audit-*-batch-*`.
    pub batches: AuditBatches,
    /// `--audit-*-truncate-*`, where that is enabled.
    pub truncate: Option<AuditTruncation>,
}

/// Where events go.
#[derive(Clone, Debug)]
pub enum AuditTarget {
    /// A line each in a file.
    File(AuditFile),
    /// A line each to whoever takes lines (`--audit-log-path=-`).
    Lines(LineWriter),
    /// Lists of them to another server.
    Webhook {
        /// `--audit-webhook-config-file`.
        remote: Remote,
        /// `--audit-webhook-initial-backoff`.
        first_wait: Duration,
    },
}

/// A file, and the files before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditFile {
    /// `--audit-log-path`.
    pub path: String,
    /// `--audit-log-maxsize`, in bytes; zero: no limit.
    pub size_max_bytes: u64,
    /// `--audit-log-maxbackup`: full files that are kept; zero: all.
    pub files_max: usize,
    /// `--audit-log-maxage`: how long they are kept; zero: for ever.
    pub age_max: Duration,
    /// `--audit-log-compress`.
    pub compress: bool,
}

/// Whether requests wait until their events are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuditMode {
    /// They do not; where too many wait to be written, events are lost.
    Batch,
    /// They do, whatever comes of it.
    Blocking,
    /// They do, and are refused whose beginning cannot be written.
    BlockingStrict,
}

/// How many events are written at once.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditBatches {
    /// Events that wait.
    pub buffer: usize,
    /// Events of one batch.
    pub size_max: usize,
    /// An event waits so long at most for others.
    pub wait_max: Duration,
    /// Batches per second, and how many more at once after a rest; none: as many as there are.
    pub throttle: Option<(f64, u32)>,
}

/// How large what is sent may be, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuditTruncation {
    /// Larger events are told without the objects; still larger ones not at all.
    pub event_max: usize,
    /// Larger batches are divided.
    pub batch_max: usize,
}

/// What is done with a line.
type Write = dyn Fn(&str) -> io::Result<()> + Send + Sync;

/// Whoever takes lines.
#[derive(Clone)]
pub struct LineWriter(Arc<Write>);

impl fmt::Debug for LineWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineWriter")
    }
}

impl LineWriter {
    /// Gives each line, ended, to a function.
    pub fn new(write: impl Fn(&str) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    pub(super) fn write(&self, lines: &str) -> io::Result<()> {
        (self.0)(lines)
    }
}
