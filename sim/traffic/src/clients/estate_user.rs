//! Does all sorts of things with objects of many kinds.

use super::User;
use crate::{
    estate::{
        Asked, Errand, Mark, NAMESPACES, deployments::Deployments, namespaces::Namespaces, quota,
        secrets::Secrets, services::Services, settings::Settings,
    },
    servers::{Ask, Servers},
};
use http::Method;
use oracles::history::EstateCall;
use serde_json::{Value, json};
use std::time::Duration;

/// Attempts to give something back to a quota that others charge at the same time.
const CREDIT_ATTEMPTS: u32 = 8;
/// Between attempts to make what everybody needs.
const AGAIN: Duration = Duration::from_millis(500);

/// Makes its share of the run's requests, then rests.
pub(super) async fn run(user: &User, operations: u32) {
    let servers = user.servers();
    for namespace in NAMESPACES {
        prepare(user, &servers, namespace).await;
    }
    let mut errands: [Box<dyn Errand>; 5] = [
        Box::<Services>::default(),
        Box::<Secrets>::default(),
        Box::<Settings>::default(),
        Box::<Deployments>::default(),
        Box::<Namespaces>::default(),
    ];
    let number = user.station.number;
    for count in 0..operations {
        let mark = Mark { author: format!("c{number}"), token: format!("{number}-{count}") };
        let drawn = user.host().random.below(errands.len() as u64);
        let Some(errand) = usize::try_from(drawn).ok().and_then(|place| errands.get_mut(place))
        else {
            continue;
        };
        let asked = errand.next(&mark, &mut user.chance());
        let (code, answer) = ask(user, &servers, &asked).await;
        errand.learn(&asked, code, &answer);
        if (200..300).contains(&code) {
            credit(user, &servers, &asked, &answer).await;
        }
        user.pause(user.profile().pause_ms).await;
    }
}

/// Makes a request of any server and writes it down. A status of zero: no answer came.
pub(super) async fn ask(user: &User, servers: &Servers, asked: &Asked) -> (u16, Value) {
    let server = servers.pick();
    let note = user.station.recorder.estate_call(EstateCall {
        client: user.station.number,
        server,
        method: asked.method.to_owned(),
        path: asked.path.clone(),
        media: asked.media.to_owned(),
        body: asked.body.clone(),
        token: asked.token.clone(),
        dry_run: asked.dry_run,
        ..EstateCall::default()
    });
    let body = (!asked.body.is_null()).then(|| (asked.media, asked.body.clone()));
    let method = Method::from_bytes(asked.method.as_bytes()).unwrap_or(Method::GET);
    let said = servers.ask(server, &Ask { method, path: asked.path.clone(), body }).await;
    let (code, answer) = said.unwrap_or_else(|why| (0, why.into()));
    note.answered(code, &answer);
    (code, answer)
}

/// Makes a namespace with its quota, unless somebody did already.
async fn prepare(user: &User, servers: &Servers, namespace: &str) {
    let body = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace},
    });
    let namespace_wanted = Asked {
        method: "POST",
        path: "/api/v1/namespaces".into(),
        media: crate::estate::JSON,
        body,
        ..Asked::default()
    };
    loop {
        ask(user, servers, &namespace_wanted).await;
        ask(user, servers, &quota::create(namespace)).await;
        let (code, found) = ask(user, servers, &quota::read(namespace)).await;
        if code == 200 {
            let Some(begin) = quota::begin(found) else { return };
            ask(user, servers, &begin).await;
        }
        user.host().sleep(AGAIN).await;
    }
}

/// Gives back to the quota what this deletion took away. Whether an attempt without an answer did it
/// is not known: then it is left, for too much must never be given back.
async fn credit(user: &User, servers: &Servers, asked: &Asked, answer: &Value) {
    let Some(namespace) = NAMESPACES.iter().find(|name| asked.path.contains(**name)) else {
        return;
    };
    for (uid, gone) in quota::gone(asked, answer) {
        if !user.station.recorder.is_first(&uid) {
            continue;
        }
        for _ in 0..CREDIT_ATTEMPTS {
            let (code, found) = ask(user, servers, &quota::read(namespace)).await;
            if code != 200 {
                continue;
            }
            let (code, _) = ask(user, servers, &quota::credit(found, &gone)).await;
            if code != 409 {
                break;
            }
        }
    }
}
