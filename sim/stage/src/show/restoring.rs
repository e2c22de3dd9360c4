//! All members start again from a snapshot: a disaster's end, as an operator brings it about.
//!
//! Clients stand still from the request to the end. The snapshot counts only if nothing changed
//! between the linearizable read before it and the power being cut, else another is taken. So
//! everything that was acknowledged survives, and the judges of histories need no exception; those
//! of one cluster's log and members begin anew ([`Happening::Restored`]).

use super::Show;
use crate::operator::{Errand, Taken};
use bytes::Bytes;
use cluster::etcd::{PROCESS, Place};
use faults::{Machine, Span};
use machine::{MachineId, Time};
use oracles::World as Happening;

/// By then what clients had sent before they stood still has happened, or never will.
const DRAIN: Span = Span::millis(1_000);
/// Between a snapshot that failed, or came too late, and the next.
const AGAIN: Span = Span::millis(500);

/// A restore on its way.
#[derive(Debug)]
pub(super) struct Restoring {
    /// Whose snapshot is taken.
    from: Place,
    /// When to ask for the next snapshot; `None` while one is being taken.
    ask_at: Option<Span>,
    /// Clients that go on when it is over.
    stopped: Vec<MachineId>,
}

impl Show {
    pub(super) fn begin_restore(&mut self, from: Machine) {
        let Some(from) = self.placement.member(from).cloned() else { return };
        if self.restoring.is_some() {
            return;
        }
        let clients: Vec<MachineId> = self.placement.clients().collect();
        let stopped: Vec<MachineId> =
            clients.into_iter().filter(|id| !self.world.is_paused(*id)).collect();
        stopped.iter().for_each(|id| self.world.pause(*id));
        let ask_at = Some(self.now().plus(DRAIN));
        self.restoring = Some(Restoring { from, ask_at, stopped });
    }

    /// Clients that were told to go on meanwhile do so when it is over.
    pub(super) fn resume_after_restore(&mut self) {
        if let Some(restoring) = &mut self.restoring {
            restoring.stopped = self.placement.clients().collect();
        }
    }

    /// Takes the next step, if it is time for one.
    pub(super) fn go_on_restoring(&mut self) {
        let now = self.now();
        let Some(restoring) = &mut self.restoring else { return };
        match restoring.ask_at {
            Some(at) if at <= now => {
                restoring.ask_at = None;
                let endpoint = restoring.from.client_url();
                self.errands.ask(Errand::Snapshot { endpoint });
            }
            Some(_) => {}
            None => match self.errands.snapshot() {
                None => {}
                Some(Taken::Snapshot { revision, data })
                    if revision == self.gallery.known().revision =>
                {
                    self.restore_all(&data);
                    self.record.count("restores", 1);
                    self.end_restore();
                }
                Some(_) => restoring.ask_at = Some(now.plus(AGAIN)),
            },
        }
    }

    /// Gives up one that is not done when all heals.
    pub(super) fn abandon_restore(&mut self) {
        if self.restoring.is_some() {
            self.record.count("restores not carried out", 1);
            self.end_restore();
        }
    }

    fn end_restore(&mut self) {
        let stopped = self.restoring.take().map(|restoring| restoring.stopped);
        stopped.into_iter().flatten().for_each(|id| self.world.resume(id));
    }

    fn restore_all(&self, snapshot: &Bytes) {
        let places: Vec<Place> = self.placement.members().map(|(_, place)| place.clone()).collect();
        for place in &places {
            self.world.reimage(place.machine);
        }
        self.gallery.announce(Time(self.now().0), Happening::Restored);
        for place in &places {
            let program = self.placement.restored(&self.world, place, snapshot);
            self.world.install(place.machine, PROCESS, program);
            self.world.power_on(place.machine);
        }
    }
}
