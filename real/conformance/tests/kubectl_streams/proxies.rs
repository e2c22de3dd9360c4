//! The proxies of nodes, pods and services, and `kubectl proxy`.

use crate::{
    forwarded::listening,
    kubelet,
    place::{Place, global_address},
};
use http::{HeaderValue, header};
use std::{
    io::{Read, Write},
    net::TcpStream,
};
use wire::{Request, Response, full};

/// A server in the cluster: a page with links, a place that moved, and an echo of what is asked.
async fn web(request: Request) -> Response {
    let mut response = match request.uri().path() {
        "/page" => Response::new(full("<a href=\"/next\">next</a>")),
        "/moved" => {
            let mut response = Response::new(full(""));
            *response.status_mut() = http::StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/there"));
            return response;
        }
        _ => Response::new(full(format!("{} {}\n", request.method(), request.uri()))),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// One request of HTTP/1.1, answered in full.
fn plain(port: u16, line: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: PORT}]
endpoints: [{addresses: [ADDRESS], targetRef: {kind: Pod, name: p1, namespace: default}}]
";

#[test]
fn proxies_lead_to_nodes_pods_and_services() {
    let place = Place::start(&[]);
    let get = |path: &str| place.kubectl.run(&["get", "--raw", path]);
    let node = get("/api/v1/nodes/n1/proxy/stats/summary?only=cpu").ok();
    assert_eq!(
        node,
        "GET /stats/summary?only=cpu by kube-apiserver-kubelet-client uri \
         /api/v1/nodes/n1/proxy/stats/summary authorization -\n"
    );
    let refused = get("/api/v1/nodes/n1:1/proxy/x").refused();
    assert!(refused.contains("address not allowed"), "{refused}");

    let address = global_address();
    let backend = kubelet::start(&address, None, web);
    let port = backend.port.to_string();
    place.status("pod/p1", &format!(r#"{{"podIP":"{address}","podIPs":[{{"ip":"{address}"}}]}}"#));
    let pod = format!("/api/v1/namespaces/default/pods/p1:{port}/proxy");
    assert_eq!(get(&format!("{pod}/a%20b/c/?d=e")).ok(), "GET /a%20b/c/?d=e\n");
    let page = get(&format!("{pod}/page")).ok();
    assert_eq!(page, format!("<a href=\"{pod}/next\">next</a>"));

    let services = "/api/v1/namespaces/default/services";
    let refused = get(&format!("{services}/none/proxy/")).refused();
    assert!(refused.contains("services \"none\" not found"), "{refused}");
    let service = SERVICE.replace("PORT", &port).replace("ADDRESS", &address);
    place.kubectl.run_with(&["create", "-f", "-"], &service).ok();
    for name in ["web:80", "web:http", "http:web:http"] {
        assert_eq!(get(&format!("{services}/{name}/proxy/x")).ok(), "GET /x\n", "{name}");
    }
    let refused = get(&format!("{services}/web:81/proxy/")).refused();
    assert!(refused.contains("no service port 81 found for service \"web\""), "{refused}");
    let refused = get(&format!("{services}/web:x/proxy/")).refused();
    assert!(refused.contains("no endpoints available for service \"web:x\""), "{refused}");
    drop(backend);
    let refused = get(&format!("{services}/web:80/proxy/")).refused();
    assert!(refused.contains("error trying to reach service: dial tcp"), "{refused}");
}

#[test]
fn browsers_come_through_kubectl_proxy() {
    let place = Place::start(&[]);
    let address = global_address();
    let backend = kubelet::start(&address, None, web);
    place.status("pod/p1", &format!(r#"{{"podIP":"{address}","podIPs":[{{"ip":"{address}"}}]}}"#));
    let (_running, port) = listening(place.kubectl.command(&["proxy", "--port=0"]));
    let pod = format!("/api/v1/namespaces/default/pods/p1:{}/proxy", backend.port);
    let page = plain(port, &format!("GET {pod}/page"));
    assert!(page.contains(&format!("href=\"{pod}/next\"")), "{page}");
    let moved = plain(port, &format!("GET {pod}/moved"));
    assert!(moved.to_lowercase().contains(&format!("location: {pod}/there")), "{moved}");
    let slash = plain(port, &format!("GET {pod}?x=y"));
    assert!(slash.starts_with("HTTP/1.1 301"), "{slash}");
    assert!(slash.to_lowercase().contains(&format!("location: {pod}/?x=y")), "{slash}");
    let deleted = plain(port, &format!("DELETE {pod}/x"));
    assert!(deleted.contains("DELETE /x\n"), "{deleted}");
}
