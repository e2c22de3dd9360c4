//! Txn: compare, then do one of two lists.
//!
//! All comparisons, those of nested transactions too, see the state before the first change; and
//! whatever could fail is checked before the first change. Upstream: server/etcdserver/txn/txn.go.

use super::{KeyRange, Keys, query::header, write::Write};
use crate::{
    backend::Backend,
    error::{Refused, StoreError},
};
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        Compare, PutRequest, RangeRequest, RequestOp, ResponseOp, TxnRequest, TxnResponse,
        compare::{CompareResult, CompareTarget, TargetUnion},
        request_op::Request,
        response_op::Response,
    },
    mvccpb::KeyValue,
};
use std::cmp::Ordering;

/// The lists that were chosen, all the way down.
#[derive(Debug)]
struct Plan<'a> {
    succeeded: bool,
    steps: Vec<Step<'a>>,
}

#[derive(Debug)]
enum Step<'a> {
    One(&'a RequestOp),
    Nested(Plan<'a>),
}

/// True when no branch changes anything.
pub fn is_read_only(request: &TxnRequest) -> bool {
    request.success.iter().chain(&request.failure).all(|op| match &op.request {
        Some(Request::RequestRange(_)) | None => true,
        Some(Request::RequestTxn(nested)) => is_read_only(nested),
        Some(Request::RequestPut(_) | Request::RequestDeleteRange(_)) => false,
    })
}

impl Write<'_> {
    /// Executes a transaction; changes nothing when it is refused.
    pub(crate) fn transaction(&mut self, request: &TxnRequest) -> Result<TxnResponse, Refused> {
        let plan = self.keys.plan(self.backend, request)?;
        self.check(&plan)?;
        self.execute(&plan)
    }

    fn check(&self, plan: &Plan<'_>) -> Result<(), Refused> {
        plan.steps.iter().try_for_each(|step| match step {
            Step::Nested(nested) => self.check(nested),
            Step::One(op) => match &op.request {
                Some(Request::RequestRange(range)) => self.keys.check_range(range),
                Some(Request::RequestPut(put)) => self.check_put(put),
                _ => Ok(()),
            },
        })
    }

    fn check_put(&self, put: &PutRequest) -> Result<(), Refused> {
        let needs_previous = put.ignore_value || put.ignore_lease;
        if needs_previous && !self.keys.alive_at(&put.key, self.keys.revision) {
            return Err(EtcdError::KeyNotFound.into());
        }
        if put.lease != 0 && !self.leases.contains(put.lease) {
            return Err(EtcdError::LeaseNotFound.into());
        }
        Ok(())
    }

    fn execute(&mut self, plan: &Plan<'_>) -> Result<TxnResponse, Refused> {
        let mut responses = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let response = match step {
                Step::Nested(nested) => Some(Response::ResponseTxn(self.execute(nested)?)),
                Step::One(op) => match &op.request {
                    Some(Request::RequestRange(request)) => {
                        Some(Response::ResponseRange(self.range(request)?))
                    }
                    Some(Request::RequestPut(request)) => {
                        Some(Response::ResponsePut(self.put(request)?))
                    }
                    Some(Request::RequestDeleteRange(request)) => {
                        Some(Response::ResponseDeleteRange(self.delete_range(request)?))
                    }
                    Some(Request::RequestTxn(_)) | None => None,
                },
            };
            responses.push(ResponseOp { response });
        }
        let header = header(self.revision());
        Ok(TxnResponse { header, succeeded: plan.succeeded, responses })
    }
}

impl Keys {
    /// Executes a transaction that [`is_read_only`].
    pub(crate) fn read_transaction(
        &self,
        backend: &Backend,
        request: &TxnRequest,
    ) -> Result<TxnResponse, Refused> {
        let plan = self.plan(backend, request)?;
        self.read(backend, &plan)
    }

