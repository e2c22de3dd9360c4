//! How much a server lets its clients ask of it.

use std::time::Duration;

/// The limits of one listener. The defaults are grpc-go's and etcd's where these have one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections; more wait in the backlog. At most 2^29.
    pub connections_max: usize,
    /// Requests at a time on one HTTP/2 connection; more wait at the client. etcd's
    /// `--max-concurrent-streams`.
    pub streams_max: u32,
    /// Bytes of one request's headers; more get 431.
    pub header_bytes_max: u32,
    /// Bytes of one HTTP/2 frame that a client may send (RFC 9113: from 16 KiB to 16 MiB).
    pub frame_bytes_max: u32,
    /// Bytes a client may send on one stream, and on one connection, before we have read them.
    pub window_bytes: u32,
    /// Bytes buffered for one stream before its handler waits for the client to read.
    pub send_buffer_bytes_max: usize,
    /// For TLS, for the first bytes of a connection, and for the head of an HTTP/1.1 request.
    pub handshake: Duration,
    /// A silent HTTP/2 client is pinged this often; zero: never. etcd's
    /// `--grpc-keepalive-interval`.
    pub keepalive_interval: Duration,
    /// A ping not answered in this time ends the connection. etcd's `--grpc-keepalive-timeout`.
    pub keepalive_timeout: Duration,
    /// For open requests after stop was said.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 65_536,
            streams_max: u32::MAX,
            header_bytes_max: 64 * 1024,
            frame_bytes_max: 16 * 1024,
            window_bytes: 1024 * 1024,
            send_buffer_bytes_max: 1024 * 1024,
            handshake: Duration::from_secs(30),
            keepalive_interval: Duration::from_secs(2 * 3600),
            keepalive_timeout: Duration::from_secs(20),
            drain: Duration::from_secs(5),
        }
    }
}
