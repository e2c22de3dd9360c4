//! Logs and terminals through an API server whose kubelet dies or is cut off in the middle: clients
//! see an end, soon, and no connection stays behind.

use crate::place::{Cluster, seconds};
use cluster::apiserver;
use host::{BoxStream, Host, Listener, stop_pair};
use http_body_util::BodyExt;
use machine::{MachineId, Stations, World};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{
    Body, Takeover,
    client::{Connection, Endpoint, Fetched, fetch, request},
    server::{Limits, serve},
    spdy, switching,
    tls::{ClientAuth, Identity, ServerTls},
    websocket,
};

const KUBELET: &str = "kubelet";
const CERTIFICATE: &[u8] = include_bytes!("../../src/tls/member.pem");
const KEY: &[u8] = include_bytes!("../../src/tls/member.key");
const LIMIT: Duration = Duration::from_secs(10);
/// Of each kind.
const STREAMS: usize = 4;

/// A kubelet whose logs begin and do not end, and whose commands say one word and wait.
async fn kubelet(host: Host, at: SocketAddr) {
    let identity = Identity::from_pem(&host, CERTIFICATE, KEY).unwrap();
    let tls = ServerTls::new(&host, &identity, ClientAuth::None).unwrap();
    let listener: Box<dyn Listener> = host.network.listen(at).await.unwrap();
    let (_stopper, stop) = stop_pair();
    let service = Arc::new(async |request: wire::Request| {
        if wire::is_upgrade(request.headers()) {
            let mut headers = http::HeaderMap::new();
            for (name, value) in [("connection", "Upgrade"), ("upgrade", "SPDY/3.1")] {
                headers.insert(name, http::HeaderValue::from_static(value));
            }
            return switching(headers, Takeover::new(command));
        }
        http::Response::new(Body::new(Endless(Some("hello\n".into()))))
    });
    let service: Arc<dyn wire::Service> = service;
    serve(host.clone(), listener, Some(tls), service, Limits::default(), stop).await;
}

/// One piece, and then nothing.
struct Endless(Option<bytes::Bytes>);

impl http_body::Body for Endless {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(bytes) => std::task::Poll::Ready(Some(Ok(http_body::Frame::data(bytes)))),
            None => std::task::Poll::Pending,
        }
    }
}

async fn command(mut stream: BoxStream) {
    let (mut session, mut buffer) = (spdy::Session::server(), vec![0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        session.feed(&buffer[..count]);
        while let Some(event) = session.next_event().unwrap() {
            if let spdy::Event::Opened { stream, headers, .. } = event
                && headers[0].1 == "stdout"
            {
                session.send(stream, b"hello", false);
            }
        }
        let output = session.output().split();
        if stream.write_all(&output).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

fn server() -> Endpoint {
    apiserver::url(&apiserver::name(0)).parse().unwrap()
}

/// Sends an object until it is taken.
async fn send(host: &Host, method: &str, path: &str, object: &str) {
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    loop {
        let asked = http::Request::builder().method(method).uri(path).header("content-type", media);
        let asked = asked.body(bytes::Bytes::from(object.to_owned())).unwrap();
        match request(host, &server(), None, asked, 1 << 20, LIMIT).await {
            Ok(reply) if reply.status.is_success() || reply.status == 409 => return,
            _ => host.sleep(Duration::from_millis(200)).await,
        }
    }
}

async fn prepare(host: &Host, kubelet: SocketAddr) {
    let node = r#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n"}}"#;
    send(host, "POST", "/api/v1/nodes", node).await;
    let status = format!(
        r#"{{"status":{{"addresses":[{{"type":"InternalIP","address":"{}"}}],
            "daemonEndpoints":{{"kubeletEndpoint":{{"Port":{}}}}}}}}}"#,
        kubelet.ip(),
        kubelet.port()
    );
    send(host, "PATCH", "/api/v1/nodes/n/status", &status).await;
    let pod = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},
        "spec":{"nodeName":"n","containers":[{"name":"c","image":"x"}]}}"#;
    let pods = "/api/v1/namespaces/default/pods";
    send(host, "POST", pods, pod).await;
}

/// What clients saw: how many streams began, and how each ended.
#[derive(Default)]
struct Seen {
    begun: usize,
    ended: Vec<String>,
}

type Board = Arc<Mutex<Seen>>;

