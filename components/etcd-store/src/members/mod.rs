//! Who belongs to the cluster (server/etcdserver/api/membership).
//!
//! A function of the log: configuration changes and published attributes. What is in memory and
//! what is in the tables change together or not at all, and raft's own configuration must always
//! say the same (etcd #13196, #19557): see [`Members::conf_state`].

mod identity;
mod quorum;
#[cfg(test)]
mod tests;

pub use identity::{cluster_id, member_id};

use crate::{
    batch::{Batch, Table},
    row::{self, BadRow, Row},
};
use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::Member,
    internal::{
        Attributes, ClusterMemberAttrSetRequest, DowngradeInfoSetRequest, DowngradeRecord,
        MemberRecord, RaftAttributes, config_change_context::Change,
    },
};
use host::Defects;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

/// How many learners a cluster may have unless configured otherwise.
pub const LEARNERS_MAX: usize = 1;

const VERSION_KEY: &[u8] = b"clusterVersion";
const DOWNGRADE_KEY: &[u8] = b"downgrade";

/// The members of the cluster, those that were removed, and the cluster's version.
#[derive(Clone, Debug)]
pub struct Members {
    members: BTreeMap<u64, MemberRecord>,
    /// Never to come back under the same identity.
    removed: BTreeSet<u64>,
    version: Option<String>,
    downgrade: Option<DowngradeRecord>,
    learners_max: usize,
    defects: Defects,
}

impl Members {
    /// An empty cluster; `learners_max` is `--max-learners`.
    pub fn new(learners_max: usize, defects: Defects) -> Self {
        Self {
            members: BTreeMap::new(),
            removed: BTreeSet::new(),
            version: None,
            downgrade: None,
            learners_max,
            defects,
        }
    }

    /// Takes a change that is still only wished for, or committed and about to be applied.
    ///
    /// # Errors
    /// It does not fit the members there are. A committed change that no longer fits is answered
    /// with the error and is not applied, on any member.
    pub fn validate(&self, change: &Change) -> Result<(), EtcdError> {
        let id = subject(change);
        if self.removed.contains(&id) {
            return Err(EtcdError::MemberNotFound);
        }
        let member = self.members.get(&id);
        match change {
            Change::Add(_) if member.is_some() => Err(EtcdError::MemberExist),
            Change::Add(added) => {
                self.validate_urls(added)?;
                let learner = is_learner(added);
                if learner && self.learners().count() >= self.learners_max {
                    return Err(EtcdError::TooManyLearners);
                }
                Ok(())
            }
            Change::Promote(_) => match member {
                None => Err(EtcdError::MemberNotFound),
                Some(member) if !is_learner(member) => Err(EtcdError::MemberNotLearner),
                Some(_) => Ok(()),
            },
            Change::Remove(_) => member.map(drop).ok_or(EtcdError::MemberNotFound),
            Change::Update(_) if member.is_none() => Err(EtcdError::MemberNotFound),
            Change::Update(updated) => self.validate_urls(updated),
        }
    }

    fn validate_urls(&self, of: &MemberRecord) -> Result<(), EtcdError> {
        let others = self.members.values().filter(|member| member.id != of.id);
        let taken: BTreeSet<&String> = others.flat_map(peer_urls).collect();
        match peer_urls(of).iter().any(|url| taken.contains(url)) {
            true => Err(EtcdError::PeerUrlExist),
            false => Ok(()),
        }
    }

    /// Validates and applies a committed change.
    ///
    /// # Errors
    /// As for [`Members::validate`]; nothing has changed then.
    pub fn apply(&mut self, change: &Change, batch: &mut Batch) -> Result<(), EtcdError> {
        self.validate(change)?;
        match change {
            Change::Add(member) => {
                stage(member, batch);
                self.members.insert(member.id, member.clone());
            }
            Change::Promote(id) => self.promote(*id, batch),
            Change::Remove(id) => self.remove(*id, batch),
            Change::Update(updated) => self.update(updated, batch),
        }
        Ok(())
    }

    fn promote(&mut self, id: u64, batch: &mut Batch) {
        let Some(member) = self.members.get_mut(&id) else { return };
        member.raft_attributes.get_or_insert_default().is_learner = false;
        // E30a, etcd #19557: promoted in memory, still a learner on disk.
        if !self.defects.has("E30a") {
            stage(member, batch);
        }
    }

    fn remove(&mut self, id: u64, batch: &mut Batch) {
        self.members.remove(&id);
        self.removed.insert(id);
        // E30c, etcd #20967: removed in memory, back after the next start.
        if !self.defects.has("E30c") {
            batch.delete(Table::Members, row_key(id));
            batch.put(Table::MembersRemoved, row_key(id), Bytes::from_static(b"removed"));
        }
    }

    fn update(&mut self, updated: &MemberRecord, batch: &mut Batch) {
        let Some(member) = self.members.get_mut(&updated.id) else { return };
        let learner = is_learner(member);
        let mut attributes = updated.raft_attributes.clone().unwrap_or_default();
        // E30b, etcd PR #21736: an update of the URLs makes a learner a voter.
        if !self.defects.has("E30b") {
            attributes.is_learner = learner;
        }
        member.raft_attributes = Some(attributes);
        stage(member, batch);
    }

