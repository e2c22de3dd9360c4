//! One end of a connection, as a program holds it.

use crate::{
    connection::{ConnectionId, Phase, Side},
    fabric::Fabric,
    state::State,
    wakes::Wakes,
};
use bytes::{Buf, Bytes};
use kernel::Boot;
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that one write takes.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// Closed when dropped. Of a dead boot it neither sends nor receives nor closes: the operating
/// system did that when the process died.
pub(crate) struct SimStream {
    pub(crate) fabric: Arc<Fabric>,
    pub(crate) boot: Boot,
    pub(crate) id: ConnectionId,
    pub(crate) side: Side,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
}

impl SimStream {
    /// Ready when the handshake is over, either way.
    pub(crate) fn poll_opened(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fabric.with(|state, wakes| {
            let Some(connection) = state.connection(self.id) else {
                return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
            };
            let open = connection.phase == Phase::Open;
            let end = connection.end(self.side);
            match end.error {
                Some(error) => Poll::Ready(Err(error.into())),
                None if open => Poll::Ready(Ok(())),
                None => {
                    wakes.register(&mut end.writer, cx.waker());
                    Poll::Pending
                }
            }
        })
    }
}

impl host::Stream for SimStream {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }
    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.boot.is_alive() {
            return Poll::Pending;
        }
        let (id, side) = (self.id, self.side);
        self.fabric.with(|state, wakes| state.read(id, side, buffer, cx.waker(), wakes))
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.boot.is_alive() {
            return Poll::Pending;
        }
        let (id, side) = (self.id, self.side);
        self.fabric.with(|state, wakes| state.write(id, side, data, cx.waker(), wakes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.boot.is_alive() {
            self.fabric.with(|state, _| state.send_end(self.id, self.side));
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        if self.boot.is_alive() {
            self.fabric.with(|state, wakes| state.close(self.id, self.side, wakes));
        }
    }
}

impl State {
    fn read(
        &mut self,
        id: ConnectionId,
        side: Side,
        buffer: &mut ReadBuf<'_>,
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Poll<io::Result<()>> {
        let Some(connection) = self.connection(id) else {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        };
        let end = connection.end(side);
        if end.inbox.is_empty() {
            // As tcp_recvmsg: what arrived before a reset is read first, then the end of the
            // stream if it had come, and else the error, once.
            if end.inbox_ended {
                return Poll::Ready(Ok(()));
            }
            let Some(error) = end.error else {
                wakes.register(&mut end.reader, waker);
                return Poll::Pending;
            };
            return Poll::Ready(if end.tell() { Err(error.into()) } else { Ok(()) });
        }
        let back = end.link;
        let limit = self.cut(back, buffer.remaining());
        let taken = self.take_inbox(id, side, buffer, limit);
        self.took(id, side, taken);
        Poll::Ready(Ok(()))
    }

    fn take_inbox(
        &mut self,
        id: ConnectionId,
        side: Side,
        buffer: &mut ReadBuf<'_>,
        limit: usize,
    ) -> usize {
        let Some(connection) = self.connection(id) else { return 0 };
        let inbox = &mut connection.end(side).inbox;
        let mut taken = 0;
        while taken < limit
            && let Some(chunk) = inbox.front_mut()
        {
            let size = chunk.len().min(limit - taken);
            buffer.put_slice(&chunk[..size]);
            chunk.advance(size);
            taken += size;
            if chunk.is_empty() {
                inbox.pop_front();
            }
        }
        taken
    }

    fn write(
        &mut self,
        id: ConnectionId,
        side: Side,
        data: &[u8],
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Poll<io::Result<usize>> {
        let window = self.config.window_bytes;
        let Some(connection) = self.connection(id) else {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        };
        let end = connection.end(side);
        if let Some(error) = end.error {
            // As sk_stream_error: told once, and a broken pipe from then on.
            let error = if end.tell() { error } else { ErrorKind::BrokenPipe };
            return Poll::Ready(Err(error.into()));
        }
        if end.out.shut {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let room = window.saturating_sub(end.out.in_flight).min(WRITE_BYTES_MAX);
        if room == 0 && !data.is_empty() {
            wakes.register(&mut end.writer, waker);
            return Poll::Pending;
        }
        let link = end.link;
        let size = data.len().min(room);
        let first = self.cut(link, size);
        for part in [&data[..first], &data[first..size]] {
            if !part.is_empty() {
                self.send(id, side, Bytes::copy_from_slice(part));
            }
        }
        Poll::Ready(Ok(size))
    }

    /// All of `size`, or now and then only a part of it.
    fn cut(&mut self, link: usize, size: usize) -> usize {
        if size < 2 || self.config.split <= 0.0 {
            return size;
        }
        let mut draw = self.links[link].draw();
        if !draw.happens(self.config.split) {
            return size;
        }
        usize::try_from(draw.between(1, size as u64 - 1)).unwrap_or(size)
    }
}
