//! Leases, and the loop that keeps one alive (client/v3/lease.go).

use super::{Client, retry::Policy};
use crate::{
    EtcdError,
    etcdserverpb::{
        LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
        LeaseLeasesRequest, LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse,
        LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, lease_client::LeaseClient,
    },
};
use futures_util::stream;
use host::{Instant, Task, watch};
use std::time::Duration;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

/// A broken stream is opened again after this time.
const REOPEN_WAIT: Duration = Duration::from_millis(500);

/// Why a lease is not kept alive any more.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Lost {
    /// The cluster no longer has it.
    #[error("{0}")]
    Gone(EtcdError),
    /// It was not renewed in time: the cluster may have revoked it, or will.
    #[error("the lease was not renewed in time")]
    Expired,
}

impl Client {
    /// Grants a lease for at least `ttl` seconds; with identity 0 the server chooses one.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn grant(&self, ttl: i64, id: i64) -> Result<LeaseGrantResponse, Status> {
        let request = LeaseGrantRequest { ttl, id };
        self.call("/etcdserverpb.Lease/LeaseGrant", Policy::Repeatable, request).await
    }

    /// Revokes a lease and deletes its keys.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn revoke(&self, id: i64) -> Result<LeaseRevokeResponse, Status> {
        let request = LeaseRevokeRequest { id };
        self.call("/etcdserverpb.Lease/LeaseRevoke", Policy::Repeatable, request).await
    }

    /// The time left of a lease, -1 when it is gone, and its keys if asked for.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn time_to_live(
        &self,
        id: i64,
        keys: bool,
    ) -> Result<LeaseTimeToLiveResponse, Status> {
        let request = LeaseTimeToLiveRequest { id, keys };
        self.call("/etcdserverpb.Lease/LeaseTimeToLive", Policy::Repeatable, request).await
    }

    /// All leases.
    ///
    /// # Errors
    /// The status of the failed call.
    pub async fn leases(&self) -> Result<LeaseLeasesResponse, Status> {
        let request = LeaseLeasesRequest {};
        self.call("/etcdserverpb.Lease/LeaseLeases", Policy::Repeatable, request).await
    }

    /// Renews a lease once.
    ///
    /// # Errors
    /// The lease is gone, or the status of the failed call.
    pub async fn keep_alive_once(&self, id: i64) -> Result<LeaseKeepAliveResponse, Status> {
        let answer = self.in_time(async {
            let (_sender, mut answers) = self.open_keep_alive(id).await?;
            let ended = || Status::unavailable("the stream ended without an answer");
            answers.message().await?.ok_or_else(ended)
        });
        match answer.await? {
            answer if answer.ttl > 0 => Ok(answer),
            _ => Err(EtcdError::LeaseNotFound.into()),
        }
    }

    /// Renews a lease every third of its time, from now on until the result is dropped. `ttl` is
    /// what was granted, `granted` the moment before the grant was asked for.
    pub fn keep_alive(&self, id: i64, ttl: i64, granted: Instant) -> KeepAlive {
        let end = granted + seconds(ttl);
        let (state, seen) = watch::channel(Ok(end));
        let keeper = Keeper { client: self.clone(), id, end, state };
        let task = self.host().spawn("etcd-client/keep-alive", keeper.run());
        KeepAlive { seen, _task: task }
    }

    /// Opens a stream whose first request is on its way.
    async fn open_keep_alive(&self, id: i64) -> Result<(Requests, Answers), Status> {
        let (sender, mut receiver) = mpsc::channel(1);
        let queued = sender.try_send(LeaseKeepAliveRequest { id });
        debug_assert!(queued.is_ok(), "the channel is new");
        let requests = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let request = self.stream_request(requests).await?;
        let mut client = LeaseClient::new(self.shared.channel.clone());
        let answer = client.lease_keep_alive(request).await?;
        Ok((sender, answer.into_inner()))
    }
}

type Requests = mpsc::Sender<LeaseKeepAliveRequest>;
type Answers = Streaming<LeaseKeepAliveResponse>;

/// A lease that is kept alive until this is dropped.
#[derive(Debug)]
pub struct KeepAlive {
    seen: watch::Receiver<Result<Instant, Lost>>,
    _task: Task<()>,
}

impl KeepAlive {
    /// The instant until which the lease surely lives, counted from the last request that was
    /// answered.
    ///
    /// # Errors
    /// It is not kept alive any more.
    pub fn end(&self) -> Result<Instant, Lost> {
        self.seen.borrow().clone()
    }

    /// Completes when the lease is not kept alive any more.
    pub async fn lost(&self) -> Lost {
        let mut seen = self.seen.clone();
        match seen.wait_for(Result::is_err).await.map(|state| state.clone()) {
            Ok(Err(lost)) => lost,
            Ok(Ok(_)) | Err(_) => Lost::Expired,
        }
    }
}

struct Keeper {
    client: Client,
    id: i64,
    end: Instant,
    state: watch::Sender<Result<Instant, Lost>>,
}

impl Keeper {
    async fn run(mut self) {
        loop {
            let broken = self.until_end(self.renew_on_one_stream()).await;
            let Some((end, error)) = broken else { return self.lose(Lost::Expired) };
            if let Some(EtcdError::LeaseNotFound) = EtcdError::from_status(&error) {
                return self.lose(Lost::Gone(EtcdError::LeaseNotFound));
            }
            // Whatever else it is, it may heal before the lease's time is up.
            self.end = end;
            self.client.shared.token.is_refused(&error);
            self.client.host().sleep(REOPEN_WAIT).await;
        }
    }

    fn lose(&self, lost: Lost) {
        drop(self.state.send_replace(Err(lost)));
    }

    /// `None` when the lease's time passed first, by the latest renewal.
    async fn until_end<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        loop {
            let end = self.state.borrow().clone().unwrap_or(self.end);
            let left = end.since(self.client.host().now());
            match self.client.host().timeout(left, work.as_mut()).await {
                Ok(done) => return Some(done),
                Err(host::Elapsed) if self.is_over() => return None,
                Err(host::Elapsed) => {}
            }
        }
    }

    fn is_over(&self) -> bool {
        let end = self.state.borrow().clone().unwrap_or(self.end);
        end <= self.client.host().now()
    }

    /// Renews until the stream breaks; gives the end of the last renewal and what broke it.
    async fn renew_on_one_stream(&self) -> (Instant, Status) {
        let mut end = self.end;
        match self.renewals(&mut end).await {
            Ok(never) => match never {},
            Err(error) => (end, error),
        }
    }

    async fn renewals(&self, end: &mut Instant) -> Result<std::convert::Infallible, Status> {
        let host = self.client.host();
        // Counted from before the request: the server began to count after.
        let mut sent = host.now();
        let (requests, mut answers) = self.client.open_keep_alive(self.id).await?;
        loop {
            let ended = || Status::unavailable("the stream ended");
            let answer = answers.message().await?.ok_or_else(ended)?;
            if answer.ttl <= 0 {
                return Err(EtcdError::LeaseNotFound.into());
            }
            *end = sent + seconds(answer.ttl);
            drop(self.state.send_replace(Ok(*end)));
            host.sleep(seconds(answer.ttl) / 3).await;
            sent = host.now();
            let gone = |_| Status::unavailable("the stream is gone");
            requests.send(LeaseKeepAliveRequest { id: self.id }).await.map_err(gone)?;
        }
    }
}

fn seconds(ttl: i64) -> Duration {
    Duration::from_secs(u64::try_from(ttl).unwrap_or(0))
}
