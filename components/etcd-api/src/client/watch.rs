//! Watches that outlive their streams (client/v3/watch.go).
//!
//! A watcher has a stream of its own. When it breaks, another is opened, on another member
//! perhaps, that goes on right after what was delivered: nothing is missed and nothing comes twice.

use super::Client;
use crate::EtcdError;
use crate::etcdserverpb::{
    WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
    watch_client::WatchClient, watch_request::RequestUnion,
};
use futures_util::stream;
use host::{Backoff, Task};
use std::time::Duration;
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};

/// Responses that wait for a slow consumer; beyond them the server's stream is not read, and the
/// server keeps the rest.
const WATCH_BUFFER_RESPONSES_MAX: usize = 128;

/// Requests that wait to be sent on a stream; of the client's own, one makes the watch and one asks
/// for progress.
const STREAM_REQUESTS_MAX: usize = 2;

/// Between attempts to open a stream again.
const REOPEN_BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(10), max: Duration::from_millis(100) };

/// Why a watch ended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WatchError {
    /// Events were missed for good: the oldest revision there is is this one.
    #[error("{} (compact revision {compact_revision})", EtcdError::Compacted)]
    Compacted {
        /// The first revision that can still be watched.
        compact_revision: i64,
    },
    /// The server ended it.
    #[error("{reason}")]
    Canceled {
        /// In the server's words.
        reason: String,
    },
    /// The call failed in a way that trying again does not heal.
    #[error(transparent)]
    Failed(Status),
}

impl Client {
    /// Watches from `request.start_revision`, or from now. A response without events is progress:
    /// all events up to its revision were delivered. Dropping the watcher ends the watch.
    pub fn watch(&self, request: WatchCreateRequest) -> Watcher {
        let (sender, responses) = mpsc::channel(WATCH_BUFFER_RESPONSES_MAX);
        let (progress, asked) = mpsc::channel(1);
        let follower = Follower { client: self.clone(), request, sender, asked, failures: 0 };
        let task = self.host().spawn("etcd-client/watch", follower.run());
        Watcher { responses, progress, _task: task }
    }
}

/// Where a stream of watches is told what to do.
pub type WatchRequests = mpsc::Sender<WatchRequest>;

impl Client {
    /// A stream for several watches, as the protocol has it: the caller makes, tells apart and ends
    /// its watches, and nothing is made anew when the stream breaks.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn watch_stream(
        &self,
        first: WatchRequest,
    ) -> Result<(WatchRequests, Streaming<WatchResponse>), Status> {
        let (sender, mut receiver) = mpsc::channel(STREAM_REQUESTS_MAX);
        let queued = sender.try_send(first);
        debug_assert!(queued.is_ok(), "the channel is new");
        let requests = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let request = self.stream_request(requests).await?;
        let client = WatchClient::new(self.shared.channel.clone());
        let answer = client.max_decoding_message_size(usize::MAX).watch(request).await?;
        Ok((sender, answer.into_inner()))
    }
}

/// A watch under way.
#[derive(Debug)]
pub struct Watcher {
    responses: mpsc::Receiver<Result<WatchResponse, WatchError>>,
    progress: mpsc::Sender<()>,
    _task: Task<()>,
}

impl Watcher {
    /// The next response; fragments have been put together. After an error there is `None`.
    /// Cancel-safe. The response that says the watch was created comes too, and again whenever it
    /// was created anew.
    pub async fn next(&mut self) -> Option<Result<WatchResponse, WatchError>> {
        self.responses.recv().await
    }

    /// Asks for a progress response. One that is asked for already is not asked for twice.
    pub fn request_progress(&self) {
        // Full: the question is on its way. Closed: the watch is over.
        let _ = self.progress.try_send(());
    }
}

struct Follower {
    client: Client,
    /// With the revision to go on from.
    request: WatchCreateRequest,
    sender: mpsc::Sender<Result<WatchResponse, WatchError>>,
    asked: mpsc::Receiver<()>,
    /// Streams that broke before anything came from them.
    failures: u32,
}

/// What becomes of a watch when its stream ends.
enum End {
    Again,
    Over(WatchError),
    /// The consumer is gone.
    Unwanted,
}

impl Follower {
    async fn run(mut self) {
        loop {
            match self.follow_one_stream().await {
                End::Unwanted => return,
                End::Over(error) => {
                    // Nobody may be listening any more.
                    drop(self.sender.send(Err(error)).await);
                    return;
                }
                End::Again => {
                    let host = self.client.host();
                    let wait = REOPEN_BACKOFF.delay(self.failures, host.random.next_u64());
                    self.failures = self.failures.saturating_add(1);
                    host.sleep(wait).await;
                }
            }
        }
    }

