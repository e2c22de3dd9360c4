//! A write transaction: one main revision for all its changes.

use super::{Keys, history::History, history::Version, query::header, revision::Revision};
use crate::{
    backend::Backend,
    batch::Table,
    error::{Refused, StoreError},
    keys::KeyRange,
    lease::{Lessor, NO_LEASE},
};
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest,
        RangeResponse,
    },
    mvccpb::{Event, KeyValue, event::EventType},
};
use prost::Message;

/// A transaction under way. Changes are in the index and staged at once; `finish` makes them count.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) keys: &'a mut Keys,
    pub(crate) backend: &'a mut Backend,
    pub(crate) leases: &'a mut Lessor,
    changes: Vec<Event>,
}

impl<'a> Write<'a> {
    pub(crate) fn begin(
        keys: &'a mut Keys,
        backend: &'a mut Backend,
        leases: &'a mut Lessor,
    ) -> Self {
        Self { keys, backend, leases, changes: Vec::new() }
    }

    /// The newest revision that the transaction itself sees.
    pub(crate) fn revision(&self) -> i64 {
        self.keys.revision + i64::from(!self.changes.is_empty())
    }

    /// Ends the transaction; its changes in order, none if the revision stays the same.
    pub(crate) fn finish(self) -> Vec<Event> {
        self.keys.revision = self.revision();
        self.changes
    }

    fn next(&self) -> Revision {
        let sub = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        Revision { main: self.keys.revision + 1, sub }
    }

    pub(crate) fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Refused> {
        self.keys.range(self.backend, request, self.revision())
    }

    pub(crate) fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Refused> {
        let mut previous = None;
        if request.prev_kv || request.ignore_value || request.ignore_lease {
            previous = self.keys.get(self.backend, &request.key, self.revision())?;
            if previous.is_none() && (request.ignore_value || request.ignore_lease) {
                return Err(EtcdError::KeyNotFound.into());
            }
        }
        let old = previous.as_ref();
        let value = old.filter(|_| request.ignore_value).map_or(&request.value, |old| &old.value);
        let lease = old.filter(|_| request.ignore_lease).map_or(request.lease, |old| old.lease);
        self.set(&request.key, value.clone(), lease);
        let prev_kv = previous.filter(|_| request.prev_kv);
        Ok(PutResponse { header: header(self.revision()), prev_kv })
    }

    fn set(&mut self, key: &Bytes, value: Bytes, lease: i64) {
        let revision = self.next();
        let before = self.keys.alive_at(key, self.revision());
        let version = self.keys.record_put(key, revision);
        self.keys.alive += u64::from(!before);
        let kv = KeyValue {
            key: key.clone(),
            create_revision: version.created,
            mod_revision: revision.main,
            version: version.version,
            value,
            lease,
        };
        self.backend.entry.put(Table::Key, revision.row(false), kv.encode_to_vec());
        self.move_lease(key, lease);
        self.changes.push(Event { r#type: EventType::Put as i32, kv: Some(kv), prev_kv: None });
    }

    fn move_lease(&mut self, key: &Bytes, lease: i64) {
        if lease == NO_LEASE {
            self.leases.detach(key);
        } else if self.leases.lease_of(key) != lease {
            // The lease was there when the request was checked, in this very entry.
            let attached = self.leases.attach(lease, key.clone());
            debug_assert!(attached.is_ok(), "a checked lease is gone");
        }
    }

    pub(crate) fn delete_range(
        &mut self,
        request: &DeleteRangeRequest,
    ) -> Result<DeleteRangeResponse, StoreError> {
        let range = KeyRange::new(&request.key, &request.range_end);
        let found: Vec<_> = self
            .keys
            .versions(&range, self.revision())
            .map(|(key, version)| (Bytes::copy_from_slice(key), version))
            .collect();
        let mut prev_kvs = Vec::new();
        if request.prev_kv {
            for (_, version) in &found {
                prev_kvs.push(super::fetch(self.backend, version.modified)?);
            }
        }
        for (key, _) in &found {
            self.delete(key);
        }
        let deleted = i64::try_from(found.len()).unwrap_or(i64::MAX);
        Ok(DeleteRangeResponse { header: header(self.revision()), deleted, prev_kvs })
    }

    /// Deletes a key that is alive.
    pub(crate) fn delete(&mut self, key: &Bytes) {
        let revision = self.next();
        if !self.keys.index.get_mut(&key[..]).is_some_and(|history| history.delete(revision)) {
            return;
        }
        self.keys.alive -= 1;
        let row = KeyValue { key: key.clone(), ..KeyValue::default() };
        self.backend.entry.put(Table::Key, revision.row(true), row.encode_to_vec());
        self.move_lease(key, NO_LEASE);
        let kv = KeyValue { mod_revision: revision.main, ..row };
        self.changes.push(Event { r#type: EventType::Delete as i32, kv: Some(kv), prev_kv: None });
    }
}

impl Keys {
    pub(super) fn alive_at(&self, key: &[u8], at: i64) -> bool {
        self.index.get(key).is_some_and(|history| history.at(at).is_some())
    }

    pub(super) fn record_put(&mut self, key: &[u8], revision: Revision) -> Version {
        if let Some(history) = self.index.get_mut(key) {
            return history.put(revision);
        }
        let version = Version { modified: revision, created: revision.main, version: 1 };
        self.index.insert(key.into(), History::from_put(version));
        version
    }
}
