//! While space is out nothing is written, and everybody who asks is told.

use crate::{
    Broken,
    history::{Admin, History, Operation, Outcome, Request, Response, Told, Txn},
    kv::broken,
    one_cluster::ClusterPromise,
};

/// From the answer to a raised alarm until anybody asks to lower it, no request that may add to the
/// store succeeds, and the list of alarms shows it.
///
/// The rules are those of applierV3Capped in upstream's server/etcdserver/apply/apply.go: puts,
/// transactions with a put in either branch and grants are refused. A request to lower the alarm
/// that is without an answer may come at any time.
#[derive(Debug, Default)]
pub struct AlarmsHold;

impl ClusterPromise for AlarmsHold {
    const NAME: &'static str = "alarms_hold";
    const PROMISE: &'static str = "While a space quota alarm is raised the cluster accepts only \
        reads and deletes, until the alarm is disarmed";

    fn judge(history: &History) -> Result<(), Broken> {
        let raised = surely_raised(history);
        for operation in &history.operations {
            let Outcome::Answered { returned, response, .. } = &operation.outcome else { continue };
            let within = |on: &&Raised| on.from < operation.called && *returned < on.to;
            let Some(on) = raised.iter().find(within) else { continue };
            if adds(&operation.request) {
                let text = "a write was accepted while space was out".to_owned();
                return Err(broken(*returned, text, [operation]));
            }
            if let Response::Told(Told::Alarms { nospace }) = response
                && !nospace.contains(&on.member)
            {
                let text = format!("the alarm of {:x} is on and is not told", on.member);
                return Err(broken(*returned, text, [operation]));
            }
        }
        Ok(())
    }
}

/// A time in which the alarm was surely on, in a member's name.
struct Raised {
    member: u64,
    from: u64,
    to: u64,
}

fn surely_raised(history: &History) -> Vec<Raised> {
    let asked = |operation: &Operation| match (&operation.request, &operation.outcome) {
        (_, Outcome::Refused { .. }) => None,
        (Request::Admin(Admin::LowerNospace { member }), _) => Some(*member),
        _ => None,
    };
    let lowered: Vec<(u64, &Operation)> =
        history.operations.iter().filter_map(|it| Some((asked(it)?, it))).collect();
    let raised = |operation: &Operation| {
        let Request::Admin(Admin::RaiseNospace { member }) = operation.request else { return None };
        let Outcome::Answered { returned: from, .. } = operation.outcome else { return None };
        let mut ends = lowered.iter().filter(|(whose, end)| {
            *whose == member && end.returned().is_none_or(|over| over >= operation.called)
        });
        let first = ends.by_ref().map(|(_, end)| end.called).min().unwrap_or(u64::MAX);
        (first > from).then_some(Raised { member, from, to: first })
    };
    history.operations.iter().filter_map(raised).collect()
}

fn adds(request: &Request) -> bool {
    match request {
        Request::Put(_) | Request::LeaseGrant { .. } => true,
        Request::Txn(Txn { success, failure, .. }) => {
            success.iter().chain(failure).any(|inner| matches!(inner, Request::Put(_)))
        }
        _ => false,
    }
}
