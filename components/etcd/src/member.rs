//! What the services of one member share: how to propose, how to read, who leads.

use crate::{
    applier::Outcome,
    config::Config,
    driver::{Ask, Leadership},
    keeper::{KeeperHandle, SharedStore},
    metrics::Metrics,
    peers::Peers,
    reads::Reads,
    request_ids::RequestIds,
    waiters::Waiters,
};
use bytes::Bytes;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::ResponseHeader,
    internal::{InternalRequest, RequestHeader, internal_request::Request},
};
use etcd_store::{
    Response,
    auth::{AuthInfo, ROOT_USER},
};
use host::{Elapsed, Host, Instant, watch};
use prost::Message;
use raft::types::{Index, NodeId, Term};
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, oneshot};
use tonic::Status;

/// One running member, as its services see it.
pub(crate) struct Member {
    pub(crate) host: Host,
    pub(crate) config: Arc<Config>,
    pub(crate) id: NodeId,
    pub(crate) cluster_id: u64,
    pub(crate) store: SharedStore,
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) reads: Reads,
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) applied: watch::Receiver<Index>,
    pub(crate) committed: watch::Receiver<Index>,
    pub(crate) waiters: Arc<Waiters<Outcome>>,
    pub(crate) ids: Arc<RequestIds>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) keeper: KeeperHandle,
    pub(crate) metrics: Metrics,
    /// Told when watches or compactions have work.
    pub(crate) chores: Arc<Notify>,
    /// Told when the NOSPACE alarm is to be raised.
    pub(crate) no_space: Arc<Notify>,
    /// The revision up to which compacted revisions are gone from the disk.
    pub(crate) compacted: watch::Sender<i64>,
}

/// The part of a member's state that decides which timeout error is told.
struct Attempt {
    id: u64,
    started: Instant,
    deadline: Instant,
}

impl Member {
    /// The header of an answer at `revision`.
    pub(crate) fn header(&self, revision: i64) -> ResponseHeader {
        let raft_term = self.leadership.borrow().term;
        ResponseHeader { cluster_id: self.cluster_id, member_id: self.id, revision, raft_term }
    }

    /// The header of an answer at the store's revision of now.
    pub(crate) fn header_now(&self) -> ResponseHeader {
        let revision = self.store.read().revision();
        self.header(revision)
    }

    /// True when this member leads.
    pub(crate) fn leads(&self) -> bool {
        self.leadership.borrow().leading
    }

    /// The term in which this member's lessor counts, if it is still the one that leads.
    pub(crate) fn lease_term(&self) -> Option<Term> {
        let leads = |term: &Term| {
            let leadership = self.leadership.borrow();
            leadership.leading && leadership.term == *term
        };
        self.store.read().lessor().primary_term().filter(leads)
    }

    /// Replicates a request and answers with what applying it gave.
    ///
    /// # Errors
    /// The store's refusal, or that the outcome is unknown (timeouts), in upstream's words.
    pub(crate) async fn propose(
        &self,
        auth: Option<&AuthInfo>,
        request: Request,
    ) -> Result<Response, Status> {
        self.refuse_if_full(&request)?;
        let (id, data) = self.numbered(auth, request)?;
        let ask = || Ask::Propose { id, data: data.clone(), term: None };
        match self.replicate(id, ask).await? {
            Outcome::Applied(result) => result.map_err(Status::from),
            Outcome::Members(_) | Outcome::Refused => Err(EtcdError::Stopped.into()),
        }
    }

    /// Replicates what this member has decided as the leader of `term`, and only as that: asked
    /// once, and of no other leader, so that nothing a successor decides comes before it in the log.
    /// Upstream checks that it leads and then forwards all the same (etcd #15247).
    ///
    /// # Errors
    /// As [`Member::propose`]; not the leader of `term`.
    pub(crate) async fn propose_in(
        &self,
        term: Term,
        auth: Option<&AuthInfo>,
        request: Request,
    ) -> Result<(), Status> {
        let (id, data) = self.numbered(auth, request)?;
        let started = self.host.now();
        let deadline = started + self.config.request_timeout();
        let _pending = self.metrics.proposals_pending.enter();
        let outcome = self.waiters.register(id);
        let ask = Ask::Propose { id, data, term: Some(term) };
        self.asks.send(ask).await.map_err(|_| EtcdError::Stopped)?;
        match self.outcome(&Attempt { id, started, deadline }, outcome).await? {
            Outcome::Applied(result) => result.map(drop).map_err(Status::from),
            Outcome::Members(_) | Outcome::Refused => Err(EtcdError::NotLeader.into()),
        }
    }

