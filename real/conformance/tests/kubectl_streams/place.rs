//! An API server, a node whose kubelet is pretended, and pods on it.

use crate::kubelet::{self, Kubelet};
use conformance::{
    apiserver::ApiServer,
    authority::Authority,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
};
use std::{net::UdpSocket, process::Command};

const OBJECTS: &str = "
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Pod
metadata: {name: p1, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p2}
spec: {nodeName: n1, containers: [{name: a, image: x}, {name: b, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p3}
spec: {containers: [{name: c, image: x}]}
";

pub(crate) struct Place {
    pub(crate) kubectl: Kubectl,
    pub(crate) server: ApiServer,
    pub(crate) kubelet: Option<Kubelet>,
    _authority: Authority,
    _etcd: Cluster,
}

/// How a client dials, by the variables that kubectl reads.
pub(crate) const WEBSOCKETS: [&str; 2] = ["true", "false"];

impl Place {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let etcd = Cluster::start(Plan::ours(1));
        let authority = Authority::new("kubelets");
        let client = authority.issue("kube-apiserver-kubelet-client");
        let server = ApiServer::start_with(&etcd, |_| {
            let mut all = vec![
                "--disable-admission-plugins=ServiceAccount".to_owned(),
                format!("--kubelet-client-certificate={}", client.cert),
                format!("--kubelet-client-key={}", client.key),
                format!("--kubelet-certificate-authority={}", authority.cert),
                "--kubelet-preferred-address-types=InternalIP,Hostname".to_owned(),
            ];
            all.extend(flags.iter().map(|flag| (*flag).to_owned()));
            all
        });
        let pair = authority.issue("n1");
        let kubelet = kubelet::start("127.0.0.1", Some((&authority, &pair)), kubelet::answer);
        let kubectl = server.kubectl();
        kubectl.run_with(&["create", "-f", "-"], OBJECTS).ok();
        let port = kubelet.port;
        let place =
            Self { kubectl, server, kubelet: Some(kubelet), _authority: authority, _etcd: etcd };
        place.status(
            "node/n1",
            &format!(
                r#"{{"addresses":[{{"type":"InternalIP","address":"127.0.0.1"}}],
                    "daemonEndpoints":{{"kubeletEndpoint":{{"Port":{port}}}}}}}"#
            ),
        );
        place.status("pod/p1", r#"{"phase":"Running"}"#);
        place
    }

    /// Changes an object's status.
    pub(crate) fn status(&self, object: &str, status: &str) {
        let patch = format!(r#"{{"status":{status}}}"#);
        let args = ["patch", object, "--subresource=status", "--type=merge", "-p", &patch];
        self.kubectl.run(&args).ok();
    }

    /// kubectl that dials over WebSocket, or over SPDY only.
    pub(crate) fn dialing(&self, websockets: &str, args: &[&str]) -> Command {
        let mut command = self.kubectl.command(args);
        command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", websockets);
        command.env("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets);
        command
    }
}

/// An address of this machine that others could reach too: proxies lead to no other.
pub(crate) fn global_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: the system only says which address it would send from.
    socket.connect("192.0.2.1:9").expect("a machine with a network");
    socket.local_addr().unwrap().ip().to_string()
}
