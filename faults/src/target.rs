//! Who is struck: a role, resolved to machines at the moment of the strike.

use crate::Chance;
use std::{fmt, str::FromStr};

/// A role such as `etcd/leader`: a group of machines and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The group's name, as the cluster names it: `etcd`, `client`, `echo`.
    pub group: String,
    /// Which of the group.
    pub which: Which,
}

/// Which machines of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The n-th by the order in which they were made, from zero.
    Index(u16),
    /// The one that leads now; any one where nobody does.
    Leader,
    /// Any one that votes and does not lead.
    Follower,
    /// Any one that does not vote yet.
    Learner,
    /// Any one.
    Random,
    /// The largest number of them that leaves a quorum, drawn.
    Minority,
    /// The smallest number of them that is a quorum, drawn.
    Majority,
    /// All.
    All,
}

impl Target {
    /// The role in a group.
    pub fn new(group: &str, which: Which) -> Self {
        Self { group: group.to_owned(), which }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.which)
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::Index(index) => return write!(f, "{index}"),
            Which::Leader => "leader",
            Which::Follower => "follower",
            Which::Learner => "learner",
            Which::Random => "random",
            Which::Minority => "minority",
            Which::Majority => "majority",
            Which::All => "all",
        })
    }
}

/// A text that names no role.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{0}' is not a target; write GROUP/WHICH, where WHICH is a number, leader, follower, \
     learner, random, minority, majority or all (example: etcd/leader)"
)]
pub struct NotATarget(String);

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let wrong = || NotATarget(text.to_owned());
        let (group, which) = text.split_once('/').ok_or_else(wrong)?;
        let which = match which {
            "leader" => Which::Leader,
            "follower" => Which::Follower,
            "learner" => Which::Learner,
            "random" => Which::Random,
            "minority" => Which::Minority,
            "majority" => Which::Majority,
            "all" => Which::All,
            number => Which::Index(number.parse().map_err(|_| wrong())?),
        };
        let named = !group.is_empty() && group.bytes().all(|b| b.is_ascii_lowercase());
        if named { Ok(Self::new(group, which)) } else { Err(wrong()) }
    }
}
crate::as_text!(Target);

/// One machine as a target sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<Id> {
    /// The machine.
    pub machine: Id,
    /// The group that it belongs to.
    pub group: String,
    /// What it is in its group now.
    pub role: Role,
}

/// What a machine is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads, as far as the world can tell.
    Leader,
    /// It votes.
    Voter,
    /// It does not vote yet.
    Learner,
    /// It serves and keeps nothing of its own: any number of its kind may be away.
    Replica,
    /// It takes no part in votes: a client.
    Plain,
}

/// All machines of a cluster, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster<Id>(pub Vec<Member<Id>>);

impl<Id: Copy + Ord> Roster<Id> {
    /// The machines of a group.
    pub fn group(&self, group: &str) -> impl Iterator<Item = &Member<Id>> {
        self.0.iter().filter(move |member| member.group == group)
    }

    /// True when what the machine keeps matters to nobody.
    pub fn is_replica(&self, machine: Id) -> bool {
        self.0.iter().any(|member| member.machine == machine && member.role == Role::Replica)
    }

    /// How many of a group vote.
    pub fn voters(&self, group: &str) -> usize {
        self.group(group).filter(|m| matches!(m.role, Role::Leader | Role::Voter)).count()
    }

    /// The machines that a target means now, in ascending order. Empty when there is none.
    pub fn resolve(&self, target: &Target, chance: &mut Chance) -> Vec<Id> {
        let of = |wanted: &[Role]| -> Vec<Id> {
            let members = self.group(&target.group).filter(|m| wanted.contains(&m.role));
            members.map(|m| m.machine).collect()
        };
        let all = || self.group(&target.group).map(|m| m.machine).collect::<Vec<_>>();
        let voters = || of(&[Role::Leader, Role::Voter]);
        let quorum = self.voters(&target.group) / 2 + 1;
        match target.which {
            Which::Index(index) => all().into_iter().skip(usize::from(index)).take(1).collect(),
            Which::Leader => some(1, first_of(of(&[Role::Leader]), all), chance),
            Which::Follower => some(1, of(&[Role::Voter]), chance),
            Which::Learner => some(1, of(&[Role::Learner]), chance),
            Which::Random => some(1, all(), chance),
            Which::Minority => some(voters().len().saturating_sub(quorum), voters(), chance),
            Which::Majority => some(quorum, voters(), chance),
            Which::All => all(),
        }
    }
}

fn first_of<T>(some: Vec<T>, or: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if some.is_empty() { or() } else { some }
}

fn some<Id: Ord>(count: usize, mut from: Vec<Id>, chance: &mut Chance) -> Vec<Id> {
    chance.shuffle(&mut from);
    from.truncate(count);
    from.sort_unstable();
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(roles: &[Role]) -> Roster<u32> {
        let member = |(n, role): (usize, &Role)| Member {
            machine: u32::try_from(n).unwrap(),
            group: "etcd".to_owned(),
            role: *role,
        };
        Roster(roles.iter().enumerate().map(member).collect())
    }

    fn resolved(roster: &Roster<u32>, target: &str) -> Vec<u32> {
        roster.resolve(&target.parse().unwrap(), &mut Chance::new(3, "test", 0))
    }

    #[test]
    fn roles_are_looked_up_when_it_strikes() {
        let five = roster(&[Role::Voter, Role::Leader, Role::Voter, Role::Voter, Role::Voter]);
        assert_eq!(resolved(&five, "etcd/leader"), [1]);
        assert_eq!(resolved(&five, "etcd/4"), [4]);
        assert_eq!(resolved(&five, "etcd/minority").len(), 2);
        assert_eq!(resolved(&five, "etcd/majority").len(), 3);
        assert_eq!(resolved(&five, "etcd/all"), [0, 1, 2, 3, 4]);
        assert_ne!(resolved(&five, "etcd/follower"), [1]);
    }

    #[test]
    fn nobody_is_struck_where_nobody_has_the_role() {
        let one = roster(&[Role::Leader]);
        for target in ["etcd/follower", "etcd/learner", "etcd/minority", "etcd/7", "client/0"] {
            assert!(resolved(&one, target).is_empty(), "{target}");
        }
        // Without a leader a strike at the leader still hits someone.
        assert_eq!(resolved(&roster(&[Role::Voter]), "etcd/leader"), [0]);
    }

    #[test]
    fn a_wrong_target_says_how_to_write_one() {
        for wrong in ["etcd", "etcd/boss", "/leader", "Etcd/leader"] {
            let said = wrong.parse::<Target>().unwrap_err().to_string();
            assert!(said.contains(wrong) && said.contains("etcd/leader"), "{said}");
        }
    }
}
