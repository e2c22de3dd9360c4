//! A pretended kubelet: upstream's paths, both protocols, and no containers.

use crate::{command::Command, spdy, websocket};
use conformance::authority::{Authority, Pair};
use host::{BoxStream, Host, Stopper, stop_pair};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::{net::SocketAddr, sync::Arc};
use tokio::runtime::Runtime;
use wire::{
    Peer, Request, Response, Takeover, full, has_token,
    server::{Limits, serve},
    switching,
    tls::{ClientAuth, Identity, ServerTls},
};

/// Runs until it is dropped.
pub(crate) struct Kubelet {
    pub(crate) port: u16,
    _stopper: Stopper,
    _runtime: Runtime,
}

/// Serves this on a port of its own.
pub(crate) fn start(
    address: &str,
    tls: Option<(&Authority, &Pair)>,
    service: impl wire::Service,
) -> Kubelet {
    let runtime = Runtime::new().unwrap();
    let host = linux::host("kubelet", runtime.handle(), Arc::new(host::NoProbe));
    let tls = tls.map(|(authority, pair)| server_tls(&host, authority, pair));
    let at: SocketAddr = format!("{address}:0").parse().unwrap();
    let listener = runtime.block_on(host.network.listen(at)).unwrap();
    let port = listener.local_addr().port();
    let (stopper, stop) = stop_pair();
    let serving = serve(host, listener, tls, Arc::new(service), Limits::default(), stop);
    runtime.spawn(serving);
    Kubelet { port, _stopper: stopper, _runtime: runtime }
}

/// Only who shows a certificate of the authority is let in.
fn server_tls(host: &Host, authority: &Authority, pair: &Pair) -> ServerTls {
    let read = |path: &str| std::fs::read(path).unwrap();
    let identity = Identity::from_pem(host, &read(&pair.cert), &read(&pair.key)).unwrap();
    ServerTls::new(host, &identity, ClientAuth::Required(&read(&authority.cert))).unwrap()
}

/// Answers as a kubelet does.
pub(crate) async fn answer(request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let mut parts = path.trim_start_matches('/').split('/');
    match parts.next() {
        Some("containerLogs") => logs(&path, &query),
        Some("exec" | "attach") => terminal(request.headers(), &query),
        Some("portForward") => ports(request.headers()),
        _ => {
            let peer = request.extensions().get::<Peer>().unwrap();
            let name = peer.certificate.as_ref().map(|shown| shown.common_name.clone());
            let header = |name: &str| {
                let value = request.headers().get(name).map(|value| value.to_str().unwrap());
                value.unwrap_or("-").to_owned()
            };
            let said = format!(
                "{} {path}?{query} by {} uri {} authorization {}\n",
                request.method(),
                name.unwrap_or_default(),
                header("x-forwarded-uri"),
                header("authorization")
            );
            Response::new(full(said))
        }
    }
}

fn logs(path: &str, query: &str) -> Response {
    if query.contains("previous=true") {
        let mut response = Response::new(full("previous terminated container not found"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    if query.contains("follow=true") {
        // Three lines, and between them time for the first to arrive.
        let lines = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for number in 1..=3 {
                let line = bytes::Bytes::from(format!("line {number}\n"));
                if lines.0.send(line).await.is_err() {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
        });
        return Response::new(wire::Body::new(crate::lines::Lines(lines.1)));
    }
    Response::new(full(format!("{path}?{query}\n")))
}

fn terminal(headers: &HeaderMap, query: &str) -> Response {
    let given = |name: &str| query.split('&').any(|one| one == format!("{name}=1"));
    let words = query.split('&').filter_map(|one| one.strip_prefix("command="));
    let command = Command::new(words.map(str::to_owned).collect());
    let plan = spdy::Plan {
        command,
        stdin: given("input"),
        stdout: given("output"),
        stderr: given("error") && !given("tty"),
        tty: given("tty"),
    };
    if has_token(headers, &header::UPGRADE, "websocket") {
        let answer = wire::websocket::accepted(headers, Some("v5.channel.k8s.io")).unwrap();
        return switching(answer, Takeover::new(|stream| websocket::run(stream, plan)));
    }
    upgraded("v4.channel.k8s.io", |stream| spdy::terminal(stream, plan))
}

fn ports(headers: &HeaderMap) -> Response {
    assert!(has_token(headers, &header::UPGRADE, "spdy/3.1"));
    upgraded("portforward.k8s.io", spdy::ports)
}

fn upgraded<F: Future<Output = ()> + Send + 'static>(
    protocol: &'static str,
    work: impl FnOnce(BoxStream) -> F + Send + 'static,
) -> Response {
    let mut answer = HeaderMap::new();
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "SPDY/3.1"),
        ("x-stream-protocol-version", protocol),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    switching(answer, Takeover::new(work))
}
