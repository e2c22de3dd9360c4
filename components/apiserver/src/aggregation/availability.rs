//! Whether other servers are there: their service, its endpoints, and what they say of themselves.
//!
//! Upstream: kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go.

use super::{Aggregator, Extension, GROUP, PLURAL, documents, identity};
use crate::{
    failure::Failure,
    registry::{Target, Writing, metadata},
    routing,
};
use bytes::Bytes;
use futures_util::future::{join_all, select_ok};
use host::{Backoff, Instant, event};
use http::{Method, header};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use wire::{
    client::{Endpoint, Reply, request},
    tls::{ClientTls, Trust},
};

/// Between looks at the caches.
const LOOK: Duration = Duration::from_secs(1);
/// What was there is asked again after this long.
const RESYNC: Duration = Duration::from_secs(30);
/// What was not there is asked again, first soon.
const RETRY: Backoff = Backoff { first: LOOK, max: RESYNC };
/// Calls of which one must succeed: an endpoint may be dead and the others alive.
const ATTEMPTS: usize = 5;
const CALL_LIMIT: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One check's outcome: whether the server is there, in one word, and in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Verdict {
    status: &'static str,
    reason: &'static str,
    message: String,
}

/// The last check of one.
#[derive(Debug)]
struct Checked {
    extension: Arc<Extension>,
    /// Revisions of what was looked at.
    seen: Vec<u64>,
    failures: u32,
    again: Instant,
}

