//! The picture of a run: machines as lanes, what was wrong as bands, what happened as marks.

use serde::{Deserialize, Serialize};

/// The picture of a run. Lanes are named by their place in `lanes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Timeline {
    /// Machines, in the order in which they are drawn.
    pub lanes: Vec<Lane>,
    /// What lasted: faults, states.
    pub bands: Vec<Band>,
    /// What happened at one moment.
    pub marks: Vec<Mark>,
    /// Messages between lanes. A run may keep only the interesting or the newest ones.
    pub messages: Vec<Message>,
    /// When chaos ended and everything had healed, in nanoseconds.
    pub healed_nanos: Option<u64>,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: LaneKind,
}

/// What a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// A member of the system under test.
    Member,
    /// A client.
    Client,
    /// The world: what belongs to no machine.
    World,
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Band {
    /// Where.
    pub lane: usize,
    /// From when, in nanoseconds.
    pub from_nanos: u64,
    /// Until when; `None` until the end of the run.
    pub until_nanos: Option<u64>,
    /// What sort.
    pub kind: BandKind,
    /// In a word: the fault's name.
    pub name: String,
    /// The particulars, as the scenario writes them.
    pub detail: String,
}

/// What sort of thing lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BandKind {
    /// A fault that struck this machine.
    Fault,
    /// It led.
    Leads,
    /// Its process was not running.
    Down,
}

/// Something that happened at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Mark {
    /// Where.
    pub lane: usize,
    /// When, in nanoseconds.
    pub at_nanos: u64,
    /// What sort.
    pub kind: MarkKind,
    /// What, in a few words.
    pub text: String,
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A member became leader.
    Leader,
    /// A process started.
    Start,
    /// A process ended.
    Stop,
    /// Members or their roles changed.
    Membership,
    /// A snapshot was taken, sent or installed.
    Snapshot,
    /// History was compacted.
    Compaction,
    /// A fault struck that leaves no band.
    Blow,
    /// A component warned.
    Warning,
    /// The promise was broken here.
    Broken,
    /// Anything else worth seeing.
    Note,
}

/// A message from one machine to another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Message {
    /// Who sent it.
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// When it was sent, in nanoseconds.
    pub sent_nanos: u64,
    /// When it arrived; `None` if it never did.
    pub arrived_nanos: Option<u64>,
    /// What it was.
    pub text: String,
}

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TraceLine {
    /// When, in nanoseconds.
    pub at_nanos: u64,
    /// The machine's name; `world` for what belongs to none.
    pub machine: String,
    /// What happened, with its particulars.
    pub text: String,
}

impl Timeline {
    /// Begins a band; gives its place for [`Timeline::end`].
    pub fn begin(
        &mut self,
        lane: usize,
        at: u64,
        kind: BandKind,
        name: &str,
        detail: &str,
    ) -> usize {
        self.bands.push(Band {
            lane,
            from_nanos: at,
            until_nanos: None,
            kind,
            name: name.to_owned(),
            detail: detail.to_owned(),
        });
        self.bands.len() - 1
    }

    /// Ends a band, unless it has ended.
    pub fn end(&mut self, band: usize, at: u64) {
        if let Some(band) = self.bands.get_mut(band) {
            band.until_nanos.get_or_insert(at);
        }
    }

    /// Ends all bands of a kind on a lane.
    pub fn end_all(&mut self, lane: usize, kind: BandKind, at: u64) {
        for band in self.bands.iter_mut().filter(|band| band.lane == lane && band.kind == kind) {
            band.until_nanos.get_or_insert(at);
        }
    }

    /// Something happened.
    pub fn mark(&mut self, lane: usize, at: u64, kind: MarkKind, text: &str) {
        self.marks.push(Mark { lane, at_nanos: at, kind, text: text.to_owned() });
    }
}
