//! Hashes of the same keys are the same.

use std::collections::BTreeMap;

use crate::{
    Broken, Kind, Observation, Oracle, World,
    history::{History, Operation, Outcome, Response, Told},
    kv::broken,
};

/// Whoever hashes the keys up to a revision, compacted at another, gets the same hash, on any member
/// and at any time.
#[derive(Debug, Default)]
pub struct HashKvAgrees {
    restored: bool,
}

impl Oracle for HashKvAgrees {
    const NAME: &'static str = "hash_kv_agrees";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "HashKV computes the hash of all MVCC keys up to a given \
        revision; members with the same compact revision have the same hash";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { event: World::Restored, .. } => self.restored = true,
            // What nobody was told of may have been otherwise in the first cluster.
            Observation::History(record) if !self.restored => return judge(record.history),
            _ => {}
        }
        Ok(())
    }
}

fn judge(history: &History) -> Result<(), Broken> {
    let mut hashes: BTreeMap<(i64, i64), (u32, &Operation)> = BTreeMap::new();
    for operation in &history.operations {
        let Outcome::Answered { returned, response, .. } = &operation.outcome else { continue };
        let Response::Told(Told::HashKv { revision, compacted, hash }) = response else { continue };
        let place = (*revision, *compacted);
        let (other, first) = *hashes.entry(place).or_insert((*hash, operation));
        if other != *hash {
            let text = format!("two hashes of the keys at {revision}, compacted at {compacted}");
            return Err(broken(*returned, text, [first, operation]));
        }
    }
    Ok(())
}