    /// A request with its number, encoded.
    fn numbered(
        &self,
        auth: Option<&AuthInfo>,
        request: Request,
    ) -> Result<(u64, Bytes), EtcdError> {
        self.refuse_if_behind()?;
        let id = self.ids.next();
        let header = RequestHeader {
            id,
            username: auth.map(|auth| auth.username.clone()).unwrap_or_default(),
            auth_revision: auth.map_or(0, |auth| auth.revision),
        };
        let request = InternalRequest { header: Some(header), request: Some(request) };
        let data = request.encode_to_vec();
        if data.len() > self.config.limits.request_bytes {
            return Err(EtcdError::RequestTooLarge);
        }
        Ok((id, Bytes::from(data)))
    }

    /// Whoever may do everything, for what a member asks by itself; nobody where nobody is asked.
    pub(crate) fn root(&self) -> Option<AuthInfo> {
        let store = self.store.read();
        let auth = store.auth();
        let root = || AuthInfo { username: ROOT_USER.to_owned(), revision: auth.revision() };
        auth.is_enabled().then(root)
    }

    /// Replicates a change of the configuration; answers with the members after it.
    ///
    /// # Errors
    /// As [`Member::propose`].
    pub(crate) async fn propose_conf_change(
        &self,
        id: u64,
        change: raft::ConfChange,
    ) -> Result<(), Status> {
        let ask = || Ask::ProposeConfChange { id, change: change.clone() };
        match self.replicate(id, ask).await? {
            Outcome::Members(result) => result.map_err(Status::from),
            Outcome::Applied(_) | Outcome::Refused => Err(EtcdError::Stopped.into()),
        }
    }

    /// Upstream: maxGapBetweenApplyAndCommitIndex.
    fn refuse_if_behind(&self) -> Result<(), EtcdError> {
        let behind = self.committed.borrow().saturating_sub(*self.applied.borrow());
        if behind > self.config.limits.unapplied_entries {
            return Err(EtcdError::TooManyRequests);
        }
        Ok(())
    }

    /// What would not fit is not even replicated (upstream: quotaKVServer).
    fn refuse_if_full(&self, request: &Request) -> Result<(), EtcdError> {
        let refusal = self.store.read().check_quota(request);
        refusal.inspect_err(|_| self.no_space.notify_one())
    }

    /// A refused proposal surely did not enter the log, so it is made again until the time is up.
    async fn replicate(&self, id: u64, ask: impl Fn() -> Ask) -> Result<Outcome, Status> {
        let started = self.host.now();
        let deadline = started + self.config.request_timeout();
        let attempt = Attempt { id, started, deadline };
        let _pending = self.metrics.proposals_pending.enter();
        loop {
            let outcome = self.waiters.register(id);
            self.asks.send(ask()).await.map_err(|_| EtcdError::Stopped)?;
            match self.outcome(&attempt, outcome).await? {
                Outcome::Refused => self.leader_appears(&attempt).await?,
                outcome => return Ok(outcome),
            }
        }
    }

    async fn outcome(
        &self,
        attempt: &Attempt,
        outcome: oneshot::Receiver<Outcome>,
    ) -> Result<Outcome, EtcdError> {
        let left = attempt.deadline - self.host.now();
        match self.host.timeout(left, outcome).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) => Err(EtcdError::Stopped),
            Err(Elapsed) => Err(self.gave_up(attempt)),
        }
    }

    async fn leader_appears(&self, attempt: &Attempt) -> Result<(), EtcdError> {
        // A refusal under a leader is a full log: it drains within a heartbeat or so.
        self.host.sleep(self.config.heartbeat).await;
        let left = attempt.deadline - self.host.now();
        let mut leadership = self.leadership.clone();
        match self.host.timeout(left, leadership.wait_for(|now| now.leader != 0)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(EtcdError::Stopped),
            Err(Elapsed) => Err(self.gave_up(attempt)),
        }
    }

    /// Upstream: parseProposeCtxErr.
    fn gave_up(&self, attempt: &Attempt) -> EtcdError {
        self.waiters.forget(attempt.id);
        self.metrics.proposals_failed.add(1);
        let leader_lost = self.peers.leader_lost_at();
        let window = attempt
            .started
            .0
            .saturating_sub(2 * u64::try_from(self.config.election.as_nanos()).unwrap_or(u64::MAX));
        if leader_lost.is_some_and(|lost| lost.0 > window) {
            return EtcdError::TimeoutDueToLeaderFail;
        }
        let leader = self.leadership.borrow().leader;
        if leader != self.id && !self.peers.is_reachable(leader) {
            return EtcdError::TimeoutDueToConnectionLost;
        }
        EtcdError::Timeout
    }
}
