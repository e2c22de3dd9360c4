//! Watches, and begins anew where it was when a watch ends.

use std::time::Duration;

use etcd_api::client::{WatchError, Watcher};
use oracles::history::{Revision, WatchRequest, WatchResponse};

use super::{SESSION_UNKNOWN, User, shared_stream};
use crate::{generator::everything, messages, profile::Watchers, recorder::WatchNote};

/// How long to wait before a watch that the server refused is asked for again.
const REFUSED_WAIT: Duration = Duration::from_millis(500);

/// In how many responses a watcher that stalls does so once, and how many of its pauses that is.
const STALL_ONCE_IN: u64 = 100;
const STALL_TIMES: u64 = 8;

/// Reads on at once: what a compaction overtakes would be lost to the oracles.
const ATTENTIVE: Watchers =
    Watchers { count: 1, progress_percent: 5, restart_percent: 0, pause_ms: 0 };

/// Watches everything from the first revision on: what it sees tells the oracles whose effect a
/// revision was that no answer claims.
pub(super) async fn audit(user: &User) {
    let (key, range_end) = everything();
    let first = WatchRequest { key, range_end, prev_kv: true, ..WatchRequest::default() };
    let mut start = 1;
    loop {
        let request = WatchRequest { start_revision: start, ..first.clone() };
        start = follow(user, request, &ATTENTIVE).await;
        user.host().sleep(REFUSED_WAIT).await;
    }
}

/// Watches some keys with some options, breaking off now and then.
pub(super) async fn run(user: &User) {
    let mut request = draw(user, 0);
    let mut manners = user.profile().watchers.clone();
    // Some want to know all the time how far they have seen.
    manners.progress_percent *= 1 + 9 * user.host().random.below(2);
    loop {
        let next = follow(user, request.clone(), &manners).await;
        // Some have more than one watch on a stream.
        if user.percent(30) {
            shared_stream::session(user, next).await;
        }
        request = match user.host().random.below(4) {
            // Something else: perhaps from long ago.
            0 => draw(user, next),
            _ => WatchRequest { start_revision: next, ..request },
        };
        user.host().sleep(REFUSED_WAIT).await;
    }
}

/// A watch of other keys, from now on, from long ago or from about `near`.
pub(super) fn draw(user: &User, near: Revision) -> WatchRequest {
    let below = |limit| user.host().random.below(limit);
    let (key, range_end) = match below(3) {
        0 => (format!("k/{:03}", below(user.profile().keys)), String::new()),
        1 => ("k/".to_owned(), "k0".to_owned()),
        _ => everything(),
    };
    WatchRequest {
        key,
        range_end,
        start_revision: match below(4) {
            0 => 0,
            1 => 1 + below(50).cast_signed(),
            _ => (near - below(20).cast_signed() + 3).max(0),
        },
        no_put: below(8) == 0,
        no_delete: below(8) == 0,
        prev_kv: below(2) == 0,
        progress_notify: below(2) == 0,
        fragment: below(2) == 0,
    }
}

/// Asks for a watch, and breaks it off when it was created or refused, or after a while.
pub(super) async fn try_to(user: &User, request: WatchRequest) {
    let recorder = &user.station.recorder;
    let note = recorder.watch(user.station.number, SESSION_UNKNOWN, request.clone()).by(&user.name);
    let mut watcher: Watcher = user.client.watch(messages::watch(&request));
    let first = user.host().timeout(REFUSED_WAIT, Box::pin(watcher.next())).await;
    if let Ok(Some(Ok(response))) = first {
        note.response(messages::watch_response(&response));
    }
}

/// Follows one watch until it ends or, by chance, is broken off; returns where to go on.
async fn follow(user: &User, request: WatchRequest, manners: &Watchers) -> Revision {
    let mut next = request.start_revision;
    let recorder = &user.station.recorder;
    let note = recorder.watch(user.station.number, SESSION_UNKNOWN, request.clone()).by(&user.name);
    if manners.pause_ms > 0 {
        note.is_slow();
    }
    let mut watcher: Watcher = user.client.watch(messages::watch(&request));
    while let Some(response) = watcher.next().await {
        let response = match response {
            Ok(response) => messages::watch_response(&response),
            Err(error) => return end(note, error, next),
        };
        if let Some(event) = response.events.last() {
            next = event.kv.modified + 1;
        }
        note.response(response);
        if user.percent(manners.restart_percent) {
            return next;
        }
        if user.percent(manners.progress_percent) {
            watcher.request_progress();
        }
        digest(user, manners).await;
    }
    next
}

/// A slow watcher takes its time over each response, or none over most and very long over one: only
/// that one is seen to have missed anything before the run ends.
async fn digest(user: &User, manners: &Watchers) {
    match user.station.number % 2 {
        0 => user.pause(manners.pause_ms).await,
        _ if user.host().random.below(STALL_ONCE_IN) == 0 => {
            user.pause(manners.pause_ms * STALL_TIMES).await;
        }
        _ => {}
    }
}

fn end(note: WatchNote, error: WatchError, next: Revision) -> Revision {
    match error {
        WatchError::Compacted { compact_revision } => {
            let canceled = true;
            note.response(WatchResponse { canceled, compact_revision, ..WatchResponse::default() });
            note.ended();
            compact_revision.max(next)
        }
        WatchError::Canceled { .. } => {
            // It may have been made anew on another stream, and refused there.
            note.unwanted();
            note.response(WatchResponse { canceled: true, ..WatchResponse::default() });
            note.ended();
            next
        }
        // Whose fault it was is not known: what came after is not either.
        WatchError::Failed(_) => next,
    }
}