/// Looks after all of them, for as long as the server runs.
pub(super) async fn run(aggregator: Arc<Aggregator>) {
    let host = &aggregator.registry.host;
    let mut known: BTreeMap<String, Checked> = BTreeMap::new();
    let mut changed = aggregator.extensions.subscribe();
    loop {
        changed.mark_unchanged();
        let all = aggregator.extensions();
        known.retain(|name, _| all.values().any(|one| one.name == *name));
        aggregator.documents.lock().keep(&all);
        let checks = all
            .values()
            .map(|extension| check(&aggregator, extension.clone(), known.remove(&extension.name)));
        let checked = join_all(checks.collect::<Vec<_>>()).await;
        known = checked.into_iter().map(|one| (one.extension.name.clone(), one)).collect();
        let goes_on = match all.is_empty() {
            true => changed.changed().await.is_ok(),
            false => {
                host.sleep(LOOK).await;
                true
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// Checks one, if it is time to or something changed.
async fn check(
    aggregator: &Aggregator,
    extension: Arc<Extension>,
    last: Option<Checked>,
) -> Checked {
    let registry = &aggregator.registry;
    let seen = revisions(aggregator, &extension).await;
    let now = registry.host.now();
    if let Some(last) = &last
        && last.seen == seen
        && now < last.again
        && last.extension.is_at_same_place(&extension)
    {
        let Checked { seen, failures, again, .. } = last;
        return Checked { extension, seen: seen.clone(), failures: *failures, again: *again };
    }
    let verdict = judge(aggregator, &extension).await;
    let good = verdict.status == "True";
    if let Err(failure) = tell(aggregator, &extension, &verdict).await {
        let (name, why) = (&*extension.name, failure.to_string());
        event!(registry.host, Warn, "an APIService's status waits", name = name, why = &why);
    }
    documents::refresh(aggregator, &extension, good).await;
    let failures = if good { 0 } else { last.map_or(0, |last| last.failures) + 1 };
    let wait = match good {
        true => RESYNC,
        false => RETRY.delay(failures - 1, registry.host.random.next_u64()),
    };
    Checked { extension, seen, failures, again: registry.host.now() + wait }
}

/// Of the service and of its endpoints.
async fn revisions(aggregator: &Aggregator, extension: &Extension) -> Vec<u64> {
    let registry = &aggregator.registry;
    let revision =
        |object: &Value| crate::object::meta(object, "resourceVersion").parse().unwrap_or_default();
    let Extension { namespace, service, .. } = extension;
    let found = registry.found("", "services", namespace, service).await.ok().flatten();
    let slices = routing::endpoint_slices(registry, namespace, service).await;
    let slices = slices.unwrap_or_default();
    found.iter().chain(&slices).map(revision).collect()
}

async fn judge(aggregator: &Aggregator, extension: &Extension) -> Verdict {
    let registry = &aggregator.registry;
    let Extension { namespace, service: name, port, .. } = extension;
    let unknown = |reason, failure: &Failure| Verdict {
        status: "Unknown",
        reason,
        message: format!("service/{name} in {namespace:?} cannot be checked due to: {failure}"),
    };
    let service = match registry.found("", "services", namespace, name).await {
        Ok(service) => service,
        Err(failure) => return unknown("ServiceAccessError", &failure),
    };
    let slices = match routing::endpoint_slices(registry, namespace, name).await {
        Ok(slices) => slices,
        Err(failure) => return unknown("EndpointsAccessError", &failure),
    };
    if let Some(bad) = standing(service.as_ref(), &slices, (namespace, name), *port) {
        return bad;
    }
    match answers(aggregator, extension).await {
        Ok(()) => Verdict { status: "True", reason: "Passed", message: "all checks passed".into() },
        Err(message) => Verdict { status: "False", reason: "FailedDiscoveryCheck", message },
    }
}

/// What is wrong before anybody is called; none: nothing.
fn standing(
    service: Option<&Value>,
    slices: &[Value],
    (namespace, name): (&str, &str),
    port: u64,
) -> Option<Verdict> {
    let bad = |reason, message| Some(Verdict { status: "False", reason, message });
    let Some(service) = service else {
        let why = format!("service/{name} in {namespace:?} is not present");
        return bad("ServiceNotFound", why);
    };
    if !matches!(service["spec"]["type"].as_str(), None | Some("ClusterIP")) {
        return None;
    }
    let Ok(found) = routing::port_of(service, port) else {
        let why = format!("service/{name} in {namespace:?} is not listening on port {port}");
        return bad("ServicePortError", why);
    };
    if slices.is_empty() {
        let why = format!("cannot find endpointslices for service/{name} in {namespace:?}");
        return bad("EndpointsNotFound", why);
    }
    let port = found["name"].as_str().unwrap_or_default();
    if !slices.iter().any(|slice| has_endpoint(slice, port)) {
        let why = format!(
            "endpointslices for service/{name} in {namespace:?} have no addresses with port name \
             {port:?}"
        );
        return bad("MissingEndpoints", why);
    }
    None
}

fn has_endpoint(slice: &Value, port: &str) -> bool {
    let list = |name: &str| slice[name].as_array().into_iter().flatten();
    let named = |one: &Value| one["name"].as_str().unwrap_or_default() == port;
    list("endpoints").any(|one| one["conditions"]["ready"] != false)
        && list("ports").any(|one| named(one) && one["port"].is_u64())
}

/// Whether it answers at all where every server of resources must.
async fn answers(aggregator: &Aggregator, extension: &Extension) -> Result<(), String> {
    let host = &aggregator.registry.host;
    // Nothing that is said here is believed; it only has to be said.
    let tls = ClientTls::new(host, Trust::Anyone, aggregator.identity.as_ref());
    let tls = tls.map_err(|error| error.to_string())?;
    let attempt = || {
        let work = async {
            let path = extension.path();
            let (place, reply) = ask(aggregator, extension, &tls, &path, "*/*").await?;
            let url = format!("https://{place}{path}");
            let reply = reply.map_err(|why| {
                format!("failing or missing response from {url}: Get {url:?}: {why}")
            })?;
            match reply.status.is_success() {
                true => Ok(()),
                false => Err(format!(
                    "failing or missing response from {url}: bad status from {url}: {}",
                    reply.status.as_u16()
                )),
            }
        };
        Box::pin(work)
    };
    let attempts: Vec<_> = (0..ATTEMPTS).map(|_| attempt()).collect();
    select_ok(attempts).await.map(drop)
}

/// Gets a document of another server as this server's own user; says where, and what came of it.
pub(super) async fn ask(
    aggregator: &Aggregator,
    extension: &Extension,
    tls: &ClientTls,
    path: &str,
    accept: &str,
) -> Result<(String, Result<Reply, String>), String> {
    let registry = &aggregator.registry;
    let service = (extension.namespace.as_str(), extension.service.as_str());
    let place = routing::authority(registry, service, extension.port).await;
    let place = place.map_err(|failure| failure.message)?;
    let endpoint: Endpoint =
        format!("https://{place}").parse().map_err(|error| format!("{error}"))?;
    let asked = http::Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(header::ACCEPT, accept)
        .header(header::USER_AGENT, "kube-apiserver")
        .body(Bytes::new());
    let mut asked = asked.map_err(|error| error.to_string())?;
    identity::set(asked.headers_mut(), &identity::own());
    let host = &registry.host;
    let reply = request(host, &endpoint, Some(tls), asked, ANSWER_BYTES_MAX, CALL_LIMIT).await;
    Ok((place, reply.map_err(|error| error.to_string())))
}

/// Writes the verdict into the status, if it says something new.
async fn tell(
    aggregator: &Aggregator,
    extension: &Extension,
    verdict: &Verdict,
) -> Result<(), Failure> {
    let registry = &aggregator.registry;
    let resource = registry.resource(GROUP, "v1", PLURAL).ok_or_else(Failure::no_such_resource)?;
    let target = Target {
        resource,
        namespace: String::new(),
        name: extension.name.clone(),
        subresource: "status".into(),
    };
    let now = metadata::time(registry.host.clock.wall());
    let decide = |present: &Value| Ok(with_condition(present, verdict, &now));
    match registry.modify(&target, &Writing::own(), decide).await {
        Err(failure) if failure.reason != "NotFound" => Err(failure),
        _ => Ok(()),
    }
}

/// The service with the verdict; when it came to be so changes only with the status
/// (SetAPIServiceCondition).
fn with_condition(service: &Value, verdict: &Verdict, now: &str) -> Value {
    let mut service = service.clone();
    let conditions = service["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let (mine, mut others): (Vec<_>, Vec<_>) =
        conditions.into_iter().partition(|one| one["type"] == "Available");
    let same = mine.first().filter(|one| one["status"] == verdict.status);
    let since = same.map_or_else(|| now.into(), |one| one["lastTransitionTime"].clone());
    others.push(json!({
        "type": "Available", "status": verdict.status, "reason": verdict.reason,
        "message": verdict.message, "lastTransitionTime": since,
    }));
    if !service["status"].is_object() {
        service["status"] = json!({});
    }
    service["status"]["conditions"] = others.into();
    service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_in_upstreams_words() {
        let service =
            json!({"spec": {"type": "ClusterIP", "ports": [{"name": "https", "port": 443}]}});
        let slice = |ready: bool, port: &str| {
            json!({
                "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}],
                "ports": [{"name": port, "port": 8443}],
            })
        };
        let external = json!({"spec": {"type": "ExternalName", "externalName": "a.b"}});
        for (service, slices, port, expected) in [
            (None, vec![], 443, Some(("ServiceNotFound", "service/s in \"n\" is not present"))),
            (
                Some(&service),
                vec![],
                1,
                Some(("ServicePortError", "service/s in \"n\" is not listening on port 1")),
            ),
            (
                Some(&service),
                vec![],
                443,
                Some(("EndpointsNotFound", "cannot find endpointslices for service/s in \"n\"")),
            ),
            (
                Some(&service),
                vec![slice(false, "https"), slice(true, "other")],
                443,
                Some((
                    "MissingEndpoints",
                    "endpointslices for service/s in \"n\" have no addresses with port name \
                     \"https\"",
                )),
            ),
            (Some(&service), vec![slice(true, "https")], 443, None),
            (Some(&external), vec![], 443, None),
        ] {
            let found = standing(service, &slices, ("n", "s"), port);
            let found = found.map(|bad| (bad.reason, bad.message));
            let expected = expected.map(|(reason, text)| (reason, text.to_owned()));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_condition_keeps_its_time_while_its_status_stays() {
        let verdict = |status, reason| Verdict { status, reason, message: String::new() };
        let first = with_condition(&json!({}), &verdict("False", "A"), "then");
        let second = with_condition(&first, &verdict("False", "B"), "now");
        assert_eq!(second["status"]["conditions"][0]["lastTransitionTime"], "then");
        assert_eq!(second["status"]["conditions"][0]["reason"], "B");
        let third = with_condition(&second, &verdict("True", "C"), "now");
        assert_eq!(third["status"]["conditions"][0]["lastTransitionTime"], "now");
        assert_eq!(third["status"]["conditions"].as_array().map(Vec::len), Some(1));
    }
}
