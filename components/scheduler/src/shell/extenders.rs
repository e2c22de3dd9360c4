//! Asks others about nodes, over HTTP.
//!
//! Upstream: pkg/scheduler/extender.go, kube-scheduler/extender/v1/types.go.

use super::follow::Inbox;
use crate::{
    config::Extender,
    core::Followed,
    cycle::Feasible,
    framework::{Refusal, SCORE_MAX},
    index::NodeId,
    objects::{items, pod::Pod, text, texts},
};
use bytes::Bytes;
use client::Key;
use host::{Host, event};
use http::{Method, Request, header};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use wire::{
    client::{self as http_client, Endpoint},
    tls::{ClientTls, Trust},
};

/// Bytes of an answer.
const ANSWER_MAX: usize = 64 << 20;
/// Extenders' scores end here.
const EXTENDER_MAX: i64 = 10;

struct One {
    config: Extender,
    endpoint: Option<Endpoint>,
    path: String,
    tls: Option<ClientTls>,
}

/// All extenders.
pub(super) struct Extenders {
    host: Host,
    all: Vec<One>,
}

impl fmt::Debug for Extenders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extenders").field("all", &self.all.len()).finish()
    }
}

impl Extenders {
    pub(super) fn new(host: &Host, configs: &[Extender]) -> Self {
        let one = |config: &Extender| {
            let (scheme, rest) = config.url.split_once("://").unwrap_or(("http", &config.url));
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let authorities = config.authority.as_deref().map(str::as_bytes);
            let trust = authorities.map_or(Trust::Anyone, Trust::Authorities);
            One {
                endpoint: format!("{scheme}://{authority}").parse().ok(),
                path: format!("/{}", path.trim_end_matches('/')),
                tls: ClientTls::new(host, trust, None).ok(),
                config: config.clone(),
            }
        };
        Self { host: host.clone(), all: configs.iter().map(one).collect() }
    }

    /// Somebody has a say in where this pod goes.
    pub(super) fn concern(&self, pod: &Pod) -> bool {
        self.all.iter().any(|one| one.concerns(pod))
    }

    /// Takes out nodes that will not do; gives scores of the others.
    pub(super) async fn ask(
        &self,
        pod: &Pod,
        fit: &mut Feasible,
        name: &(dyn Fn(NodeId) -> String + Sync),
        inbox: &Inbox,
    ) -> BTreeMap<NodeId, i64> {
        let mut scores = BTreeMap::new();
        let all = || self.all.iter().filter(|one| one.concerns(pod));
        for one in all().filter(|one| !one.config.verbs.filter.is_empty()) {
            let body = one.question(pod, fit, name, inbox);
            match one.ask(&self.host, &one.config.verbs.filter, &body).await {
                Ok(answer) => one.filter(&answer, fit, name),
                Err(why) if one.config.ignorable => self.ignored(one, &why),
                Err(why) => refuse_all(fit, &why),
            }
        }
        for one in all().filter(|one| !one.config.verbs.prioritize.is_empty()) {
            let body = one.question(pod, fit, name, inbox);
            match one.ask(&self.host, &one.config.verbs.prioritize, &body).await {
                Ok(answer) => one.score(&answer, fit, name, &mut scores),
                // Scores are wishes: upstream goes on without.
                Err(why) => self.ignored(one, &why),
            }
        }
        scores
    }

    fn ignored(&self, one: &One, why: &str) {
        event!(self.host, Warn, "an extender is ignored", url = &one.config.url, why = why);
    }

    /// Lets somebody else bind the pod, if there is one who does.
    pub(super) async fn bind(&self, pod: &Pod, node: &str) -> Option<Result<(), String>> {
        let binds = |one: &&One| !one.config.verbs.bind.is_empty() && one.concerns(pod);
        let one = self.all.iter().find(binds)?;
        let body = json!({"podName": pod.key.name, "podNamespace": pod.key.namespace,
            "podUID": pod.uid, "node": node});
        let answer = one.ask(&self.host, &one.config.verbs.bind, &body).await;
        Some(answer.and_then(|answer| match text(&answer, "error") {
            "" => Ok(()),
            why => Err(why.to_owned()),
        }))
    }
}

