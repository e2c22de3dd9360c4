//! Files that forget what was not synced; tears, rot, full disks.
//!
//! [`DiskModel`] is the whole disk of one machine as a pure state machine. Programs see the page
//! cache; behind it stand durable 512-byte sectors and durable names, and the changes in between.
//! A process crash loses nothing. A power loss keeps any subset of the unsynced sectors (each as
//! one of the versions it had since the last sync), any length the file had since, at most one torn
//! sector a file, and any subset of the unsynced names in which a later change of a name never
//! survives an earlier one; a rename happens wholly or not at all.
//!
//! [`DiskModel::crash_images`] goes through what a power loss could leave, so that a test can prove
//! recovery from every legal image. [`SharedDisk`] puts a model behind [`host::Disk`].

mod crash;
mod directories;
mod faults;
mod file;
mod files;
mod images;
mod inspect;
mod model;
mod names;
mod pages;
mod power;
mod shared;

pub use faults::{Broken, Faults, Latency};
pub use file::SECTOR;
pub use images::CrashImages;
pub use model::{Counts, DiskModel, FileHandle, LockHandle, Process};
pub use power::PowerLost;
pub use shared::SharedDisk;
