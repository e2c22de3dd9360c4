//! Bytes both ways between two connections, until either ends.
//!
//! Upstream: the end of apimachinery/pkg/util/proxy/upgradeaware.go.

use host::{BoxStream, Host};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes under way in each direction; who sends more waits until the other end has read.
const BUFFER_BYTES: usize = 32 * 1024;
/// For the last bytes to leave, after either end is through.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why a relay ended.
#[derive(Debug)]
pub enum Ended {
    /// The one who asked has closed, or its connection broke.
    Client(io::Result<()>),
    /// The one who was asked has.
    Backend(io::Result<()>),
    /// Not a byte went either way in the time allowed for that.
    Idle,
}

/// Carries bytes between `client` and `backend` until either closes its end, then closes both: the
/// protocols that ride here say goodbye in their own words, and a half-closed connection has no
/// meaning in them. What was read is written before that. Silence ends it after `idle`.
pub async fn relay(
    host: &Host,
    mut client: BoxStream,
    mut backend: BoxStream,
    idle: Duration,
) -> Ended {
    let (mut up, mut down) = (Direction::default(), Direction::default());
    let mut quiet = host.sleep(idle);
    let ended = std::future::poll_fn(|cx| {
        let before = up.carried + down.carried;
        if let Poll::Ready(end) = down.poll(&mut backend, &mut client, cx) {
            return Poll::Ready(match end {
                Ok(()) => Ended::Backend(Ok(())),
                Err(Broken::From(error)) => Ended::Backend(Err(error)),
                Err(Broken::To(error)) => Ended::Client(Err(error)),
            });
        }
        if let Poll::Ready(end) = up.poll(&mut client, &mut backend, cx) {
            return Poll::Ready(match end {
                Ok(()) => Ended::Client(Ok(())),
                Err(Broken::From(error)) => Ended::Client(Err(error)),
                Err(Broken::To(error)) => Ended::Backend(Err(error)),
            });
        }
        if up.carried + down.carried != before {
            quiet.as_mut().reset(host.now() + idle);
        }
        quiet.as_mut().poll(cx).map(|()| Ended::Idle)
    })
    .await;
    farewell(host, &mut client, &mut backend).await;
    ended
}

/// Closes both ends; one that does not take its last bytes in time is cut.
async fn farewell(host: &Host, client: &mut BoxStream, backend: &mut BoxStream) {
    let close = async {
        // The other end may be gone, which is as good.
        drop(client.shutdown().await);
        drop(backend.shutdown().await);
    };
    let _ = host.timeout(FAREWELL, close).await;
}

/// Which end of a direction failed.
enum Broken {
    From(io::Error),
    To(io::Error),
}

/// One way's bytes under way.
struct Direction {
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    unflushed: bool,
    carried: u64,
}

impl Default for Direction {
    fn default() -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { buffer, from: 0, to: 0, unflushed: false, carried: 0 }
    }
}

impl Direction {
    /// Carries what can be carried; ready at the source's end.
    fn poll(
        &mut self,
        source: &mut BoxStream,
        sink: &mut BoxStream,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        loop {
            while self.from < self.to {
                let data = &self.buffer[self.from..self.to];
                let written = ready!(Pin::new(&mut *sink).poll_write(cx, data));
                match written.map_err(Broken::To)? {
                    0 => return Poll::Ready(Err(Broken::To(io::ErrorKind::WriteZero.into()))),
                    count => self.from += count,
                }
                self.unflushed = true;
            }
            match self.poll_fill(source, cx).map_err(Broken::From) {
                Poll::Ready(Ok(0)) => {
                    ready!(Pin::new(&mut *sink).poll_flush(cx)).map_err(Broken::To)?;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(count)) => self.carried += count as u64,
                Poll::Ready(Err(broken)) => return Poll::Ready(Err(broken)),
                Poll::Pending => {
                    // Nothing more to come for now: what TLS holds back is to leave.
                    if self.unflushed {
                        ready!(Pin::new(&mut *sink).poll_flush(cx)).map_err(Broken::To)?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_fill(
        &mut self,
        source: &mut BoxStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(source).poll_read(cx, &mut buffer))?;
        (self.from, self.to) = (0, buffer.filled().len());
        Poll::Ready(Ok(self.to))
    }
}
