//! One boot's network: what its host hands to components.

use crate::{
    connection::Side, datagram::SimDatagrams, fabric::Fabric, listener::SimListener,
    stream::SimStream,
};
use host::{BoxFuture, BoxStream, Datagrams, Listener, Network};
use kernel::Boot;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The network as seen by one boot of a process. Of a dead boot nothing ever completes.
#[derive(Clone)]
pub struct NetworkHandle {
    fabric: Arc<Fabric>,
    boot: Boot,
}

impl std::fmt::Debug for NetworkHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkHandle").field("boot", &self.boot).finish_non_exhaustive()
    }
}

impl NetworkHandle {
    /// The handle of a boot.
    pub fn new(fabric: Arc<Fabric>, boot: Boot) -> Self {
        Self { fabric, boot }
    }

    /// A boot that is dead waits for its end.
    async fn alive(&self) {
        if !self.boot.is_alive() {
            std::future::pending::<()>().await;
        }
    }
}

impl Network for NetworkHandle {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        let this = self.clone();
        Box::pin(async move {
            this.alive().await;
            let (id, local) = this.fabric.with(|state, _| state.ask(&this.boot, to))?;
            let NetworkHandle { fabric, boot } = this;
            let stream = SimStream { fabric, boot, id, side: Side::Opener, local, peer: to };
            std::future::poll_fn(|cx| stream.poll_opened(cx)).await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        let this = self.clone();
        Box::pin(async move {
            this.alive().await;
            let (id, port) = this.fabric.with(|state, _| state.listen(&this.boot, at))?;
            let local = SocketAddr::new(at.ip(), port);
            let NetworkHandle { fabric, boot } = this;
            Ok(Box::new(SimListener { fabric, boot, local, id }) as Box<dyn Listener>)
        })
    }

    fn datagrams(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>> {
        let this = self.clone();
        Box::pin(async move {
            this.alive().await;
            let (id, port) = this.fabric.with(|state, _| state.bind(&this.boot, at))?;
            let local = SocketAddr::new(at.ip(), port);
            let NetworkHandle { fabric, boot } = this;
            Ok(Arc::new(SimDatagrams { fabric, boot, local, id }) as Arc<dyn Datagrams>)
        })
    }

    fn resolve(&self, name: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let (this, name) = (self.clone(), name.to_owned());
        Box::pin(async move {
            this.alive().await;
            if let Ok(ip) = name.parse::<IpAddr>() {
                return Ok(vec![SocketAddr::new(ip, port)]);
            }
            let node = this.boot.node();
            let answer = this.fabric.with(|state, _| state.look_up(node, &name));
            answer.delay.await;
            let addresses = answer.addresses?;
            Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }
}
