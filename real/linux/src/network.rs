//! TCP, UDP and name look-up through tokio.

use bytes::Bytes;
use host::{Addressed, BoxFuture, BoxStream, Datagrams, Listener, Network};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::ReadBuf,
    net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host},
};

/// Connections the kernel holds for us before they are accepted.
const BACKLOG_CONNECTIONS: u32 = 1024;

/// The largest payload of one UDP datagram over IPv4, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_507;

/// The machine's sockets.
pub(crate) struct Sockets;

impl Network for Sockets {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        Box::pin(async move { boxed(TcpStream::connect(to).await?) })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        Box::pin(async move { Ok(Box::new(listen(at)?) as _) })
    }

    fn datagrams(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>> {
        Box::pin(async move {
            let socket = UdpSocket::bind(at).await?;
            Ok(Arc::new(Udp { local: socket.local_addr()?, socket }) as _)
        })
    }

    fn resolve(&self, name: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let name = name.to_owned();
        Box::pin(async move { resolve(name, port).await })
    }
}

/// getaddrinfo(3) says "no such name" with an error of its own that std calls `Uncategorized`.
async fn resolve(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let not_found = |why: String| io::Error::new(io::ErrorKind::NotFound, why);
    let found = lookup_host((name.as_str(), port)).await;
    let found: Vec<_> =
        found.map_err(|error| not_found(format!("lookup {name}: {error}")))?.collect();
    if found.is_empty() {
        return Err(not_found(format!("lookup {name}: no addresses")));
    }
    Ok(found)
}

/// Small answers must not wait for Nagle's algorithm: gRPC is all small answers.
fn boxed(stream: TcpStream) -> io::Result<BoxStream> {
    stream.set_nodelay(true)?;
    let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
    Ok(Addressed::boxed(stream, local, peer))
}

fn listen(at: SocketAddr) -> io::Result<Accepting> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restarted server takes its port back while old connections are in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    let listener = socket.listen(BACKLOG_CONNECTIONS)?;
    Ok(Accepting { local: listener.local_addr()?, listener })
}

struct Accepting {
    listener: TcpListener,
    local: SocketAddr,
}

impl Listener for Accepting {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BoxStream>> {
        self.listener.poll_accept(cx).map(|accepted| boxed(accepted?.0))
    }
}

struct Udp {
    socket: UdpSocket,
    local: SocketAddr,
}

impl Datagrams for Udp {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn send_to(&self, to: SocketAddr, payload: Bytes) -> io::Result<()> {
        if payload.len() > DATAGRAM_BYTES_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        match self.socket.try_send_to(&payload, to) {
            // A full buffer loses the datagram, as the network may anyway.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            // An earlier datagram to that port met nobody: the kernel tells it to the next send.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            result => result.map(drop),
        }
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<io::Result<(SocketAddr, Bytes)>> {
        let mut space = vec![0; DATAGRAM_BYTES_MAX];
        let mut buffer = ReadBuf::new(&mut space);
        self.socket.poll_recv_from(cx, &mut buffer).map(|result| {
            let from = result?;
            Ok((from, Bytes::copy_from_slice(buffer.filled())))
        })
    }
}
