//! Members that have applied the same entries hold the same data.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken, Fact, Kind, Observation, Oracle,
    raft::{Configuration, Members},
};

/// At an equal applied index all members have the same revision, state hash and member list, also
/// after a crash and a restart.
#[derive(Debug, Default)]
pub struct ReplicaEquality {
    members: Members,
    /// By what is compared and the applied index: the first account of it, and whose it was.
    accounts: BTreeMap<(&'static str, u64), (String, String)>,
    listed: BTreeMap<u64, (BTreeSet<u64>, BTreeSet<u64>)>,
}

/// Accounts that are remembered.
const ACCOUNTS_MAX: usize = 100_000;

impl Oracle for ReplicaEquality {
    const NAME: &'static str = "replica_equality";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "The log is the only input of the state: members at the same \
        applied index are equal, and so is a member after recovery";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/conf",
        "etcd/apply",
        "etcd/effect",
        "etcd/hash",
        "etcd/tables",
        "member/list",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        let id = member.id;
        let account = match fact.name {
            "etcd/apply" => ("revision", fact.number("revision")?.to_string()),
            "etcd/effect" => ("effect", format!("{:016x}", fact.number("hash")?)),
            "etcd/hash" => ("hash", format!("{:016x}", fact.number("hash")?)),
            "etcd/tables" => ("tables", format!("{:016x}", fact.number("hash")?)),
            "member/list" => {
                let set = |field| Ok::<_, Broken>(fact.numbers(field)?.into_iter().collect());
                let list: (BTreeSet<u64>, BTreeSet<u64>) = (set("voters")?, set("learners")?);
                let account = format!("{list:?}");
                self.listed.insert(id, list);
                ("member list", account)
            }
            _ => return Ok(()),
        };
        self.compare(&fact, account)
    }

    fn finish(&mut self) -> Result<(), Broken> {
        for member in self.members.iter().filter(|member| member.running) {
            let (Some(configuration), Some(listed)) =
                (&member.configuration, self.listed.get(&member.id))
            else {
                continue;
            };
            let Configuration { voters, outgoing, learners } = configuration;
            if outgoing.is_empty() && (voters, learners) != (&listed.0, &listed.1) {
                let text = format!("{} lists other members than its raft knows", member.machine);
                let both = format!("listed {listed:?}, raft {configuration:?}");
                return Err(Broken::new(0, text).with(both));
            }
        }
        Ok(())
    }
}

impl ReplicaEquality {
    fn compare(
        &mut self,
        fact: &Fact<'_>,
        (what, account): (&'static str, String),
    ) -> Result<(), Broken> {
        let index = fact.number("index")?;
        let Some((known, by)) = self.accounts.get(&(what, index)) else {
            self.accounts.insert((what, index), (account, fact.machine.to_owned()));
            if self.accounts.len() > ACCOUNTS_MAX {
                self.accounts.pop_first();
            }
            return Ok(());
        };
        if *known != account {
            let text = format!(
                "at index {index} {} has {what} {account}, and {by} has {known}",
                fact.machine
            );
            return Err(Broken::new(fact.at, text).with(fact));
        }
        Ok(())
    }
}
