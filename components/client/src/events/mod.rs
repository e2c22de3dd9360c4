//! Events: what a component tells people about objects, without flooding them or the servers.
//!
//! Upstream: client-go/tools/record.

mod correlate;
mod event;
mod recent;
mod recorder;

pub use correlate::{Correlator, Verdict};
pub use event::{Happening, Reference, Severity, Source};
pub use recorder::Recorder;
