//! Range: which keys, at which revision, in which order, how many.
//!
//! Upstream: server/etcdserver/txn/range.go. Filters and most orders need only the index, so values
//! are read for the keys that are returned.

use super::{Keys, history::Version};
use crate::{backend::Backend, error::Refused, keys::KeyRange};
use etcd_api::{
    etcdserverpb::{
        RangeRequest, RangeResponse, ResponseHeader,
        range_request::{SortOrder, SortTarget},
    },
    mvccpb::KeyValue,
};
use std::cmp::Ordering;

pub(super) fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

impl Keys {
    /// Answers a range request, where `now` is the newest revision that the reader may see.
    pub(crate) fn range(
        &self,
        backend: &Backend,
        request: &RangeRequest,
        now: i64,
    ) -> Result<RangeResponse, Refused> {
        let at = if request.revision > 0 { request.revision } else { now };
        self.check_readable(at, now)?;
        let range = KeyRange::new(&request.key, &request.range_end);
        let answer = RangeResponse { header: header(now), ..RangeResponse::default() };
        if request.count_only {
            let count = count(self.versions(&range, at).count());
            return Ok(RangeResponse { count, ..answer });
        }
        let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
        let plain = is_plain(request);
        let keep = limit.filter(|_| plain).map_or(usize::MAX, |limit| limit.saturating_add(1));
        let mut found = Vec::new();
        let mut total = 0;
        for (_, version) in self.versions(&range, at) {
            total += 1;
            if found.len() < keep && passes(request, &version) {
                found.push(version);
            }
        }
        let kvs = self.sorted(backend, request, found, limit)?;
        Ok(RangeResponse { kvs: kvs.0, more: kvs.1, count: count(total), ..answer })
    }

    /// Orders, cuts, and reads values. By value, all must be read first.
    fn sorted(
        &self,
        backend: &Backend,
        request: &RangeRequest,
        mut found: Vec<Version>,
        limit: Option<usize>,
    ) -> Result<(Vec<KeyValue>, bool), Refused> {
        let limit = limit.unwrap_or(usize::MAX);
        let more = found.len() > limit;
        let descend = request.sort_order == SortOrder::Descend as i32;
        let by_value = request.sort_target == SortTarget::Value as i32;
        if !by_value {
            sort(&mut found, request.sort_target, descend);
            found.truncate(limit);
        }
        let mut kvs = Vec::with_capacity(found.len());
        for version in found {
            kvs.push(super::fetch(backend, version.modified)?);
        }
        if by_value {
            kvs.sort_by(|a, b| directed(a.value.cmp(&b.value), descend));
            kvs.truncate(limit);
        }
        if request.keys_only {
            kvs.iter_mut().for_each(|kv| kv.value.clear());
        }
        Ok((kvs, more))
    }
}

fn count(keys: usize) -> i64 {
    i64::try_from(keys).unwrap_or(i64::MAX)
}

/// True when the answer is the first keys of the range as they stand.
fn is_plain(request: &RangeRequest) -> bool {
    let unfiltered = request.min_mod_revision == 0
        && request.max_mod_revision == 0
        && request.min_create_revision == 0
        && request.max_create_revision == 0;
    let by_key = request.sort_target == SortTarget::Key as i32
        && request.sort_order != SortOrder::Descend as i32;
    unfiltered && by_key
}

fn passes(request: &RangeRequest, version: &Version) -> bool {
    let within =
        |min: i64, max: i64, found: i64| (min == 0 || found >= min) && (max == 0 || found <= max);
    within(request.min_mod_revision, request.max_mod_revision, version.modified.main)
        && within(request.min_create_revision, request.max_create_revision, version.created)
}

fn directed(order: Ordering, descend: bool) -> Ordering {
    if descend { order.reverse() } else { order }
}

/// Stable, so that ties stay in the order of keys; upstream leaves theirs to chance. An order that
/// is not given means ascending.
fn sort(found: &mut [Version], target: i32, descend: bool) {
    match SortTarget::try_from(target) {
        Ok(SortTarget::Version) => {
            found.sort_by(|a, b| directed(a.version.cmp(&b.version), descend))
        }
        Ok(SortTarget::Create) => {
            found.sort_by(|a, b| directed(a.created.cmp(&b.created), descend))
        }
        Ok(SortTarget::Mod) => {
            found.sort_by(|a, b| directed(a.modified.main.cmp(&b.modified.main), descend));
        }
        Ok(SortTarget::Key | SortTarget::Value) | Err(_) if descend => found.reverse(),
        Ok(SortTarget::Key | SortTarget::Value) | Err(_) => {}
    }
}
