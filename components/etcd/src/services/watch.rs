//! The watch service: many watches on one stream.
//!
//! Upstream: server/etcdserver/api/v3rpc/watch.go. Every answer of a stream leaves through one
//! channel, in the order in which the store gave it: a progress answer can never overtake events.

use crate::{member::Member, receiver_stream::WorkingStream};
use bytes::Bytes;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        WatchCreateRequest, WatchRequest, WatchResponse, watch_create_request::FilterType,
        watch_request::RequestUnion, watch_server::Watch,
    },
    mvccpb::Event,
};
use etcd_store::{
    ALL_WATCHES, KeyRange, StreamId, WatchEvent, WatchMessage, WatchSpec, auth::AuthInfo,
};
use host::Interval;
use prost::Message as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::Arc,
};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

/// Answers waiting for a slow client at most; the store's buffer fills behind them.
const ANSWERS_MAX: usize = 16;
/// Messages passed on between two looks at what else there is to do, about.
const MESSAGES_PER_TURN: usize = 64;
/// The id by which a client says that the server may choose.
const AUTO_ID: i64 = 0;
/// The id in the answer to a watch that was not created.
const INVALID_ID: i64 = -1;

/// The watch service of a member.
#[derive(Clone)]
pub(crate) struct WatchService(pub(crate) Arc<Member>);

#[tonic::async_trait]
impl Watch for WatchService {
    type WatchStream = WorkingStream<Result<WatchResponse, Status>>;

    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let caller = self.0.admit(&request)?;
        let required = request.metadata().get(super::access::REQUIRE_LEADER);
        let leader_required = required.is_some_and(|value| value == "true");
        let (answers, receiver) = mpsc::channel(ANSWERS_MAX);
        let (stream, messages) = self.0.store.write().open_stream();
        let conversation = Conversation {
            progress: self.0.host.interval(self.0.config.watch_progress_interval),
            leader_required,
            member: self.0.clone(),
            caller: caller.unwrap_or_default(),
            stream,
            messages,
            answers,
            watches: BTreeMap::new(),
        };
        let work = Box::pin(conversation.run(request.into_inner()));
        Ok(Response::new(WorkingStream::new(work, receiver)))
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Wishes {
    fragment: bool,
    progress: bool,
    /// Something was sent since the last progress notification was due.
    busy: bool,
}

/// One client's stream.
struct Conversation {
    member: Arc<Member>,
    caller: AuthInfo,
    stream: StreamId,
    messages: mpsc::Receiver<WatchMessage>,
    answers: mpsc::Sender<Result<WatchResponse, Status>>,
    watches: BTreeMap<i64, Wishes>,
    progress: Interval,
    leader_required: bool,
}

enum Heard {
    Request(Option<WatchRequest>),
    Message(Option<WatchMessage>),
    ProgressDue,
    LeaderLost,
}

/// The client is gone, or is told to go.
struct Over;

impl Drop for Conversation {
    fn drop(&mut self) {
        self.member.store.write().close_stream(self.stream);
    }
}

/// Ends when the member has had no leader for three elections, for a client that requires one: a
/// new election may end well, only a lasting lack counts (v3rpc/interceptor.go, monitorLeader).
async fn leaderless(member: Arc<Member>, required: bool) {
    if !required {
        return std::future::pending().await;
    }
    let mut leadership = member.leadership.clone();
    loop {
        if leadership.wait_for(|now| now.leader == 0).await.is_err() {
            return;
        }
        let found = leadership.wait_for(|now| now.leader != 0);
        if member.host.timeout(3 * member.config.election, found).await.is_err() {
            return;
        }
    }
}

impl Conversation {
    async fn run(mut self, mut requests: Streaming<WatchRequest>) {
        // One wait for the whole conversation: whoever keeps asking must not put it off.
        let mut leaderless = std::pin::pin!(leaderless(self.member.clone(), self.leader_required));
        loop {
            let next = self.next(&mut requests, leaderless.as_mut()).await;
            let result = match next {
                Heard::Request(Some(request)) => self.request(request).await,
                Heard::Message(Some(message)) => self.pass_on_all(message).await,
                Heard::ProgressDue => self.progress_due(),
                Heard::LeaderLost => {
                    let _ = self.answers.send(Err(EtcdError::NoLeader.into())).await;
                    Err(Over)
                }
                Heard::Request(None) | Heard::Message(None) => Err(Over),
            };
            if result.is_err() {
                return;
            }
        }
    }

