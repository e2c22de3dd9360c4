//! Between the history's own types and the API's messages.

use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::{self as api, compare::TargetUnion, request_op, response_op},
    mvccpb,
};
use oracles::history::{
    Compare, CompareResult, CompareTarget, Delete, Event, EventKind, KeyValue, Put, Range, Refusal,
    Request, Response, Revision, SortOrder, SortTarget, Txn, WatchRequest, WatchResponse,
};
use tonic::Status;

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn put(put: &Put) -> api::PutRequest {
    api::PutRequest {
        key: bytes(&put.key),
        value: crate::values::on_the_wire(&put.value),
        lease: put.lease,
        prev_kv: put.prev_kv,
        ignore_value: put.ignore_value,
        ignore_lease: put.ignore_lease,
    }
}

pub(crate) fn delete(delete: &Delete) -> api::DeleteRangeRequest {
    api::DeleteRangeRequest {
        key: bytes(&delete.key),
        range_end: bytes(&delete.range_end),
        prev_kv: delete.prev_kv,
    }
}

pub(crate) fn range(range: &Range) -> api::RangeRequest {
    use api::range_request as sort;
    let order = match range.sort_order {
        SortOrder::None => sort::SortOrder::None,
        SortOrder::Ascend => sort::SortOrder::Ascend,
        SortOrder::Descend => sort::SortOrder::Descend,
    };
    let target = match range.sort_target {
        SortTarget::Key => sort::SortTarget::Key,
        SortTarget::Version => sort::SortTarget::Version,
        SortTarget::Create => sort::SortTarget::Create,
        SortTarget::Mod => sort::SortTarget::Mod,
        SortTarget::Value => sort::SortTarget::Value,
    };
    api::RangeRequest {
        key: bytes(&range.key),
        range_end: bytes(&range.range_end),
        limit: range.limit,
        revision: range.revision,
        sort_order: order.into(),
        sort_target: target.into(),
        serializable: range.serializable,
        keys_only: range.keys_only,
        count_only: range.count_only,
        min_mod_revision: range.min_mod_revision,
        max_mod_revision: range.max_mod_revision,
        min_create_revision: range.min_create_revision,
        max_create_revision: range.max_create_revision,
    }
}

pub(crate) fn compare(compare: &Compare) -> api::Compare {
    use api::compare as wire;
    let result = match compare.result {
        CompareResult::Equal => wire::CompareResult::Equal,
        CompareResult::Greater => wire::CompareResult::Greater,
        CompareResult::Less => wire::CompareResult::Less,
        CompareResult::NotEqual => wire::CompareResult::NotEqual,
    };
    let (target, value) = match &compare.target {
        CompareTarget::Version(at) => (wire::CompareTarget::Version, TargetUnion::Version(*at)),
        CompareTarget::Create(at) => {
            (wire::CompareTarget::Create, TargetUnion::CreateRevision(*at))
        }
        CompareTarget::Mod(at) => (wire::CompareTarget::Mod, TargetUnion::ModRevision(*at)),
        CompareTarget::Lease(id) => (wire::CompareTarget::Lease, TargetUnion::Lease(*id)),
        CompareTarget::Value(value) => {
            let value = crate::values::on_the_wire(value);
            (wire::CompareTarget::Value, TargetUnion::Value(value))
        }
    };
    api::Compare {
        result: result.into(),
        target: target.into(),
        key: bytes(&compare.key),
        range_end: bytes(&compare.range_end),
        target_union: Some(value),
    }
}

/// The requests of one branch. Only what may stand in a transaction is translated.
pub(crate) fn operations(requests: &[Request]) -> Vec<api::RequestOp> {
    let operation = |request: &Request| match request {
        Request::Put(inner) => Some(request_op::Request::RequestPut(put(inner))),
        Request::Delete(inner) => Some(request_op::Request::RequestDeleteRange(delete(inner))),
        Request::Range(inner) => Some(request_op::Request::RequestRange(range(inner))),
        Request::Txn(inner) => Some(request_op::Request::RequestTxn(txn(inner))),
        Request::Compact { .. }
        | Request::LeaseGrant { .. }
        | Request::LeaseRevoke { .. }
        | Request::LeaseKeepAlive { .. }
        | Request::LeaseTimeToLive { .. }
        | Request::Recipe { .. }
        | Request::Auth(_)
        | Request::Admin(_)
        | Request::Other { .. } => None,
    };
    let wrap = |request| api::RequestOp { request: Some(request) };
    requests.iter().filter_map(operation).map(wrap).collect()
}

fn txn(txn: &Txn) -> api::TxnRequest {
    api::TxnRequest {
        compare: txn.compares.iter().map(compare).collect(),
        success: operations(&txn.success),
        failure: operations(&txn.failure),
    }
}

pub(crate) fn watch(request: &WatchRequest) -> api::WatchCreateRequest {
    use api::watch_create_request::FilterType;
    let filters = [(request.no_put, FilterType::Noput), (request.no_delete, FilterType::Nodelete)];
    api::WatchCreateRequest {
        key: bytes(&request.key),
        range_end: bytes(&request.range_end),
        start_revision: request.start_revision,
        progress_notify: request.progress_notify,
        filters: filters.iter().filter(|(on, _)| *on).map(|(_, kind)| (*kind).into()).collect(),
        prev_kv: request.prev_kv,
        fragment: request.fragment,
        ..Default::default()
    }
}

