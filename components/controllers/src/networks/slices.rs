//! Keeps EndpointSlices of each service that selects pods.
//!
//! Upstream: pkg/controller/endpointslice, k8s.io/endpointslice/reconciler.go. Endpoints stay in the
//! slice that they are in; what is new goes where there is room, so that few slices change at once.

use client::{Key, Object, name, namespace, uid};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use super::backends::{
    self, HEADLESS, TRIGGERED, addresses, families, hints, host_name, is_headless, ports, reference,
};
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{ENDPOINT_SLICES, Kind, NODES, PODS, SERVICES},
    naming::names,
    object::{controller_reference, is_deleting, label, list, text, texts},
    plan::{Plan, Write},
    view::View,
};

const SERVICE: &str = "kubernetes.io/service-name";
const MANAGER: &str = "endpointslice.kubernetes.io/managed-by";
const OURS: &str = "endpointslice-controller.k8s.io";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Endpoints in a slice (`--max-endpoints-per-slice`).
const ENDPOINTS_MAX: usize = 100;

/// The controller. Its keys are services.
#[derive(Debug)]
pub(crate) struct Slices;

impl Controller for Slices {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[NODES, PODS, SERVICES, ENDPOINT_SLICES]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        match change.kind {
            SERVICES => vec![Key::of(change.object()).into()],
            PODS => backends::wakes(change, view),
            ENDPOINT_SLICES => {
                let ours = change.states().filter(|slice| label(slice, MANAGER) == Some(OURS));
                ours.filter_map(|slice| backends::service_of(slice, SERVICE))
                    .map(Wake::from)
                    .collect()
            }
            // A node's zone is told with its pods.
            _ => moved(change, view),
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(service) = scene.view.of(SERVICES).get(key) else { return Plan::default() };
        if backends::selector(service).is_none() || is_deleting(service) {
            return Plan::default();
        }
        let pods = backends::of(scene.view, service, true);
        let of_service = |slice: &&Object| {
            label(slice, SERVICE) == Some(&key.name)
                && label(slice, MANAGER) == Some(OURS)
                && !is_deleting(slice)
        };
        let slices: Vec<&Object> =
            scene.view.of(ENDPOINT_SLICES).within(&key.namespace).filter(of_service).collect();
        let wanted = wanted(service, &pods, scene.view);
        let mut used = Namer::new(service, scene.view);
        let mut writes = Vec::new();
        for ipv6 in [false, true] {
            let family = if ipv6 { "IPv6" } else { "IPv4" };
            let there = slices.iter().copied().filter(|it| text(it, "/addressType") == family);
            let there: Vec<&Object> = there.collect();
            let wanted = wanted.get(&ipv6).cloned().unwrap_or_default();
            writes.extend(arrange(service, family, &there, wanted, &pods, &mut used));
        }
        // What is to be before what is no more: nobody must see a moment without endpoints.
        writes.sort_by_key(|write| matches!(write.act, crate::plan::Act::Delete(_)));
        Plan::of(writes)
    }
}

fn moved(change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
    let zones: BTreeSet<Option<&str>> = change.states().map(|node| label(node, ZONE)).collect();
    if zones.len() < 2 {
        return Vec::new();
    }
    let pods: Vec<&Object> = view.on_node(name(change.object())).collect();
    let services = view.of(SERVICES).all().filter(|service| {
        backends::selector(service).is_some_and(|selector| {
            pods.iter().any(|pod| {
                namespace(pod) == namespace(service)
                    && selector.matches_value(pod.pointer("/metadata/labels"))
            })
        })
    });
    services.map(|service| Wake::from(Key::of(service))).collect()
}

/// Endpoints of one set of ports, as they are written.
type Endpoints = Vec<Value>;
/// Endpoints by ports (as text, so that they have an order).
type ByPorts = BTreeMap<String, Endpoints>;

/// What should be, by family and ports.
fn wanted(service: &Object, pods: &[&Object], view: &View<'_>) -> BTreeMap<bool, ByPorts> {
    let mut wanted: BTreeMap<bool, ByPorts> = BTreeMap::new();
    for ipv6 in families(service) {
        let by_ports = wanted.entry(ipv6).or_default();
        for pod in pods {
            let addresses = addresses(pod, ipv6);
            if addresses.is_empty() {
                continue;
            }
            let ports = Value::Array(ports(service, pod)).to_string();
            by_ports.entry(ports).or_default().push(endpoint(service, pod, &addresses, view));
        }
    }
    wanted
}

fn endpoint(service: &Value, pod: &Object, addresses: &[&str], view: &View<'_>) -> Value {
    let conditions = backends::conditions(service, pod);
    let mut endpoint = json!({"addresses": addresses, "targetRef": reference(pod), "conditions": {
        "ready": conditions.ready, "serving": conditions.serving,
        "terminating": conditions.terminating}});
    let node = text(pod, "/spec/nodeName");
    if !node.is_empty() {
        endpoint["nodeName"] = node.into();
    }
    let zone = view.get(NODES, "", node).and_then(|node| label(node, ZONE)).unwrap_or_default();
    if !zone.is_empty() {
        endpoint["zone"] = zone.into();
    }
    if let Some(host) = host_name(service, pod) {
        endpoint["hostname"] = host.into();
    }
    if let Some(hints) = hints(service, pod, zone).filter(|_| conditions.ready) {
        endpoint["hints"] = hints;
    }
    endpoint
}

/// Names for new slices, each given out once.
struct Namer {
    names: Vec<String>,
}

