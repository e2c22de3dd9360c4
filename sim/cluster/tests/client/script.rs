//! A server that answers each call with what the test has written down, and remembers what it was
//! asked. Without a line left it answers "ok", and a stream stays open and silent.

use etcd_api::{
    client::{Client, Config},
    etcdserverpb::{
        auth_server::AuthServer, kv_server::KvServer, lease_server::LeaseServer,
        watch_server::WatchServer, *,
    },
};
use futures_util::{Stream, StreamExt, stream};
use host::{Host, Listener, Stopper, stop_pair};
use parking_lot::Mutex;
use std::{collections::VecDeque, net::SocketAddr, pin::Pin, sync::Arc};
use tonic::{Request, Response, Status, Streaming, async_trait};
use wire::{Router, client::Endpoint, server::Limits};

type Lines<T> = Mutex<VecDeque<Result<T, Status>>>;
type StreamOf<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the server is to say, and what it heard.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) ranges: Lines<RangeResponse>,
    pub(crate) puts: Lines<PutResponse>,
    pub(crate) txns: Lines<TxnResponse>,
    pub(crate) grants: Lines<LeaseGrantResponse>,
    /// One for each request on any keep-alive stream.
    pub(crate) renewals: Lines<LeaseKeepAliveResponse>,
    /// One list for each watch stream; after an error it ends.
    pub(crate) watches: Mutex<VecDeque<Vec<Result<WatchResponse, Status>>>>,
    pub(crate) tokens: Lines<AuthenticateResponse>,
    /// Every call by name, with the token it came with.
    pub(crate) heard: Mutex<Vec<String>>,
    /// Where each watch was to start.
    pub(crate) starts: Mutex<Vec<i64>>,
}

#[derive(Clone)]
struct Server(Arc<Script>);

impl Server {
    fn hear<Q>(&self, name: &str, request: &Request<Q>) {
        let token = request.metadata().get("token").and_then(|token| token.to_str().ok());
        let heard = format!("{name} {}", token.unwrap_or_default());
        self.0.heard.lock().push(heard.trim_end().to_owned());
    }
}

fn next<T: Default>(lines: &Lines<T>) -> Result<Response<T>, Status> {
    lines.lock().pop_front().unwrap_or_else(|| Ok(T::default())).map(Response::new)
}

/// Where nobody listens.
const NOBODY: &str = "127.0.0.1:1";

/// A client of servers, each with its script; `None` is a server that is down.
pub(crate) async fn client(host: &Host, scripts: &[Option<Arc<Script>>]) -> (Client, Vec<Stopper>) {
    let mut endpoints = Vec::new();
    let mut stoppers = Vec::new();
    for script in scripts {
        let Some(script) = script else {
            endpoints.push(NOBODY.parse().expect("an endpoint"));
            continue;
        };
        let (endpoint, stopper) = serve(host, script).await;
        endpoints.push(endpoint);
        stoppers.push(stopper);
    }
    (client_of(host, endpoints), stoppers)
}

/// A client of these servers.
pub(crate) fn client_of(host: &Host, endpoints: Vec<Endpoint>) -> Client {
    let credentials = Some(("root".into(), "secret".into()));
    Client::new(host, Config { credentials, ..Config::new(endpoints) })
}

/// Listens, and where.
pub(crate) async fn listen(host: &Host) -> (Box<dyn Listener>, Endpoint) {
    let at = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = host.network.listen(at).await.expect("a port is free");
    let address = listener.local_addr().to_string();
    (listener, address.parse().expect("an endpoint"))
}

/// A server that follows a script, until it is stopped.
pub(crate) async fn serve(host: &Host, script: &Arc<Script>) -> (Endpoint, Stopper) {
    let (stopper, stop) = stop_pair();
    let (listener, endpoint) = listen(host).await;
    let server = Server(script.clone());
    let router = Router::new(host)
        .grpc(KvServer::new(server.clone()))
        .grpc(LeaseServer::new(server.clone()))
        .grpc(WatchServer::new(server.clone()))
        .grpc(AuthServer::new(server));
    let (router, limits) = (Arc::new(router), Limits::default());
    let serving = wire::server::serve(host.clone(), listener, None, router, limits, stop);
    host.spawn("server", serving).detach();
    (endpoint, stopper)
}

