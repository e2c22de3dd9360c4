//! The operator: asks of the cluster, through its own API, what maintenance faults ask for.

use bytes::{Bytes, BytesMut};
use etcd_api::{
    client::{Client, Config},
    etcdserverpb::{
        CompactionRequest, DefragmentRequest, MemberListRequest, MemberPromoteRequest,
        MemberRemoveRequest, MoveLeaderRequest, RangeRequest, StatusRequest,
    },
};
use host::{Host, event};
use machine::Program;
use oracles::history::{Request, Response};
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tonic::Status;
use traffic::Recorder;

/// The operator's number in the history: no client has it.
const NUMBER: u32 = 0;
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something to ask, with members by name and all endpoints.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    Compact { keep: u32, physical: bool },
    Defragment { endpoint: String },
    MoveLeader { to: String },
    Remove { name: String },
    Promote { name: String },
    Snapshot { endpoint: String },
}

/// What became of [`Errand::Snapshot`].
#[derive(Clone, Debug)]
pub(crate) enum Taken {
    /// A snapshot with everything up to `revision`, at least.
    Snapshot { revision: u64, data: Bytes },
    /// None was to be had.
    Nothing,
}

/// Errands on their way to the operator. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errands(Arc<Desk>);

#[derive(Debug, Default)]
struct Desk {
    asked: Mutex<VecDeque<Errand>>,
    news: Notify,
    taken: Mutex<Option<Taken>>,
}

impl Errands {
    /// Hands one in.
    pub(crate) fn ask(&self, errand: Errand) {
        self.0.asked.lock().push_back(errand);
        self.0.news.notify_one();
    }

    /// The snapshot that was asked for, once, when that is over.
    pub(crate) fn snapshot(&self) -> Option<Taken> {
        self.0.taken.lock().take()
    }

    async fn next(&self) -> Errand {
        loop {
            let next = self.0.asked.lock().pop_front();
            if let Some(errand) = next {
                return errand;
            }
            self.0.news.notified().await;
        }
    }
}

/// Runs errands one after the other, each once: what fails is not tried again.
pub(crate) fn program(errands: Errands, endpoints: Vec<String>, recorder: Recorder) -> Program {
    Arc::new(move |host: Host| {
        let (errands, endpoints, recorder) = (errands.clone(), endpoints.clone(), recorder.clone());
        Box::pin(async move {
            let operator =
                Operator { client: client(&host, &endpoints), host, endpoints, recorder };
            loop {
                let errand = errands.next().await;
                if let Errand::Snapshot { endpoint } = &errand {
                    let taken = operator.snapshot(endpoint).await.unwrap_or(Taken::Nothing);
                    *errands.0.taken.lock() = Some(taken);
                    continue;
                }
                if let Err(status) = operator.run(&errand).await {
                    let why = status.message();
                    event!(operator.host, Info, "an errand failed", why = why);
                }
            }
        })
    })
}

fn client(host: &Host, endpoints: &[String]) -> Client {
    let tls = cluster::tls::trust(host, endpoints);
    let endpoints = endpoints.iter().filter_map(|url| url.parse().ok()).collect();
    let (name, password) = traffic::Auth::ROOT;
    let credentials = Some((name.to_owned(), password.to_owned()));
    let mut config = Config { credentials, ..Config::new(endpoints) };
    config.channel.tls = tls;
    Client::new(host, config).with_timeout(PATIENCE)
}

struct Operator {
    host: Host,
    client: Client,
    endpoints: Vec<String>,
    recorder: Recorder,
}

impl Operator {
    async fn run(&self, errand: &Errand) -> Result<(), Status> {
        match errand {
            Errand::Compact { keep, physical } => self.compact(*keep, *physical).await,
            Errand::Defragment { endpoint } => {
                let one = client(&self.host, std::slice::from_ref(endpoint));
                one.defragment(DefragmentRequest {}).await.map(drop)
            }
            Errand::MoveLeader { to } => self.move_leader(to).await,
            Errand::Remove { name } => {
                let id = self.member(name).await?;
                self.client.member_remove(MemberRemoveRequest { id }).await.map(drop)
            }
            Errand::Promote { name } => {
                let id = self.member(name).await?;
                self.client.member_promote(MemberPromoteRequest { id }).await.map(drop)
            }
            Errand::Snapshot { endpoint } => self.snapshot(endpoint).await.map(drop),
        }
    }

    /// As `etcdctl snapshot save`, after a read that makes sure that the member has everything.
    async fn snapshot(&self, endpoint: &str) -> Result<Taken, Status> {
        let one = client(&self.host, &[endpoint.to_owned()]);
        let read = one.get(RangeRequest { key: vec![0].into(), ..RangeRequest::default() }).await?;
        let revision = read.header.map_or(0, |header| header.revision.unsigned_abs());
        let mut parts = one.snapshot().await?;
        let mut data = BytesMut::new();
        while let Some(part) = parts.message().await? {
            data.extend_from_slice(&part.blob);
        }
        Ok(Taken::Snapshot { revision, data: data.freeze() })
    }

    async fn member(&self, name: &str) -> Result<u64, Status> {
        let list = self.client.member_list(MemberListRequest { linearizable: true }).await?;
        let found = list.members.iter().find(|member| member.name == name);
        found.map(|member| member.id).ok_or_else(|| Status::not_found("no member of that name"))
    }

    async fn compact(&self, keep: u32, physical: bool) -> Result<(), Status> {
        let status = self.client.status(StatusRequest {}).await?;
        let now = status.header.map_or(0, |header| header.revision);
        let revision = now - i64::from(keep);
        if revision <= 0 {
            return Ok(());
        }
        let note = self.recorder.operation(NUMBER, 0, Request::Compact { revision });
        match self.client.compact(CompactionRequest { revision, physical }).await {
            Ok(response) => {
                note.answered(response.header.map_or(0, |h| h.revision), Response::Done);
                Ok(())
            }
            Err(status) => {
                note.unknown(status.message());
                Err(status)
            }
        }
    }

    /// Only the leader hands over: it is looked for first.
    async fn move_leader(&self, to: &str) -> Result<(), Status> {
        let target_id = self.member(to).await?;
        for endpoint in &self.endpoints {
            let one = client(&self.host, std::slice::from_ref(endpoint));
            let Ok(status) = one.status(StatusRequest {}).await else { continue };
            if status.header.is_some_and(|header| header.member_id == status.leader) {
                return one.move_leader(MoveLeaderRequest { target_id }).await.map(drop);
            }
        }
        Err(Status::unavailable("nobody leads"))
    }
}