async fn follow(host: Host, board: Board) {
    let mut asked = http::Request::new(Body::empty());
    *asked.uri_mut() = "/api/v1/namespaces/default/pods/p/log?follow=true".parse().unwrap();
    let fetched = fetch(&host, &server(), None, asked, LIMIT).await.unwrap();
    let Fetched::Response(response) = fetched else { panic!("no upgrade was asked for") };
    assert!(response.status().is_success(), "{response:?}");
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "hello\n");
    board.lock().unwrap().begun += 1;
    let end = body.frame().await;
    let how = end.map_or("ended", |frame| if frame.is_err() { "broke off" } else { "went on" });
    board.lock().unwrap().ended.push(how.to_owned());
}

async fn execute(host: Host, board: Board) {
    let mut asked = http::Request::new(Body::empty());
    let path = "/api/v1/namespaces/default/pods/p/exec?command=x&stdout=true&stdin=true";
    *asked.uri_mut() = path.parse().unwrap();
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "v5.channel.k8s.io"),
    ] {
        asked.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    let fetched = fetch(&host, &server(), None, asked, LIMIT).await.unwrap();
    let Fetched::Switched(_, Connection(mut stream)) = fetched else { panic!("{fetched:?}") };
    let (mut reader, mut buffer) = (websocket::Reader::of_server(), vec![0; 4096]);
    let mut last = String::new();
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        reader.feed(&buffer[..count]);
        while let Some(event) = reader.next_event().unwrap() {
            let websocket::Event::Data { bytes, .. } = event else { continue };
            last = String::from_utf8(bytes.to_vec()).unwrap();
            board.lock().unwrap().begun += usize::from(last == "\u{1}hello");
        }
    }
    board.lock().unwrap().ended.push(last);
}

struct Stage {
    cluster: Cluster,
    node: MachineId,
    board: Board,
}

impl Stage {
    fn start(seed: u64) -> Self {
        let cluster = Cluster::start(seed);
        let world = &cluster.world;
        let node = world.add_machine("node");
        let at = SocketAddr::new(world.address(node), 10250);
        let program = move |host: Host| Box::pin(kubelet(host, at)) as host::BoxFuture<'static, ()>;
        world.install(node, KUBELET, Arc::new(program));
        world.start(node, KUBELET);
        let board = Board::default();
        let seen = board.clone();
        cluster.user("watcher", move |host| {
            let board = seen.clone();
            async move {
                prepare(&host, at).await;
                host.sleep(Duration::from_secs(5)).await;
                let tasks: Vec<_> = (0..STREAMS)
                    .flat_map(|_| {
                        [
                            host.spawn("follow", follow(host.clone(), board.clone())),
                            host.spawn("execute", execute(host.clone(), board.clone())),
                        ]
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            }
        });
        Self { cluster, node, board }
    }

    fn world(&self) -> &World {
        &self.cluster.world
    }

    fn begun(&self) -> usize {
        self.board.lock().unwrap().begun
    }

    /// All streams have ended, and every client was told that it was no good end.
    fn check_ended(&self, why: &str) {
        let seen = self.board.lock().unwrap();
        assert_eq!(seen.ended.len(), 2 * STREAMS, "{why}: {:?}", seen.ended);
        let (broken, told): (Vec<_>, Vec<_>) =
            seen.ended.iter().partition(|how| *how == "broke off");
        assert_eq!((broken.len(), told.len()), (STREAMS, STREAMS), "{why}: {:?}", seen.ended);
        assert!(told.iter().all(|how| how.contains("InternalError")), "{why}: {told:?}");
    }
}

/// The streams of a dead kubelet, or of one that cannot be reached, end within a minute.
#[test]
fn streams_end_when_their_kubelet_does() {
    for seed in 0..3 {
        for cut in [false, true] {
            let why = format!("seed {seed}, cut off: {cut}");
            let stage = Stage::start(seed);
            stage.world().run_until(seconds(6)).unwrap();
            let before = stage.world().network().connections();
            stage.world().run_until(seconds(20)).unwrap();
            assert_eq!(stage.begun(), 2 * STREAMS, "{why}");
            let during = stage.world().network().connections();
            assert!(during >= before + 4 * STREAMS, "{why}: {before} {during}");
            let rule = cut.then(|| {
                let servers = Stations::only(stage.cluster.servers);
                stage.world().network().partition(Stations::only([stage.node]), servers)
            });
            if !cut {
                stage.world().power_off(stage.node);
            }
            stage.world().run_until(seconds(80)).unwrap();
            stage.check_ended(&why);
            if let Some(rule) = rule {
                stage.world().network().remove_rule(rule);
            }
            // What the node's own end held is given up as well.
            stage.world().run_until(seconds(140)).unwrap();
            let after = stage.world().network().connections();
            assert!(after <= before, "{why}: {before} connections, then {during}, then {after}");
        }
    }
}
