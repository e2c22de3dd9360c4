//! Lists objects and watches them from there, as client-go's reflector does.

use super::{User, object_user};
use crate::{
    object_generator::SIDES,
    objects::{self, PATH},
    recorder::ObjectWatchNote,
    servers::{Ask, Servers},
};
use oracles::history::{ObjectAnswer, ObjectRequest, ObjectWatch, Sent};
use std::time::Duration;

/// Between a watch or list that failed and the next.
const AGAIN: Duration = Duration::from_millis(300);
/// No revision of any run is so far away.
const FUTURE: u64 = 1_000_000_000;
/// How often, in a hundred lists, a watch is asked for that begins in the future.
const FUTURE_PERCENT: u64 = 5;
/// How often, in a hundred events, a watcher asks another server to go on.
const RESTART_PERCENT: u64 = 2;

/// Where a watch goes on.
enum Next {
    /// After this revision.
    After(u64),
    /// With a new list.
    List,
}

/// Until the machine stops.
pub(super) async fn run(user: &User) {
    let servers = user.servers();
    loop {
        let mut next = begin(user, &servers).await;
        // What is known of the one side says nothing of the others.
        let side = user.host().random.below(SIDES.len() as u64);
        let side = SIDES[usize::try_from(side).unwrap_or(0)];
        while let Next::After(revision) = next {
            next = follow(user, &servers, Some(revision), false, side).await;
            user.pause(300).await;
        }
        user.host().sleep(AGAIN).await;
    }
}

/// A list, or a watch that begins with all objects.
async fn begin(user: &User, servers: &Servers) -> Next {
    let stale = user.percent(30);
    if user.percent(35) {
        return follow(user, servers, None, stale, "").await;
    }
    let request = ObjectRequest::List { stale, limit: 0 };
    match object_user::ask(user, servers, servers.pick(), &request).await {
        Some(ObjectAnswer::List { .. }) if user.percent(FUTURE_PERCENT) => {
            follow(user, servers, Some(FUTURE), false, "").await;
            Next::List
        }
        Some(ObjectAnswer::List { revision, .. }) => Next::After(revision),
        _ => Next::List,
    }
}

/// Follows one watch until it ends or, by chance, is broken off.
async fn follow(
    user: &User,
    servers: &Servers,
    from: Option<u64>,
    stale: bool,
    side: &str,
) -> Next {
    let server = servers.pick();
    let (client, seconds) = (user.station.number, 2 + user.host().random.below(20));
    let wanted = side.to_owned();
    let watch = ObjectWatch { client, server, from, stale, side: wanted, ..ObjectWatch::default() };
    let note = user.station.recorder.object_watch(watch);
    let begin = match (from, stale) {
        (Some(revision), _) => format!("resourceVersion={revision}"),
        (None, true) => {
            "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=0".into()
        }
        (None, false) => "sendInitialEvents=true&resourceVersionMatch=NotOlderThan".into(),
    };
    let selector = match side {
        "" => String::new(),
        side => format!("&labelSelector=side%3D{side}"),
    };
    let path = format!(
        "{PATH}?watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&{begin}{selector}"
    );
    let mut lines = match servers.stream(server, &Ask::get(path)).await {
        Ok((200, lines)) => lines,
        // Too old, or newer than what the server knows: only a list helps.
        Ok(_) => return Next::List,
        Err(_) => return from.map_or(Next::List, Next::After),
    };
    note.accepted();
    let mut seen = from;
    while let Some(line) = lines.next().await {
        if let Some(next) = take(&note, &line, &mut seen) {
            return next;
        }
        if user.percent(RESTART_PERCENT.max(user.profile().watchers.restart_percent)) {
            break;
        }
        user.pause(user.profile().watchers.pause_ms).await;
    }
    seen.map_or(Next::List, Next::After)
}

/// Notes one event; `seen` is where a broken watch goes on: nowhere before its initial objects are
/// through, for they come in no order. Gives what is next where it is over.
fn take(note: &ObjectWatchNote, line: &[u8], seen: &mut Option<u64>) -> Option<Next> {
    let Some(sent) = objects::sent(line) else { return Some(Next::List) };
    note.sent(sent.clone());
    match sent {
        Sent::Added(object) | Sent::Modified(object) | Sent::Deleted(object) => {
            *seen = seen.map(|_| object.revision);
        }
        Sent::Bookmark { revision, initial_end } if initial_end || seen.is_some() => {
            *seen = Some(revision);
        }
        Sent::Bookmark { .. } => {}
        Sent::Error { .. } => return Some(Next::List),
    }
    None
}
