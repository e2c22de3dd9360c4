//! Every disk that a power loss could leave, or a sample where there are too many.

use crate::{
    DiskModel,
    crash::{Chance, Fate},
};
use rand_chacha::ChaCha8Rng;

/// Images with a torn sector that follow a complete enumeration.
const TORN_SAMPLES: usize = 16;

/// Fate by plan: goes through all choices like an odometer.
#[derive(Clone, Debug, Default)]
struct Odometer {
    /// Chosen value and largest value of each choice so far.
    wheels: Vec<(usize, usize)>,
    next: usize,
}

impl Odometer {
    /// Moves on to the next combination; false after the last.
    fn advance(&mut self) -> bool {
        self.wheels.truncate(self.next);
        self.next = 0;
        while let Some((value, newest)) = self.wheels.pop() {
            if value < newest {
                self.wheels.push((value + 1, newest));
                return true;
            }
        }
        false
    }

    /// How many combinations there are, judged by the choices met so far.
    fn combinations(&self) -> usize {
        self.wheels.iter().fold(1, |product, (_, newest)| product.saturating_mul(newest + 1))
    }
}

impl Fate for Odometer {
    fn version(&mut self, newest: usize) -> usize {
        if self.next == self.wheels.len() {
            self.wheels.push((0, newest));
        }
        self.next += 1;
        self.wheels[self.next - 1].0
    }

    fn tear(&mut self, _: usize) -> Option<(usize, usize)> {
        None
    }
}

/// The images that a power loss may leave; see [`DiskModel::crash_images`].
#[derive(Debug)]
pub struct CrashImages<'a> {
    disk: &'a DiskModel,
    rng: ChaCha8Rng,
    left: usize,
    plan: Option<Odometer>,
    samples: usize,
    /// There are unsynced writes, so a sector may be torn.
    tearable: bool,
}

impl<'a> CrashImages<'a> {
    pub(crate) fn new(disk: &'a DiskModel, limit: usize, rng: ChaCha8Rng) -> Self {
        let mut plan = Odometer::default();
        disk.clone().crash(&mut plan);
        let few = plan.combinations() <= limit;
        plan.next = 0;
        let tearable = disk.files.values().any(|file| !file.ops.is_empty());
        Self { disk, rng, left: limit, plan: few.then_some(plan), samples: 0, tearable }
    }

    fn sample(&mut self) -> DiskModel {
        // First nothing and everything, then all in between, with and without a torn sector.
        let survival = [0.0, 1.0, 0.5, 0.9, 0.1, 0.98, 0.02][self.samples % 7];
        let torn_sector = if self.samples < 2 { 0.0 } else { 0.7 };
        self.samples += 1;
        let mut image = self.disk.clone();
        image.crash(&mut Chance { rng: &mut self.rng, survival, torn_sector });
        image
    }
}

impl Iterator for CrashImages<'_> {
    type Item = DiskModel;

    fn next(&mut self) -> Option<DiskModel> {
        self.left = self.left.checked_sub(1)?;
        let Some(plan) = &mut self.plan else { return Some(self.sample()) };
        let mut image = self.disk.clone();
        image.crash(plan);
        if !plan.advance() {
            // Every subset was seen. What is left of the limit goes to torn sectors, a few.
            self.plan = None;
            self.samples = 2;
            self.left = if self.tearable { self.left.min(TORN_SAMPLES) } else { 0 };
        }
        Some(image)
    }
}
