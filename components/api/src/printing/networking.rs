//! Rows of the group `networking.k8s.io`.

use super::{
    services::load_balancer,
    texts::selector,
    view::{View, text, texts},
};
use serde_json::{Value, json};

/// So many hosts of an ingress are told.
const HOSTS: usize = 3;

pub(super) fn ingress(it: View<'_>) -> Vec<Value> {
    let address = load_balancer(it).into_iter().collect::<Vec<_>>().join(",");
    let ports = if it.list("/spec/tls").is_empty() { "80" } else { "80, 443" };
    vec![
        it.name(),
        json!(it.text_or("/spec/ingressClassName", "<none>")),
        json!(hosts(it.list("/spec/rules"))),
        json!(address),
        json!(ports),
        it.age(),
    ]
}

/// Upstream counts rules where it speaks of hosts.
fn hosts(rules: &[Value]) -> String {
    let hosts = || rules.iter().map(|it| text(it, "/host")).enumerate();
    let named: Vec<_> = hosts().filter(|(_, host)| !host.is_empty()).take(HOSTS).collect();
    let shown = named.iter().map(|(_, host)| *host).collect::<Vec<_>>().join(",");
    let last = named.last().map_or(0, |(place, _)| *place);
    match named.len() {
        0 => "*".to_owned(),
        HOSTS if last + 1 < rules.len() => format!("{shown} + {} more...", rules.len() - HOSTS),
        _ => shown,
    }
}

pub(super) fn ingress_class(it: View<'_>) -> Vec<Value> {
    let parameters = match it.at("/spec/parameters") {
        Value::Null => "<none>".to_owned(),
        it => {
            let kind = match it.get("apiGroup").and_then(Value::as_str) {
                Some(group) => format!("{}.{group}", text(it, "/kind")),
                None => text(it, "/kind").to_owned(),
            };
            format!("{kind}/{}", text(it, "/name"))
        }
    };
    vec![it.name(), json!(it.text("/spec/controller")), json!(parameters), it.age()]
}

pub(super) fn network_policy(it: View<'_>) -> Vec<Value> {
    let selected = match it.at("/spec/podSelector") {
        Value::Null => "<none>".to_owned(),
        pods => selector(pods),
    };
    vec![it.name(), json!(selected), it.age()]
}

pub(super) fn service_cidr(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(texts(it.object, "/spec/cidrs").join(",")), it.age()]
}

pub(super) fn ip_address(it: View<'_>) -> Vec<Value> {
    let parent = match it.at("/spec/parentRef") {
        Value::Null => "<none>".to_owned(),
        it => {
            let resource = match text(it, "/group") {
                "" => text(it, "/resource").to_owned(),
                group => format!("{}.{group}", text(it, "/resource")),
            };
            let parts = [&resource.to_lowercase(), text(it, "/namespace"), text(it, "/name")];
            let parts = parts.into_iter().enumerate().filter(|(at, it)| *at != 1 || !it.is_empty());
            parts.map(|(_, it)| it).collect::<Vec<_>>().join("/")
        }
    };
    vec![it.name(), json!(parent)]
}
