//! Free ports on loopback.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// Ports that were free a moment ago, all different.
pub(crate) fn free(count: usize) -> io::Result<Vec<u16>> {
    let bound: Result<Vec<_>, _> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    bound?.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}
