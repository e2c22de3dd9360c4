//! What a fault does to the world, as values: the cluster carries them out one by one.
//!
//! An [`Effect`] holds for as long as its strike lasts; effects of several strikes on one machine
//! add up, and the [`crate::Director`] turns every change of the sum into [`Act`]s. A [`Blow`]
//! falls once.

use crate::{Percent, Shift, Span};

/// A machine by the order in which the cluster made it, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Machine(pub u16);

/// What is wrong for as long as a strike lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The process is dead; its machine answers "connection refused".
    Dead(Machine),
    /// The machine is off; nobody answers.
    Off(Machine),
    /// The process stands still and does not know it.
    Paused(Machine),
    /// Something is wrong with one direction of one link.
    Link(Machine, Machine, LinkState),
    /// Something is wrong with the disk.
    Disk(Machine, DiskState),
    /// Something is wrong with the clock.
    Clock(Machine, ClockState),
    /// Every step of its processes costs so much time.
    SlowCpu(Machine, Span),
    /// Names cannot be looked up.
    NoNames(Machine),
    /// An ambush may take the process away before the strike ends: it is started at the end.
    Ambushed(Machine),
}

/// What falls once, when the strike begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The process dies at the n-th time (from one) that it passes a named point.
    KillAtPoint {
        /// Whose.
        machine: Machine,
        /// The point's name, as in `host.point(…)`; the empty name means any.
        point: String,
        /// Which passing, from one.
        passing: u32,
        /// Whether the machine loses power, rather than its process.
        power: bool,
        /// Chooses among the points where the name is empty.
        pick: u64,
    },
    /// The power fails within the n-th disk operation from now, counted from one.
    PowerCutAt {
        /// Whose.
        machine: Machine,
        /// Which operation, from one.
        operation: u32,
    },
    /// The wall clock jumps.
    Jump(Machine, Shift),
    /// Bits flip in this many places of its files; the number chooses where.
    Rot(Machine, u16, u64),
    /// Disk and memory are gone. The cluster replaces the member as an operator would: the old one
    /// is removed, the machine joins with a new identity.
    Reimage(Machine),
    /// Something that an operator asks of the cluster through its own API.
    Maintain(Maintenance),
}

/// What an operator asks of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Forget history up to `keep` revisions below the newest.
    Compact {
        /// How many revisions stay.
        keep: u32,
        /// Wait until the space is free.
        physical: bool,
    },
    /// Give a member's free space back.
    Defragment(Machine),
    /// Ask the leader to hand over to this member.
    MoveLeader(Machine),
    /// A new machine joins.
    AddMember {
        /// As one that does not vote yet.
        learner: bool,
    },
    /// A member leaves for good.
    RemoveMember(Machine),
    /// A learner becomes a voter.
    Promote(Machine),
    /// Stop all, restore all of them from a snapshot taken now, start again.
    Restore {
        /// Whose snapshot.
        from: Machine,
    },
}

/// What is wrong with one direction of a link. The default is a good link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Nothing arrives.
    pub cut: bool,
    /// What is sent waits until the link is good again.
    pub clogged: bool,
    /// The share of packets that is lost.
    pub loss: Percent,
    /// Added to every packet's time.
    pub delay: Span,
}

impl LinkState {
    /// Both troubles at once.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            cut: self.cut || other.cut,
            clogged: self.clogged || other.clogged,
            loss: self.loss.max(other.loss),
            delay: self.delay.max(other.delay),
        }
    }
}

/// What is wrong with a disk. The default is a good disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskState {
    /// Added to every operation's time.
    pub delay: Span,
    /// The share of reads and writes that ends with EIO.
    pub errors: Percent,
    /// The share of fsyncs that fails; what they should have kept is gone.
    pub sync_failures: Percent,
    /// The share of writes that is acknowledged and forgotten.
    pub lost_writes: Percent,
    /// The share of writes that lands in another's place.
    pub misdirected_writes: Percent,
    /// No byte is free.
    pub full: bool,
}

impl DiskState {
    /// Both troubles at once.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            delay: self.delay.max(other.delay),
            errors: self.errors.max(other.errors),
            sync_failures: self.sync_failures.max(other.sync_failures),
            lost_writes: self.lost_writes.max(other.lost_writes),
            misdirected_writes: self.misdirected_writes.max(other.misdirected_writes),
            full: self.full || other.full,
        }
    }
}

/// What is wrong with a clock. The default is a good clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockState {
    /// How far the wall clock is off.
    pub skew: Shift,
    /// How much faster the machine's clocks run, in millionths; negative is slower.
    pub drift_ppm: i32,
    /// All its clocks stand still: no timer fires.
    pub frozen: bool,
}

impl ClockState {
    /// Both troubles at once; of two skews or drifts, the first.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let none = Self::default();
        Self {
            skew: if self.skew == none.skew { other.skew } else { self.skew },
            drift_ppm: if self.drift_ppm == 0 { other.drift_ppm } else { self.drift_ppm },
            frozen: self.frozen || other.frozen,
        }
    }
}

/// One change that the cluster carries out. Each may be asked for twice; the second changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Kill the process; memory is lost, what was written stays.
    Kill(Machine),
    /// Start the process where it is not running, and forget ambushes laid for it.
    Start(Machine),
    /// Cut the power: memory and unsynced writes are lost.
    PowerOff(Machine),
    /// Give the power back; the process starts.
    PowerOn(Machine),
    /// Stop the process from running, without telling it.
    Pause(Machine),
    /// Let a paused process go on.
    Resume(Machine),
    /// Set one direction of a link.
    Link(Machine, Machine, LinkState),
    /// Set a disk's troubles.
    Disk(Machine, DiskState),
    /// Set a clock's troubles.
    Clock(Machine, ClockState),
    /// Set what every step of its processes costs; zero is its own speed.
    Cpu(Machine, Span),
    /// Set whether names can be looked up.
    Names(Machine, bool),
    /// What falls once.
    Blow(Blow),
}
