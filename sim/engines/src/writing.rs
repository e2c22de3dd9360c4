//! Writers: each key is written at most once, and every acknowledgement is noted.

use crate::{Program, members, program};
use etcd_api::client::op;
use host::Host;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

const CALL_LIMIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// What all writers did.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The phase of the story; none when writing is over.
    pub(crate) phase: Option<&'static str>,
    /// Keys that were sent.
    pub(crate) attempted: BTreeSet<String>,
    /// Keys whose write was acknowledged.
    pub(crate) acknowledged: BTreeSet<String>,
    /// Acknowledgements in each phase.
    pub(crate) by_phase: BTreeMap<&'static str, u32>,
}

pub(crate) type SharedLedger = Arc<Mutex<Ledger>>;

/// Writes one key after another until writing is over.
pub(crate) fn writer(
    name: &'static str,
    all: &'static [&'static str],
    ledger: &SharedLedger,
) -> Program {
    let ledger = ledger.clone();
    program(move |host: Host| write(host, name, all, ledger.clone()))
}

async fn write(host: Host, name: &str, all: &[&str], ledger: SharedLedger) {
    let client = members::client(&host, all).with_timeout(CALL_LIMIT);
    for number in 0.. {
        if ledger.lock().phase.is_none() {
            return;
        }
        let key = format!("w/{name}/{number:05}");
        ledger.lock().attempted.insert(key.clone());
        if client.put(op::put(key.clone(), key.clone())).await.is_ok() {
            let mut ledger = ledger.lock();
            ledger.acknowledged.insert(key);
            if let Some(phase) = ledger.phase {
                *ledger.by_phase.entry(phase).or_default() += 1;
            }
        }
        host.sleep(PAUSE).await;
    }
}