#[async_trait]
impl kv_server::Kv for Server {
    async fn range(&self, r: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        self.hear("range", &r);
        next(&self.0.ranges)
    }
    async fn put(&self, r: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        self.hear("put", &r);
        next(&self.0.puts)
    }
    async fn txn(&self, r: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        self.hear("txn", &r);
        next(&self.0.txns)
    }
    async fn delete_range(
        &self,
        r: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        self.hear("delete", &r);
        Ok(Response::new(Default::default()))
    }
    async fn compact(
        &self,
        _: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
}

#[async_trait]
impl watch_server::Watch for Server {
    type WatchStream = StreamOf<WatchResponse>;

    async fn watch(
        &self,
        r: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.hear("watch", &r);
        let mut requests = r.into_inner();
        let create = requests.message().await?.and_then(|request| request.request_union);
        if let Some(watch_request::RequestUnion::CreateRequest(create)) = create {
            self.0.starts.lock().push(create.start_revision);
        }
        let lines = self.0.watches.lock().pop_front().unwrap_or_default();
        // The request stream is held open, or the client would think that we are done.
        let silence = stream::once(async move {
            while let Ok(Some(_)) = requests.message().await {}
            Err(Status::unavailable("the client is done"))
        });
        Ok(Response::new(Box::pin(stream::iter(lines).chain(silence))))
    }
}

#[async_trait]
impl lease_server::Lease for Server {
    type LeaseKeepAliveStream = StreamOf<LeaseKeepAliveResponse>;

    async fn lease_keep_alive(
        &self,
        r: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        self.hear("keep-alive", &r);
        let script = self.0.clone();
        let answers = r.into_inner().filter_map(move |_| {
            let line = script.renewals.lock().pop_front();
            async move { line }
        });
        Ok(Response::new(Box::pin(answers)))
    }
    async fn lease_grant(
        &self,
        r: Request<LeaseGrantRequest>,
    ) -> Result<Response<LeaseGrantResponse>, Status> {
        self.hear("grant", &r);
        next(&self.0.grants)
    }
    async fn lease_revoke(
        &self,
        _: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
    async fn lease_time_to_live(
        &self,
        _: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
    async fn lease_leases(
        &self,
        _: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
}

macro_rules! silent {
    ($($name:ident $request:ident $response:ident)*) => {
        #[async_trait]
        impl auth_server::Auth for Server {
            async fn authenticate(
                &self,
                r: Request<AuthenticateRequest>,
            ) -> Result<Response<AuthenticateResponse>, Status> {
                self.hear("authenticate", &r);
                next(&self.0.tokens)
            }
            $(async fn $name(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Ok(Response::new(Default::default()))
            })*
        }
    };
}

silent! {
    auth_enable AuthEnableRequest AuthEnableResponse
    auth_disable AuthDisableRequest AuthDisableResponse
    auth_status AuthStatusRequest AuthStatusResponse
    user_add AuthUserAddRequest AuthUserAddResponse
    user_get AuthUserGetRequest AuthUserGetResponse
    user_list AuthUserListRequest AuthUserListResponse
    user_delete AuthUserDeleteRequest AuthUserDeleteResponse
    user_change_password AuthUserChangePasswordRequest AuthUserChangePasswordResponse
    user_grant_role AuthUserGrantRoleRequest AuthUserGrantRoleResponse
    user_revoke_role AuthUserRevokeRoleRequest AuthUserRevokeRoleResponse
    role_add AuthRoleAddRequest AuthRoleAddResponse
    role_get AuthRoleGetRequest AuthRoleGetResponse
    role_list AuthRoleListRequest AuthRoleListResponse
    role_delete AuthRoleDeleteRequest AuthRoleDeleteResponse
    role_grant_permission AuthRoleGrantPermissionRequest AuthRoleGrantPermissionResponse
    role_revoke_permission AuthRoleRevokePermissionRequest AuthRoleRevokePermissionResponse
}
