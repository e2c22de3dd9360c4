//! How much of which traffic: plain data that a scenario writes, or a seed draws.

use serde::{Deserialize, Serialize};

use crate::generator::Chance;

/// The traffic of one run. Zero clients of a kind is no traffic of that kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficProfile {
    /// Clients that read and write keys.
    pub clients: u32,
    /// Requests of all of them together; then they rest.
    pub operations: u32,
    /// Different keys.
    pub keys: u64,
    /// Most bytes of a value that is padded; 0: none is.
    pub value_bytes: u64,
    /// Longest pause between two requests of a client, in milliseconds.
    pub pause_ms: u64,
    /// How long a client waits for an answer before it gives up, in milliseconds.
    pub timeout_ms: u64,
    /// What they ask for.
    pub kv: KvMix,
    /// Who watches.
    pub watchers: Watchers,
    /// Who keeps leases.
    pub leases: Leases,
    /// Who wants locks.
    pub locks: Contenders,
    /// Who stands for election.
    pub elections: Contenders,
    /// Whether the past is forgotten.
    pub compaction: Compaction,
    /// Whether somebody looks after the members.
    pub maintenance: Maintenance,
    /// Whether users log in.
    pub auth: Auth,
    /// Who uses objects.
    pub objects: Objects,
    /// Who uses objects of many kinds, and what else stands on API servers.
    pub estate: Estate,
}

/// Weights of requests: out of their sum, so many are of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KvMix {
    /// Writes of one key.
    pub put: u64,
    /// Writes of one key with a lease.
    pub leased_put: u64,
    /// Deletions of one key.
    pub delete: u64,
    /// Deletions of some neighbouring keys at one revision.
    pub delete_range: u64,
    /// Reads of one key.
    pub get: u64,
    /// Reads of all keys.
    pub list: u64,
    /// Reads with limits, orders and filters.
    pub query: u64,
    /// Reads of one member's own data, perhaps stale.
    pub serializable: u64,
    /// Reads at an old revision.
    pub past: u64,
    /// Writes that depend on the key's last known revision.
    pub compare_and_set: u64,
    /// Transactions that write two keys at one revision.
    pub multi_put: u64,
}

/// Who watches. One more, the auditor, always watches everything from the first revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watchers {
    /// How many.
    pub count: u32,
    /// How often, in a hundred responses, a watcher asks for progress.
    pub progress_percent: u64,
    /// How often, in a hundred responses, a watcher breaks off and begins anew where it was.
    pub restart_percent: u64,
    /// Longest pause of a slow watcher between two responses, in milliseconds.
    pub pause_ms: u64,
}

/// Who keeps leases and renews them in time, mostly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Leases {
    /// How many clients, each with one lease after the other.
    pub keepers: u32,
    /// Shortest time to live, seconds.
    pub ttl_min: u64,
    /// Longest time to live, seconds.
    pub ttl_max: u64,
    /// How often, in a hundred turns, a keeper forgets its lease.
    pub forget_percent: u64,
    /// How often, in a hundred turns, a keeper revokes its lease.
    pub revoke_percent: u64,
}

/// Who wants the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contenders {
    /// How many clients.
    pub count: u32,
    /// How many different locks or elections.
    pub names: u64,
    /// Time to live of their sessions, seconds.
    pub ttl: u64,
    /// Longest time that one holds on, in milliseconds.
    pub hold_ms: u64,
}

/// Who uses objects of API servers. They share `operations` and `keys` of the profile. Where there
/// are any, an auditor watches the storage of objects in the place of the one that watches all keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objects {
    /// Clients that read and write.
    pub users: u32,
    /// Clients that list and watch.
    pub watchers: u32,
}

/// Who does what with objects of many kinds. The users share `operations` of the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Estate {
    /// Clients that use services, quotas, settings, deployments and namespaces. With any of them, one
    /// more empties namespaces that are to go, and another watches the storage of all keys.
    pub users: u32,
    /// Clients that keep a copy of the one collection with an informer.
    pub followers: u32,
    /// Clients that elect a leader among them.
    pub replicas: u32,
    /// Servers that must consent to new secrets: none or one.
    pub webhooks: u32,
}

