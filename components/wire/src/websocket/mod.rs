//! WebSocket (RFC 6455) without I/O: the handshake, frames in, frames out.
//!
//! Bytes go in and events come out, so that both ends and both worlds share it, and a frame of any
//! length passes in pieces: nothing is kept but a frame's head and a control frame's few bytes.

mod frame;
mod handshake;

pub use frame::{Broken, Event, Opcode, Reader, write};
pub use handshake::{NotAHandshake, accepted, protocols};
