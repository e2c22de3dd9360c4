//! Comparisons, the guards of transactions (client/v3/compare.go).

use crate::etcdserverpb::{
    Compare,
    compare::{CompareResult, CompareTarget, TargetUnion},
};
use bytes::Bytes;

fn compare(
    key: impl Into<Bytes>,
    target: CompareTarget,
    result: CompareResult,
    value: TargetUnion,
) -> Compare {
    Compare {
        result: result.into(),
        target: target.into(),
        key: key.into(),
        range_end: Bytes::new(),
        target_union: Some(value),
    }
}

/// Compares how often the key was changed; 0 says that it is not there.
pub fn version(key: impl Into<Bytes>, result: CompareResult, version: i64) -> Compare {
    compare(key, CompareTarget::Version, result, TargetUnion::Version(version))
}

/// Compares the revision of the key's creation; 0 says that it is not there.
pub fn create_revision(key: impl Into<Bytes>, result: CompareResult, revision: i64) -> Compare {
    compare(key, CompareTarget::Create, result, TargetUnion::CreateRevision(revision))
}

/// Compares the revision of the key's last change; 0 says that it is not there.
pub fn mod_revision(key: impl Into<Bytes>, result: CompareResult, revision: i64) -> Compare {
    compare(key, CompareTarget::Mod, result, TargetUnion::ModRevision(revision))
}

/// Compares the key's value.
pub fn value(key: impl Into<Bytes>, result: CompareResult, value: impl Into<Bytes>) -> Compare {
    compare(key, CompareTarget::Value, result, TargetUnion::Value(value.into()))
}

/// Compares the key's lease.
pub fn lease(key: impl Into<Bytes>, result: CompareResult, lease: i64) -> Compare {
    compare(key, CompareTarget::Lease, result, TargetUnion::Lease(lease))
}