fn refuse_all(fit: &mut Feasible, why: &str) {
    for id in std::mem::take(&mut fit.nodes) {
        fit.refused.push((id, Refusal::error(why.to_owned()).by("Extender")));
    }
}

impl One {
    fn concerns(&self, pod: &Pod) -> bool {
        let asks = |name: &String| pod.requests.said.get(name) > 0;
        self.config.resources.is_empty() || self.config.resources.iter().any(asks)
    }

    /// `ExtenderArgs`
    fn question(
        &self,
        pod: &Pod,
        fit: &Feasible,
        name: &(dyn Fn(NodeId) -> String + Sync),
        inbox: &Inbox,
    ) -> Value {
        let names: Vec<String> = fit.nodes.iter().map(|id| name(*id)).collect();
        let pod = &*pod.object;
        if self.config.names_only {
            return json!({"pod": pod, "nodes": null, "nodenames": names});
        }
        let node = |name: &String| inbox.get(Followed::Nodes, &Key::new("", name));
        let nodes: Vec<Value> = names.iter().filter_map(node).map(|node| (*node).clone()).collect();
        json!({"pod": pod, "nodes": {"items": nodes}, "nodenames": null})
    }

    async fn ask(&self, host: &Host, verb: &str, body: &Value) -> Result<Value, String> {
        let endpoint =
            self.endpoint.as_ref().ok_or_else(|| format!("bad URL {:?}", self.config.url))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/{verb}", self.path.trim_end_matches('/')))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| error.to_string())?;
        let tls = self.tls.as_ref().filter(|_| endpoint.is_tls());
        let limit = self.config.timeout;
        let reply = http_client::request(host, endpoint, tls, request, ANSWER_MAX, limit).await;
        let reply = reply.map_err(|error| error.to_string())?;
        if !reply.status.is_success() {
            let url = &self.config.url;
            return Err(format!(
                "failed {verb} with extender at URL {url}, code {}",
                reply.status.as_u16()
            ));
        }
        serde_json::from_slice(&reply.body).map_err(|error| error.to_string())
    }

    /// `ExtenderFilterResult`
    fn filter(&self, answer: &Value, fit: &mut Feasible, name: &(dyn Fn(NodeId) -> String + Sync)) {
        if !text(answer, "error").is_empty() {
            return refuse_all(fit, text(answer, "error"));
        }
        let stay: BTreeSet<String> = match self.config.names_only {
            true => texts(answer, "nodenames").into_iter().collect(),
            false => {
                let nodes = items(&answer["nodes"], "items");
                nodes.map(|node| client::name(node).to_owned()).collect()
            }
        };
        let none = Map::new();
        let map = |member: &str| answer[member].as_object().unwrap_or(&none);
        let (failed, hopeless) = (map("failedNodes"), map("failedAndUnresolvableNodes"));
        for id in std::mem::take(&mut fit.nodes) {
            let name = name(id);
            let why = |map: &Map<String, Value>| {
                map.get(&name).and_then(Value::as_str).map(str::to_owned)
            };
            let refusal = match (why(hopeless), why(failed)) {
                (Some(why), _) => Refusal::unresolvable(why),
                (None, Some(why)) => Refusal::unschedulable(why),
                (None, None) if stay.contains(&name) => {
                    fit.nodes.push(id);
                    continue;
                }
                (None, None) => Refusal::unschedulable("node(s) didn't satisfy an extender"),
            };
            fit.refused.push((id, refusal.by("Extender")));
        }
    }

    /// `HostPriorityList`
    fn score(
        &self,
        answer: &Value,
        fit: &Feasible,
        name: &(dyn Fn(NodeId) -> String + Sync),
        scores: &mut BTreeMap<NodeId, i64>,
    ) {
        let given: BTreeMap<&str, i64> = answer
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| (text(one, "host"), one["score"].as_i64().unwrap_or(0)))
            .collect();
        for id in &fit.nodes {
            if let Some(score) = given.get(name(*id).as_str()) {
                let stretched = score * self.config.weight * (SCORE_MAX / EXTENDER_MAX);
                *scores.entry(*id).or_insert(0) += stretched;
            }
        }
    }
}
