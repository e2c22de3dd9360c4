//! The clients: each runs on a machine of its own until that is stopped.

mod administration;
mod auth_user;
mod caretaker;
mod compactor;
mod contender;
mod estate_auditor;
mod estate_user;
mod follower;
mod kv_client;
mod lease_keeper;
mod maintainer;
mod object_auditor;
mod object_user;
mod object_watcher;
mod replica;
mod shared_stream;
mod watcher;
mod webhook;

pub(crate) use object_auditor::Book;

use std::{sync::Arc, time::Duration};

use etcd_api::{
    EtcdError,
    client::{Client, Config, is_outcome_unknown},
};
use host::{BoxFuture, Host};
use oracles::history::{Admin, AuthChange, Request, Response, Revision, Told, Txn};
use tonic::Status;
use wire::{client::Endpoint, tls::ClientTls};

use crate::{
    generator::Chance,
    messages,
    profile::{Auth, Role, TrafficProfile},
    recorder::{OperationNote, Recorder},
    servers::Servers,
};

/// What every client has.
#[derive(Clone, Debug)]
pub struct Station {
    /// The machine it runs on.
    pub host: Host,
    /// Its number among all clients of the run.
    pub number: u32,
    /// The members to talk to.
    pub endpoints: Vec<Endpoint>,
    /// Its trust in them, where they speak TLS.
    pub tls: Option<ClientTls>,
    /// The API servers to talk to, where there are any.
    pub apiservers: Vec<Endpoint>,
    /// How much of which traffic.
    pub profile: Arc<TrafficProfile>,
    /// Where it writes down what it sees.
    pub recorder: Recorder,
}

impl Station {
    /// All clients may do everything; where nobody asks for a name they give none.
    fn credentials(&self) -> Option<(&'static str, &'static str)> {
        (self.profile.auth.users > 0).then_some(Auth::ROOT)
    }
}

impl Role {
    /// Acts as this client until its work is done, which for most is never.
    pub fn run(self, station: Station) -> BoxFuture<'static, ()> {
        Box::pin(self.act(station))
    }

    async fn act(self, station: Station) {
        let user = User::new(station.clone(), station.credentials());
        match self {
            Self::Kv { operations } => kv_client::run(&user, operations).await,
            Self::Auditor => watcher::audit(&user).await,
            Self::Watcher => watcher::run(&user).await,
            Self::LeaseKeeper => lease_keeper::run(&user).await,
            Self::LockContender => contender::lock(&user).await,
            Self::Candidate => contender::stand(&user).await,
            Self::Compactor => compactor::run(&user).await,
            Self::Maintainer => Box::pin(maintainer::run(&user)).await,
            Self::AuthUser => auth_user::run(&user).await,
            Self::ObjectAuditor => object_auditor::run(&user).await,
            Self::ObjectUser { operations } => object_user::run(&user, operations).await,
            Self::ObjectWatcher => object_watcher::run(&user).await,
            Self::EstateAuditor => estate_auditor::run(&user).await,
            Self::EstateUser { operations } => estate_user::run(&user, operations).await,
            Self::Caretaker => caretaker::run(&user).await,
            Self::Follower => follower::run(&user).await,
            Self::Replica => replica::run(&user).await,
            Self::Webhook => webhook::run(&user).await,
        }
    }
}

/// How long a user of objects waits for an answer. Longer than an API server's connect timeout: of
/// etcd's members one may be gone for good, and a call that tries it goes on to the next.
const OBJECTS_PATIENCE: Duration = Duration::from_secs(8);
/// How long a component waits for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A client at work.
struct User {
    /// For streams and sessions.
    client: Client,
    /// For calls, each with the profile's time limit.
    calls: Client,
    /// In whose name it asks; empty where nobody has one.
    name: String,
    station: Station,
}

/// The session of a call is not known: the client spreads its calls over all members.
const SESSION_UNKNOWN: u32 = 0;

impl User {
    /// A client with these credentials.
    fn new(station: Station, credentials: Option<(&str, &str)>) -> Self {
        let mut config = Config::new(station.endpoints.clone());
        config.channel.tls = station.tls.clone();
        config.credentials = credentials.map(|(name, password)| (name.into(), password.into()));
        // As other clients have it by default: who reads slowly is felt by the server.
        config.channel.window_bytes = 65_535;
        let client = Client::new(&station.host, config);
        let limit = Duration::from_millis(station.profile.timeout_ms.max(1));
        let name = credentials.map_or("", |(name, _)| name).to_owned();
        Self { calls: client.clone().with_timeout(limit), client, name, station }
    }

    /// Ways to the API servers.
    fn servers(&self) -> Servers {
        Servers::new(self.host(), &self.station.apiservers, OBJECTS_PATIENCE)
    }

    /// The client that components have, of all API servers: one is asked until it fails.
    fn api_client(&self) -> Option<client::Client> {
        let mut servers = self.station.apiservers.clone();
        let first = usize::try_from(self.station.number).unwrap_or(0) % servers.len().max(1);
        servers.rotate_left(first);
        let patience = OBJECTS_PATIENCE;
        let config =
            client::Config { rate: None, timeout: patience, ..client::Config::new(servers) };
        client::Client::new(self.host(), client::Config { connect_timeout: CONNECT, ..config }).ok()
    }

    fn profile(&self) -> &TrafficProfile {
        &self.station.profile
    }

    fn host(&self) -> &Host {
        &self.station.host
    }