pub(crate) fn key_value(kv: &mvccpb::KeyValue) -> KeyValue {
    KeyValue {
        key: text(&kv.key),
        value: crate::values::in_the_history(&kv.value),
        create: kv.create_revision,
        modified: kv.mod_revision,
        version: kv.version,
        lease: kv.lease,
    }
}

pub(crate) fn revision(header: &Option<api::ResponseHeader>) -> Revision {
    header.as_ref().map_or(0, |header| header.revision)
}

pub(crate) fn put_response(response: &api::PutResponse) -> Response {
    Response::Put { prev_kv: response.prev_kv.as_ref().map(key_value) }
}

pub(crate) fn delete_response(response: &api::DeleteRangeResponse) -> Response {
    let prev_kvs = response.prev_kvs.iter().map(key_value).collect();
    Response::Delete { deleted: response.deleted, prev_kvs }
}

pub(crate) fn range_response(response: &api::RangeResponse) -> Response {
    let kvs = response.kvs.iter().map(key_value).collect();
    Response::Range { kvs, more: response.more, count: response.count }
}

pub(crate) fn txn_response(response: &api::TxnResponse) -> Response {
    let inner = |operation: &api::ResponseOp| match &operation.response {
        Some(response_op::Response::ResponsePut(inner)) => put_response(inner),
        Some(response_op::Response::ResponseDeleteRange(inner)) => delete_response(inner),
        Some(response_op::Response::ResponseRange(inner)) => range_response(inner),
        Some(response_op::Response::ResponseTxn(inner)) => txn_response(inner),
        // No etcd answers so; the oracle says it.
        None => Response::Done,
    };
    let responses = response.responses.iter().map(inner).collect();
    Response::Txn { succeeded: response.succeeded, responses }
}

pub(crate) fn watch_response(response: &api::WatchResponse) -> WatchResponse {
    let progress = response.events.is_empty() && !response.created && !response.canceled;
    WatchResponse {
        at: 0,
        revision: revision(&response.header),
        created: response.created,
        canceled: response.canceled,
        compact_revision: response.compact_revision,
        progress,
        fragment: response.fragment,
        events: response.events.iter().map(event).collect(),
    }
}

fn event(event: &mvccpb::Event) -> Event {
    let kind = match event.r#type() {
        mvccpb::event::EventType::Put => EventKind::Put,
        mvccpb::event::EventType::Delete => EventKind::Delete,
    };
    let kv = event.kv.as_ref().map(key_value).unwrap_or_default();
    Event { kind, kv, prev_kv: event.prev_kv.as_ref().map(key_value) }
}

/// Which refusal a status is, of those that surely had no effect.
pub(crate) fn refusal(status: &Status) -> Refusal {
    match EtcdError::from_status(status) {
        Some(EtcdError::Compacted) => Refusal::Compacted,
        Some(EtcdError::FutureRev) => Refusal::FutureRevision,
        Some(EtcdError::LeaseNotFound) => Refusal::LeaseNotFound,
        Some(EtcdError::LeaseExist) => Refusal::LeaseExists,
        Some(EtcdError::KeyNotFound) => Refusal::KeyNotFound,
        Some(_) | None => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_response_without_events_is_progress() {
        let created = api::WatchResponse { created: true, ..Default::default() };
        assert!(!watch_response(&created).progress);
        assert!(watch_response(&api::WatchResponse::default()).progress);
    }

    #[test]
    fn filters_are_those_asked_for() {
        let request = WatchRequest { no_delete: true, ..WatchRequest::default() };
        assert_eq!(watch(&request).filters, [1]);
        assert!(watch(&WatchRequest::default()).filters.is_empty());
    }

    #[test]
    fn a_transaction_keeps_its_shape() {
        let put = Request::Put(Put { key: "a".into(), value: "1".into(), ..Put::default() });
        let target = CompareTarget::Create(0);
        let compares = vec![Compare {
            key: "a".into(),
            range_end: String::new(),
            result: CompareResult::NotEqual,
            target,
        }];
        let inner = Txn { compares, success: vec![put.clone()], failure: vec![] };
        let outer = txn(&Txn { success: vec![Request::Txn(inner), put], ..Txn::default() });
        assert_eq!(outer.success.len(), 2);
        let Some(request_op::Request::RequestTxn(inner)) = &outer.success[0].request else {
            panic!("the first is a transaction");
        };
        assert_eq!(inner.compare[0].result, 3);
        assert_eq!(inner.compare[0].target_union, Some(TargetUnion::CreateRevision(0)));
        assert_eq!(inner.success.len(), 1);
    }

    #[test]
    fn refusals_are_known_by_their_text() {
        assert_eq!(refusal(&Status::from(EtcdError::Compacted)), Refusal::Compacted);
        assert_eq!(refusal(&Status::internal("?")), Refusal::Other);
    }
}
