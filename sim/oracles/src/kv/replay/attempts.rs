//! Which choices of authors are tried, and who is believed when none explains everything.

use super::{Choice, Replay};
use crate::{
    Broken,
    history::Revision,
    kv::{Resolved, plan::Plan, sightings::Sightings},
};

/// How often a choice may be taken back before the rest counts as undecided.
const RETRIES_MAX: usize = 20_000;

/// How often while watches have a say: they rule nearly every wrong choice out when it is made.
const WATCHED_RETRIES_MAX: usize = 2_000;

/// Fails when no choice of authors explains all answers; returns the failure that came last.
///
/// Watches have no say in whether the answers make sense, but where these leave a choice, the one
/// that explains the watches as well is the truth. When there is none, a watch lied, which its own
/// oracles judge by a choice that explains the answers.
pub(crate) fn replay(plan: &Plan<'_>) -> Result<Resolved, Broken> {
    match watched_attempt(plan) {
        Ok(Attempt { resolved, gave_up: false, .. }) => Ok(resolved),
        Err(_) => Ok(attempt(plan, None, Back::ToKeys, RETRIES_MAX)?.resolved),
        // Who is wrong, a watch or a choice, is not known: what was never in doubt is kept.
        Ok(Attempt { gave_up: true, .. }) => {
            let Attempt { mut resolved, chosen, .. } =
                attempt(plan, None, Back::ToKeys, RETRIES_MAX)?;
            if let Some(chosen) = chosen {
                resolved.log.retain(|change| change.revision < chosen);
                resolved.undecided =
                    Some(format!("watches explained by none of {WATCHED_RETRIES_MAX} choices"));
            }
            Ok(resolved)
        }
    }
}

/// True when a choice of authors explains all answers and all watches.
pub(crate) fn explains_watches(plan: &Plan<'_>) -> bool {
    watched_attempt(plan).is_ok_and(|attempt| !attempt.gave_up)
}

/// Watches have a say. Going back by keys is quick and may jump over the choice that matters, which
/// a request for one key can be for another: before watches are called liars, each choice is tried.
fn watched_attempt(plan: &Plan<'_>) -> Result<Attempt, Broken> {
    let sightings = Sightings::gather(plan.history);
    let go = |back| attempt(plan, Some(&sightings), back, WATCHED_RETRIES_MAX);
    go(Back::ToKeys).or_else(|broken| match go(Back::ToLast) {
        Ok(Attempt { gave_up: true, .. }) | Err(_) => Err(broken),
        Ok(explained) => Ok(explained),
    })
}

/// Which choice is taken back after a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    /// The last that has to do with the keys that would have to be otherwise.
    ToKeys,
    /// The last of all.
    ToLast,
}

/// How far it came.
struct Attempt {
    resolved: Resolved,
    /// The first revision for which several authors came into question.
    chosen: Option<Revision>,
    gave_up: bool,
}

fn attempt(
    plan: &Plan<'_>,
    sightings: Option<&Sightings<'_>>,
    back: Back,
    retries_max: usize,
) -> Result<Attempt, Broken> {
    let mut replay = Replay::new(plan, sightings);
    let mut deepest: Option<(Revision, Broken)> = None;
    let mut outcome = replay.advance();
    for _ in 0..retries_max {
        let Err(failure) = outcome else { return Ok(replay.attempt(false)) };
        let reached = replay.store.revision;
        if deepest.as_ref().is_none_or(|(revision, _)| reached > *revision) {
            deepest = Some((reached, failure.broken));
        }
        let keys = failure.keys.filter(|_| back == Back::ToKeys);
        outcome = match replay.take_back(keys.as_deref()) {
            Some(outcome) => outcome.and_then(|()| replay.advance()),
            None => return Err(deepest.map(|(_, broken)| broken).expect("just noted")),
        };
    }
    replay.undecided = Some(format!("gave up after {retries_max} wrong choices"));
    Ok(replay.attempt(true))
}

impl Replay<'_, '_> {
    fn attempt(self, gave_up: bool) -> Attempt {
        let revision = |choice: &Choice| choice.store.revision + 1;
        let chosen = self.choices.first().map(revision);
        let open = |choice: &&Choice| choice.matters && !choice.left.is_empty();
        let doubtful = self.choices.iter().find(open).map(revision);
        let resolved = Resolved { log: self.log, undecided: self.undecided, doubtful };
        Attempt { resolved, chosen, gave_up }
    }
}
