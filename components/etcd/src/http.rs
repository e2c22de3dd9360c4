//! What is answered over plain HTTP: health, metrics, version.
//!
//! Upstream: server/etcdserver/api/etcdhttp.

use crate::{member::Member, version};
use etcd_api::etcdserverpb::{AlarmType, RangeRequest};
use http::{Response, StatusCode, header};
use std::sync::Arc;
use wire::{Body, Request, full};

/// Answers one request.
pub(crate) async fn answer(member: Arc<Member>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    match request.uri().path() {
        "/health" => health(&member, &query).await,
        "/livez" => verdict(member.range(&None, &probe(true)).await.is_ok(), "ok"),
        "/readyz" => ready(&member).await,
        "/metrics" => {
            let text = member.metrics.render(&member);
            reply(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
        }
        "/version" => reply(StatusCode::OK, "application/json", versions(&member)),
        _ => reply(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n"),
    }
}

fn versions(member: &Member) -> String {
    let store = member.store.read();
    let cluster = store.members().version().unwrap_or("not_decided");
    format!(
        "{{\"etcdserver\":\"{}\",\"etcdcluster\":\"{cluster}\",\"storage\":\"{}\"}}",
        version::SERVER,
        version::STORAGE
    )
}

/// A read of a key that nobody uses.
fn probe(serializable: bool) -> RangeRequest {
    RangeRequest { key: "a".into(), limit: 1, serializable, ..Default::default() }
}

async fn health(member: &Member, query: &str) -> Response<Body> {
    let option = |wanted: &str| query.split('&').any(|part| part == wanted);
    let excluded = |alarm: &str| option(&format!("exclude={alarm}"));
    let serializable = option("serializable=true");
    let reason = unhealthy(member, serializable, excluded).await;
    match &reason {
        None => member.metrics.health_success.add(1),
        Some(_) => member.metrics.health_failures.add(1),
    }
    let healthy = reason.is_none();
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let reason = reason.unwrap_or_default();
    let body = format!("{{\"health\":\"{healthy}\",\"reason\":\"{reason}\"}}");
    reply(status, "application/json", body)
}

async fn unhealthy(
    member: &Member,
    serializable: bool,
    excluded: impl Fn(&str) -> bool,
) -> Option<String> {
    let alarms = member.store.read().alarms().get(AlarmType::None);
    let alarm = alarms.iter().map(|alarm| alarm.alarm()).find(|a| !excluded(a.as_str_name()));
    if let Some(alarm) = alarm {
        return Some(format!("ALARM {}", alarm.as_str_name()));
    }
    if !serializable && member.leadership.borrow().leader == 0 {
        return Some("RAFT NO LEADER".into());
    }
    let read = member.range(&None, &probe(serializable)).await;
    read.err().map(|status| format!("QGET ERROR:{}", status.message()))
}

async fn ready(member: &Member) -> Response<Body> {
    let corrupt = !member.store.read().alarms().get(AlarmType::Corrupt).is_empty();
    let read = member.range(&None, &probe(false)).await.is_ok();
    verdict(!corrupt && read, "ok")
}

fn verdict(good: bool, text: &'static str) -> Response<Body> {
    let plain = "text/plain; charset=utf-8";
    if good {
        reply(StatusCode::OK, plain, text)
    } else {
        reply(StatusCode::SERVICE_UNAVAILABLE, plain, "not ok")
    }
}

fn reply(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<bytes::Bytes>,
) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
