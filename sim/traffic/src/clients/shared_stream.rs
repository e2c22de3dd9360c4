//! Several watches on one stream: made, ended and asked for progress while others go on.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use etcd_api::{
    client::WatchRequests,
    etcdserverpb::{
        WatchCancelRequest, WatchCreateRequest, WatchProgressRequest, WatchRequest,
        WatchResponse as Answer, watch_request::RequestUnion,
    },
};
use oracles::history::{Revision, WatchResponse};

use super::{SESSION_UNKNOWN, User, watcher};
use crate::{messages, recorder::WatchNote};

/// Most watches of a stream at the same time.
const WATCHES_MAX: usize = 5;
/// Most turns: in each an answer is read, or waited for.
const TURNS_MAX: u64 = 80;
/// How long an answer is waited for before something else is asked.
const PATIENCE: Duration = Duration::from_millis(300);
/// The answer concerns all watches of the stream (clientv3's `InvalidWatchID`).
const ALL_WATCHES: i64 = -1;

/// A stream and what its client knows of it.
struct Stream<'u> {
    user: &'u User,
    requests: WatchRequests,
    /// Asked for and not yet made. Answers come in the order of the requests.
    asked: VecDeque<WatchNote>,
    /// By id; those that ended too, for nothing may come of them any more.
    watches: BTreeMap<i64, Shared>,
    /// The last revision that was seen.
    near: Revision,
}

struct Shared {
    note: WatchNote,
    /// What came of a list whose end has not come.
    part: WatchResponse,
    over: bool,
}

/// Some watches from about `near` on, until the stream breaks or for a while.
pub(super) async fn session(user: &User, near: Revision) {
    let (create, note) = wish(user, near);
    let Ok((requests, mut answers)) = user.client.watch_stream(create).await else { return };
    let asked = VecDeque::from([note]);
    let mut stream = Stream { user, requests, asked, watches: BTreeMap::new(), near };
    for _ in 0..user.host().random.below(TURNS_MAX) {
        match user.host().timeout(PATIENCE, answers.message()).await {
            Ok(Ok(Some(answer))) => stream.take(&answer),
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {}
        }
        stream.act();
    }
}

/// A watch, and where it is written down. Some choose their ids themselves, and may meet.
fn wish(user: &User, near: Revision) -> (WatchRequest, WatchNote) {
    let request = watcher::draw(user, near);
    let recorder = &user.station.recorder;
    let note = recorder.watch(user.station.number, SESSION_UNKNOWN, request.clone()).by(&user.name);
    let watch_id = if user.percent(25) { 1 + user.host().random.below(6).cast_signed() } else { 0 };
    let create = WatchCreateRequest { watch_id, ..messages::watch(&request) };
    (wrap(RequestUnion::CreateRequest(create)), note)
}

fn wrap(request: RequestUnion) -> WatchRequest {
    WatchRequest { request_union: Some(request) }
}

impl Stream<'_> {
    fn act(&mut self) {
        let open = self.watches.values().filter(|watch| !watch.over).count() + self.asked.len();
        match self.user.host().random.below(10) {
            0 | 1 if open < WATCHES_MAX => {
                let (create, note) = wish(self.user, self.near);
                if self.requests.try_send(create).is_ok() {
                    self.asked.push_back(note);
                }
            }
            2 if open > 1 => self.cancel(),
            3 => {
                let progress = RequestUnion::ProgressRequest(WatchProgressRequest {});
                // A full queue: another time.
                drop(self.requests.try_send(wrap(progress)));
            }
            _ => {}
        }
    }

    /// Ends one. Not while another is asked for: the server may have ended the one that is meant, and
    /// given its id to the other.
    fn cancel(&mut self) {
        if !self.asked.is_empty() {
            return;
        }
        let drawn = self.user.host().random.below(self.watches.len() as u64);
        let chosen = usize::try_from(drawn).ok().and_then(|at| self.watches.iter().nth(at));
        let Some((&watch_id, watch)) = chosen.filter(|(_, watch)| !watch.over) else { return };
        let cancel = RequestUnion::CancelRequest(WatchCancelRequest { watch_id });
        if self.requests.try_send(wrap(cancel)).is_ok() {
            watch.note.unwanted();
        }
    }

    fn take(&mut self, answer: &Answer) {
        let response = messages::watch_response(answer);
        let last = response.events.last().map_or(0, |event| event.kv.modified);
        self.near = self.near.max(last).max(response.revision);
        if response.created {
            let Some(note) = self.asked.pop_front() else { return };
            let refused = response.canceled;
            note.response(response);
            match refused {
                true => note.ended(),
                false => {
                    let shared = Shared { note, part: WatchResponse::default(), over: false };
                    // One that ended may have had the same id.
                    self.watches.insert(answer.watch_id, shared);
                }
            }
            return;
        }
        let all = answer.watch_id == ALL_WATCHES;
        for (id, watch) in &mut self.watches {
            if *id == answer.watch_id || (all && !watch.over) {
                watch.take(response.clone());
            }
        }
    }
}

impl Shared {
    fn take(&mut self, mut response: WatchResponse) {
        let mut events = std::mem::take(&mut self.part.events);
        events.append(&mut response.events);
        response.events = events;
        self.over |= response.canceled;
        match response.fragment {
            true => self.part = response,
            false => self.note.response(response),
        }
    }
}