    /// Makes the first members of a new cluster known; their changes are in the log already, or
    /// will be.
    pub fn bootstrap(
        &mut self,
        members: impl IntoIterator<Item = MemberRecord>,
        batch: &mut Batch,
    ) {
        for member in members {
            stage(&member, batch);
            self.members.insert(member.id, member);
        }
    }

    /// Applies what a member says of itself. A member that is gone meanwhile is passed over.
    pub fn set_attributes(&mut self, request: &ClusterMemberAttrSetRequest, batch: &mut Batch) {
        let Some(member) = self.members.get_mut(&request.member_id) else { return };
        member.attributes = request.member_attributes.clone();
        stage(member, batch);
    }

    /// Applies a new cluster version, such as "3.6.0".
    pub fn set_version(&mut self, version: &str, batch: &mut Batch) {
        self.version = Some(version.to_owned());
        batch.put(Table::Cluster, VERSION_KEY, version.as_bytes().to_vec());
    }

    /// Applies the start or the end of a downgrade.
    pub fn set_downgrade(&mut self, request: &DowngradeInfoSetRequest, batch: &mut Batch) {
        let record =
            DowngradeRecord { enabled: request.enabled, target_version: request.ver.clone() };
        batch.put(Table::Cluster, DOWNGRADE_KEY, record.encode_to_vec());
        self.downgrade = Some(record);
    }

    /// The cluster's version, once it is decided.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The downgrade under way; `enabled` is false when there is none.
    pub fn downgrade(&self) -> DowngradeRecord {
        self.downgrade.clone().unwrap_or_default()
    }

    /// All members by identity.
    pub fn iter(&self) -> impl Iterator<Item = &MemberRecord> + Clone {
        self.members.values()
    }

    /// All members as the API shows them.
    pub fn list(&self) -> Vec<Member> {
        self.iter().map(public).collect()
    }

    /// A member.
    pub fn get(&self, id: u64) -> Option<&MemberRecord> {
        self.members.get(&id)
    }

    /// True when the identity was removed: it is not to be spoken with.
    pub fn is_removed(&self, id: u64) -> bool {
        self.removed.contains(&id)
    }

    /// The removed identities.
    pub fn removed(&self) -> impl Iterator<Item = u64> {
        self.removed.iter().copied()
    }

    /// The members that vote.
    pub fn voters(&self) -> impl Iterator<Item = &MemberRecord> + Clone {
        self.iter().filter(|member| !is_learner(member))
    }

    /// The members that only listen.
    pub fn learners(&self) -> impl Iterator<Item = &MemberRecord> + Clone {
        self.iter().filter(|member| is_learner(member))
    }

    /// Voters and learners in order, as raft's configuration must have them.
    pub fn conf_state(&self) -> (Vec<u64>, Vec<u64>) {
        (self.voters().map(|m| m.id).collect(), self.learners().map(|m| m.id).collect())
    }

    /// Forgets everything and reads the rows; those of other tables are passed over.
    ///
    /// # Errors
    /// A row that we cannot have written.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), BadRow> {
        *self = Self::new(self.learners_max, self.defects.clone());
        for row in rows {
            match (row.0, &row.1[..]) {
                (Table::Members, _) => {
                    let member: MemberRecord = row::decode(row)?;
                    self.members.insert(member.id, member);
                }
                (Table::MembersRemoved, _) => {
                    let id = u64::from_str_radix(&row::text(row, &row.1)?, 16);
                    let id = id.map_err(|why| BadRow::new(row.0, &row.1, why))?;
                    self.removed.insert(id);
                }
                (Table::Cluster, VERSION_KEY) => self.version = Some(row::text(row, &row.2)?),
                (Table::Cluster, DOWNGRADE_KEY) => self.downgrade = Some(row::decode(row)?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// True once the member has said its name, which it does when it runs.
pub fn is_started(member: &MemberRecord) -> bool {
    member.attributes.as_ref().is_some_and(|attributes| !attributes.name.is_empty())
}

/// True when the member only listens.
pub fn is_learner(member: &MemberRecord) -> bool {
    member.raft_attributes.as_ref().is_some_and(|attributes| attributes.is_learner)
}

/// Where the other members reach it.
pub fn peer_urls(member: &MemberRecord) -> &[String] {
    member.raft_attributes.as_ref().map_or(&[], |attributes| &attributes.peer_urls)
}

/// A member that has not started yet; its URLs are kept in order.
pub fn new_member(id: u64, mut peer_urls: Vec<String>, is_learner: bool) -> MemberRecord {
    peer_urls.sort();
    let raft_attributes = Some(RaftAttributes { peer_urls, is_learner });
    MemberRecord { id, raft_attributes, attributes: None }
}

/// A member as the API shows it.
pub fn public(member: &MemberRecord) -> Member {
    let Attributes { name, client_urls } = member.attributes.clone().unwrap_or_default();
    Member {
        id: member.id,
        name,
        peer_urls: peer_urls(member).to_vec(),
        client_urls,
        is_learner: is_learner(member),
    }
}

fn subject(change: &Change) -> u64 {
    match change {
        Change::Add(member) | Change::Update(member) => member.id,
        Change::Promote(id) | Change::Remove(id) => *id,
    }
}

fn stage(member: &MemberRecord, batch: &mut Batch) {
    batch.put(Table::Members, row_key(member.id), member.encode_to_vec());
}

fn row_key(id: u64) -> Vec<u8> {
    format!("{id:x}").into_bytes()
}
