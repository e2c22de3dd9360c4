//! What can go wrong: faults as data, one file a family, one table.
//!
//! A fault is written in a scenario as `crash: { target: etcd/leader, lasts: 8s }`. Its target is a
//! role, resolved when it strikes. What it does is a list of [`Effect`]s, which end when it heals,
//! and of [`Blow`]s, which fall once; the cluster carries them out, those on
//! machines with [`Hands`]. Nothing here knows what runs on a machine.
//!
//! Families and what they stand for: the faults F1–F6, F9, F10 and F15 of the catalogue of
//! historical bugs.

mod act;
mod budget;
mod chance;
mod director;
mod hands;
mod span;
mod strike;
mod table;
mod target;

#[cfg(test)]
mod tests;

pub mod clock;
pub mod disk;
pub mod machine;
pub mod maintenance;
pub mod network;
pub mod process;

pub use act::{Act, Blow, ClockState, DiskState, Effect, LinkState, Machine, Maintenance};
pub use budget::{Allowed, Budget, OverBudget};
pub use chance::Chance;
pub use director::{Director, Outcome, StrikeId, Struck};
pub use hands::{Hands, Left};
pub use span::{NotAPercent, NotASpan, Percent, Shift, Span};
pub use strike::{DrawFrom, Harm, Injected, Strike};
pub use table::{Drawn, Entry};
pub use target::{Member, NotATarget, Role, Roster, Target, Which};

table::faults! {
    /// Network.
    network Network {
        "partition" Partition lasts Away drawn(4) "cut off from the rest of the group, one way or both",
        "isolate" Isolate lasts Away drawn(2) "cut off from every other machine, clients included",
        "clog" Clog lasts Away drawn(2) "packets wait, and arrive all at once at the end",
        "flaky" Flaky lasts Nothing drawn(2) "a share of the packets is lost",
        "slow_link" SlowLink lasts Nothing drawn(2) "every packet takes longer",
        "no_names" NoNames lasts Nothing drawn(1) "names cannot be looked up",
    }
    /// Disk.
    disk Disk {
        "slow_disk" SlowDisk lasts Nothing drawn(3) "every operation takes longer",
        "disk_errors" DiskErrors lasts Away drawn(2) "a share of reads and writes ends with EIO",
        "sync_failures" SyncFailures lasts Away drawn(2) "fsync fails and drops what it should have kept",
        "full_disk" FullDisk lasts Away drawn(2) "no byte is free",
        "bit_rot" BitRot lasts Lost drawn(1) "bits flip in durable sectors",
        "lost_writes" LostWrites lasts Lost never() "writes are acknowledged and forgotten",
        "misdirected_writes" MisdirectedWrites lasts Lost never() "writes land in another's place",
        "power_cut" PowerCut lasts Away drawn(4) "the power fails within the n-th disk operation",
    }
    /// Clock.
    clock Clock {
        "skew" Skew lasts Nothing drawn(2) "the wall clock is off",
        "drift" Drift lasts Nothing drawn(2) "all clocks run too fast or too slow",
        "jump" Jump once Nothing drawn(2) "the wall clock jumps once",
        "freeze" Freeze lasts Nothing drawn(1) "its clocks stand still, no timer fires",
    }
    /// Process.
    process Process {
        "crash" Crash lasts Away drawn(4) "the process dies; what was written stays",
        "crash_at" CrashAt lasts Away drawn(4) "the process dies at a named point of its own code",
        "pause" Pause lasts Away drawn(4) "the process stands still and does not know it",
    }
    /// Machine.
    machine Machine {
        "power_loss" PowerLoss lasts Away drawn(4) "memory and unsynced writes are lost",
        "reimage" Reimage lasts Lost drawn(1) "lost with its disk, replaced by a new member",
        "retire" Retire once Away never() "switched off and never seen again",
        "slow_cpu" SlowCpu lasts Nothing drawn(2) "everything takes longer to compute",
    }
    /// Maintenance.
    maintenance Maintenance {
        "compact" Compact once Nothing drawn(4) "history is forgotten but for the newest revisions",
        "defragment" Defragment once Nothing drawn(2) "free space is given back",
        "move_leader" MoveLeader once Nothing drawn(3) "the leader is asked to hand over",
        "add_member" AddMember once Nothing drawn(1) "a new machine joins",
        "remove_member" RemoveMember once Nothing drawn(1) "a member leaves for good",
        "promote" Promote once Nothing drawn(2) "a learner becomes a voter",
        "restore" Restore once Nothing never() "all members start again from a snapshot",
    }
}
