//! The museum's catalogue: known bugs of etcd and Kubernetes, and the words that switch them on.
//!
//! Numbers are upstream's issues. Which faults or oracles find an exhibit is not written here: a
//! hunt must not know.

/// A known bug.
#[derive(Debug)]
pub(crate) struct Exhibit {
    /// The defect's name, as in `host.defects.has(…)`.
    pub(crate) name: &'static str,
    /// What goes wrong.
    pub(crate) about: &'static str,
    /// Where upstream tells of it.
    pub(crate) upstream: &'static str,
}

const fn exhibit(name: &'static str, about: &'static str, upstream: &'static str) -> Exhibit {
    Exhibit { name, about, upstream }
}

/// Every exhibit.
pub(crate) const ALL: &[Exhibit] = &[
    exhibit("E01", "index of applied entries is saved before their data", "#13766"),
    exhibit("E02", "a lone member answers before its log is synced", "#14370"),
    exhibit("E03a", "defragmenting saves data without the applied index", "#14685"),
    exhibit("E03b", "an old applied index is saved over a received snapshot's", "#13933"),
    exhibit("E03c", "an entry without effect leaves the applied index behind", "#14419"),
    exhibit("E04a", "auth changes are saved without the applied index", "#11652"),
    exhibit("E04b", "permissions are not rebuilt after a received snapshot", "#14571"),
    exhibit("E06", "revision goes back after a crash within compaction", "#17780"),
    exhibit("E07", "a watch misses a delete at the compacted revision", "#18089"),
    exhibit("E09", "a starved watcher loses events to compaction", "#17529"),
    exhibit("E12", "a progress notification overtakes events", "#15220"),
    exhibit("E14a", "a second snapshot deletes the file of the first", "#18055"),
    exhibit("E14b", "defragmenting and a received snapshot race for one file", "#20271"),
    exhibit("E14c", "a crashed defragmentation's file is used again", "#20271"),
    exhibit("E16a", "a torn last record of the log is not repaired", "#15068"),
    exhibit("E16c", "a repair cuts the log before its copy is durable", "630ae268a"),
    exhibit("E16d", "a repair cuts the log at any bad record, acknowledged ones too", "#15068"),
    exhibit("E17", "a new log segment's name is not durable", "#6368"),
    exhibit("E18a", "messages leave before votes and entries are durable", "#14143"),
    exhibit("E18b", "a changed vote alone does not ask for a sync", "#14140"),
    exhibit("E20a", "a fresh leader answers reads before its own first commit", "#7331"),
    exhibit("E20b", "a leader answers reads without asking anyone", "#12680"),
    exhibit("E21a", "a deposed leader revokes leases", "#15247"),
    exhibit("E21b", "a deposed leader answers renewals by itself", "#12528"),
    exhibit("E21c", "a renewal of a revoked lease succeeds", "#20615"),
    exhibit("E22", "a lease checkpoint is not persisted", "#13508"),
    exhibit("E24", "a lock is given to a session that has expired", "#11456"),
    exhibit("E25a", "campaigning with an unapplied change of members", "#7625"),
    exhibit("E25b", "proposing a change of members before the last is applied", "#7625"),
    exhibit("E27", "a pre-vote from a lower term gets no answer", "#8243"),
    exhibit("E29", "a page of committed entries lowers the commit index", "#10063"),
    exhibit("E30a", "a promotion is not persisted", "#19557"),
    exhibit("E30b", "an update of a member overwrites that it is a learner", "#20967"),
    exhibit("E30c", "a removed member stays in the stored membership", "#13196"),
    exhibit("E32", "an entry of an older term is committed by counting", "Raft §5.4.2"),
    exhibit("K01", "a cache serves what is older than asked for", "kubernetes #59848"),
    exhibit("K02", "a watch cache stands still on a member without a leader", "kubernetes #89488"),
    exhibit("K04a", "a watch begins one revision before what is known", "kubernetes #49956"),
    exhibit("K04b", "events come again after the initial ones", "kubernetes #73845"),
    exhibit("K06", "a watch begins at a revision from the future", "kubernetes #107457"),
    exhibit("K08", "a deletion is decided on a cached object", "kubernetes #82303"),
    exhibit("K10a", "a quota is charged over what others charged", "kubernetes #24494"),
    exhibit("K11", "objects are born in a namespace that is gone", "kubernetes #36891"),
    exhibit("K13a", "who sends what is not let through owns it", "kubernetes #75564"),
    exhibit("K13b", "owners are worked out for an older object", "kubernetes #75564"),
    exhibit("K28", "a lease's age is told by another machine's clock", "kubernetes #23731"),
];

/// The exhibits whose names begin with any of these; all when there is none.
pub(crate) fn named(names: &[String]) -> Result<Vec<&'static Exhibit>, String> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let mut found = Vec::new();
    for name in names {
        let of_name = ALL.iter().filter(|exhibit| exhibit.name.starts_with(name.as_str()));
        let before = found.len();
        found.extend(of_name);
        if found.len() == before {
            return Err(name.clone());
        }
    }
    Ok(found)
}
