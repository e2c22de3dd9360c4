//! Listening: clients on one set of addresses, peers on another, metrics on a third.

use crate::{
    config::Url,
    dial,
    fatal::Fatal,
    http,
    member::Member,
    peer_service::PeerService,
    services::{
        auth::AuthService, cluster::ClusterService, election::ElectionService,
        health::HealthService, kv::KvService, lease::LeaseService, lock::LockService,
        maintenance::MaintenanceService, reflection::ReflectionService, watch::WatchService,
    },
};
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        auth_server::AuthServer, cluster_server::ClusterServer, kv_server::KvServer,
        lease_server::LeaseServer, maintenance_server::MaintenanceServer,
        watch_server::WatchServer,
    },
    grpc::{
        health_v1::health_server::HealthServer,
        reflection_v1::server_reflection_server::ServerReflectionServer as ReflectionV1,
        reflection_v1alpha::server_reflection_server::ServerReflectionServer as ReflectionV1Alpha,
    },
    internal::peer_server::PeerServer,
    v3electionpb::election_server::ElectionServer,
    v3lockpb::lock_server::LockServer,
};
use host::{BoxFuture, Listener, Stop, Task};
use std::{io, sync::Arc};
use wire::{Router, Service, server::Limits, tls::ServerTls};

/// Room for what gRPC adds to a request (grpcOverheadBytes).
const OVERHEAD_BYTES: usize = 512 * 1024;

/// Calls of clients that end only when one side has had enough.
const ENDLESS: [&str; 8] = [
    "/etcdserverpb.Watch/Watch",
    "/etcdserverpb.Lease/LeaseKeepAlive",
    "/v3lockpb.Lock/Lock",
    "/v3electionpb.Election/Campaign",
    "/v3electionpb.Election/Observe",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];
/// The same among members.
const ENDLESS_OF_PEERS: [&str; 1] = ["/seaworthy.etcd.Peer/Send"];

/// When listeners stop. A client that is cut off goes on at another member (upstream waits a
/// request's longest time for it, then cuts: stopServers in server/embed/etcd.go).
#[derive(Clone, Debug)]
pub(crate) struct Stops {
    /// Clients may finish what they have begun.
    pub(crate) clients: Stop,
    /// Once leadership is handed over, which needs the peers, all streams end: a watch that came to
    /// another member while nobody led would be refused there.
    pub(crate) streams: Stop,
}

/// Open listeners; dropping them cuts all connections.
#[derive(Debug)]
pub(crate) struct Listening(Vec<Task<()>>);

impl Listening {
    /// Completes when all have drained after a stop.
    pub(crate) async fn drained(self) {
        for task in self.0 {
            // A listener that is gone has nothing to drain.
            let _ = task.await;
        }
    }
}

/// Starts to serve.
///
/// # Errors
/// An address cannot be listened on, TLS files do not fit.
pub(crate) async fn listen(member: &Arc<Member>, stops: Stops) -> Result<Listening, Fatal> {
    let config = &member.config;
    let host = &member.host;
    let client_tls = dial::server_tls(host, "clients", config.client_tls.as_ref())?;
    let peer_tls = dial::server_tls(host, "peers", config.peer_tls.as_ref())?;
    let limits = Limits {
        connections_max: config.limits.connections,
        streams_max: config.limits.concurrent_streams,
        ..Limits::default()
    };
    let sets = [
        (&config.listen_peer_urls, peer_service(member, &stops), &peer_tls, &stops.streams),
        (&config.listen_client_urls, client_service(member, &stops), &client_tls, &stops.clients),
        (&config.listen_metrics_urls, plain_service(member), &client_tls, &stops.clients),
    ];
    let mut tasks = Vec::new();
    for (urls, service, tls, stop) in sets {
        for url in urls {
            let listener = bind(member, url).await?;
            let tls = tls_for(url, tls)?;
            let (service, limits, stop) = (service.clone(), limits.clone(), stop.clone());
            let work = wire::server::serve(host.clone(), listener, tls, service, limits, stop);
            tasks.push(host.spawn("etcd/listener", work));
        }
    }
    Ok(Listening(tasks))
}