/// How the past is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compaction {
    /// Between two compactions, in milliseconds; 0: never.
    pub every_ms: u64,
    /// Revisions that are kept at most.
    pub keep: u64,
}

/// Who looks after the members: defragments, hashes, lists alarms and members, moves the leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Maintenance {
    /// Between two requests, in milliseconds; 0: never.
    pub every_ms: u64,
    /// Whether the leader is moved too.
    pub move_leader: bool,
}

/// Who logs in: all do, as [`Auth::ROOT`], when there is anybody to change users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// Clients that add users, give them roles and permissions, act as them and delete them, and
    /// switch authentication on and off.
    pub users: u32,
}

impl Auth {
    /// The name and password of whoever may do everything.
    pub const ROOT: (&str, &str) = ("root", "root's secret");
}

/// One client, for a machine of its own. The number tells it from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads and writes keys; a share of the requests.
    Kv {
        /// How many requests.
        operations: u32,
    },
    /// Watches everything from the first revision.
    Auditor,
    /// Watches some keys.
    Watcher,
    /// Keeps leases.
    LeaseKeeper,
    /// Wants a lock.
    LockContender,
    /// Stands for election.
    Candidate,
    /// Forgets the past.
    Compactor,
    /// Looks after the members.
    Maintainer,
    /// Manages users.
    AuthUser,
    /// Watches the storage of objects from the first revision.
    ObjectAuditor,
    /// Reads and writes objects; a share of the requests.
    ObjectUser {
        /// How many requests.
        operations: u32,
    },
    /// Lists and watches objects.
    ObjectWatcher,
    /// Watches the storage of all keys from the first revision.
    EstateAuditor,
    /// Uses objects of many kinds; a share of the requests.
    EstateUser {
        /// How many requests.
        operations: u32,
    },
    /// Empties namespaces that are to go.
    Caretaker,
    /// Keeps a copy of objects.
    Follower,
    /// Stands for election among components.
    Replica,
    /// Must consent to new secrets.
    Webhook,
}

impl TrafficProfile {
    /// Draws a profile. Each kind of traffic is left out in some, so that the others show more.
    pub fn draw(chance: &mut impl Chance) -> Self {
        let mut profile = Self::default();
        let mut some = |most: u64| if chance.below(3) == 0 { 0 } else { 1 + chance.below(most) };
        profile.watchers.count = small(some(5));
        profile.leases.keepers = small(some(3));
        profile.locks.count = small(some(3));
        profile.elections.count = small(some(3));
        profile.maintenance.every_ms = some(20) * 250;
        profile.compaction.every_ms = some(20) * 250;
        profile.auth.users = small(some(1));
        profile.clients = small(2 + chance.below(8));
        profile.operations = small(200 + chance.below(1800));
        profile.keys = 1 + chance.below(20);
        profile.pause_ms = 1 << chance.below(9);
        profile.timeout_ms = 200 << chance.below(6);
        profile.compaction.keep = chance.below(200);
        profile.leases.ttl_max = profile.leases.ttl_min + chance.below(20);
        profile.watchers.pause_ms = chance.below(4) * 500;
        profile.kv = KvMix::draw(chance);
        profile
    }

