//! What can be read of the applied state.

use super::Store;
use crate::{
    batch::Table,
    error::{Refused, StoreError},
    keys::KvHash,
};
use etcd_api::etcdserverpb::{RangeRequest, RangeResponse, TxnRequest, TxnResponse};

impl Store {
    /// Answers a range request from what is applied.
    ///
    /// # Errors
    /// The revision is compacted or not reached yet.
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Refused> {
        self.keys.range(&self.backend, request, self.keys.revision())
    }

    /// Answers a transaction that [`crate::is_read_only`].
    ///
    /// # Errors
    /// As for [`Store::range`].
    pub fn read_txn(&self, request: &TxnRequest) -> Result<TxnResponse, Refused> {
        self.keys.read_transaction(&self.backend, request)
    }

    /// The revision of the last transaction.
    pub fn revision(&self) -> i64 {
        self.keys.revision()
    }

    /// Revisions below this one cannot be read; 0 when all can.
    pub fn compact_revision(&self) -> i64 {
        self.keys.compacted()
    }

    /// How many keys are alive.
    pub fn key_count(&self) -> u64 {
        self.keys.alive()
    }

    /// Hashes all retained revisions up to `at`, or all for 0; reads them all.
    ///
    /// # Errors
    /// The revision is compacted or not reached yet.
    pub fn hash_kv(&self, at: i64) -> Result<KvHash, Refused> {
        self.keys.hash(&self.backend, at)
    }

    /// Hashes all tables but Meta: leases, users, members and keys, deleted ones included.
    ///
    /// # Errors
    /// The file cannot be read: the member must stop.
    pub fn hash(&self) -> Result<u32, StoreError> {
        let mut hash = 0;
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Meta) {
            hash = crc32c::crc32c_append(hash, table.name().as_bytes());
            for (key, value) in self.backend.all_rows(table)? {
                hash = crc32c::crc32c_append(crc32c::crc32c_append(hash, &key), &value);
            }
        }
        Ok(hash)
    }

    /// Length of the file in bytes; blocking.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn size(&self) -> Result<u64, StoreError> {
        self.backend.size()
    }

    /// Bytes of all rows: what the quota is compared with.
    pub fn size_in_use(&self) -> i64 {
        self.backend.size_in_use()
    }
}
