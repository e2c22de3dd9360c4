//! One machine: a host for each start of its program, on one disk.

use crate::network::TurmoilNetwork;
use disk::{DiskModel, Process, SharedDisk};
use engines::{LatentDisk, SeededRandom, stream};
use host::{Abort, BoxFuture, Clock, Defects, Host, Instant, NoProbe, Sleep, Tasks, Timestamp};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{task::AbortHandle, time};

/// 2026-01-01T00:00:00Z, as in our own worlds.
const WALL_BEGINNING_NS: u64 = 1_767_225_600_000_000_000;

#[derive(Clone)]
pub(crate) struct Machine {
    name: Arc<str>,
    disk: SharedDisk,
    random: Arc<SeededRandom>,
}

impl Machine {
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        let disk = SharedDisk::new(DiskModel::new(stream(seed, name)), Process(1));
        let random = Arc::new(SeededRandom::new(stream(seed ^ 1, name)));
        Self { name: name.into(), disk, random }
    }

    /// A host for the program that is starting; to be called within the machine's runtime.
    pub(crate) fn host(&self) -> Host {
        let clock: Arc<dyn Clock> = Arc::new(TurmoilClock(time::Instant::now()));
        Host {
            name: self.name.clone(),
            clock: clock.clone(),
            network: Arc::new(TurmoilNetwork),
            disk: Arc::new(LatentDisk::new(self.disk.clone(), clock)),
            random: self.random.clone(),
            tasks: Arc::new(TurmoilTasks),
            probe: Arc::new(NoProbe),
            defects: Defects::default(),
        }
    }
}

/// The machine's runtime's paused clock, since the program's start.
struct TurmoilClock(time::Instant);

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for TurmoilClock {
    fn now(&self) -> Instant {
        Instant(nanos(self.0.elapsed()))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(WALL_BEGINNING_NS + turmoil::sim_elapsed().map_or(0, nanos))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let sleep = Box::pin(time::sleep_until(self.0 + Duration::from_nanos(deadline.0)));
        Box::pin(TurmoilSleep { beginning: self.0, sleep })
    }

    fn std_origin(&self) -> host::StdInstant {
        self.0.into_std()
    }
}

struct TurmoilSleep {
    beginning: time::Instant,
    sleep: Pin<Box<time::Sleep>>,
}

impl Future for TurmoilSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for TurmoilSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let at = self.beginning + Duration::from_nanos(deadline.0);
        self.sleep.as_mut().reset(at);
    }
}

/// Tasks of the runtime that asks for them.
struct TurmoilTasks;

impl Tasks for TurmoilTasks {
    #[expect(clippy::disallowed_methods, reason = "turmoil's executor is tokio")]
    fn spawn(&self, _: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        Arc::new(TurmoilAbort(tokio::spawn(work).abort_handle()))
    }
}

struct TurmoilAbort(AbortHandle);

impl Abort for TurmoilAbort {
    fn abort(&self) {
        self.0.abort();
    }
}
