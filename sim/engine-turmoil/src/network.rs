//! turmoil's TCP and names under the traits of `host`.

use host::{Accepting, Addressed, BoxFuture, BoxStream, Datagrams, Listener, Network};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
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
        let address = name.parse::<IpAddr>().unwrap_or_else(|_| turmoil::lookup(name));
        Box::pin(std::future::ready(Ok(vec![SocketAddr::new(address, port)])))
    }
}

fn boxed(stream: TcpStream) -> io::Result<BoxStream> {
    let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
    Ok(Addressed::boxed(stream, local, peer))
}
