//! One call of a webhook for all who want the same objects converted: of a thousand watches of a
//! change one asks, and the others find what it got.

use crate::failure::Failure;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// Kinds in versions that nobody waits for are forgotten beyond it.
const TURNS_MAX: usize = 1000;

/// Whose turn it is, by API version and plural.
#[derive(Debug, Default)]
pub(in crate::registry) struct Turns(Mutex<BTreeMap<String, Arc<Turn>>>);

#[derive(Debug, Default)]
struct Turn {
    gate: tokio::sync::Mutex<()>,
    /// How many calls failed, and why the last did.
    failed: Mutex<(u64, Option<Failure>)>,
}

impl Turns {
    /// Does the work when nobody else does it for this key. Who waited while it failed fails with
    /// it, so that a webhook that does not answer is waited for once.
    pub(in crate::registry) async fn alone<T>(
        &self,
        key: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let turn = self.turn(key);
        let before = turn.failed.lock().0;
        let _gate = turn.gate.lock().await;
        if let (count, Some(failure)) = &*turn.failed.lock()
            && *count != before
        {
            return Err(failure.clone());
        }
        let done = work.await;
        if let Err(failure) = &done {
            let mut failed = turn.failed.lock();
            *failed = (failed.0 + 1, Some(failure.clone()));
        }
        done
    }

    fn turn(&self, key: &str) -> Arc<Turn> {
        let mut turns = self.0.lock();
        if turns.len() > TURNS_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(key.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, future::join_all};
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn who_waits_for_a_failure_shares_it() {
        let (turns, calls) = (Turns::default(), AtomicU32::new(0));
        let gate = tokio::sync::Notify::new();
        let work = || async {
            calls.fetch_add(1, Ordering::Relaxed);
            gate.notified().await;
            Err::<(), _>(Failure::internal("no"))
        };
        let mut all = Box::pin(join_all((0..3).map(|_| turns.alone("a", work()))));
        assert!(all.as_mut().now_or_never().is_none());
        gate.notify_one();
        let all = all.now_or_never().expect("one call answers all");
        assert!(all.iter().all(Result::is_err));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        gate.notify_one();
        assert!(turns.alone("a", work()).now_or_never().expect("it is asked anew").is_err());
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
