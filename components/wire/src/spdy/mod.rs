//! SPDY/3.1 without I/O, as far as Kubernetes speaks it: streams with headers, data both ways, pings.
//!
//! Kubelets and clients of Kubernetes carry terminals and forwarded ports in it, long after browsers
//! have left it. Flow control is not there: moby/spdystream, which all others use, keeps none, so
//! that a window kept by one end alone would stall.

mod frame;
mod headers;
mod session;

pub use session::{Event, Session};

/// The bytes are not SPDY's, or ask for more than is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spdy: {0}")]
pub struct Broken(&'static str);
