//! An office that one session at a time holds (client/v3/concurrency/election.go).

use super::{
    RecipeError, Session,
    queue::{self, Place},
};
use crate::{
    client::{Client, Watcher, compare, op},
    etcdserverpb::{Compare, PutRequest, compare::CompareResult},
    mvccpb::{KeyValue, event::EventType},
};
use bytes::Bytes;
use std::collections::VecDeque;

/// An election by name.
#[derive(Debug)]
pub struct Election<'a> {
    session: &'a Session,
    prefix: String,
    place: Option<Place>,
}

impl<'a> Election<'a> {
    /// The election `name`, without candidacy.
    pub fn new(session: &'a Session, name: &str) -> Self {
        Self { session, prefix: format!("{name}/"), place: None }
    }

    /// Stands for election and waits to be elected; `value` is what the leader says of itself.
    /// When this is cancelled or fails, [`Election::resign`] withdraws.
    ///
    /// # Errors
    /// The session ended meanwhile, or a call failed.
    pub async fn campaign(&mut self, value: impl Into<Bytes>) -> Result<(), RecipeError> {
        let value = value.into();
        let taken = queue::take(self.session, &self.prefix, value.clone()).await?;
        let first = taken.is_first();
        let other_value = taken.before.is_some_and(|before| before.value != value);
        self.place = Some(taken.place.clone());
        if other_value {
            self.proclaim(value).await?;
        }
        match first {
            true => Ok(()),
            false => queue::wait_for_turn(self.session.client(), &self.prefix, &taken.place).await,
        }
    }

    /// Says something else of itself.
    ///
    /// # Errors
    /// The candidacy is over, or the call failed.
    pub async fn proclaim(&mut self, value: impl Into<Bytes>) -> Result<(), RecipeError> {
        let place = self.place.clone().ok_or(RecipeError::NotLeader)?;
        let lease = self.session.lease();
        let put = PutRequest { lease, ..op::put(place.key.clone(), value) };
        let txn = self.session.client().txn().when([owns(&place)]).then(put);
        match txn.commit().await?.succeeded {
            true => Ok(()),
            false => {
                self.place = None;
                Err(RecipeError::NotLeader)
            }
        }
    }

    /// Gives up the office, or the candidacy. Without one it does nothing.
    ///
    /// # Errors
    /// The call failed; then it may be tried again.
    pub async fn resign(&mut self) -> Result<(), RecipeError> {
        let Some(place) = self.place.clone() else { return Ok(()) };
        let txn = self.session.client().txn().when([owns(&place)]);
        txn.then(op::delete(place.key)).commit().await?;
        self.place = None;
        Ok(())
    }

    /// Who leads.
    ///
    /// # Errors
    /// [`RecipeError::NoLeader`], or the call failed.
    pub async fn leader(&self) -> Result<KeyValue, RecipeError> {
        let found = self.session.client().get(queue::first(&self.prefix)).await?;
        found.kvs.into_iter().next().ok_or(RecipeError::NoLeader)
    }

    /// Everybody who leads from now on, and what they say.
    pub fn observe(&self) -> Observer {
        Observer::new(self.session.client(), &self.prefix)
    }

    /// The guard that holds while the office does: to be put into every write of the leader.
    pub fn is_leader(&self) -> Option<Compare> {
        self.place.as_ref().map(owns)
    }

    /// The key that stands for this session.
    pub fn key(&self) -> Option<&Bytes> {
        self.place.as_ref().map(|place| &place.key)
    }

    /// The revision of the candidacy: grows with every leader.
    pub fn revision(&self) -> Option<i64> {
        self.place.as_ref().map(|place| place.revision)
    }
}

fn owns(place: &Place) -> Compare {
    compare::create_revision(place.key.clone(), CompareResult::Equal, place.revision)
}

/// Follows an election.
#[derive(Debug)]
pub struct Observer {
    client: Client,
    prefix: String,
    /// What was seen but not yet given.
    seen: VecDeque<KeyValue>,
    /// Watches the leader's key, or all keys while nobody leads.
    watcher: Option<Watcher>,
}

impl Observer {
    fn new(client: &Client, prefix: &str) -> Self {
        let (client, prefix) = (client.clone(), prefix.to_owned());
        Self { client, prefix, seen: VecDeque::new(), watcher: None }
    }

    /// The next leader, or the next thing it says. Cancel-safe.
    ///
    /// # Errors
    /// A call failed or the watch ended; the next call looks anew.
    pub async fn next(&mut self) -> Result<KeyValue, RecipeError> {
        loop {
            if let Some(kv) = self.seen.pop_front() {
                return Ok(kv);
            }
            match &mut self.watcher {
                None => self.look().await?,
                Some(watcher) => match watcher.next().await {
                    Some(Ok(response)) => self.take(response.events),
                    Some(Err(error)) => {
                        self.watcher = None;
                        return Err(error.into());
                    }
                    None => self.watcher = None,
                },
            }
        }
    }

    async fn look(&mut self) -> Result<(), RecipeError> {
        let found = self.client.get(queue::first(&self.prefix)).await?;
        let revision = found.header.as_ref().map_or(0, |header| header.revision);
        let leader = found.kvs.into_iter().next();
        let mut watch = match &leader {
            Some(kv) => op::watch(kv.key.clone()),
            None => op::watch_prefix(self.prefix.clone()),
        };
        watch.start_revision = revision + 1;
        self.watcher = Some(self.client.watch(watch));
        self.seen.extend(leader);
        Ok(())
    }

    fn take(&mut self, events: Vec<crate::mvccpb::Event>) {
        for event in events {
            let deleted = event.r#type() == EventType::Delete;
            match event.kv {
                Some(kv) if !deleted && self.is_of_leader(&kv) => self.seen.push_back(kv),
                // The leader is gone, or the first candidate has come: look who leads.
                Some(_) | None => {
                    self.watcher = None;
                    return;
                }
            }
        }
    }

    /// While the leader's key is watched, every put is the leader's. While all are, the first
    /// candidate is looked up instead.
    fn is_of_leader(&self, kv: &KeyValue) -> bool {
        kv.version > 1
    }
}
