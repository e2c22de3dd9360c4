//! etcd: three members lose their leader to a partition, then to a crash; and one member alone.

use crate::{
    Engine,
    audit::{self, Books},
    members,
    overheard::Leader,
    watching::{self, Seen},
    writing::{self, Ledger, SharedLedger},
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// What came of it: one sentence each, equal on all engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Writes were acknowledged in every phase of the story.
    pub available_in_every_phase: bool,
    /// Every acknowledged write can be read in the end.
    pub nothing_acknowledged_is_lost: bool,
    /// Nothing can be read that nobody wrote.
    pub nothing_is_made_up: bool,
    /// Each member's own copy is what a quorum says.
    pub members_agree: bool,
    /// The watcher heard of every change once, in order.
    pub watch_is_complete: bool,
}

impl Verdict {
    /// What it has to be.
    pub const KEPT: Self = Self {
        available_in_every_phase: true,
        nothing_acknowledged_is_lost: true,
        nothing_is_made_up: true,
        members_agree: true,
        watch_is_complete: true,
    };
}

/// A verdict with what it was reached on.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Equal on all engines.
    pub verdict: Verdict,
    /// For people: acknowledged writes, revisions seen. Differs from engine to engine.
    pub figures: String,
}

const MEMBERS: &[&str] = &["m1", "m2", "m3"];
const ALONE: &[&str] = &["m1"];

struct Story<'a> {
    engine: &'a mut dyn Engine,
    members: &'static [&'static str],
    leader: Leader,
    ledger: SharedLedger,
    seen: Seen,
    books: Arc<Mutex<Books>>,
    phases: usize,
}

/// Tells the story of three members: some 48 s of the engine's time.
pub fn three_members(engine: &mut dyn Engine) -> Outcome {
    let mut story = Story::begin(engine, MEMBERS);
    story.phase("before", 5);
    let leader = story.leader();
    story.engine.isolate(&leader);
    story.phase("leader cut off", 10);
    story.engine.heal();
    story.phase("healed", 5);
    let leader = story.leader();
    story.engine.kill(&leader);
    story.phase("leader crashed", 8);
    story.engine.start(&leader);
    story.phase("restarted", 8);
    story.end()
}

/// Tells the story of one member that crashes and comes back: some 20 s.
pub fn single_member(engine: &mut dyn Engine) -> Outcome {
    let mut story = Story::begin(engine, ALONE);
    story.phase("before", 3);
    story.engine.kill(ALONE[0]);
    story.engine.run_for(Duration::from_secs(1));
    story.engine.start(ALONE[0]);
    story.phase("restarted", 5);
    story.end()
}

impl<'a> Story<'a> {
    fn begin(engine: &'a mut dyn Engine, members: &'static [&'static str]) -> Self {
        let leader = Leader::default();
        for &name in members {
            engine.install(name, members::member(name, members, &leader));
        }
        engine.run_for(Duration::from_secs(4));
        let ledger: SharedLedger = Arc::default();
        let (seen, books) = (Seen::default(), Arc::default());
        ledger.lock().phase = Some("start");
        engine.install("w1", writing::writer("w1", members, &ledger));
        engine.install("w2", writing::writer("w2", members, &ledger));
        engine.install("watcher", watching::watcher(members, &seen));
        Self { engine, members, leader, ledger, seen, books, phases: 0 }
    }

    /// Lets a phase pass while the writers write.
    fn phase(&mut self, name: &'static str, seconds: u64) {
        self.ledger.lock().phase = Some(name);
        self.phases += 1;
        self.engine.run_for(Duration::from_secs(seconds));
    }

    fn leader(&self) -> Arc<str> {
        self.leader.name().expect("a cluster in good health elects a leader within seconds")
    }

    /// Stops writing, reads the books, and judges.
    fn end(self) -> Outcome {
        self.ledger.lock().phase = None;
        self.engine.run_for(Duration::from_secs(4));
        self.engine.install("auditor", audit::auditor(self.members, &self.books));
        self.engine.run_for(Duration::from_secs(8));
        let (ledger, seen, books) = (self.ledger.lock(), self.seen.lock(), self.books.lock());
        let verdict = judge(self.phases, self.members.len(), &ledger, &seen, &books);
        let figures = format!("{:?}, {} changes watched", ledger.by_phase, seen.len());
        Outcome { verdict, figures }
    }
}

fn judge(
    phases: usize,
    members: usize,
    ledger: &Ledger,
    seen: &[(String, i64)],
    books: &Books,
) -> Verdict {
    let held = books.quorum.clone().unwrap_or_default();
    let mut changes: Vec<(String, i64)> = held.clone().into_iter().collect();
    changes.sort_by_key(|change| change.1);
    Verdict {
        available_in_every_phase: ledger.by_phase.len() == phases,
        nothing_acknowledged_is_lost: ledger.acknowledged.iter().all(|it| held.contains_key(it)),
        nothing_is_made_up: held.keys().all(|it| ledger.attempted.contains(it)),
        members_agree: books.members.len() == members
            && books.members.values().all(|own| own.as_ref() == Some(&held)),
        watch_is_complete: changes == seen,
    }
}
