//! A cache that may be old is not old for ever.

use super::{ObjectPromise, Truth, broken, line};
use crate::{
    Broken,
    facts::SECOND,
    history::{ObjectAnswer, ObjectCall, ObjectRequest, Objects, Time},
};
use std::collections::BTreeMap;

/// An API server that reaches its storage shows, even to those who take anything, no state that was
/// replaced more than [`AGE_MAX`] ago.
#[derive(Debug, Default)]
pub struct ObjectAge;

/// A connection that fell silent is noticed within 15 s (keep-alive's interval and time to answer);
/// the rest is for a new watch, which may find the next silent member first.
const AGE_MAX: Time = 25 * SECOND;
/// A server that is not heard of for so long may have been out of its storage's reach.
const GAP_MAX: Time = 4 * SECOND;

impl ObjectPromise for ObjectAge {
    const NAME: &'static str = "object_age";
    const PROMISE: &'static str = "Watch caches are eventually consistent: resourceVersion=\"0\" may \
        return old data, but a server in touch with etcd notices that its watch stands still (API \
        concepts, semantics for get and list; kubernetes #89488)";

    fn judge(objects: &Objects, truth: &Truth<'_>) -> Result<(), Broken> {
        let touches = touches(objects);
        objects.calls.iter().try_for_each(|call| young(call, &touches, truth))
    }
}

/// When each server answered what it can only know from its storage, in order.
fn touches(objects: &Objects) -> BTreeMap<usize, Vec<Time>> {
    let mut touches = BTreeMap::<usize, Vec<Time>>::new();
    for call in objects.calls.iter().filter(|call| asks_storage(&call.request)) {
        if let Some((returned, _)) = call.answered() {
            touches.entry(call.server).or_default().push(returned);
        }
    }
    touches.values_mut().for_each(|times| times.sort_unstable());
    touches
}

fn asks_storage(request: &ObjectRequest) -> bool {
    match request {
        ObjectRequest::Create(_)
        | ObjectRequest::Update { .. }
        | ObjectRequest::Patch { .. }
        | ObjectRequest::Delete { .. }
        | ObjectRequest::Get { stale: false, .. } => true,
        ObjectRequest::Get { stale: true, .. } | ObjectRequest::List { .. } => false,
    }
}

fn young(
    call: &ObjectCall,
    touches: &BTreeMap<usize, Vec<Time>>,
    truth: &Truth<'_>,
) -> Result<(), Broken> {
    let ObjectRequest::List { stale: true, .. } = call.request else { return Ok(()) };
    let Some((_, ObjectAnswer::List { revision, .. })) = call.answered() else { return Ok(()) };
    let Some(from) = call.called.checked_sub(AGE_MAX) else { return Ok(()) };
    let lacks = truth.changes().find(|change| change.revision > *revision);
    let Some(lacks) = lacks.filter(|change| change.at <= from) else { return Ok(()) };
    let times = touches.get(&call.server).map_or(&[][..], Vec::as_slice);
    if !is_heard_of(times, from, call.called) {
        return Ok(());
    }
    let seconds = (call.called - lacks.at) / SECOND;
    let text =
        format!("a list of {revision}, {seconds} s after {}, of a server in touch", lacks.revision);
    Err(broken(call, text).with(line(lacks)))
}

/// Whether no gap between these times is too long, from one time to another.
fn is_heard_of(times: &[Time], from: Time, to: Time) -> bool {
    let first = times.partition_point(|time| *time < from);
    let within = times[first..].iter().copied().take_while(|time| *time < to);
    let mut last = from;
    within.chain([to]).all(|time| time - std::mem::replace(&mut last, time) <= GAP_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_at_either_end_or_between_counts() {
        let times = |seconds: &[Time]| seconds.iter().map(|s| s * SECOND).collect::<Vec<_>>();
        let heard = |seconds: &[Time]| is_heard_of(&times(seconds), 10 * SECOND, 20 * SECOND);
        assert!(heard(&[12, 15, 18]));
        assert!(heard(&[2, 14, 18, 30]));
        assert!(!heard(&[15, 18]));
        assert!(!heard(&[12, 17]));
        assert!(!heard(&[12, 15]));
        assert!(!heard(&[]));
    }
}