    fn chance(&self) -> impl Chance + '_ {
        |limit| self.host().random.below(limit)
    }

    fn percent(&self, percent: u64) -> bool {
        self.host().random.below(100) < percent
    }

    /// Waits up to `most` milliseconds.
    async fn pause(&self, most: u64) {
        let pause = self.host().random.below(most.saturating_add(1));
        self.host().sleep(Duration::from_millis(pause)).await;
    }

    fn note(&self, request: &Request) -> OperationNote {
        let number = self.station.number;
        self.station.recorder.operation(number, SESSION_UNKNOWN, request.clone()).by(&self.name)
    }

    /// Makes a request and writes it down. None: no answer, or a refusal.
    async fn ask(&self, request: &Request) -> Option<(Revision, Response)> {
        let note = self.note(request);
        settle(note, self.call(request).await)
    }

    /// A request that changes neither keys nor leases: only its failure is of interest.
    async fn other<T>(&self, name: &str, call: BoxFuture<'_, Result<T, Status>>) -> Option<T> {
        self.noted(&Request::Other { name: name.to_owned() }, call).await
    }

    /// As [`User::ask`], of what has to do with the members: the call gives the revision, if it has
    /// one, and what it was told.
    async fn admin(
        &self,
        asked: Admin,
        call: impl Future<Output = Result<(Revision, Option<Told>), Status>>,
    ) -> Option<Told> {
        let note = self.note(&Request::Admin(asked));
        let answer = call
            .await
            .map(|(revision, told)| (revision, told.map_or(Response::Done, Response::Told)));
        match settle(note, answer)?.1 {
            Response::Told(told) => Some(told),
            _ => None,
        }
    }

    /// As [`User::other`], of a change of users and roles.
    async fn change<T>(
        &self,
        change: AuthChange,
        call: BoxFuture<'_, Result<T, Status>>,
    ) -> Option<T> {
        self.noted(&Request::Auth(change), call).await
    }

    async fn noted<T>(
        &self,
        request: &Request,
        call: BoxFuture<'_, Result<T, Status>>,
    ) -> Option<T> {
        let note = self.note(request);
        match call.await {
            Ok(answer) => {
                note.answered(0, Response::Done);
                Some(answer)
            }
            Err(status) => {
                fail(note, &status);
                None
            }
        }
    }

    async fn call(&self, request: &Request) -> Result<(Revision, Response), Status> {
        let calls = &self.calls;
        match request {
            Request::Put(put) => {
                let answer = calls.put(messages::put(put)).await?;
                Ok((messages::revision(&answer.header), messages::put_response(&answer)))
            }
            Request::Delete(delete) => {
                let answer = calls.delete(messages::delete(delete)).await?;
                Ok((messages::revision(&answer.header), messages::delete_response(&answer)))
            }
            Request::Range(range) => {
                let answer = calls.get(messages::range(range)).await?;
                Ok((messages::revision(&answer.header), messages::range_response(&answer)))
            }
            Request::Txn(txn) => self.txn(txn).await,
            Request::Compact { revision } => {
                let revision = *revision;
                let compact =
                    etcd_api::etcdserverpb::CompactionRequest { revision, physical: false };
                let answer = calls.compact(compact).await?;
                Ok((messages::revision(&answer.header), Response::Done))
            }
            lease => self.lease(lease).await,
        }
    }

    async fn txn(&self, txn: &Txn) -> Result<(Revision, Response), Status> {
        let mut builder = self.calls.txn().when(txn.compares.iter().map(messages::compare));
        for operation in messages::operations(&txn.success) {
            builder = builder.then(operation);
        }
        for operation in messages::operations(&txn.failure) {
            builder = builder.or_else(operation);
        }
        let answer = builder.commit().await?;
        Ok((messages::revision(&answer.header), messages::txn_response(&answer)))
    }

    async fn lease(&self, request: &Request) -> Result<(Revision, Response), Status> {
        let calls = &self.calls;
        match *request {
            Request::LeaseGrant { id, ttl } => {
                let answer = calls.grant(ttl, id).await?;
                let response = Response::LeaseGrant { id: answer.id, ttl: answer.ttl };
                Ok((messages::revision(&answer.header), response))
            }
            Request::LeaseRevoke { id } => {
                let answer = calls.revoke(id).await?;
                Ok((messages::revision(&answer.header), Response::Done))
            }
            Request::LeaseKeepAlive { id } => {
                let answer = calls.keep_alive_once(id).await?;
                let response = Response::LeaseKeepAlive { ttl: answer.ttl };
                Ok((messages::revision(&answer.header), response))
            }
            Request::LeaseTimeToLive { id } => {
                let answer = calls.time_to_live(id, true).await?;
                let (granted_ttl, ttl) = (answer.granted_ttl, answer.ttl);
                let keys = answer.keys.iter().map(messages::text).collect();
                let response = Response::LeaseTimeToLive { granted_ttl, ttl, keys };
                Ok((messages::revision(&answer.header), response))
            }
            _ => Err(Status::unimplemented("this request is not made by a single call")),
        }
    }
}

fn settle(
    note: OperationNote,
    outcome: Result<(Revision, Response), Status>,
) -> Option<(Revision, Response)> {
    match outcome {
        Ok((revision, response)) => {
            note.answered(revision, response.clone());
            Some((revision, response))
        }
        Err(status) => {
            fail(note, &status);
            None
        }
    }
}

fn fail(note: OperationNote, status: &Status) {
    // At its turn a write that fills the quota is applied, and refused all the same (upstream:
    // quotaApplierV3 in server/etcdserver/apply/apply.go).
    let applied = EtcdError::from_status(status) == Some(EtcdError::NoSpace);
    match is_outcome_unknown(status) || applied {
        true => note.unknown(status.message()),
        false => note.refused(messages::refusal(status), status.message()),
    }
}
