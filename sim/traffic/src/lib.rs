//! Who uses the cluster: simulated clients that write down what they saw.
//!
//! A [`TrafficProfile`] says how much of what; [`TrafficProfile::roles`] turns it into clients, each
//! for a machine of its own; each tells the one [`Recorder`], whose history the oracles judge.

mod clients;
mod estate;
mod generator;
mod messages;
mod object_generator;
mod objects;
mod profile;
mod recorder;
mod servers;
mod tampering;
mod values;

pub use clients::Station;
pub use generator::{Chance, Generator, everything};
pub use profile::{
    Auth, Compaction, Contenders, Estate, KvMix, Leases, Maintenance, Objects, Role,
    TrafficProfile, Watchers,
};
pub use recorder::{HoldNote, OperationNote, Recorder, WatchNote};
