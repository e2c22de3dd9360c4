//! An API server's life from its first byte to its last.

use crate::{
    admission::Admission,
    aggregation::{self, Aggregator, Trust},
    authentication::{CLIENTS, PROXIES},
    bootstrap,
    config::{Config, Tls},
    flow,
    kubelets::Kubelets,
    metrics::Metrics,
    registry::{Registry, definitions},
    server::Server,
    services,
    storage::Storage,
};
use api::schema::Schemas;
use etcd_api::client::Client;
use host::{Host, Stop, Task, event, stop_pair};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use wire::{
    server::Limits,
    tls::{ClientAuth, Identity, ServerTls},
};

/// What is done at the end may take so long.
const LEAVE_LIMIT: Duration = Duration::from_secs(2);
/// What is left when all requests are done has so long (upstream's ShutdownTimeout with
/// --shutdown-send-retry-after).
const REST: Duration = Duration::from_secs(2);

/// Why an API server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Its address is not to be had.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the machine said.
        error: io::Error,
    },
    /// What it shows to kubelets or believes of them cannot be used.
    #[error(
        "--kubelet-client-certificate, --kubelet-client-key, --kubelet-certificate-authority: {0}"
    )]
    Kubelets(wire::tls::Error),
    /// Its certificate, key or authorities do not fit.
    #[error("--tls-cert-file, --tls-private-key-file, --client-ca-file: {0}")]
    Tls(#[from] wire::tls::Error),
    /// What it is to show to other servers does not fit.
    #[error("--proxy-client-cert-file, --proxy-client-key-file: {0}")]
    ProxyClient(#[source] wire::tls::Error),
}

/// One API server.
#[derive(Debug)]
pub struct ApiServer {
    host: Host,
    config: Config,
}

impl ApiServer {
    /// A server that is not running yet.
    pub fn new(host: Host, config: Config) -> Self {
        Self { host, config }
    }

    /// Runs until `stop`, then lets requests that have begun come to their end.
    ///
    /// # Errors
    /// Why it cannot serve.
    pub async fn run(self, mut stop: Stop) -> Result<(), Fatal> {
        let Self { host, config } = self;
        let tls = config.tls.as_ref().map(|tls| server_tls(&host, tls)).transpose()?;
        let kubelets = Kubelets::new(&host, config.kubelets.clone()).map_err(Fatal::Kubelets)?;
        let address = config.listen;
        let listener = host.network.listen(address).await;
        let listener = listener.map_err(|error| Fatal::Listen { address, error })?;
        let metrics = Metrics::new(config.usage);
        let client = Client::new(&host, config.etcd.clone());
        let storage = Storage::new(client, &config.etcd_prefix, metrics.storage.clone());
        let admission = Admission::new(config.admission.clone());
        let schemas = Arc::new(Schemas::built_in());
        let registry =
            Arc::new(Registry::new(&host, schemas, storage, admission, metrics.clone(), &config));
        let (ending, roles) = (Ending::of(&config), config.bootstrap_roles);
        let (produce, streams_max) = (config.bootstrap_flows, config.streams_max);
        let aggregator = config.aggregation.as_ref();
        let aggregator =
            aggregator.map(|settings| Aggregator::new(&host, &registry, settings)).transpose();
        let aggregator = aggregator.map_err(Fatal::ProxyClient)?.map(Arc::new);
        let trust = Trust::of(&config);
        let _aggregation =
            aggregator.as_ref().map(|aggregator| aggregation::start(&host, aggregator, trust));
        let (closer, closing) = stop_pair();
        let server = Arc::new(Server::new(
            &host,
            config,
            registry.clone(),
            (aggregator, kubelets),
            metrics,
            closing.clone(),
        ));
        let _definitions = host.spawn("apiserver/definitions", definitions::run(registry.clone()));
        let bootstrap = bootstrap::run(registry.clone(), roles);
        let _bootstrap = host.spawn("apiserver/bootstrap", bootstrap);
        let _flows = keep_flows(&host, &server, &registry, produce);
        let services = keep_services(&host, &registry);
        let service = server.clone();
        let service = Arc::new(move |request| {
            let server = service.clone();
            Box::pin(server.answer(request))
        });
        let limits = Limits { streams_max, drain: ending.drain, ..Limits::default() };
        let work =
            wire::server::serve(host.clone(), listener, tls, service, limits, closing.clone());
        let serving = host.spawn("apiserver/listener", work);
        event!(host, Fact, "process/serving");
        stop.stopped().await;
        ending.begin(&host, &server, leave_services(&host, &registry, services)).await;
        closer.stop();
        // A listener that is gone has nothing to drain.
        let _ = serving.await;
        Ok(())
    }
}

/// How a server ends.
struct Ending {
    delay: Duration,
    /// Late requests are sent elsewhere until those under way are done; at most so long.
    refuses: Option<Duration>,
    /// What is under way when the listener closes has so long.
    drain: Duration,
}

impl Ending {
    fn of(config: &Config) -> Self {
        let refuses = config.shutdown_retry_after.then_some(config.request_timeout);
        let rest = if refuses.is_some() { REST } else { config.request_timeout };
        Self { delay: config.shutdown_delay, refuses, drain: rest + config.shutdown_watch_grace }
    }

    /// From being told to end to the moment at which the listener closes.
    async fn begin(&self, host: &Host, server: &Server, hooks: impl Future<Output = ()>) {
        let until = host.now() + self.delay;
        // Load balancers see that it is not ready, and stop sending before it stops to accept.
        server.leaving().leave();
        event!(host, Info, "leaving: not ready any more");
        hooks.await;
        host.clock.boxed_sleep(until).await;
        if let Some(limit) = self.refuses {
            server.leaving().refuse();
            // What is not done by then is cut.
            let _ = host.timeout(limit, Box::pin(server.leaving().idle())).await;
        }
    }
}

/// Requests are let through as the cluster's objects say, where they are let through in order.
fn keep_flows(
    host: &Host,
    server: &Arc<Server>,
    registry: &Arc<Registry>,
    produce: bool,
) -> Vec<Task<()>> {
    let Some(gate) = server.gate() else { return Vec::new() };
    let mut tasks = vec![
        host.spawn("apiserver/flow-control", gate.clone().run()),
        host.spawn("apiserver/flow-objects", flow::follow(gate.clone(), registry.clone())),
    ];
    if produce {
        tasks.push(host.spawn("apiserver/flow-bootstrap", flow::produce(registry.clone())));
    }
    tasks
}

/// What services get is kept in order, where they get something.
fn keep_services(host: &Host, registry: &Arc<Registry>) -> Vec<Task<()>> {
    if registry.services.is_none() {
        return Vec::new();
    }
    vec![
        host.spawn("apiserver/endpoints", services::keep_endpoints(registry.clone())),
        host.spawn("apiserver/services", services::repair(registry.clone())),
    ]
}

/// Those in the cluster are not sent here any more.
async fn leave_services(host: &Host, registry: &Registry, services: Vec<Task<()>>) {
    drop(services);
    if registry.services.is_none() {
        return;
    }
    let leave = Box::pin(services::leave(registry));
    let why = match host.timeout(LEAVE_LIMIT, leave).await {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => failure.to_string(),
        Err(host::Elapsed) => "the storage does not answer".into(),
    };
    event!(host, Warn, "the service kubernetes still names this server", why = &why);
}

fn server_tls(host: &Host, tls: &Tls) -> Result<ServerTls, wire::tls::Error> {
    let identity = Identity::from_pem(host, &tls.certificate, &tls.key)?;
    let mut groups = [None; 2];
    groups[CLIENTS] = tls.client_authorities.as_deref();
    groups[PROXIES] = tls.proxy_authorities.as_deref();
    let clients = match groups {
        [None, None] => ClientAuth::None,
        _ => ClientAuth::Told(&groups),
    };
    ServerTls::new(host, &identity, clients)
}
