//! The other members, as far as talking to them goes.
//!
//! One stream a peer carries Raft's messages in order; a peer that cannot be reached costs the
//! messages meant for it, never the sender's time. Snapshots travel apart, in [`crate::snapshots`].
//! Upstream: server/etcdserver/api/rafthttp.

use crate::{
    driver::Ask,
    metrics::NetworkMetrics,
    outbox::Outbox,
    snapshots::{SnapshotOffer, SnapshotSender},
};
use bytes::Bytes;
use etcd_api::internal::{Handshake, peer_client::PeerClient};
use host::{Backoff, Host, Instant, Task, event};
use parking_lot::Mutex;
use raft::{Body, Codec, Message, types::NodeId};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use telemetry::Histogram;
use tokio::sync::mpsc;
use tonic::{Code, Status};
use wire::client::Channel;

/// Waits between attempts to reach a peer.
const RECONNECT: Backoff =
    Backoff { first: Duration::from_millis(50), max: Duration::from_millis(1000) };

/// What a member that was removed is told. It may not know: what it has of the log can end before
/// its removal, and nobody sends it more (upstream: errMemberRemoved, 410 Gone).
pub(crate) const REMOVED: &str = "the member has been removed";

/// How this member presents itself, and whom it means.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) cluster_id: u64,
    pub(crate) id: NodeId,
    /// Where it can be reached.
    pub(crate) urls: Vec<String>,
}

impl Identity {
    /// The opening of every call to `to`.
    pub(crate) fn handshake(&self, to: NodeId) -> Handshake {
        Handshake {
            cluster_id: self.cluster_id,
            from: self.id,
            to,
            server_version: crate::version::SERVER.into(),
            min_cluster_version: crate::version::MIN_CLUSTER.into(),
            peer_urls: self.urls.clone(),
        }
    }
}

struct Peer {
    urls: Vec<String>,
    outbox: Outbox,
    snapshots: mpsc::Sender<SnapshotOffer>,
    channel: Channel,
    reachable: Reachable,
    _tasks: [Task<()>; 2],
}

/// Since when a stream stands, if it does.
type Reachable = Arc<Mutex<Option<Instant>>>;

/// Opens channels to a peer's URLs.
pub(crate) type Dialer = Arc<dyn Fn(&[String]) -> Channel + Send + Sync>;

/// All peers; cheap to share.
pub(crate) struct Peers {
    host: Host,
    identity: Identity,
    dialer: Dialer,
    asks: mpsc::Sender<Ask>,
    snapshots: SnapshotSender,
    peers: Mutex<BTreeMap<NodeId, Peer>>,
    leader_lost: Mutex<Option<Instant>>,
    metrics: NetworkMetrics,
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peers").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Peers {
    /// No peers yet.
    pub(crate) fn new(
        host: Host,
        identity: Identity,
        dialer: Dialer,
        asks: mpsc::Sender<Ask>,
        snapshots: SnapshotSender,
        metrics: &NetworkMetrics,
    ) -> Self {
        let (peers, leader_lost) = (Mutex::default(), Mutex::default());
        let metrics = metrics.clone();
        Self { host, identity, dialer, asks, snapshots, peers, leader_lost, metrics }
    }

    /// Starts talking to a member; with new URLs, starts over.
    pub(crate) fn set(&self, id: NodeId, urls: &[String]) {
        if id == self.identity.id || self.peers.lock().get(&id).is_some_and(|p| p.urls == urls) {
            return;
        }
        let channel = (self.dialer)(urls);
        let metrics = self.metrics.to(id);
        let outbox = Outbox::new(self.host.clone(), metrics.bytes);
        let reachable = Reachable::default();
        let link = Link {
            host: self.host.clone(),
            handshake: self.identity.handshake(id),
            outbox: outbox.clone(),
            channel: channel.clone(),
            reachable: reachable.clone(),
            asks: self.asks.clone(),
            round_trip: metrics.round_trip,
        };
        let (snapshots, offers) = mpsc::channel(1);
        let sender = self.snapshots.clone().run(channel.clone(), self.identity.clone(), offers);
        let tasks = [
            self.host.spawn("etcd/peer", link.run()),
            self.host.spawn("etcd/peer-snapshots", sender),
        ];
        let urls = urls.to_vec();
        let peer = Peer { urls, outbox, snapshots, channel, reachable, _tasks: tasks };
        let replaced = self.peers.lock().insert(id, peer);
        drop(replaced);
    }

    /// Starts talking to whoever calls and is not known: a member whose log ends before the caller
    /// was added could not answer its own leader (upstream: X-PeerURLs, AddRemote).
    pub(crate) fn meet(&self, caller: &Handshake) {
        let known = self.peers.lock().contains_key(&caller.from);
        if !known && caller.from != 0 && !caller.peer_urls.is_empty() {
            self.set(caller.from, &caller.peer_urls);
        }
    }

