//! Ports that no other test takes, not even while the process that listens there is restarted.

use std::net::UdpSocket;

/// Below the range from which Linux draws the ports of outgoing connections.
const FIRST: u16 = 15_000;
const COUNT: u16 = 17_000;

/// A port of 127.0.0.1, ours until dropped.
///
/// The UDP port of the same number is held as the token of ownership; TCP is left to whom it is for.
#[derive(Debug)]
pub struct Port {
    /// Its number.
    pub number: u16,
    _token: UdpSocket,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Panics
    /// All are taken.
    pub fn reserve() -> Self {
        // Processes start their search at different places.
        let start = std::process::id().wrapping_mul(257);
        for step in 0..u32::from(COUNT) {
            let offset = start.wrapping_add(step) % u32::from(COUNT);
            let number = FIRST + u16::try_from(offset).expect("invariant: below COUNT");
            let Ok(token) = UdpSocket::bind(("127.0.0.1", number)) else { continue };
            if std::net::TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Self { number, _token: token };
            }
        }
        panic!("no free port between {FIRST} and {}", FIRST + COUNT);
    }
}