    /// The clients of this profile, with their numbers from 1 on.
    pub fn roles(&self) -> Vec<(u32, Role)> {
        let share = |client: u32| {
            let rest = u32::from(client < self.operations % self.clients.max(1));
            Role::Kv { operations: self.operations / self.clients.max(1) + rest }
        };
        let (objects, estate) = (&self.objects, &self.estate);
        let mut roles = match objects.users + objects.watchers + estate.users + estate.replicas {
            0 => vec![Role::Auditor],
            _ => vec![Role::ObjectAuditor],
        };
        roles.extend((0..self.clients).map(share));
        let operations = self.operations / objects.users.max(1);
        roles.extend((0..objects.users).map(|_| Role::ObjectUser { operations }));
        let operations = self.operations / estate.users.max(1);
        roles.extend((0..estate.users).map(|_| Role::EstateUser { operations }));
        let keeps_house = u32::from(estate.users > 0);
        let counted = [
            (self.watchers.count, Role::Watcher),
            (self.leases.keepers, Role::LeaseKeeper),
            (self.locks.count, Role::LockContender),
            (self.elections.count, Role::Candidate),
            (u32::from(self.compaction.every_ms > 0), Role::Compactor),
            (2 * u32::from(self.maintenance.every_ms > 0), Role::Maintainer),
            (self.auth.users, Role::AuthUser),
            (objects.watchers, Role::ObjectWatcher),
            (keeps_house, Role::EstateAuditor),
            (keeps_house, Role::Caretaker),
            (estate.followers, Role::Follower),
            (estate.replicas, Role::Replica),
            (estate.webhooks.min(1), Role::Webhook),
        ];
        for (count, role) in counted {
            roles.extend((0..count).map(|_| role));
        }
        (1..).zip(roles).collect()
    }
}

impl KvMix {
    /// Each kind gets a weight; some get none.
    fn draw(chance: &mut impl Chance) -> Self {
        let mut weight = || chance.below(4) * chance.below(6);
        Self {
            // Without any writes there is nothing to see.
            put: 1 + weight(),
            leased_put: weight(),
            delete: weight(),
            delete_range: weight(),
            get: 1 + weight(),
            list: weight(),
            query: weight(),
            serializable: weight(),
            past: weight(),
            compare_and_set: weight(),
            multi_put: weight(),
        }
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Default for TrafficProfile {
    fn default() -> Self {
        Self {
            clients: 4,
            operations: 1000,
            keys: 10,
            value_bytes: 0,
            pause_ms: 100,
            timeout_ms: 2000,
            kv: KvMix::default(),
            watchers: Watchers::default(),
            leases: Leases::default(),
            locks: Contenders::default(),
            elections: Contenders::default(),
            compaction: Compaction::default(),
            maintenance: Maintenance::default(),
            auth: Auth::default(),
            objects: Objects::default(),
            estate: Estate::default(),
        }
    }
}

impl Default for KvMix {
    fn default() -> Self {
        Self {
            put: 20,
            leased_put: 3,
            delete: 4,
            delete_range: 2,
            get: 15,
            list: 8,
            query: 5,
            serializable: 8,
            past: 5,
            compare_and_set: 15,
            multi_put: 5,
        }
    }
}

impl Default for Watchers {
    fn default() -> Self {
        Self { count: 3, progress_percent: 5, restart_percent: 2, pause_ms: 0 }
    }
}

impl Default for Leases {
    fn default() -> Self {
        Self { keepers: 1, ttl_min: 2, ttl_max: 10, forget_percent: 3, revoke_percent: 15 }
    }
}

impl Default for Contenders {
    fn default() -> Self {
        Self { count: 0, names: 1, ttl: 5, hold_ms: 3000 }
    }
}

impl Default for Compaction {
    fn default() -> Self {
        Self { every_ms: 5000, keep: 100 }
    }
}

impl Default for Maintenance {
    fn default() -> Self {
        Self { every_ms: 3000, move_leader: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_share_all_operations_and_have_numbers_of_their_own() {
        let profile = TrafficProfile { clients: 3, operations: 10, ..TrafficProfile::default() };
        let roles = profile.roles();
        let shares = roles.iter().map(|(_, role)| match role {
            Role::Kv { operations } => *operations,
            _ => 0,
        });
        assert_eq!(shares.sum::<u32>(), 10);
        let numbers: Vec<u32> = roles.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn unknown_fields_are_refused() {
        let refused = serde_json::from_str::<TrafficProfile>(r#"{"clientz": 3}"#);
        assert!(refused.is_err());
        let accepted: TrafficProfile =
            serde_json::from_str(r#"{"clients": 3, "kv": {"put": 1}}"#).expect("known fields");
        assert_eq!((accepted.clients, accepted.kv.put), (3, 1));
    }
}
