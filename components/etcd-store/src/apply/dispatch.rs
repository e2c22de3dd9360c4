//! Which part of the state machine a request is for, and whether it is let through.

use super::Response;
use crate::{
    auth::AuthInfo, backend::Position, error::Refused, lease::NO_LEASE, quota, store::Store,
};
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        AlarmRequest, AlarmResponse, AlarmType, CompactionRequest, CompactionResponse,
        LeaseCheckpointResponse, LeaseGrantRequest, LeaseGrantResponse, LeaseRevokeRequest,
        LeaseRevokeResponse, PutRequest, ResponseHeader,
    },
    internal::internal_request::Request,
    mvccpb::Event,
};
use host::Instant;

type Answer = Result<Response, Refused>;

/// Requests that a corrupt cluster refuses (upstream: apply/corrupt.go).
fn touches_keys(request: &Request) -> bool {
    matches!(
        request,
        Request::Put(_)
            | Request::Range(_)
            | Request::DeleteRange(_)
            | Request::Txn(_)
            | Request::Compaction(_)
            | Request::LeaseGrant(_)
            | Request::LeaseRevoke(_)
    )
}

impl Store {
    pub(super) fn execute(
        &mut self,
        now: Instant,
        position: Position,
        request: &Request,
        info: &AuthInfo,
        events: &mut Vec<Event>,
    ) -> Answer {
        self.gate(request, info)?;
        match request {
            Request::Put(request) => self.put(request, events),
            Request::Range(request) => Ok(self.range(request)?.into()),
            Request::DeleteRange(request) => {
                Ok(self.write(events, |write| Ok(write.delete_range(request)?))?.into())
            }
            Request::Txn(request) => {
                Ok(self.write(events, |write| write.transaction(request))?.into())
            }
            Request::Compaction(request) => self.compact(request),
            Request::LeaseGrant(request) => self.grant(now, request),
            Request::LeaseRevoke(request) => self.revoke(request, events),
            Request::LeaseCheckpoint(request) => {
                let batch = &mut self.backend.entry;
                self.lessor.checkpoint(&request.checkpoints, now, batch);
                Ok(LeaseCheckpointResponse { header: self.header() }.into())
            }
            Request::Alarm(request) => Ok(self.alarm(request)),
            Request::Authenticate(request) => {
                Ok(self.auth.authenticate(request, position.index, now)?.into())
            }
            _ => self.administer(request),
        }
    }

    /// Alarms come first, as they wrap the rest (upstream: uberApplier.restoreAlarms).
    fn gate(&self, request: &Request, info: &AuthInfo) -> Result<(), EtcdError> {
        if self.alarms.is_active(AlarmType::Corrupt) && touches_keys(request) {
            return Err(EtcdError::Corrupt);
        }
        let grows = quota::cost(request) > 0 || matches!(request, Request::Put(_));
        if self.alarms.is_active(AlarmType::Nospace) && grows {
            return Err(EtcdError::NoSpace);
        }
        self.auth.check(request, info, &self.lessor)
    }

    fn header(&self) -> Option<ResponseHeader> {
        Some(ResponseHeader { revision: self.revision(), ..ResponseHeader::default() })
    }

    fn put(&mut self, request: &PutRequest, events: &mut Vec<Event>) -> Answer {
        if request.lease != NO_LEASE && !self.lessor.contains(request.lease) {
            return Err(EtcdError::LeaseNotFound.into());
        }
        Ok(self.write(events, |write| write.put(request))?.into())
    }

    fn compact(&mut self, request: &CompactionRequest) -> Answer {
        self.keys.compact(&mut self.backend, request.revision)?;
        Ok(CompactionResponse { header: self.header() }.into())
    }

    fn grant(&mut self, now: Instant, request: &LeaseGrantRequest) -> Answer {
        let granted = self.lessor.grant(request.id, request.ttl, now, &mut self.backend.entry);
        let ttl = granted.map_err(EtcdError::from)?;
        let (id, error) = (request.id, String::new());
        Ok(LeaseGrantResponse { header: self.header(), id, ttl, error }.into())
    }

    /// A lease's keys go in one transaction with it.
    fn revoke(&mut self, request: &LeaseRevokeRequest, events: &mut Vec<Event>) -> Answer {
        let keys = self.lessor.revoke(request.id, &mut self.backend.entry);
        let keys = keys.map_err(EtcdError::from)?;
        self.write(events, |write| {
            keys.iter().for_each(|key| write.delete(key));
            Ok(())
        })?;
        Ok(LeaseRevokeResponse { header: self.header() }.into())
    }

    fn alarm(&mut self, request: &AlarmRequest) -> Response {
        let alarms = self.alarms.apply(request, &mut self.backend.entry);
        AlarmResponse { header: self.header(), alarms }.into()
    }

    /// Users, roles, and what the cluster says of itself.
    fn administer(&mut self, request: &Request) -> Answer {
        let batch = &mut self.backend.entry;
        match request {
            Request::ClusterVersionSet(request) => self.members.set_version(&request.ver, batch),
            Request::ClusterMemberAttrSet(request) => self.members.set_attributes(request, batch),
            Request::DowngradeInfoSet(request) => self.members.set_downgrade(request, batch),
            // The rest was dispatched before.
            _ => return Ok(super::users::execute(&mut self.auth, request, batch)?),
        }
        Ok(Response::Empty)
    }
}