    async fn next(
        &mut self,
        requests: &mut Streaming<WatchRequest>,
        leaderless: Pin<&mut impl Future<Output = ()>>,
    ) -> Heard {
        let host = self.member.host.clone();
        host::select!(host, {
            request = requests.message() => Heard::Request(request.unwrap_or(None)),
            message = self.messages.recv() => Heard::Message(message),
            () = self.progress.tick() => Heard::ProgressDue,
            () = leaderless => Heard::LeaderLost,
        })
    }

    async fn request(&mut self, request: WatchRequest) -> Result<(), Over> {
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => self.create(create).await,
            Some(RequestUnion::CancelRequest(cancel)) => self.cancel(cancel.watch_id).await,
            Some(RequestUnion::ProgressRequest(_)) => {
                self.member.store.write().request_progress(self.stream);
                self.member.chores.notify_one();
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn create(&mut self, create: WatchCreateRequest) -> Result<(), Over> {
        let range = range_of(&create);
        if let Err(refused) = self.permitted(&create) {
            // As Go prints a gRPC error: clients find the text within.
            let (code, text) = (refused.code(), refused.text());
            return self.refuse(format!("rpc error: code = {code:?} desc = {text}")).await;
        }
        let spec = WatchSpec {
            id: if create.watch_id == AUTO_ID { 0 } else { create.watch_id },
            range,
            start_revision: create.start_revision.max(0),
            no_put: has_filter(&create, FilterType::Noput),
            no_delete: has_filter(&create, FilterType::Nodelete),
            prev_kv: create.prev_kv,
        };
        let (created, before) = {
            let mut store = self.member.store.write();
            // What was handed over so far is not about this watch, and leaves before the answer: a
            // client would take progress that comes after it for this watch's too.
            let before: Vec<_> = std::iter::from_fn(|| self.messages.try_recv().ok()).collect();
            let revision = store.revision();
            (store.watch(self.stream, spec).map(|id| (id, revision)), before)
        };
        for message in before {
            self.pass_on(message).await?;
        }
        match created {
            Ok((watch_id, revision)) => {
                let header = Some(self.member.header(revision));
                let wishes = Wishes {
                    fragment: create.fragment,
                    progress: create.progress_notify,
                    busy: true,
                };
                self.watches.insert(watch_id, wishes);
                let response =
                    WatchResponse { header, watch_id, created: true, ..Default::default() };
                // Only this task passes events on: the first one comes after the answer.
                self.member.chores.notify_one();
                self.answer(response).await
            }
            Err(error) => self.refuse(error.to_string()).await,
        }
    }

    fn permitted(&self, create: &WatchCreateRequest) -> Result<(), EtcdError> {
        let store = self.member.store.read();
        if !store.auth().is_enabled() {
            return Ok(());
        }
        let (key, end) = (watch_key(create), watch_end(create));
        let verdict = store.auth().check_read(&key, &end, &self.caller);
        verdict.map_err(|refused| match refused {
            EtcdError::UserEmpty | EtcdError::AuthOldRevision => refused,
            _ => EtcdError::PermissionDenied,
        })
    }

    async fn refuse(&self, cancel_reason: String) -> Result<(), Over> {
        let response = WatchResponse {
            header: Some(self.member.header_now()),
            watch_id: INVALID_ID,
            created: true,
            canceled: true,
            cancel_reason,
            ..Default::default()
        };
        self.answer(response).await
    }

    async fn cancel(&mut self, watch_id: i64) -> Result<(), Over> {
        let (known, revision) = {
            let mut store = self.member.store.write();
            (store.cancel_watch(self.stream, watch_id), store.revision())
        };
        if !known {
            return Ok(());
        }
        // What the store has already handed over for this watch goes out first.
        while let Ok(message) = self.messages.try_recv() {
            self.pass_on(message).await?;
        }
        self.watches.remove(&watch_id);
        let header = Some(self.member.header(revision));
        let response = WatchResponse { header, watch_id, canceled: true, ..Default::default() };
        self.answer(response).await
    }

    /// A message and those that wait behind it, up to a limit: requests must have their turn.
    async fn pass_on_all(&mut self, first: WatchMessage) -> Result<(), Over> {
        let mut next = Some(first);
        for _ in 0..MESSAGES_PER_TURN {
            let Some(message) = next else { break };
            self.pass_on(message).await?;
            next = self.messages.try_recv().ok();
        }
        match next {
            Some(message) => self.pass_on(message).await,
            None => Ok(()),
        }
    }

    async fn pass_on(&mut self, message: WatchMessage) -> Result<(), Over> {
        let header = Some(self.member.header(message.revision));
        let watch_id = message.id;
        if message.compact_revision != 0 {
            self.watches.remove(&watch_id);
            return self
                .answer(WatchResponse {
                    header,
                    watch_id,
                    canceled: true,
                    compact_revision: message.compact_revision,
                    cancel_reason: EtcdError::Compacted.text().into(),
                    ..Default::default()
                })
                .await;
        }
        let wishes = match self.watches.get_mut(&watch_id) {
            Some(wishes) => {
                wishes.busy |= !message.events.is_empty();
                *wishes
            }
            None if watch_id == ALL_WATCHES => Wishes::default(),
            // Canceled: the client no longer knows it.
            None => return Ok(()),
        };
        let parts = if wishes.fragment {
            fragments(&message.events, self.member.config.limits.request_bytes)
        } else {
            vec![message.events.as_slice()]
        };
        let last = parts.len() - 1;
        for (at, part) in parts.into_iter().enumerate() {
            let events: Vec<Event> = part.iter().map(|event| event.event().clone()).collect();
            let fragment = at < last;
            let response =
                WatchResponse { header, watch_id, fragment, events, ..Default::default() };
            self.answer(response).await?;
        }
        Ok(())
    }

    /// Watches that were quiet for a whole period are told how far they have seen.
    fn progress_due(&mut self) -> Result<(), Over> {
        let mut store = self.member.store.write();
        let mut quiet = BTreeSet::new();
        for (id, wishes) in &mut self.watches {
            if wishes.progress && !wishes.busy {
                quiet.insert(*id);
            }
            wishes.busy = false;
        }
        for id in quiet {
            store.watch_progress(self.stream, id);
        }
        Ok(())
    }

    async fn answer(&self, response: WatchResponse) -> Result<(), Over> {
        self.answers.send(Ok(response)).await.map_err(|_| Over)
    }
}

fn has_filter(create: &WatchCreateRequest, filter: FilterType) -> bool {
    create.filters().any(|given| given == filter)
}

/// An empty key means the first key there is.
fn watch_key(create: &WatchCreateRequest) -> Bytes {
    if create.key.is_empty() { Bytes::from_static(b"\0") } else { create.key.clone() }
}

/// As for ranges: empty for one key, `\0` for no end.
fn watch_end(create: &WatchCreateRequest) -> Bytes {
    create.range_end.clone()
}

fn range_of(create: &WatchCreateRequest) -> KeyRange {
    KeyRange::new(&watch_key(create), &watch_end(create))
}

/// Splits events so that each part stays below the limit, as long as it has more than one.
fn fragments(events: &[Arc<WatchEvent>], bytes_max: usize) -> Vec<&[Arc<WatchEvent>]> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        let size = event.event().encoded_len();
        if at > start && bytes + size > bytes_max {
            parts.push(&events[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    parts.push(&events[start..]);
    parts
}
