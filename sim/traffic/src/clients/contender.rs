//! Wants a lock or an office, acts under it for a while, and gives it back.
//!
//! What a holder writes carries the owner's guard. It acts only while its own clock says that its
//! lease lives, and each act is noted: a client that is paused does not act.

mod server;

use std::time::Duration;

use etcd_api::concurrency::{Election, Mutex, RecipeError, Session};
use oracles::history::{Compare, CompareResult, CompareTarget, Hold, Put, Request, Response, Txn};

use super::User;
use crate::{messages, profile::Contenders, recorder::HoldNote};

/// Between two acts of a holder.
const ACT_PERIOD: Duration = Duration::from_millis(200);
/// How long a contender waits for its turn before it leaves the queue.
const TURN_WAIT_MAX: Duration = Duration::from_secs(30);

/// A place that was won: the owner's key, and its create revision.
struct Won {
    key: String,
    token: i64,
}

/// What is contended for.
#[derive(Clone, Copy)]
enum Prize {
    Lock,
    Office,
}

/// Wants locks.
pub(super) async fn lock(user: &User) {
    contend(user, &user.profile().locks, Prize::Lock).await;
}

/// Stands for election.
pub(super) async fn stand(user: &User) {
    contend(user, &user.profile().elections, Prize::Office).await;
}

/// One session after the other, each with one attempt. The keys of the recipe are written by the
/// client library: the history only knows where they are.
async fn contend(user: &User, contenders: &Contenders, prize: Prize) {
    let kind = match prize {
        Prize::Lock => "lock",
        Prize::Office => "election",
    };
    loop {
        let name = format!("{kind}/{}", user.host().random.below(contenders.names));
        let recipe = Request::Recipe { name: kind.to_owned(), prefix: format!("{name}/") };
        let note = user.note(&recipe);
        let ttl = contenders.ttl.max(1).cast_signed();
        if let Ok(session) = session(user, ttl).await {
            let attempt = match prize {
                // Who wants the same may wait by itself or let the server wait.
                _ if user.percent(50) => {
                    let attempt = server::attempt(user, &session, contenders, &name, prize);
                    Box::pin(attempt).await.map_err(|status| status.message().to_owned())
                }
                Prize::Lock => {
                    let attempt = attempt_lock(user, &session, contenders, &name);
                    Box::pin(attempt).await.map_err(|error| error.to_string())
                }
                Prize::Office => {
                    let attempt = attempt_office(user, &session, contenders, &name);
                    Box::pin(attempt).await.map_err(|error| error.to_string())
                }
            };
            match attempt {
                Ok(()) => note.answered(0, Response::Done),
                Err(error) => note.unknown(error),
            }
            // What it leaves behind ends with the lease.
            drop(user.host().timeout(ACT_PERIOD * 10, Box::pin(session.close())).await);
        }
        user.pause(1000).await;
    }
}

async fn attempt_lock(
    user: &User,
    session: &Session,
    contenders: &Contenders,
    name: &str,
) -> Result<(), RecipeError> {
    let mut mutex = Mutex::new(session, name);
    let turn = user.host().timeout(TURN_WAIT_MAX, Box::pin(mutex.lock())).await;
    if let Ok(Ok(())) = turn
        && let (Some(key), Some(token)) = (mutex.key().map(messages::text), mutex.revision())
    {
        act(user, session, contenders, name, Won { key, token }).await;
    }
    // A failure leaves the key to its lease.
    mutex.unlock().await
}

async fn attempt_office(
    user: &User,
    session: &Session,
    contenders: &Contenders,
    name: &str,
) -> Result<(), RecipeError> {
    let mut election = Election::new(session, name);
    let value = format!("{}-{:x}", user.station.number, session.lease());
    let campaign = Box::pin(election.campaign(value.clone()));
    let turn = user.host().timeout(TURN_WAIT_MAX, campaign).await;
    if let Ok(Ok(())) = turn
        && let (Some(key), Some(token)) = (election.key().map(messages::text), election.revision())
    {
        act(user, session, contenders, name, Won { key, token }).await;
        // Whether the office is still there is for the server to say.
        drop(election.proclaim(format!("{value}+")).await);
    }
    election.resign().await
}

async fn session(user: &User, ttl: i64) -> Result<Session, tonic::Status> {
    let late = |_| Err(tonic::Status::deadline_exceeded("no session"));
    let session = Box::pin(Session::new(&user.calls, ttl));
    user.host().timeout(TURN_WAIT_MAX, session).await.unwrap_or_else(late)
}

/// Whether the session's lease lives, by all that its client knows.
fn trusted(user: &User, session: &Session) -> bool {
    session.keep_alive().end().is_ok_and(|end| end > user.host().now())
}

/// Acts as holder for a while, or until the lease cannot be trusted any more.
async fn act(user: &User, session: &Session, contenders: &Contenders, name: &str, won: Won) {
    let hold = Hold {
        name: name.to_owned(),
        client: user.station.number,
        lease: session.lease(),
        token: won.token,
        ..Hold::default()
    };
    let note = user.station.recorder.hold(hold);
    let end =
        user.host().now() + Duration::from_millis(user.host().random.below(contenders.hold_ms));
    for count in 0_u64.. {
        let now = user.host().now();
        if now >= end || !trusted(user, session) {
            return;
        }
        note.acts();
        write(user, name, &won, count, &note).await;
        user.host().sleep(ACT_PERIOD).await;
    }
}

/// A write that counts only while the owner's key is there.
async fn write(user: &User, name: &str, won: &Won, count: u64, note: &HoldNote) {
    let compares = vec![Compare {
        key: won.key.clone(),
        range_end: String::new(),
        result: CompareResult::Equal,
        target: CompareTarget::Create(won.token),
    }];
    let value = format!("{}-{}-{count}", user.station.number, won.token);
    let put = Put { key: format!("fenced/{name}"), value, ..Put::default() };
    let txn = Txn { compares, success: vec![Request::Put(put)], failure: Vec::new() };
    let answer = user.ask(&Request::Txn(txn)).await;
    if let Some((revision, Response::Txn { succeeded: true, .. })) = answer {
        note.wrote(revision);
    }
}
