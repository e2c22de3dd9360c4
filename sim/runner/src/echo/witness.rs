//! Watches the echo world from outside.

use super::{ANSWERS, SAME};
use faults::{Machine, Role, Roster, Span};
use host::{Event, Value};
use machine::{Lifecycle, Observer, Source, Time};
use record::{BandKind, Broken, Fail, MarkKind, Timeline};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By the client's machine.
    pub(super) answers: BTreeMap<u32, Answers>,
    pub(super) failures: u64,
    wrong: Option<(u64, u32)>,
    panics: Vec<String>,
    /// Starts and ends of servers and clients: time, machine, whether it is up, what happened.
    lives: Vec<(u64, u32, bool, &'static str)>,
}

/// One client's answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    pub(super) count: u64,
    last: u64,
}

/// The observer.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Seen>);

impl Witness {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen so far; forgets it.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen())
    }
}

impl Observer for Witness {
    fn event(&self, at: Time, source: &Source<'_>, event: &Event<'_>) {
        let mut seen = self.seen();
        match event.name {
            "echo/answer" => {
                let answers = seen.answers.entry(source.machine.0).or_default();
                answers.count += 1;
                answers.last = at.0;
                if event.fields.contains(&("same", Value::Bool(false))) {
                    seen.wrong.get_or_insert((at.0, source.machine.0));
                }
            }
            "echo/failed" => seen.failures += 1,
            _ => {}
        }
    }

    fn lifecycle(&self, at: Time, source: &Source<'_>, change: &Lifecycle<'_>) {
        let up = match change {
            Lifecycle::Started { .. } | Lifecycle::Resumed => true,
            Lifecycle::Killed { .. }
            | Lifecycle::Crashed { .. }
            | Lifecycle::Exited { .. }
            | Lifecycle::Panicked { .. }
            | Lifecycle::PoweredOff
            | Lifecycle::Paused => false,
            Lifecycle::PoweredOn | Lifecycle::Reimaged => return,
        };
        let mut seen = self.seen();
        seen.lives.push((at.0, source.machine.0, up, change.name()));
        if let Lifecycle::Panicked { task, message, .. } = change {
            seen.panics.push(format!("{} in task {task}: {message}", source.name));
        }
    }
}

impl Seen {
    /// The first promise that was broken.
    pub(super) fn broken(
        &self,
        roster: &Roster<Machine>,
        healed: Span,
        cut_short: bool,
    ) -> Option<Broken> {
        if let Some(panic) = self.panics.first() {
            return Some(Broken::new(Fail::Crash, "panic", panic.as_str()));
        }
        if let Some((at, machine)) = self.wrong {
            let mut broken = Broken::new(Fail::Promise, SAME, "an answer differs from its request");
            (broken.at_nanos, broken.lane) = (at, usize::try_from(machine).ok());
            return Some(broken);
        }
        let clients = roster.0.iter().filter(|member| member.role == Role::Plain);
        let silent = clients
            .map(|client| u32::from(client.machine.0))
            .find(|client| self.answers.get(client).is_none_or(|answers| answers.last <= healed.0));
        let client = silent.filter(|_| !cut_short)?;
        let evidence = format!("machine {client} had no answer since everything healed");
        let mut broken = Broken::new(Fail::NoConvergence, ANSWERS, evidence);
        (broken.at_nanos, broken.lane) = (healed.0, usize::try_from(client).ok());
        Some(broken)
    }

    /// Puts starts and ends on the timeline.
    pub(super) fn draw(&self, timeline: &mut Timeline) {
        for &(at, machine, up, what) in &self.lives {
            let lane = usize::try_from(machine).unwrap_or(usize::MAX);
            timeline.end_all(lane, BandKind::Down, at);
            if up {
                timeline.mark(lane, at, MarkKind::Start, what);
            } else {
                timeline.begin(lane, at, BandKind::Down, what, "");
                timeline.mark(lane, at, MarkKind::Stop, what);
            }
        }
    }
}
