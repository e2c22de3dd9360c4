//! Empties namespaces that are to go, as the namespace controller does, but without its pause: what
//! is born after its last look must not be.

use super::{User, estate_user::ask};
use crate::{
    estate::{Asked, namespaces},
    servers::Servers,
};
use serde_json::Value;

/// Longest pause between two looks, in milliseconds.
const PAUSE_MS: u64 = 150;

/// Until the machine stops.
pub(super) async fn run(user: &User) {
    let servers = user.servers();
    loop {
        let (code, list) = ask(user, &servers, &Asked::get("/api/v1/namespaces".into())).await;
        if code == 200 {
            for namespace in namespaces::terminating(&list) {
                if empty(user, &servers, &namespace).await {
                    ask(user, &servers, &namespaces::finalize(namespace)).await;
                }
            }
        }
        user.pause(PAUSE_MS).await;
    }
}

/// Deletes what is in a namespace; true: there was nothing.
async fn empty(user: &User, servers: &Servers, namespace: &Value) -> bool {
    let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
    let mut is_empty = true;
    for plural in namespaces::WITHIN {
        let path = format!("/api/v1/namespaces/{name}/{plural}");
        let (code, list) = ask(user, servers, &Asked::get(path.clone())).await;
        let none = list["items"].as_array().is_some_and(Vec::is_empty);
        if code != 200 || !none {
            is_empty = false;
            ask(user, servers, &Asked::delete(path)).await;
        }
    }
    is_empty
}
