//! A progress line on a terminal, nothing elsewhere. Real time is used here and for rates only.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// A line that is drawn over and over on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    drawn: Option<Instant>,
    terminal: bool,
    total: Goal,
}

/// When the work is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// After so many.
    Count(u64),
    /// After so long.
    Time(Duration),
}

const BAR: usize = 30;
const REDRAW: Duration = Duration::from_millis(100);

impl Progress {
    /// Starts counting.
    pub(crate) fn start(total: Goal) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { started: Instant::now(), drawn: None, terminal, total }
    }

    /// How long it has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Shows how far it is.
    pub(crate) fn show(&mut self, what: &str, done: u64, found: usize) {
        let fresh = self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW);
        if !self.terminal || fresh {
            return;
        }
        self.drawn = Some(Instant::now());
        let share = match self.total {
            Goal::Count(total) => done as f64 / total.max(1) as f64,
            Goal::Time(total) => self.elapsed().as_secs_f64() / total.as_secs_f64().max(0.001),
        };
        let filled = ((share * BAR as f64) as usize).min(BAR);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
        let rate = self.rate(done);
        let line = format!("\r\u{1b}[K{what} {bar} {done} runs  {rate}  {found} found");
        drop(io::stderr().write_all(line.as_bytes()));
    }

    /// Removes the line.
    pub(crate) fn clear(&mut self) {
        if self.terminal {
            drop(io::stderr().write_all(b"\r\x1b[K"));
        }
    }

    /// Runs per hour, as people say it.
    pub(crate) fn rate(&self, done: u64) -> String {
        let an_hour = done as f64 * 3600.0 / self.elapsed().as_secs_f64().max(0.001);
        format!("{an_hour:.0}/h")
    }
}
