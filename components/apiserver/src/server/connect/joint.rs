//! Two connections with somebody between them who changes what passes: the half with I/O.

use bytes::{Buf, BytesMut};
use host::{BoxStream, Host};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes that wait for an end to take them, before the other is read no more.
pub(super) const WAITING_BYTES_MAX: usize = 64 * 1024;
const READ_BYTES: usize = 32 * 1024;
/// Between ticks.
const TICK: Duration = Duration::from_secs(5);
/// For a client to read the last of it and to close (finishTimeout in apiserver/pkg/util/proxy).
const FINISH_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Who stands between. Bytes go in, and what is to be written is found in its two outputs.
pub(super) trait Joint: Send {
    /// The client sent.
    fn take_from_client(&mut self, bytes: &[u8]);
    /// The kubelet sent.
    fn take_from_kubelet(&mut self, bytes: &[u8]);
    /// The kubelet's connection is gone.
    fn kubelet_ended(&mut self);
    /// Five seconds passed.
    fn tick(&mut self);
    /// Whether it can take more from the client now.
    fn hears_client(&self) -> bool;
    /// For the client.
    fn to_client(&mut self) -> &mut BytesMut;
    /// For the kubelet.
    fn to_kubelet(&mut self) -> &mut BytesMut;
    /// Nothing more is to come of it than what waits for the client.
    fn is_over(&self) -> bool;
}

/// Carries bytes until it is over, the client is gone, or nothing came from either for `idle`; then
/// both connections are closed.
pub(super) async fn run(
    host: &Host,
    mut client: BoxStream,
    kubelet: Option<BoxStream>,
    joint: impl Joint,
    idle: Duration,
) {
    let mut ticks = host.interval(TICK);
    let mut quiet = host.sleep(idle);
    let buffer = vec![0; READ_BYTES].into();
    let mut pump = Pump { client: &mut client, kubelet, joint, buffer, heard: false };
    let end = poll_fn(|cx| {
        while ticks.poll_tick(cx).is_ready() {
            pump.joint.tick();
        }
        if let Poll::Ready(end) = pump.poll(cx) {
            return Poll::Ready(end);
        }
        if std::mem::take(&mut pump.heard) {
            quiet.as_mut().reset(host.now() + idle);
        }
        quiet.as_mut().poll(cx).map(|()| End::Gone)
    })
    .await;
    drop(pump);
    if matches!(end, End::Over) {
        let _ = host.timeout(FINISH_LIMIT, farewell(&mut client)).await;
    }
}

/// Says that no more comes, and waits until the client has closed: a connection that is dropped with
/// bytes unread is reset, and the client would lose what it has not read yet.
async fn farewell(client: &mut BoxStream) {
    if client.shutdown().await.is_ok() {
        let mut rest = vec![0; READ_BYTES];
        while matches!(client.read(&mut rest).await, Ok(1..)) {}
    }
}

/// How it ends.
enum End {
    /// All was said, and the client has it.
    Over,
    /// The client has gone, or nobody speaks.
    Gone,
}

struct Pump<'a, J> {
    client: &'a mut BoxStream,
    /// None: there is none, or no more.
    kubelet: Option<BoxStream>,
    joint: J,
    buffer: Box<[u8]>,
    /// Somebody sent something.
    heard: bool,
}

impl<J: Joint> Pump<'_, J> {
    /// Carries what can be carried.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            match poll_out(self.client, self.joint.to_client(), cx) {
                Poll::Ready(Err(_)) => return Poll::Ready(End::Gone),
                Poll::Ready(Ok(())) if self.joint.is_over() => return Poll::Ready(End::Over),
                _ => {}
            }
            let mut moved = self.poll_kubelet(cx);
            let room = self.joint.to_kubelet().len() < WAITING_BYTES_MAX;
            if room && !self.joint.is_over() && self.joint.hears_client() {
                match poll_in(self.client, &mut self.buffer, cx) {
                    Poll::Ready(Ok(bytes @ [_, ..])) => {
                        self.joint.take_from_client(bytes);
                        moved = true;
                    }
                    Poll::Ready(_) => return Poll::Ready(End::Gone),
                    Poll::Pending => {}
                }
            }
            if !moved {
                return Poll::Pending;
            }
            self.heard = true;
        }
    }

    /// Writes to the kubelet and reads from it; whether something came of it.
    fn poll_kubelet(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(kubelet) = &mut self.kubelet else { return false };
        let wrote = poll_out(kubelet, self.joint.to_kubelet(), cx);
        let room = self.joint.to_client().len() < WAITING_BYTES_MAX;
        let read = match wrote {
            Poll::Ready(Err(_)) => Poll::Ready(Ok(&[][..])),
            _ if !room => Poll::Pending,
            _ => poll_in(kubelet, &mut self.buffer, cx),
        };
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(bytes @ [_, ..])) => self.joint.take_from_kubelet(bytes),
            Poll::Ready(_) => {
                self.kubelet = None;
                self.joint.kubelet_ended();
            }
        }
        true
    }
}

fn poll_in<'b>(
    stream: &mut BoxStream,
    buffer: &'b mut [u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<&'b [u8]>> {
    let mut read = ReadBuf::new(buffer);
    ready!(Pin::new(stream).poll_read(cx, &mut read))?;
    let count = read.filled().len();
    Poll::Ready(Ok(&buffer[..count]))
}

/// Ready once all is written and on its way.
fn poll_out(
    stream: &mut BoxStream,
    output: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while output.has_remaining() {
        match ready!(Pin::new(&mut *stream).poll_write(cx, output))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => output.advance(count),
        }
    }
    Pin::new(stream).poll_flush(cx)
}
