//! A watcher of everything, from the first revision on.

use crate::{Program, members, program};
use etcd_api::{client::op, etcdserverpb::WatchCreateRequest};
use host::Host;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

const REOPEN_AFTER: Duration = Duration::from_millis(200);

/// Keys with the revision of their change, in the order in which they were told of.
pub(crate) type Seen = Arc<Mutex<Vec<(String, i64)>>>;

/// Watches for ever.
pub(crate) fn watcher(all: &'static [&'static str], seen: &Seen) -> Program {
    let seen = seen.clone();
    program(move |host: Host| watch(host, all, seen.clone()))
}

async fn watch(host: Host, all: &[&str], seen: Seen) {
    let client = members::client(&host, all).with_require_leader();
    // Members that lose their leader end such a watch, as upstream's do: go on elsewhere, right
    // after what was told already.
    loop {
        let start_revision = seen.lock().last().map_or(1, |last| last.1 + 1);
        let request = WatchCreateRequest { start_revision, ..op::watch_prefix("w/") };
        let mut watcher = client.watch(request);
        while let Some(Ok(response)) = watcher.next().await {
            let changed = response.events.into_iter().filter_map(|event| event.kv);
            let name = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
            seen.lock().extend(changed.map(|kv| (name(&kv.key), kv.mod_revision)));
        }
        host.sleep(REOPEN_AFTER).await;
    }
}
