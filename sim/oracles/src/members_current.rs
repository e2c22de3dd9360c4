//! The list of members is as of now.

use std::collections::BTreeMap;

use crate::{
    Broken,
    history::{Admin, History, Outcome, Request, Response, Time, Told},
    kv::broken,
    one_cluster::ClusterPromise,
};

/// A linearizable list has every member whose addition was answered before the list was asked for,
/// unless somebody asked to remove it, and none whose removal was answered by then.
///
/// Names of members are not used twice.
#[derive(Debug, Default)]
pub struct MembersCurrent;

impl ClusterPromise for MembersCurrent {
    const NAME: &'static str = "members_current";
    const PROMISE: &'static str = "MemberList with linearizable set returns the member list as \
        of the latest change";

    fn judge(history: &History) -> Result<(), Broken> {
        let mut added: BTreeMap<u64, Time> = BTreeMap::new();
        // When it was first asked for, and when it was surely done.
        let mut removed: BTreeMap<u64, (Time, Time)> = BTreeMap::new();
        for operation in &history.operations {
            match (&operation.request, &operation.outcome) {
                (_, Outcome::Refused { .. }) => {}
                (Request::Admin(Admin::MemberRemove { member }), outcome) => {
                    let answered = matches!(outcome, Outcome::Answered { .. });
                    let done = operation.returned().filter(|_| answered).unwrap_or(Time::MAX);
                    let times = removed.entry(*member).or_insert((Time::MAX, Time::MAX));
                    *times = (times.0.min(operation.called), times.1.min(done));
                }
                (
                    _,
                    Outcome::Answered {
                        returned,
                        response: Response::Told(Told::MemberAdded { member }),
                        ..
                    },
                ) => {
                    added.insert(*member, *returned);
                }
                _ => {}
            }
        }
        for operation in &history.operations {
            let Outcome::Answered { returned, response, .. } = &operation.outcome else { continue };
            let Response::Told(Told::Members { ids }) = response else { continue };
            let gone =
                |id: &&u64| removed.get(id).is_some_and(|(_, done)| *done < operation.called);
            if let Some(id) = ids.iter().find(gone) {
                let text = format!("member {id:x} is listed after its removal");
                return Err(broken(*returned, text, [operation]));
            }
            let stays = |id: &u64| removed.get(id).is_none_or(|(asked, _)| asked > returned);
            let due = |(id, at): &(&u64, &Time)| **at < operation.called && stays(id);
            if let Some((id, _)) = added.iter().filter(due).find(|(id, _)| !ids.contains(id)) {
                let text = format!("member {id:x} was added and is not listed");
                return Err(broken(*returned, text, [operation]));
            }
        }
        Ok(())
    }
}
