//! Forgets the past, now and then.

use std::time::Duration;

use oracles::history::{Range, Request};

use super::User;

/// Looks where the store stands and compacts some way behind it.
pub(super) async fn run(user: &User) {
    let compaction = &user.profile().compaction;
    loop {
        user.host().sleep(Duration::from_millis(compaction.every_ms.max(1))).await;
        let look = Request::Range(Range { key: "k/000".into(), ..Range::default() });
        let Some((revision, _)) = user.ask(&look).await else { continue };
        // At 0 the newest revision itself: tombstones are the interesting ones.
        let back = user.host().random.below(compaction.keep + 1).cast_signed();
        if revision > back {
            user.ask(&Request::Compact { revision: revision - back }).await;
        }
    }
}
