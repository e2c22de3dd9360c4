//! Writes to the backend that belong together, staged in memory until they are committed.
//!
//! Every part of the state machine keeps what it must look up in memory, restores it from its
//! table's rows at start, and stages its changes here while an entry is applied. One commit writes
//! whole entries together with the consistent index, never a part of one.

use bytes::Bytes;
use std::collections::BTreeMap;

/// The tables of the backend, by upstream's bucket names (server/storage/schema/bucket.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Revision → key-value.
    Key,
    /// Consistent index, term, compaction marks, configuration state, versions.
    Meta,
    /// Lease id → TTL and remaining TTL.
    Lease,
    /// Alarms raised.
    Alarm,
    /// Member id → member.
    Members,
    /// Ids of members that were removed, never to come back.
    MembersRemoved,
    /// Cluster version and downgrade state.
    Cluster,
    /// Whether authentication is on, and its revision.
    Auth,
    /// Users by name.
    AuthUsers,
    /// Roles by name.
    AuthRoles,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 10] = [
        Table::Key,
        Table::Meta,
        Table::Lease,
        Table::Alarm,
        Table::Members,
        Table::MembersRemoved,
        Table::Cluster,
        Table::Auth,
        Table::AuthUsers,
        Table::AuthRoles,
    ];

    /// The table's name on disk.
    pub fn name(self) -> &'static str {
        match self {
            Table::Key => "key",
            Table::Meta => "meta",
            Table::Lease => "lease",
            Table::Alarm => "alarm",
            Table::Members => "members",
            Table::MembersRemoved => "members_removed",
            Table::Cluster => "cluster",
            Table::Auth => "auth",
            Table::AuthUsers => "authUsers",
            Table::AuthRoles => "authRoles",
        }
    }
}

/// Staged writes: the last one to a key wins; `None` deletes.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    writes: BTreeMap<(Table, Bytes), Option<Bytes>>,
    bytes: usize,
}

impl Batch {
    /// Stages a write.
    pub fn put(&mut self, table: Table, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.stage(table, key.into(), Some(value.into()));
    }

    /// Stages a deletion; deleting what is not there is fine.
    pub fn delete(&mut self, table: Table, key: impl Into<Bytes>) {
        self.stage(table, key.into(), None);
    }

    fn stage(&mut self, table: Table, key: Bytes, value: Option<Bytes>) {
        self.bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
        self.writes.insert((table, key), value);
    }

    /// Forgets what is staged for a key.
    pub(crate) fn discard(&mut self, table: Table, key: &'static [u8]) {
        self.writes.remove(&(table, Bytes::from_static(key)));
    }

    /// What is staged for a key: `None` nothing, `Some(None)` a deletion.
    pub fn get(&self, table: Table, key: &Bytes) -> Option<&Option<Bytes>> {
        self.writes.get(&(table, key.clone()))
    }

    /// All staged writes, by table and key.
    pub fn iter(&self) -> impl Iterator<Item = (Table, &Bytes, Option<&Bytes>)> {
        self.writes.iter().map(|((table, key), value)| (*table, key, value.as_ref()))
    }

    /// The staged writes of one table with keys in `from..to`.
    pub fn range<'a>(
        &'a self,
        table: Table,
        from: &Bytes,
        to: &Bytes,
    ) -> impl Iterator<Item = (&'a Bytes, Option<&'a Bytes>)> + use<'a> {
        self.writes
            .range((table, from.clone())..(table, to.clone()))
            .map(|((_, key), value)| (key, value.as_ref()))
    }

    /// All staged writes of one table.
    pub fn table(&self, table: Table) -> impl Iterator<Item = (&Bytes, Option<&Bytes>)> {
        self.writes
            .range((table, Bytes::new())..)
            .take_while(move |((of, _), _)| *of == table)
            .map(|((_, key), value)| (key, value.as_ref()))
    }

    /// Moves all writes of a later batch into this one.
    pub fn absorb(&mut self, later: &mut Batch) {
        self.bytes += std::mem::take(&mut later.bytes);
        // Not `append`, which goes through both maps, however small the later one is.
        self.writes.extend(std::mem::take(&mut later.writes));
    }

    /// How many keys are staged.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// True when nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// An upper bound of the staged bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
