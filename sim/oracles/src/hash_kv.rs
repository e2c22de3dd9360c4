//! Hashes of the same keys are the same.

use std::collections::BTreeMap;

use crate::{
    Broken,
    history::{History, Operation, Outcome, Response, Told},
    kv::broken,
    one_cluster::ClusterPromise,
};

/// Whoever hashes the keys up to a revision, compacted at another, gets the same hash, on any member
/// and at any time.
#[derive(Debug, Default)]
pub struct HashKvAgrees;

impl ClusterPromise for HashKvAgrees {
    const NAME: &'static str = "hash_kv_agrees";
    const PROMISE: &'static str = "HashKV computes the hash of all MVCC keys up to a given \
        revision; members with the same compact revision have the same hash";

    fn judge(history: &History) -> Result<(), Broken> {
        let mut hashes: BTreeMap<(i64, i64), (u32, &Operation)> = BTreeMap::new();
        for operation in &history.operations {
            let Outcome::Answered { returned, response, .. } = &operation.outcome else { continue };
            let Response::Told(Told::HashKv { revision, compacted, hash }) = response else {
                continue;
            };
            let place = (*revision, *compacted);
            let (other, first) = *hashes.entry(place).or_insert((*hash, operation));
            if other != *hash {
                let text =
                    format!("two hashes of the keys at {revision}, compacted at {compacted}");
                return Err(broken(*returned, text, [first, operation]));
            }
        }
        Ok(())
    }
}
