//! Nothing panics, reports a bug of ours, or gives up.

use crate::{Broken, Kind, Observation, Oracle, World};

/// No process panics, logs an error (a bug of ours) or ends by itself for a bad reason.
#[derive(Debug, Default)]
pub struct NoPanic;

impl Oracle for NoPanic {
    const NAME: &'static str = "no_panic";
    const KIND: Kind = Kind::Always;
    const PROMISE: &'static str = "No fault of the world makes a process panic or refuse to start";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Observation::World { at, event } = observation else { return Ok(()) };
        match event {
            World::Panic { machine, text } => {
                Err(Broken::new(*at, format!("{machine} panicked: {text}")))
            }
            World::Exit { machine, text, expected: false } => {
                Err(Broken::new(*at, format!("{machine} gave up: {text}")))
            }
            World::Exit { expected: true, .. }
            | World::Boot { .. }
            | World::Crash { .. }
            | World::Wiped { .. }
            | World::Clock { .. }
            | World::Paused { .. }
            | World::Restored
            | World::Healed
            | World::End => Ok(()),
        }
    }
}
