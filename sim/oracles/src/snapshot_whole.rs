//! A backend that a client is sent is all there.

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{Operation, Outcome, Response, Told},
    kv::broken,
};

/// A snapshot that comes to its end is as long as its first piece announced, each piece says how
/// much is left, and the digest at its end is its own.
#[derive(Debug, Default)]
pub struct SnapshotWhole;

impl Oracle for SnapshotWhole {
    const NAME: &'static str = "snapshot_whole";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "remaining_bytes is the number of blob bytes to be sent after \
        this message; the last blob is the SHA-256 of all others";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Observation::History(record) = observation else { return Ok(()) };
        record.history.operations.iter().try_for_each(judge)
    }
}

fn judge(operation: &Operation) -> Result<(), Broken> {
    let Outcome::Answered { returned, response, .. } = &operation.outcome else { return Ok(()) };
    let Response::Told(Told::Snapshot { announced, came, intact }) = response else {
        return Ok(());
    };
    if announced != came || !intact || *came == 0 {
        let text = format!("{came} bytes came of a snapshot of {announced}; intact: {intact}");
        return Err(broken(*returned, text, [operation]));
    }
    Ok(())
}