    async fn follow_one_stream(&mut self) -> End {
        let (requests, mut answers) = match self.open().await {
            Ok(opened) => opened,
            Err(error) => return self.after(error),
        };
        let mut whole: Option<WatchResponse> = None;
        loop {
            let part = match self.next_part(&requests, &mut answers).await {
                Ok(Some(part)) => part,
                Ok(None) => return End::Again,
                Err(error) => return self.after(error),
            };
            self.failures = 0;
            let fragment = part.fragment;
            let response = join(whole.take(), part);
            if fragment {
                whole = Some(response);
                continue;
            }
            if let Some(end) = self.deliver(response).await {
                return end;
            }
        }
    }

    async fn open(&self) -> Result<(WatchRequests, Streaming<WatchResponse>), Status> {
        let create = RequestUnion::CreateRequest(self.request.clone());
        self.client.watch_stream(WatchRequest { request_union: Some(create) }).await
    }

    /// The next message, meanwhile passing on what the consumer asks.
    async fn next_part(
        &mut self,
        requests: &WatchRequests,
        answers: &mut Streaming<WatchResponse>,
    ) -> Result<Option<WatchResponse>, Status> {
        loop {
            let host = self.client.host().clone();
            let asked = host::select!(host, {
                answer = answers.message() => return answer,
                asked = self.asked.recv() => asked,
            });
            if asked.is_none() {
                return answers.message().await;
            }
            let progress = RequestUnion::ProgressRequest(WatchProgressRequest {});
            // A full queue holds such a question already; a closed one is told by the answers.
            drop(requests.try_send(WatchRequest { request_union: Some(progress) }));
        }
    }

    async fn deliver(&mut self, response: WatchResponse) -> Option<End> {
        if response.canceled {
            return Some(self.after_cancel(response));
        }
        self.request.start_revision = next_revision(&self.request, &response);
        match self.sender.send(Ok(response)).await {
            Ok(()) => None,
            Err(_) => Some(End::Unwanted),
        }
    }

    fn after_cancel(&self, response: WatchResponse) -> End {
        if response.compact_revision != 0 {
            let compact_revision = response.compact_revision;
            return End::Over(WatchError::Compacted { compact_revision });
        }
        let reason = response.cancel_reason;
        if self.client.shared.token.is_refused_text(&reason) {
            return End::Again;
        }
        End::Over(WatchError::Canceled { reason })
    }

    fn after(&self, error: Status) -> End {
        let refused = self.client.shared.token.is_refused(&error);
        // Whoever asked for a leader (`with_require_leader`) wants to know that there is none.
        if EtcdError::from_status(&error) == Some(EtcdError::NoLeader) {
            return End::Over(WatchError::Failed(error));
        }
        // Upstream's `isHaltErr`: Internal is what broken connections look like.
        if refused || matches!(error.code(), Code::Unavailable | Code::Internal) {
            return End::Again;
        }
        End::Over(WatchError::Failed(error))
    }
}

/// Puts the events of a fragment behind those that came before.
fn join(before: Option<WatchResponse>, mut part: WatchResponse) -> WatchResponse {
    if let Some(before) = before {
        let mut events = before.events;
        events.append(&mut part.events);
        part.events = events;
    }
    part
}

/// Where a new stream would have to go on after this response.
fn next_revision(request: &WatchCreateRequest, response: &WatchResponse) -> i64 {
    let start = request.start_revision;
    let revision = response.header.as_ref().map_or(0, |header| header.revision);
    let last = response.events.last().and_then(|event| event.kv.as_ref());
    match last {
        // The header may be ahead of the events while the watch catches up.
        Some(kv) => kv.mod_revision + 1,
        None if response.created && start > 0 => start,
        None => start.max(revision + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        etcdserverpb::ResponseHeader,
        mvccpb::{Event, KeyValue},
    };

    fn response(revision: i64, events: &[i64], created: bool) -> WatchResponse {
        let event = |mod_revision: &i64| Event {
            kv: Some(KeyValue { mod_revision: *mod_revision, ..Default::default() }),
            ..Default::default()
        };
        WatchResponse {
            header: Some(ResponseHeader { revision, ..Default::default() }),
            events: events.iter().map(event).collect(),
            created,
            ..Default::default()
        }
    }

    #[test]
    fn a_watch_goes_on_right_after_what_was_delivered() {
        let cases = [
            (0, response(7, &[], true), 8, "from now"),
            (3, response(7, &[], true), 3, "what it was created for is still to come"),
            (9, response(7, &[], true), 9, "from the future"),
            (3, response(9, &[4, 5], false), 6, "events, while catching up"),
            (6, response(9, &[], false), 10, "progress"),
            (12, response(9, &[], false), 12, "progress never goes back"),
        ];
        for (start_revision, response, expected, what) in cases {
            let request = WatchCreateRequest { start_revision, ..Default::default() };
            assert_eq!(next_revision(&request, &response), expected, "{what}");
        }
    }

    #[test]
    fn fragments_become_one_response() {
        let joined = join(Some(response(5, &[3, 4], false)), response(5, &[4, 5], false));
        assert_eq!(joined, response(5, &[3, 4, 4, 5], false));
    }
}
