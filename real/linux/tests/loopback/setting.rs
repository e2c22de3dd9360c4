//! A runtime, a host, a server on a port of its own.

use crate::echo::{EchoServer, Gate};
use host::{Host, Stop, Stopper, Task, stop_pair};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use wire::{
    Request, Router,
    client::{Channel, ChannelConfig, Endpoint},
    server::{self, Limits},
    tls::ServerTls,
};

/// Far more than any test needs, so that a hang is a failure and not a hang.
const TEST_LIMIT: Duration = Duration::from_secs(20);

/// Runs a test on a host over a runtime of its own.
pub(crate) fn run<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Host) -> F) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let host = linux::host("test", runtime.handle(), Arc::new(host::NoProbe));
    let work = test(host.clone());
    let limited = async move { host.timeout(TEST_LIMIT, work).await };
    runtime.block_on(runtime.spawn(limited)).unwrap().expect("the test hangs");
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    pub(crate) task: Task<()>,
    pub(crate) gate: Arc<Gate>,
}

impl Server {
    pub(crate) async fn start(host: &Host) -> Self {
        Self::start_at(host, "127.0.0.1:0".parse().unwrap(), None, Limits::default()).await
    }

    pub(crate) async fn start_at(
        host: &Host,
        at: SocketAddr,
        tls: Option<ServerTls>,
        limits: Limits,
    ) -> Self {
        let listener = host.network.listen(at).await.unwrap();
        let address = listener.local_addr();
        let (stopper, stop): (Stopper, Stop) = stop_pair();
        let echo = EchoServer::default();
        let gate = echo.0.clone();
        let router = Router::new(host).grpc(echo).fallback(plain);
        let serving = server::serve(host.clone(), listener, tls, Arc::new(router), limits, stop);
        Self { address, stopper, task: host.spawn("test/server", serving), gate }
    }

    pub(crate) fn endpoint(&self, scheme: &str) -> Endpoint {
        format!("{scheme}://localhost:{}", self.address.port()).parse().unwrap()
    }

    pub(crate) fn channel(&self, host: &Host) -> Channel {
        Channel::new(host, vec![self.endpoint("http")], ChannelConfig::default())
    }
}

async fn plain(request: Request) -> wire::Response {
    let text = format!("{:?} {}", request.version(), request.uri().path());
    http::Response::new(wire::full(text))
}
