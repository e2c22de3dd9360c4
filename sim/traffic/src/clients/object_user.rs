//! Reads and writes objects through the API servers.

use super::User;
use crate::{
    object_generator::ObjectGenerator,
    objects::{self, PATH},
    servers::{Ask, Servers},
};
use http::Method;
use oracles::history::{Object, ObjectAnswer, ObjectRequest};
use serde_json::{Value, json};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Makes its share of the run's requests, then rests.
pub(super) async fn run(user: &User, operations: u32) {
    let servers = user.servers();
    let mut generator = ObjectGenerator::new(user.station.number, user.profile().keys);
    for _ in 0..operations {
        let request = generator.next(&mut user.chance());
        match ask(user, &servers, servers.pick(), &request).await {
            Some(answer) => generator.learn(&request, &answer),
            None => generator.forget(&request),
        }
        user.pause(user.profile().pause_ms).await;
    }
}

/// What came of a request, before it is written down.
enum Outcome {
    Answered(ObjectAnswer),
    Refused(u16, String),
    Unknown(String),
}

/// Makes a request and writes it down. None: no answer, or a refusal.
pub(super) async fn ask(
    user: &User,
    servers: &Servers,
    server: usize,
    request: &ObjectRequest,
) -> Option<ObjectAnswer> {
    let note = user.station.recorder.call(user.station.number, server, request.clone());
    let outcome = match request {
        ObjectRequest::List { stale, limit } => list(servers, server, *stale, *limit).await,
        ObjectRequest::Create(_)
        | ObjectRequest::Update { .. }
        | ObjectRequest::Patch { .. }
        | ObjectRequest::Delete { .. }
        | ObjectRequest::Get { .. } => one(servers, server, request).await,
    };
    match outcome {
        Outcome::Answered(answer) => {
            note.answered(answer.clone());
            return Some(answer);
        }
        Outcome::Refused(code, reason) => note.refused(code, reason),
        Outcome::Unknown(text) => note.unknown(text),
    }
    None
}

async fn one(servers: &Servers, server: usize, request: &ObjectRequest) -> Outcome {
    match servers.ask(server, &about_one(request)).await {
        Ok((200..300, value)) => answer(&value),
        Ok((404, _)) if matches!(request, ObjectRequest::Get { .. }) => {
            Outcome::Answered(ObjectAnswer::Missing)
        }
        Ok((code, value)) => failed(code, &value),
        Err(text) => Outcome::Unknown(text),
    }
}

/// A list, page by page.
async fn list(servers: &Servers, server: usize, stale: bool, limit: u64) -> Outcome {
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let path = match (stale, next.is_empty()) {
            (true, _) => format!("{PATH}?limit={limit}&resourceVersion=0"),
            (false, true) => format!("{PATH}?limit={limit}"),
            (false, false) => format!("{PATH}?limit={limit}&continue={next}"),
        };
        let value = match servers.ask(server, &Ask::get(path)).await {
            Ok((200, value)) => value,
            Ok((code, value)) => return failed(code, &value),
            Err(text) => return Outcome::Unknown(text),
        };
        let Some((revision, objects)) = page(&value) else {
            return Outcome::Unknown("the list cannot be read".into());
        };
        found.extend(objects);
        next = value["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
        if next.is_empty() {
            return Outcome::Answered(ObjectAnswer::List { revision, objects: found });
        }
    }
}

fn page(value: &Value) -> Option<(u64, Vec<Object>)> {
    let revision = value["metadata"]["resourceVersion"].as_str()?.parse().ok()?;
    let items = value["items"].as_array()?;
    Some((revision, items.iter().filter_map(objects::object).collect()))
}

fn about_one(request: &ObjectRequest) -> Ask {
    let path = |name: &str| format!("{PATH}/{name}");
    match request {
        ObjectRequest::Create(object) => {
            let body = Some((JSON, objects::body(object, None)));
            Ask { method: Method::POST, path: PATH.into(), body }
        }
        ObjectRequest::Update { object, expected } => {
            let body = Some((JSON, objects::body(object, *expected)));
            Ask { method: Method::PUT, path: path(&object.name), body }
        }
        ObjectRequest::Patch { name, token, counter, expected } => {
            let body = Some((MERGE_PATCH, objects::patch(token, counter, *expected)));
            Ask { method: Method::PATCH, path: path(name), body }
        }
        ObjectRequest::Delete { name, uid, expected } => {
            let body = Some((JSON, deletion(uid.as_deref(), *expected)));
            Ask { method: Method::DELETE, path: path(name), body }
        }
        ObjectRequest::Get { name, stale: false } => Ask::get(path(name)),
        ObjectRequest::Get { name, stale: true } => {
            Ask::get(format!("{}?resourceVersion=0", path(name)))
        }
        ObjectRequest::List { .. } => Ask::get(PATH.into()),
    }
}

fn deletion(uid: Option<&str>, expected: Option<u64>) -> Value {
    let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
    if let Some(uid) = uid {
        options["preconditions"]["uid"] = uid.into();
    }
    if let Some(revision) = expected {
        options["preconditions"]["resourceVersion"] = revision.to_string().into();
    }
    options
}

fn answer(value: &Value) -> Outcome {
    if value["kind"] == "Status" {
        let uid = value["details"]["uid"].as_str().unwrap_or_default().to_owned();
        return Outcome::Answered(ObjectAnswer::Gone { uid });
    }
    match objects::object(value) {
        Some(object) => Outcome::Answered(ObjectAnswer::Object(object)),
        None => Outcome::Unknown("the answer cannot be read".into()),
    }
}

/// A server that fails may have done what it was asked.
fn failed(code: u16, value: &Value) -> Outcome {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    match code {
        400..500 => Outcome::Refused(code, text("reason")),
        _ => Outcome::Unknown(text("message")),
    }
}
