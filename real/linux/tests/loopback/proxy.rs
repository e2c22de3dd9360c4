//! Requests forwarded to another server: streams, upgrades, and what ends them.

use crate::setting::run;
use ::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use host::{Host, Task, stop_pair};
use http_body_util::BodyExt;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{
    Body, Takeover,
    client::{Connection, Endpoint, Fetched, RequestError, fetch},
    proxy::{Backend, ForwardError, forward},
    server::{Limits, serve},
    switching,
};

const LIMIT: Duration = Duration::from_secs(5);

struct Served {
    address: SocketAddr,
    stopper: host::Stopper,
    task: Task<()>,
}

impl Served {
    fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address).parse().unwrap()
    }
}

async fn start(host: &Host, service: impl wire::Service, connections_max: usize) -> Served {
    let listener = host.network.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr();
    let (stopper, stop) = stop_pair();
    let limits = Limits { connections_max, ..Limits::default() };
    let work = serve(host.clone(), listener, None, Arc::new(service), limits, stop);
    Served { address, stopper, task: host.spawn("test/server", work) }
}

/// Echoes what comes after an upgrade until it hears `bye`; says its headers otherwise.
async fn backend(request: wire::Request) -> wire::Response {
    match request.uri().path() {
        "/echo" => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("echo"));
            switching(headers, Takeover::new(echo))
        }
        "/refuse" => {
            let mut response = ::http::Response::new(wire::full("no"));
            *response.status_mut() = StatusCode::FORBIDDEN;
            response
        }
        _ => {
            let said =
                |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
            let text = format!("{:?} {:?}", said("x-forwarded-for"), said("keep-alive"));
            ::http::Response::new(wire::full(text))
        }
    }
}

async fn echo(mut stream: host::BoxStream) {
    let mut buffer = vec![0; 1000];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if &buffer[..count] == b"bye" || stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// A proxy before `backend`.
async fn front(host: &Host, backend: &Served, connections_max: usize) -> Served {
    let backend = Backend {
        endpoint: backend.endpoint(),
        tls: None,
        connect_limit: LIMIT,
        idle_limit: LIMIT,
    };
    let ours = host.clone();
    let service = move |request: wire::Request| {
        let (host, backend) = (ours.clone(), backend.clone());
        async move {
            match forward(&host, &backend, request.map(Body::new)).await {
                Ok(response) => response,
                Err(error) => {
                    let mut response = ::http::Response::new(wire::full(error.to_string()));
                    *response.status_mut() = match error {
                        ForwardError::Request(_) => StatusCode::SERVICE_UNAVAILABLE,
                        ForwardError::NotSwitched(_) => StatusCode::BAD_GATEWAY,
                    };
                    response
                }
            }
        }
    };
    start(host, service, connections_max).await
}

fn asked(path: &str, headers: &[(&'static str, &'static str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    request
}

const UPGRADE: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "echo")];

async fn text(host: &Host, at: &Served, request: Request<Body>) -> (StatusCode, String) {
    match fetch(host, &at.endpoint(), None, request, LIMIT).await.unwrap() {
        Fetched::Response(response) => {
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (head.status, String::from_utf8(body.to_vec()).unwrap())
        }
        Fetched::Switched(..) => panic!("nobody asked for it"),
    }
}

async fn switched(host: &Host, at: &Served) -> host::BoxStream {
    match fetch(host, &at.endpoint(), None, asked("/echo", &UPGRADE), LIMIT).await.unwrap() {
        Fetched::Switched(headers, Connection(stream)) => {
            assert_eq!(headers[header::UPGRADE], "echo");
            stream
        }
        Fetched::Response(response) => panic!("{response:?}"),
    }
}

#[test]
fn what_is_about_the_connection_is_not_forwarded() {
    run(async |host| {
        let backend = start(&host, backend, 10).await;
        let front = front(&host, &backend, 10).await;
        let request = asked("/", &[("keep-alive", "5"), ("x-forwarded-for", "a")]);
        let (status, said) = text(&host, &front, request).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(said, "Some(\"a, 127.0.0.1\") None");
    });
}

#[test]
fn an_upgrade_joins_both_connections_until_either_ends() {
    run(async |host| {
        let backend = start(&host, backend, 10).await;
        let front = front(&host, &backend, 10).await;
        let stream = switched(&host, &front).await;
        let big = vec![7; 300_000];
        let (mut reads, mut writes) = tokio::io::split(stream);
        let mut heard = vec![0; big.len()];
        let sent = big.clone();
        let writing = host.spawn("test/writer", async move {
            writes.write_all(&sent).await.unwrap();
            writes
        });
        reads.read_exact(&mut heard).await.unwrap();
        let mut stream = reads.unsplit(writing.await.unwrap());
        assert!(heard == big, "as much as one likes");
        stream.write_all(b"bye").await.unwrap();
        assert_eq!(stream.read(&mut heard).await.unwrap(), 0, "the backend's end is the client's");
    });
}

#[test]
fn who_does_not_switch_is_heard() {
    run(async |host| {
        let backend = start(&host, backend, 10).await;
        let front = front(&host, &backend, 10).await;
        let (status, said) = text(&host, &front, asked("/refuse", &UPGRADE)).await;
        assert_eq!((status, said.as_str()), (StatusCode::FORBIDDEN, "no"));
        let (status, said) = text(&host, &front, asked("/", &UPGRADE)).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!(said, "invalid upgrade response: status code 200");
        backend.stopper.stop();
        backend.task.await.unwrap();
        let (status, said) = text(&host, &front, asked("/", &[])).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(said.starts_with("dial tcp 127.0.0.1:"), "{said}");
    });
}

#[test]
fn a_connection_that_left_http_keeps_its_place_and_ends_with_the_server() {
    run(async |host| {
        let backend = start(&host, backend, 10).await;
        let front = front(&host, &backend, 1).await;
        let mut stream = switched(&host, &front).await;
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        let endpoint = front.endpoint();
        let other = fetch(&host, &endpoint, None, asked("/", &[]), LIMIT);
        let other = host.timeout(Duration::from_millis(100), other).await;
        assert!(other.is_err(), "there is room for one");
        front.stopper.stop();
        front.task.await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0, "cut with the server");
    });
}

#[test]
fn an_answer_that_breaks_off_breaks_off_at_the_client() {
    run(async |host| {
        let listener = host.network.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr();
        let mut listener = listener;
        let ours = host.clone();
        let _backend = host.spawn("test/backend", async move {
            let mut stream = ours.accept(&mut *listener).await.unwrap();
            drop(stream.read(&mut [0; 1000]).await);
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
            stream.write_all(head).await.unwrap();
        });
        let (stopper, _) = stop_pair();
        let backend = Served { address, stopper, task: host.spawn("test/none", async {}) };
        let front = front(&host, &backend, 10).await;
        let answer = fetch(&host, &front.endpoint(), None, asked("/", &[]), LIMIT).await;
        let Fetched::Response(response) = answer.unwrap() else { panic!("no upgrade") };
        assert!(response.into_body().collect().await.is_err());
        let gone: Result<_, RequestError> =
            fetch(&host, &"http://127.0.0.1:1".parse().unwrap(), None, asked("/", &[]), LIMIT)
                .await;
        assert!(matches!(gone, Err(RequestError::Dial(_))));
    });
}
