//! One machine's state.

use crate::{MachineId, points::Points, process::Process};
use disk::DiskModel;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

pub(crate) struct Machine {
    pub(crate) id: MachineId,
    pub(crate) name: Arc<str>,
    pub(crate) disk: Mutex<DiskModel>,
    pub(crate) state: Mutex<MachineState>,
    pub(crate) points: Mutex<Points>,
    /// True while any crash point is armed, so that passing one costs next to nothing.
    pub(crate) points_armed: AtomicBool,
}

pub(crate) struct MachineState {
    pub(crate) powered: bool,
    pub(crate) paused: bool,
    pub(crate) processes: BTreeMap<String, Process>,
    /// Disks it has had: each reimage gives it another.
    pub(crate) disks: u64,
}

impl Machine {
    pub(crate) fn new(id: MachineId, name: &str, disk: DiskModel) -> Self {
        Self {
            id,
            name: name.into(),
            disk: Mutex::new(disk),
            state: Mutex::new(MachineState {
                powered: true,
                paused: false,
                processes: BTreeMap::new(),
                disks: 1,
            }),
            points: Mutex::default(),
            points_armed: AtomicBool::new(false),
        }
    }

    /// Programs may hold handles of the world that holds them.
    pub(crate) fn uninstall_all(&self) {
        let processes = std::mem::take(&mut self.state.lock().processes);
        drop(processes);
    }
}