    /// Stops talking to a member.
    pub(crate) fn remove(&self, id: NodeId) {
        let removed = self.peers.lock().remove(&id);
        drop(removed);
    }

    /// Queues messages. What cannot be queued is reported to Raft and dropped.
    pub(crate) fn send(&self, messages: Vec<Message>) {
        for message in messages {
            let to = message.to;
            if !self.queue(message) {
                // A full inbox of the driver only delays the report to a later loss.
                let _ = self.asks.try_send(Ask::Unreachable(to));
            }
        }
    }

    fn queue(&self, message: Message) -> bool {
        let peers = self.peers.lock();
        let Some(peer) = peers.get(&message.to) else { return true };
        match &message.body {
            Body::Snapshot { meta } => {
                let offer = SnapshotOffer { to: message.to, index: meta.index, message };
                let to = offer.to;
                if peer.snapshots.try_send(offer).is_err() {
                    let _ = self.asks.try_send(Ask::SnapshotSent(to, false));
                }
                true
            }
            _ => peer.outbox.push(message.encode()),
        }
    }

    /// A channel for single calls to a member.
    pub(crate) fn channel(&self, id: NodeId) -> Option<Channel> {
        self.peers.lock().get(&id).map(|peer| peer.channel.clone())
    }

    /// The peers' ids.
    pub(crate) fn ids(&self) -> Vec<NodeId> {
        self.peers.lock().keys().copied().collect()
    }

    /// The opening of a call to a member.
    pub(crate) fn handshake(&self, to: NodeId) -> Handshake {
        self.identity.handshake(to)
    }

    /// Whether the stream to a member stands.
    pub(crate) fn is_reachable(&self, id: NodeId) -> bool {
        self.reachable_since(id).is_some()
    }

    /// Since when the stream to a member stands, if it does.
    pub(crate) fn reachable_since(&self, id: NodeId) -> Option<Instant> {
        self.peers.lock().get(&id).and_then(|peer| *peer.reachable.lock())
    }

    /// Notes that the leader was lost.
    pub(crate) fn leader_lost(&self) {
        *self.leader_lost.lock() = Some(self.host.now());
    }

    /// When the leader was lost last.
    pub(crate) fn leader_lost_at(&self) -> Option<Instant> {
        *self.leader_lost.lock()
    }
}

/// The stream to one peer, kept up for ever.
struct Link {
    host: Host,
    handshake: Handshake,
    outbox: Outbox,
    channel: Channel,
    reachable: Reachable,
    asks: mpsc::Sender<Ask>,
    round_trip: Histogram,
}

impl Link {
    async fn run(self) {
        let mut failures = 0;
        loop {
            if self.converse().await {
                failures = 0;
            }
            *self.reachable.lock() = None;
            self.outbox.clear();
            let _ = self.asks.send(Ask::Unreachable(self.handshake.to)).await;
            let delay = RECONNECT.delay(failures, self.host.random.next_u64());
            failures += 1;
            self.host.sleep(delay).await;
        }
    }

    /// Until the stream breaks; true if it ever stood.
    async fn converse(&self) -> bool {
        let mut client = PeerClient::new(self.channel.clone())
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        let mut acks = match client.send(self.outbox.stream(self.handshake.clone())).await {
            Ok(response) => response.into_inner(),
            Err(status) => {
                self.ended(&status).await;
                return false;
            }
        };
        let mut stood = false;
        // The first acknowledgement accepts the handshake; later ones only keep the stream honest.
        loop {
            match acks.message().await {
                Ok(Some(ack)) => {
                    if let Some(took) = self.outbox.acknowledged(ack.batches) {
                        self.round_trip.observe(took.as_secs_f64());
                    }
                    self.reachable.lock().get_or_insert_with(|| self.host.now());
                }
                Ok(None) => return stood,
                Err(status) => {
                    self.ended(&status).await;
                    return stood;
                }
            }
            stood = true;
        }
    }

    async fn ended(&self, status: &Status) {
        let (to, why) = (self.handshake.to, status.message());
        // Who is there and refuses will not come round by itself: somebody must look.
        match status.code() {
            Code::FailedPrecondition => {
                event!(self.host, Warn, "peer refuses us", to = to, why = why);
            }
            _ => event!(self.host, Debug, "peer unreachable", to = to, why = why),
        }
        if status.code() == Code::FailedPrecondition && why == REMOVED {
            // An error means that the member is stopping already.
            let _ = self.asks.send(Ask::Removed).await;
        }
    }
}

/// Reads an encoded message.
pub(crate) fn decode(message: &Bytes) -> Result<Message, raft::DecodeError> {
    Message::decode(message.clone())
}