fn tls_for(url: &Url, tls: &Option<ServerTls>) -> Result<Option<ServerTls>, Fatal> {
    match (url.tls, tls) {
        (false, _) => Ok(None),
        (true, Some(tls)) => Ok(Some(tls.clone())),
        (true, None) => Err(Fatal::Config(format!(
            "TLS key/cert (--cert-file, --key-file) must be provided for listening on {url}"
        ))),
    }
}

async fn bind(member: &Member, url: &Url) -> Result<Box<dyn Listener>, Fatal> {
    let fail = |error: io::Error| Fatal::Listen { url: url.to_string(), error };
    let network = &member.host.network;
    let addresses = network.resolve(&url.host, url.port).await.map_err(fail)?;
    // One address a URL, as Go does; IPv4 first, for "localhost" means that to most clients.
    let address = addresses.iter().find(|a| a.is_ipv4()).or(addresses.first()).copied();
    let address = address.ok_or_else(|| fail(io::ErrorKind::AddrNotAvailable.into()))?;
    network.listen(address).await.map_err(fail)
}

fn plain_service(member: &Arc<Member>) -> Arc<dyn Service> {
    let member = member.clone();
    Arc::new(move |request| http::answer(member.clone(), request))
}

fn peer_service(member: &Arc<Member>, stops: &Stops) -> Arc<dyn Service> {
    let peers = PeerServer::new(PeerService(member.clone()))
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX);
    let plain = member.clone();
    Arc::new(
        Router::new(&member.host)
            .grpc(peers)
            .cut(&ENDLESS_OF_PEERS, stops.streams.clone(), EtcdError::Stopped.into())
            .fallback(move |request| http::answer(plain.clone(), request)),
    )
}

fn client_service(member: &Arc<Member>, stops: &Stops) -> Arc<dyn Service> {
    let bytes = member.config.limits.request_bytes + OVERHEAD_BYTES;
    let plain = member.clone();
    let reflection = ReflectionService::new(member.host.clone());
    let router = Router::new(&member.host)
        .grpc(KvServer::new(KvService(member.clone())).max_decoding_message_size(bytes))
        .grpc(WatchServer::new(WatchService(member.clone())).max_decoding_message_size(bytes))
        .grpc(LeaseServer::new(LeaseService(member.clone())))
        .grpc(ClusterServer::new(ClusterService(member.clone())))
        .grpc(MaintenanceServer::new(MaintenanceService(member.clone())))
        .grpc(AuthServer::new(AuthService(member.clone())))
        .grpc(LockServer::new(LockService(member.clone())))
        .grpc(ElectionServer::new(ElectionService(member.clone())))
        .grpc(HealthServer::new(HealthService(member.host.clone())))
        .grpc(ReflectionV1::new(reflection.clone()))
        .grpc(ReflectionV1Alpha::new(reflection))
        .counted(&member.metrics.calls)
        .cut(&ENDLESS, stops.streams.clone(), EtcdError::Stopped.into())
        .fallback(move |request| http::answer(plain.clone(), request));
    Arc::new(TokensFirst { member: member.clone(), router })
}

/// Counts who calls, and lets a call with a token wait until this member knows the token: another member may have given
/// it just now.
struct TokensFirst {
    member: Arc<Member>,
    router: Router,
}

impl Service for TokensFirst {
    fn call(&self, request: wire::Request) -> BoxFuture<'static, wire::Response> {
        self.member.metrics.clients.count(&request);
        let unknown = self.member.unknown_token(request.headers());
        let answer = self.router.call(request);
        let Some(index) = unknown else { return answer };
        let member = self.member.clone();
        Box::pin(async move {
            member.applies(index).await;
            answer.await
        })
    }
}
