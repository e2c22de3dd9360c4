//! One machine: a host for each start of its program, on one disk.

use crate::{
    network::{MadNetwork, Names},
    time::MadClock,
};
use disk::{DiskModel, Process, SharedDisk};
use engines::{LatentDisk, stream};
use host::{Abort, BoxFuture, Clock, Defects, Host, NoProbe, Random, Tasks};
use madsim::{rand::RngCore, task::AbortHandle, time::TimeHandle};
use std::{net::IpAddr, sync::Arc};

#[derive(Clone)]
pub(crate) struct Machine {
    name: Arc<str>,
    address: IpAddr,
    disk: SharedDisk,
    names: Arc<Names>,
}

impl Machine {
    pub(crate) fn new(name: &str, address: IpAddr, seed: u64, names: Arc<Names>) -> Self {
        let disk = SharedDisk::new(DiskModel::new(stream(seed, name)), Process(1));
        Self { name: name.into(), address, disk, names }
    }

    /// A host for the program that is starting; to be called on the machine's node.
    pub(crate) fn host(&self) -> Host {
        let clock: Arc<dyn Clock> = Arc::new(MadClock(TimeHandle::current()));
        Host {
            name: self.name.clone(),
            clock: clock.clone(),
            network: Arc::new(MadNetwork { address: self.address, names: self.names.clone() }),
            disk: Arc::new(LatentDisk::new(self.disk.clone(), clock)),
            random: Arc::new(MadRandom),
            tasks: Arc::new(MadTasks),
            probe: Arc::new(NoProbe),
            defects: Defects::default(),
        }
    }
}

struct MadRandom;

impl Random for MadRandom {
    fn fill(&self, buffer: &mut [u8]) {
        madsim::rand::thread_rng().fill_bytes(buffer);
    }
}

/// Tasks of the node that asks for them.
struct MadTasks;

impl Tasks for MadTasks {
    fn spawn(&self, _: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        Arc::new(MadAbort(madsim::task::spawn(work).abort_handle()))
    }
}

struct MadAbort(AbortHandle);

impl Abort for MadAbort {
    fn abort(&self) {
        self.0.abort();
    }
}
