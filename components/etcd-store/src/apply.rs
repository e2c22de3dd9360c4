//! One entry of the log, applied: gates, dispatch, and the unit that is staged for it.
//!
//! Upstream: server/etcdserver/apply. Everything here is a function of the log and of what it made
//! before; only `raise_nospace` depends on this member's file, and it merely leads to a proposal.

mod dispatch;
mod response;
pub(crate) mod users;

pub use response::Response;

use crate::{
    auth::{self, AuthInfo},
    backend::Position,
    error::{Refused, StoreError},
    keys::Write,
    meta, quota,
    store::Store,
    watch::before,
};
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::{AlarmType, Member},
    internal::{InternalRequest, config_change_context::Change, internal_request::Request},
    mvccpb::Event,
};
use host::{Instant, Level, event};

/// What an entry came to.
#[derive(Debug)]
pub struct Applied {
    /// The request's identity, by which its proposer waits for it; 0 for none.
    pub request_id: u64,
    /// The answer. Of its header only the revision is set.
    pub result: Result<Response, EtcdError>,
    /// The store's revision after the entry.
    pub revision: i64,
    /// The request went beyond this member's quota: the NOSPACE alarm is to be proposed, unless it
    /// is raised already.
    pub raise_nospace: bool,
}

impl Store {
    /// Applies a request; `now` starts the clocks of leases on the leader. `None` when the entry was
    /// applied before.
    ///
    /// # Errors
    /// The file cannot be read: the member must stop.
    pub fn apply(
        &mut self,
        now: Instant,
        position: Position,
        request: &InternalRequest,
    ) -> Result<Option<Applied>, StoreError> {
        if position.index <= self.applied().index {
            return Ok(None);
        }
        let header = request.header.clone().unwrap_or_default();
        let info = AuthInfo { username: header.username, revision: header.auth_revision };
        let mut applied = Applied {
            request_id: header.id,
            result: Ok(Response::Empty),
            revision: 0,
            raise_nospace: false,
        };
        self.backend.begin_entry();
        let mut events = Vec::new();
        if let Some(request) = &request.request {
            let over = self.is_over_quota(request);
            let result = self.execute(now, position, request, &info, &mut events);
            applied.result = self.answer(result)?;
            if over && applied.result.is_ok() {
                // It was applied all the same, as on the other members (upstream: quotaApplierV3).
                applied.result = Err(EtcdError::NoSpace);
                applied.raise_nospace = !self.alarms.is_active(AlarmType::Nospace);
            }
        }
        let carries_position = self.carries_position(request.request.as_ref());
        self.end_entry(position, carries_position, events)?;
        applied.revision = self.revision();
        Ok(Some(applied))
    }

    /// Applies an entry without a request: a new leader's first. False when it was applied before.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    pub fn apply_empty(&mut self, position: Position) -> Result<bool, StoreError> {
        if position.index <= self.applied().index {
            return Ok(false);
        }
        self.backend.begin_entry();
        let carries_position = self.carries_position(None);
        self.end_entry(position, carries_position, Vec::new())?;
        Ok(true)
    }

    /// Applies a configuration change together with the configuration that raft made of it. A change
    /// that [`crate::members::Members::validate`] refuses must not be given to raft either: the
    /// configuration stays as it was. `None` when it was applied before.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    pub fn apply_conf_change(
        &mut self,
        position: Position,
        change: Option<&Change>,
        conf_state: Bytes,
    ) -> Result<Option<Result<Vec<Member>, EtcdError>>, StoreError> {
        if position.index <= self.applied().index {
            return Ok(None);
        }
        self.backend.begin_entry();
        let result = match change {
            Some(change) => self.members.apply(change, &mut self.backend.entry),
            None => Ok(()),
        };
        meta::stage_conf_state(&mut self.backend.entry, conf_state.clone());
        self.conf_state = Some(conf_state);
        self.end_entry(position, true, Vec::new())?;
        Ok(Some(result.map(|()| self.members.list())))
    }

    fn end_entry(
        &mut self,
        position: Position,
        carries_position: bool,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        self.report(position);
        self.backend.end_entry(position, carries_position);
        let (keys, backend) = (&self.keys, &self.backend);
        if events.is_empty() {
            return Ok(());
        }
        self.hub.notify(keys.revision(), events, |kv| before(keys, backend, kv))
    }

    /// Lets oracles compare members at equal indices: the hash is of what the entry stages.
    fn report(&self, position: Position) {
        if !self.host.probe.wants(Level::Fact) {
            return;
        }
        let mut hash = 0;
        for (table, key, value) in self.backend.entry.iter() {
            hash = crc32c::crc32c_append(hash, table.name().as_bytes());
            hash = crc32c::crc32c_append(hash, key);
            hash = crc32c::crc32c_append(hash, value.map_or(&[], |value| &value[..]));
        }
        let Position { index, term } = position;
        let revision = self.revision();
        event!(
            self.host,
            Fact,
            "etcd/effect",
            index = index,
            term = term,
            revision = revision,
            hash = hash,
        );
    }

    /// True, unless a defect forgets to persist that an entry was applied.
    fn carries_position(&self, request: Option<&Request>) -> bool {
        let defects = &self.host.defects;
        // E03c, #14419: entries without effect do not move the index.
        let forgets_empty = defects.has("E03c") && self.backend.entry.is_empty();
        // E04a, PR #11652: changes of users and roles do not move it either.
        let forgets_auth = defects.has("E04a") && request.is_some_and(auth::is_mutation);
        !forgets_empty && !forgets_auth
    }

    fn is_over_quota(&self, request: &Request) -> bool {
        let cost = quota::cost(request);
        cost > 0 && self.quota_bytes > 0 && self.size_in_use() + cost > self.quota_bytes
    }

    /// Whether a request may be proposed at all: its cost must fit into the quota.
    ///
    /// # Errors
    /// [`EtcdError::NoSpace`].
    pub fn check_quota(&self, request: &Request) -> Result<(), EtcdError> {
        if self.is_over_quota(request) { Err(EtcdError::NoSpace) } else { Ok(()) }
    }

    /// Separates answers from failures; after a failure in the middle of an entry nothing goes on.
    fn answer(
        &mut self,
        result: Result<Response, Refused>,
    ) -> Result<Result<Response, EtcdError>, StoreError> {
        match result {
            Ok(response) => Ok(Ok(response)),
            Err(Refused::Api(error)) => Ok(Err(error)),
            Err(Refused::Store(error)) => {
                self.backend.fail(&error);
                Err(error)
            }
        }
    }

    /// Runs one write transaction and collects its events.
    fn write<T>(
        &mut self,
        events: &mut Vec<Event>,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let mut write = Write::begin(&mut self.keys, &mut self.backend, &mut self.lessor);
        let result = work(&mut write)?;
        events.append(&mut write.finish());
        Ok(result)
    }
}
