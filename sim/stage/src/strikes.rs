//! The faults of a run: struck and healed by the director, counted, and drawn as bands and marks.

use faults::{Act, Budget, Director, Fault, Machine, Outcome, Roster, Span, StrikeId};
use record::{BandKind, MarkKind, RunRecord};
use scenario::Schedule;
use std::collections::BTreeMap;

/// What is broken now. Lanes of the record's timeline are numbered as machines are.
#[derive(Debug)]
pub struct Strikes {
    director: Director,
    /// The fault bands of each strike.
    bands: BTreeMap<StrikeId, Vec<usize>>,
}

impl Strikes {
    /// Nothing is broken yet.
    pub fn new(seed: u64, budget: Budget) -> Self {
        Self { director: Director::new(seed, budget), bands: BTreeMap::new() }
    }

    /// True while nothing is broken.
    pub fn is_empty(&self) -> bool {
        self.bands.is_empty()
    }

    /// Strikes, and puts the end on the schedule; gives what is to be carried out. `None` where the
    /// fault finds no target, or the budget forbids it.
    pub fn strike(
        &mut self,
        now: Span,
        fault: &Fault,
        roster: &Roster<Machine>,
        schedule: &mut Schedule,
        record: &mut RunRecord,
    ) -> Option<Vec<Act>> {
        let struck = match self.director.strike(now, fault, roster) {
            Outcome::Struck(struck) => struck,
            Outcome::NotHere => {
                record.count("faults without a target", 1);
                return None;
            }
            Outcome::Refused(_) => {
                record.count("faults refused", 1);
                return None;
            }
        };
        record.count("faults struck", 1);
        if let Some(until) = struck.until {
            schedule.heal_at(until, struck.id);
        }
        for machine in &struck.on {
            let (lane, timeline) = (usize::from(machine.0), &mut record.timeline);
            if struck.until.is_some() {
                let band = timeline.begin(lane, now.0, BandKind::Fault, fault.name(), "");
                self.bands.entry(struck.id).or_default().push(band);
            } else {
                timeline.mark(lane, now.0, MarkKind::Blow, fault.name());
            }
        }
        Some(struck.acts)
    }

    /// Ends a strike; gives what is to be carried out.
    pub fn heal(&mut self, now: Span, strike: StrikeId, record: &mut RunRecord) -> Vec<Act> {
        for band in self.bands.remove(&strike).unwrap_or_default() {
            record.timeline.end(band, now.0);
        }
        self.director.heal(strike)
    }

    /// Ends every strike, and starts what is down; gives what is to be carried out.
    pub fn heal_all(&mut self, now: Span, record: &mut RunRecord) -> Vec<Act> {
        let strikes: Vec<StrikeId> = self.bands.keys().copied().collect();
        let healed = strikes.into_iter().flat_map(|strike| self.heal(now, strike, record));
        let mut acts: Vec<Act> = healed.collect();
        acts.extend(self.director.heal_all());
        record.timeline.healed_nanos = Some(now.0);
        acts
    }
}