    fn read(&self, backend: &Backend, plan: &Plan<'_>) -> Result<TxnResponse, Refused> {
        let mut responses = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let response = match step {
                Step::Nested(nested) => Some(Response::ResponseTxn(self.read(backend, nested)?)),
                Step::One(RequestOp { request: Some(Request::RequestRange(range)) }) => {
                    Some(Response::ResponseRange(self.range(backend, range, self.revision)?))
                }
                Step::One(_) => None,
            };
            responses.push(ResponseOp { response });
        }
        Ok(TxnResponse { header: header(self.revision), succeeded: plan.succeeded, responses })
    }

    fn check_range(&self, range: &RangeRequest) -> Result<(), Refused> {
        match range.revision {
            0 => Ok(()),
            revision => self.check_readable(revision, self.revision),
        }
    }

    fn plan<'a>(&self, backend: &Backend, request: &'a TxnRequest) -> Result<Plan<'a>, StoreError> {
        let mut succeeded = true;
        for compare in &request.compare {
            succeeded = succeeded && self.compare(backend, compare)?;
        }
        let ops = if succeeded { &request.success } else { &request.failure };
        let mut steps = Vec::with_capacity(ops.len());
        for op in ops {
            steps.push(match &op.request {
                Some(Request::RequestTxn(nested)) => Step::Nested(self.plan(backend, nested)?),
                _ => Step::One(op),
            });
        }
        Ok(Plan { succeeded, steps })
    }

    /// True when every key of the range compares as asked. A range without keys is compared as one
    /// absent key, all whose numbers are zero; an absent key's value equals nothing.
    fn compare(&self, backend: &Backend, compare: &Compare) -> Result<bool, StoreError> {
        let range = KeyRange::new(&compare.key, &compare.range_end);
        let target = CompareTarget::try_from(compare.target);
        let needs_row = matches!(target, Ok(CompareTarget::Value | CompareTarget::Lease));
        let mut any = false;
        for (_, version) in self.versions(&range, self.revision) {
            any = true;
            let kv = match needs_row {
                true => super::fetch(backend, version.modified)?,
                false => KeyValue {
                    create_revision: version.created,
                    mod_revision: version.modified.main,
                    version: version.version,
                    ..KeyValue::default()
                },
            };
            if !compares(compare, &kv) {
                return Ok(false);
            }
        }
        let absent_matches =
            target != Ok(CompareTarget::Value) && compares(compare, &KeyValue::default());
        Ok(any || absent_matches)
    }
}

/// Compares one key. A missing or different operand counts as zero or empty, as upstream's does.
fn compares(compare: &Compare, kv: &KeyValue) -> bool {
    let operand = compare.target_union.as_ref();
    let order = match CompareTarget::try_from(compare.target) {
        Ok(CompareTarget::Version) => kv.version.cmp(&match operand {
            Some(TargetUnion::Version(version)) => *version,
            _ => 0,
        }),
        Ok(CompareTarget::Create) => kv.create_revision.cmp(&match operand {
            Some(TargetUnion::CreateRevision(revision)) => *revision,
            _ => 0,
        }),
        Ok(CompareTarget::Mod) => kv.mod_revision.cmp(&match operand {
            Some(TargetUnion::ModRevision(revision)) => *revision,
            _ => 0,
        }),
        Ok(CompareTarget::Value) => kv.value[..].cmp(match operand {
            Some(TargetUnion::Value(value)) => &value[..],
            _ => &[],
        }),
        Ok(CompareTarget::Lease) => kv.lease.cmp(&match operand {
            Some(TargetUnion::Lease(lease)) => *lease,
            _ => 0,
        }),
        Err(_) => Ordering::Equal,
    };
    match CompareResult::try_from(compare.result) {
        Ok(CompareResult::Equal) => order.is_eq(),
        Ok(CompareResult::NotEqual) => order.is_ne(),
        Ok(CompareResult::Greater) => order.is_gt(),
        Ok(CompareResult::Less) => order.is_lt(),
        Err(_) => true,
    }
}
