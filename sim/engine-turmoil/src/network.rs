//! turmoil's TCP and names under the traits of `host`.

use host::{Addressed, BoxFuture, BoxStream, Datagrams, Listener, Network};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll, ready},
};
use turmoil::net::{TcpListener, TcpStream};

pub(crate) struct TurmoilNetwork;

impl Network for TurmoilNetwork {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        Box::pin(async move { boxed(TcpStream::connect(to).await?) })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let listener = Arc::new(TcpListener::bind(at).await?);
            let local = listener.local_addr()?;
            Ok(Box::new(TurmoilListener { listener, local, accepting: None }) as Box<dyn Listener>)
        })
    }

    fn datagrams(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn resolve(&self, name: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let address = name.parse::<IpAddr>().unwrap_or_else(|_| turmoil::lookup(name));
        Box::pin(std::future::ready(Ok(vec![SocketAddr::new(address, port)])))
    }
}

type Accepting = BoxFuture<'static, io::Result<(TcpStream, SocketAddr)>>;

struct TurmoilListener {
    listener: Arc<TcpListener>,
    local: SocketAddr,
    accepting: Option<Accepting>,
}

impl Listener for TurmoilListener {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BoxStream>> {
        let listener = &self.listener;
        let accepting = self.accepting.get_or_insert_with(|| {
            let listener = listener.clone();
            Box::pin(async move { listener.accept().await })
        });
        let accepted = ready!(accepting.as_mut().poll(cx));
        self.accepting = None;
        Poll::Ready(accepted.and_then(|(stream, _)| boxed(stream)))
    }
}

fn boxed(stream: TcpStream) -> io::Result<BoxStream> {
    let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
    Ok(Addressed::boxed(stream, local, peer))
}
