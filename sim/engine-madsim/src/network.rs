//! madsim's TCP under the traits of `host`.

use host::{Accepting, Addressed, BoxFuture, BoxStream, Datagrams, Listener, Network};
use madsim::net::{TcpListener, TcpStream};
use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Which machine has which name.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<BTreeMap<String, IpAddr>>);

impl Names {
    pub(crate) fn add(&self, name: &str, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), address);
    }

    pub(crate) fn look_up(&self, name: &str) -> Option<IpAddr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }
}

pub(crate) struct MadNetwork {
    pub(crate) address: IpAddr,
    pub(crate) names: Arc<Names>,
}

impl Network for MadNetwork {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        Box::pin(async move { boxed(TcpStream::connect(to).await?) })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let listener = Arc::new(TcpListener::bind(at).await?);
            let local = listener.local_addr()?;
            Ok(Accepting::boxed(local, move || {
                let listener = listener.clone();
                Box::pin(async move { boxed(listener.accept().await?.0) })
            }))
        })
    }

    fn datagrams(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn resolve(&self, name: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let own = (name == "localhost").then_some(self.address);
        let found = name.parse().ok().or(own).or_else(|| self.names.look_up(name));
        Box::pin(async move {
            let address = found.ok_or(io::ErrorKind::NotFound)?;
            Ok(vec![SocketAddr::new(address, port)])
        })
    }
}

fn boxed(stream: TcpStream) -> io::Result<BoxStream> {
    let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
    Ok(Addressed::boxed(MadStream { stream, shut: false }, local, peer))
}

/// madsim's stream with TCP's habits.
struct MadStream {
    stream: TcpStream,
    shut: bool,
}

impl AsyncRead for MadStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for MadStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.shut {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, data))?;
        // madsim sends at a flush; TCP needs none.
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}