impl Namer {
    fn new(service: &Object, view: &View<'_>) -> Self {
        let there = view.of(ENDPOINT_SLICES);
        let free = names(&format!("{}-", name(service)), uid(service))
            .filter(|name| there.get(&Key::new(namespace(service), name)).is_none());
        // More than any service needs at once; the rest comes in the next pass.
        let mut names: Vec<String> = free.take(64).collect();
        names.reverse();
        Self { names }
    }
}

/// What must be written so that the slices of a family hold what is wanted.
fn arrange(
    service: &Object,
    family: &str,
    slices: &[&Object],
    mut wanted: ByPorts,
    pods: &[&Object],
    namer: &mut Namer,
) -> Vec<Write> {
    let of_family = families(service).contains(&(family == "IPv6"));
    if wanted.is_empty() && of_family {
        // A service without pods has an empty slice, which says so.
        wanted.insert("[]".to_owned(), Vec::new());
    }
    let mut writes = Vec::new();
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for (ports, endpoints) in wanted {
        let ports: Value = serde_json::from_str(&ports).unwrap_or_default();
        let same = |slice: &&Object| slice.get("ports").cloned().unwrap_or(json!([])) == ports;
        let there: Vec<&Object> = slices.iter().copied().filter(same).collect();
        let filled = fill(&there, endpoints);
        for (slice, endpoints) in filled {
            kept.extend(slice.map(|slice| uid(slice)));
            let shape = shape(service, family, &ports, endpoints, pods);
            writes.extend(match slice {
                Some(slice) => update(slice, &shape),
                None => namer.names.pop().map(|name| create(service, shape, name)),
            });
        }
    }
    let lost = slices.iter().filter(|slice| !kept.contains(uid(slice)));
    writes.extend(lost.map(|slice| Write::delete(ENDPOINT_SLICES, slice)));
    writes
}

/// Which endpoints go into which slice; none: a new one.
fn fill<'a>(slices: &[&'a Object], endpoints: Endpoints) -> Vec<(Option<&'a Object>, Endpoints)> {
    let who =
        |endpoint: &Value| endpoint["targetRef"]["uid"].as_str().unwrap_or_default().to_owned();
    let mut open: BTreeMap<String, Value> =
        endpoints.into_iter().map(|endpoint| (who(&endpoint), endpoint)).collect();
    let mut filled: Vec<(Option<&'a Object>, Endpoints)> = Vec::new();
    for slice in slices {
        let stay = list(slice, "/endpoints").iter().filter_map(|old| open.remove(&who(old)));
        filled.push((Some(slice), stay.take(ENDPOINTS_MAX).collect()));
    }
    // The fullest first: slices that are nearly empty shall become empty.
    filled.sort_by_key(|(_, endpoints)| std::cmp::Reverse(endpoints.len()));
    let mut open = open.into_values().peekable();
    for (_, endpoints) in &mut filled {
        let room = ENDPOINTS_MAX.saturating_sub(endpoints.len());
        endpoints.extend(open.by_ref().take(room));
    }
    while open.peek().is_some() {
        filled.push((None, open.by_ref().take(ENDPOINTS_MAX).collect()));
    }
    // One empty slice may stay, if there is no other.
    let any = filled.iter().any(|(_, endpoints)| !endpoints.is_empty());
    filled.retain(|(_, endpoints)| !any || !endpoints.is_empty());
    filled.truncate(if any { filled.len() } else { 1 });
    if filled.is_empty() { vec![(None, Vec::new())] } else { filled }
}

/// What a slice should be, but for its name.
fn shape(
    service: &Object,
    family: &str,
    ports: &Value,
    endpoints: Endpoints,
    pods: &[&Object],
) -> Value {
    let mut labels = texts(service, "/metadata/labels");
    labels.remove(HEADLESS);
    if is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(SERVICE.to_owned(), name(service).to_owned());
    labels.insert(MANAGER.to_owned(), OURS.to_owned());
    let mut shape = json!({
        "metadata": {"labels": labels,
            "ownerReferences": [controller_reference(SERVICES, service)]},
        "addressType": family, "endpoints": endpoints, "ports": ports,
    });
    if let Some(at) = backends::triggered(service, pods) {
        shape["metadata"]["annotations"][TRIGGERED] = at.into();
    }
    shape
}

fn create(service: &Object, mut shape: Value, called: String) -> Write {
    shape["metadata"]["name"] = called.into();
    shape["metadata"]["namespace"] = namespace(service).into();
    shape["metadata"]["generateName"] = format!("{}-", name(service)).into();
    Write::create(ENDPOINT_SLICES, shape)
}

fn update(slice: &Object, shape: &Value) -> Option<Write> {
    let same = slice["endpoints"].as_array().map_or(&[][..], Vec::as_slice)
        == list(shape, "/endpoints")
        && slice["metadata"]["labels"] == shape["metadata"]["labels"]
        && slice["metadata"]["ownerReferences"] == shape["metadata"]["ownerReferences"];
    if same {
        return None;
    }
    let mut changed = Value::clone(slice);
    changed["endpoints"] = shape["endpoints"].clone();
    changed["metadata"]["labels"] = shape["metadata"]["labels"].clone();
    changed["metadata"]["ownerReferences"] = shape["metadata"]["ownerReferences"].clone();
    if let Some(at) = shape.pointer("/metadata/annotations") {
        changed["metadata"]["annotations"][TRIGGERED] = at[TRIGGERED].clone();
    }
    Some(Write::update(ENDPOINT_SLICES, changed))
}
