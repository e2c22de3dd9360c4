//! Tasks that carry a decision out and come back with a word.

use crate::{framework::Refusal, objects::pod::Pod};
use client::Key;
use host::{Host, Task};
use std::{collections::BTreeMap, fmt, sync::Arc};
use tokio::sync::mpsc;

/// Errands under way; while there are as many, no pod is placed.
pub(super) const ERRANDS_MAX: usize = 256;

/// What an errand comes back with.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// The pod is bound.
    Bound(Arc<Pod>),
    /// The pod is not bound there and will not be, and why.
    Unbound(Arc<Pod>, Refusal),
    /// What had to be written before the pod is bound is written.
    Written(Arc<Pod>, String),
    /// Victims could not be removed: the room is not kept any longer.
    NoRoom(Key),
    /// Nothing more is to be said.
    Done,
}

/// All errands. Dropping it ends them.
pub(super) struct Errands {
    host: Host,
    sender: mpsc::Sender<(u64, Word)>,
    words: mpsc::Receiver<(u64, Word)>,
    tasks: BTreeMap<u64, Task<()>>,
    count: u64,
}

impl fmt::Debug for Errands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errands").field("under way", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl Errands {
    pub(super) fn new(host: &Host) -> Self {
        let (sender, words) = mpsc::channel(ERRANDS_MAX);
        Self { host: host.clone(), sender, words, tasks: BTreeMap::new(), count: 0 }
    }

    /// There is room for those of one more decision.
    pub(super) fn has_room(&self) -> bool {
        self.tasks.len() < ERRANDS_MAX
    }

    /// Sends a task out.
    pub(super) fn send(&mut self, work: impl Future<Output = Word> + Send + 'static) {
        self.count += 1;
        let (number, sender) = (self.count, self.sender.clone());
        let task = self.host.spawn("scheduler/errand", async move {
            let word = work.await;
            // Nobody listens any more: the scheduler ends.
            let _ = sender.send((number, word)).await;
        });
        self.tasks.insert(number, task);
    }

    /// The next word, if there is one already.
    pub(super) fn try_next(&mut self) -> Option<Word> {
        let (number, word) = self.words.try_recv().ok()?;
        self.tasks.remove(&number);
        Some(word)
    }

    /// The next word.
    pub(super) async fn next(&mut self) -> Word {
        match self.words.recv().await {
            Some((number, word)) => {
                self.tasks.remove(&number);
                word
            }
            // The sender is in `self`.
            None => std::future::pending().await,
        }
    }
}
