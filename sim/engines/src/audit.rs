//! What the cluster holds in the end, by quorum and by each member's own copy.

use crate::{Program, members, program};
use etcd_api::{
    client::{Client, op},
    etcdserverpb::RangeRequest,
};
use host::Host;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Keys with the revision of their last change.
pub(crate) type Contents = BTreeMap<String, i64>;

/// The books as read; none where reading failed.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) quorum: Option<Contents>,
    pub(crate) members: BTreeMap<&'static str, Option<Contents>>,
}

/// Reads everything once, with a quorum and from each member alone.
pub(crate) fn auditor(all: &'static [&'static str], books: &Arc<Mutex<Books>>) -> Program {
    let books = books.clone();
    program(move |host: Host| audit(host, all, books.clone()))
}

async fn audit(host: Host, all: &'static [&'static str], books: Arc<Mutex<Books>>) {
    let quorum = read(&members::client(&host, all), false).await;
    books.lock().quorum = quorum;
    for member in all {
        let own = read(&members::client(&host, &[*member]), true).await;
        books.lock().members.insert(*member, own);
    }
}

async fn read(client: &Client, serializable: bool) -> Option<Contents> {
    let request = RangeRequest { serializable, ..op::prefix("w/") };
    let answer = client.clone().with_timeout(CALL_LIMIT).get(request).await.ok()?;
    let named = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    Some(answer.kvs.iter().map(|kv| (named(&kv.key), kv.mod_revision)).collect())
}
