//! Deliberate bugs of the recorder, by which stories in `scenarios/negative/` prove the oracles that
//! no known bug of etcd proves: a client notes another thing than it was sent.

use host::Defects;
use oracles::history::{
    AuthChange, Copied, Hold, Noticed, ObjectEvent, ObjectWatch, Request, Response, Revision, Told,
    Watch, WatchRequest, WatchResponse,
};

/// What may be noted otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tampering(pub(crate) Defects);

/// Responses that a watch that falls silent still notes.
const BEFORE_SILENCE: usize = 3;

impl Tampering {
    /// The request for an operation as it is noted.
    pub(crate) fn asked(&self, mut request: Request) -> Request {
        // X16: a role is permitted other keys.
        if let Request::Auth(AuthChange::RoleGrant { key, range_end, .. }) = &mut request
            && self.0.has("X16")
        {
            (*key, *range_end) = ("other".to_owned(), String::new());
        }
        request
    }

    /// The request as it is noted.
    pub(crate) fn request(&self, mut request: WatchRequest) -> WatchRequest {
        // X05: it asked for less than it gets.
        request.no_put |= self.0.has("X05");
        request
    }

    /// The answer as it is noted.
    pub(crate) fn answer(&self, mut response: Response) -> Response {
        match &mut response {
            // X15: a lease is told to hold nothing.
            Response::LeaseTimeToLive { keys, .. } if self.0.has("X15") => keys.clear(),
            Response::Told(told) => self.told(told),
            _ => {}
        }
        response
    }

    /// What is told of the members.
    fn told(&self, told: &mut Told) {
        match told {
            // X18: no alarm is on.
            Told::Alarms { nospace } if self.0.has("X18") => nospace.clear(),
            // X19: there are no leases.
            Told::Leases { ids } if self.0.has("X19") => ids.clear(),
            // X20: the end of a snapshot is missing.
            Told::Snapshot { came, .. } if self.0.has("X20") => *came /= 2,
            // X21: each answer has another hash.
            Told::HashKv { revision, compacted, hash } if self.0.has("X21") => {
                (*revision, *compacted, *hash) = (1, 0, *revision as u32);
            }
            // X22: a member is not listed.
            Told::Members { ids } if self.0.has("X22") => ids.clear(),
            _ => {}
        }
    }

    /// Notes a response.
    pub(crate) fn response(&self, watch: &mut Watch, mut response: WatchResponse) {
        let (has, events) = (|name| self.0.has(name), response.events.len());
        // X02: what came is noted twice.
        if has("X02") {
            watch.responses.push(response.clone());
        }
        // X03: two lists of events change places.
        if has("X03")
            && let Some(last) = watch.responses.iter_mut().rfind(|last| !last.events.is_empty())
            && events > 0
        {
            std::mem::swap(&mut last.events, &mut response.events);
        }
        // X04: a list ends before its last event, which comes by itself.
        if has("X04")
            && events > 1
            && let Some(event) = response.events.pop()
        {
            let alone = WatchResponse { events: vec![event], ..response.clone() };
            watch.responses.push(std::mem::replace(&mut response, alone));
        }
        // X06: what was there before is left out.
        if has("X06") {
            response.events.iter_mut().for_each(|event| event.prev_kv = None);
        }
        // X07: the first event of a watch is left out.
        if has("X07") && events > 0 && watch.responses.iter().all(|it| it.events.is_empty()) {
            response.events.remove(0);
        }
        // X23: nobody asked for what ends.
        if has("X23") {
            watch.unwanted = false;
        }
        // X08: the end comes before the last events do.
        if has("X08") && events > 0 {
            let end = WatchResponse { canceled: true, ..WatchResponse::default() };
            watch.responses.push(WatchResponse { at: response.at, ..end });
        }
        // X09: after a while nothing is noted any more.
        if has("X09") && watch.responses.len() >= BEFORE_SILENCE {
            return;
        }
        // X11: the client gives way under what it is sent.
        assert!(!(has("X11") && events > 0), "X11: a client fails on purpose");
        watch.responses.push(response);
    }

    /// Notes an event of a watch of objects.
    pub(crate) fn object_event(&self, watch: &mut ObjectWatch, event: ObjectEvent) {
        // X09: after a while nothing is noted any more.
        if !self.0.has("X09") || watch.events.len() < BEFORE_SILENCE {
            watch.events.push(event);
        }
    }

    /// Notes a notice of an informer.
    pub(crate) fn noticed(&self, copy: &mut Copied, notice: Noticed) {
        // X02: what came is noted twice.
        if self.0.has("X02") {
            copy.notices.push(notice.clone());
        }
        copy.notices.push(notice);
    }

    /// Notes a write under a hold among all holds.
    pub(crate) fn wrote(&self, holds: &mut [Hold], place: usize, revision: Revision) {
        let Some(hold) = holds.get_mut(place) else { return };
        hold.writes.push(revision);
        let (name, token) = (hold.name.clone(), hold.token);
        // X10: those who held before write along.
        if self.0.has("X10") {
            let before = |hold: &&mut Hold| hold.name == name && hold.token < token;
            holds.iter_mut().filter(before).for_each(|hold| hold.writes.push(revision + 1));
        }
    }
}
