//! Where the judges sit: hears everything that is said on stage and shows it to every oracle.

use crate::lies;
use host::{Defects, Event, Level, Value as HostValue};
use machine::{Lifecycle, MachineId, Observer, Source, Time};
use oracles::{Broken, Fact, History, Judge, Observation, Record, Value, World};
use parking_lot::Mutex;
use record::{BandKind, MarkKind, Timeline};
use std::collections::{BTreeMap, BTreeSet};

/// Fields of one fact that are shown at most.
const FIELDS_MAX: usize = 12;

/// What the cluster is known to be, from what its members say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The member that leads in the highest term.
    pub(crate) leader: Option<MachineId>,
    term: u64,
    /// Raft ids by machine.
    ids: BTreeMap<u32, u64>,
    voters: BTreeSet<u64>,
    learners: BTreeSet<u64>,
    configured_at: u64,
    pub(crate) revision: u64,
    pub(crate) serving: BTreeSet<u32>,
}

impl Known {
    /// Whether the machine's member votes, does not, or does not belong.
    pub(crate) fn votes(&self, machine: MachineId) -> Option<bool> {
        let id = self.ids.get(&machine.0)?;
        if self.voters.contains(id) {
            return Some(true);
        }
        self.learners.contains(id).then_some(false)
    }
}

struct Hall {
    judges: Vec<Box<dyn Judge>>,
    /// For each fact heard of so far, the places of the judges that it means something to: most
    /// facts concern few.
    wanted: BTreeMap<&'static str, Vec<usize>>,
    broken: Option<(Broken, u32)>,
    known: Known,
    timeline: Vec<Line>,
    counts: BTreeMap<&'static str, u64>,
    /// A disk failed: members may give up with good reason.
    disk_trouble: bool,
    defects: Defects,
}

/// Something for the timeline.
enum Line {
    Up(u64, u32, &'static str),
    Down(u64, u32, &'static str),
    Leads(u64, u32, String),
    Steps(u64, u32),
}

/// The observer.
pub(crate) struct Gallery(Mutex<Hall>);

impl Gallery {
    /// Seats these judges.
    pub(crate) fn new(judges: Vec<Box<dyn Judge>>, defects: Defects) -> Self {
        Self(Mutex::new(Hall {
            judges,
            wanted: BTreeMap::new(),
            broken: None,
            known: Known::default(),
            timeline: Vec::new(),
            counts: BTreeMap::new(),
            disk_trouble: false,
            defects,
        }))
    }

    /// What is known of the cluster now.
    pub(crate) fn known(&self) -> Known {
        self.0.lock().known.clone()
    }

    /// Members may give up from here on: their disks failed them.
    pub(crate) fn disk_trouble(&self) {
        self.0.lock().disk_trouble = true;
    }

    /// Something happened to the world as a whole.
    pub(crate) fn announce(&self, at: Time, event: World<'_>) {
        let mut hall = self.0.lock();
        if event == World::Restored {
            // Another cluster, with the same keys.
            hall.known = Known { revision: hall.known.revision, ..Known::default() };
        }
        hall.show(u32::MAX, &Observation::World { at: at.0, event });
    }

    /// True once this was counted at all.
    pub(crate) fn has_counted(&self, what: &str) -> bool {
        self.0.lock().counts.contains_key(what)
    }

    /// True once a promise is broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.0.lock().broken.is_some()
    }

    /// Shows the history and asks for the last word. The first broken promise, with its machine.
    pub(crate) fn verdict(&self, history: &History) -> Option<(Broken, Option<MachineId>)> {
        let mut hall = self.0.lock();
        if hall.broken.is_none() {
            let record = Record::new(history);
            hall.show(u32::MAX, &Observation::History(&record));
            // The judges of keys were silent about what came after the point of doubt.
            if record.resolved().is_ok_and(|resolved| resolved.undecided.is_some()) {
                hall.count("histories undecided");
            }
        }
        if hall.broken.is_none() {
            let last = hall.judges.iter_mut().find_map(|judge| judge.finish().err());
            hall.broken = last.map(|broken| (broken, u32::MAX));
        }
        let (broken, machine) = hall.broken.take()?;
        Some((broken, (machine != u32::MAX).then_some(MachineId(machine))))
    }

    /// Puts what happened on the timeline, and gives the counts.
    pub(crate) fn draw(&self, timeline: &mut Timeline) -> BTreeMap<&'static str, u64> {
        let mut hall = self.0.lock();
        for line in std::mem::take(&mut hall.timeline) {
            draw(timeline, line);
        }
        std::mem::take(&mut hall.counts)
    }
}

fn draw(timeline: &mut Timeline, line: Line) {
    let lane = |machine: u32| usize::try_from(machine).unwrap_or(usize::MAX);
    match line {
        Line::Up(at, machine, what) => {
            timeline.end_all(lane(machine), BandKind::Down, at);
            timeline.mark(lane(machine), at, MarkKind::Start, what);
        }
        Line::Down(at, machine, what) => {
            timeline.end_all(lane(machine), BandKind::Down, at);
            timeline.end_all(lane(machine), BandKind::Leads, at);
            timeline.begin(lane(machine), at, BandKind::Down, what, "");
            timeline.mark(lane(machine), at, MarkKind::Stop, what);
        }
        Line::Leads(at, machine, term) => {
            timeline.begin(lane(machine), at, BandKind::Leads, "leads", &term);
        }
        Line::Steps(at, machine) => timeline.end_all(lane(machine), BandKind::Leads, at),
    }
}

impl Hall {
    fn show(&mut self, machine: u32, observation: &Observation<'_>) {
        if self.broken.is_some() {
            return;
        }
        let first = self.judges.iter_mut().find_map(|judge| judge.observe(observation).err());
        self.broken = first.map(|broken| (broken, machine));
    }

    /// As [`Hall::show`], to those judges that want facts of this name.
    fn show_fact(&mut self, machine: u32, name: &'static str, fact: Fact<'_>) {
        if self.broken.is_some() {
            return;
        }
        let judges = &mut self.judges;
        let wanted = self.wanted.entry(name).or_insert_with(|| {
            (0..judges.len()).filter(|place| judges[*place].wants(name)).collect()
        });
        let observation = Observation::Fact(fact);
        let mut verdicts = wanted.iter().map(|place| judges[*place].observe(&observation));
        self.broken = verdicts.find_map(Result::err).map(|broken| (broken, machine));
    }

    fn fact(&mut self, at: Time, source: &Source<'_>, event: &Event<'_>) {
        let mut fields = [("", Value::U64(0)); FIELDS_MAX];
        let count = event.fields.len().min(FIELDS_MAX);
        for (place, (name, value)) in fields.iter_mut().zip(event.fields) {
            *place = (*name, of_host(*value));
        }
        let fields = &mut fields[..count];
        lies::tell(&self.defects, source.name, event.name, fields);
        let fact = Fact { at: at.0, machine: source.name, name: event.name, fields };
        self.learn(at, source.machine, &fact);
        self.show_fact(source.machine.0, event.name, fact);
    }

    fn learn(&mut self, at: Time, machine: MachineId, fact: &Fact<'_>) {
        let number = |field| fact.number(field).unwrap_or(0);
        match fact.name {
            "raft/start" => drop(self.known.ids.insert(machine.0, number("id"))),
            "raft/state" => self.leadership(at, machine, fact),
            "raft/conf" if number("index") >= self.known.configured_at => {
                let set = |field| fact.numbers(field).unwrap_or_default().into_iter().collect();
                self.known.configured_at = number("index");
                (self.known.voters, self.known.learners) = (set("voters"), set("learners"));
            }
            "etcd/apply" => {
                self.known.revision = self.known.revision.max(number("revision"));
                self.count("entries applied");
            }
            "process/serving" => drop(self.known.serving.insert(machine.0)),
            "process/boot" => self.world(at, machine.0, World::Boot { machine: fact.machine }),
            "process/exit" => {
                let text = fact.text("why").unwrap_or_default();
                let expected = number("removed") == 1 || self.disk_trouble;
                let event = World::Exit { machine: fact.machine, text, expected };
                self.world(at, machine.0, event);
            }
            "raft/snapshot" => self.count("snapshots installed"),
            "lease/revoke" => self.count("leases revoked"),
            "etcd/ack" => self.count("writes acknowledged"),
            _ => {}
        }
    }

    fn leadership(&mut self, at: Time, machine: MachineId, fact: &Fact<'_>) {
        let term = fact.number("term").unwrap_or(0);
        if fact.text("role") == Ok("leader") {
            self.count("elections won");
            self.timeline.push(Line::Leads(at.0, machine.0, format!("term {term}")));
            if term >= self.known.term {
                (self.known.leader, self.known.term) = (Some(machine), term);
            }
            return;
        }
        self.timeline.push(Line::Steps(at.0, machine.0));
        if self.known.leader == Some(machine) {
            self.known.leader = None;
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn world(&mut self, at: Time, machine: u32, event: World<'_>) {
        self.show(machine, &Observation::World { at: at.0, event });
    }
}

fn of_host(value: HostValue<'_>) -> Value<'_> {
    match value {
        HostValue::U64(value) => Value::U64(value),
        HostValue::I64(value) => Value::I64(value),
        HostValue::Bool(value) => Value::Bool(value),
        HostValue::Str(value) => Value::Str(value),
        HostValue::Bytes(value) => Value::Bytes(value),
    }
}

fn words(event: &Event<'_>) -> String {
    let fields = event.fields.iter().map(|(name, value)| format!(" {name}={value:?}"));
    fields.fold(event.name.to_owned(), |text, field| text + &field)
}

impl Observer for Gallery {
    fn event(&self, at: Time, source: &Source<'_>, event: &Event<'_>) {
        let mut hall = self.0.lock();
        match event.level {
            Level::Fact => hall.fact(at, source, event),
            Level::Error => {
                let text = words(event);
                let panic = World::Panic { machine: source.name, text: &text };
                hall.world(at, source.machine.0, panic);
            }
            Level::Warn | Level::Info | Level::Debug => {}
        }
    }

    fn lifecycle(&self, at: Time, source: &Source<'_>, change: &Lifecycle<'_>) {
        let mut hall = self.0.lock();
        let (machine, name) = (source.machine.0, source.name);
        let member =
            [cluster::etcd::PROCESS, cluster::apiserver::PROCESS].contains(&source.process);
        let (now, what) = (at.0, change.name());
        match change {
            Lifecycle::Started { .. } if member => {
                hall.timeline.push(Line::Up(now, machine, what));
                hall.world(at, machine, World::Boot { machine: name });
            }
            Lifecycle::Killed { .. } | Lifecycle::Crashed { .. } if member => {
                hall.down(at, machine, what);
                hall.world(at, machine, World::Crash { machine: name, power: false });
            }
            Lifecycle::PoweredOff => {
                hall.down(at, machine, what);
                hall.world(at, machine, World::Crash { machine: name, power: true });
            }
            Lifecycle::Reimaged => {
                // Whoever comes back is another member.
                hall.known.ids.remove(&machine);
                hall.world(at, machine, World::Wiped { machine: name });
            }
            Lifecycle::Panicked { task, message, .. } => {
                hall.down(at, machine, what);
                let text = format!("task {task}: {message}");
                hall.world(at, machine, World::Panic { machine: name, text: &text });
            }
            Lifecycle::Paused => {
                hall.timeline.push(Line::Down(now, machine, what));
                hall.world(at, machine, World::Paused { machine: name, stands: true });
            }
            Lifecycle::Resumed => {
                hall.timeline.push(Line::Up(now, machine, what));
                hall.world(at, machine, World::Paused { machine: name, stands: false });
            }
            Lifecycle::Exited { .. }
            | Lifecycle::PoweredOn
            | Lifecycle::Started { .. }
            | Lifecycle::Killed { .. }
            | Lifecycle::Crashed { .. } => {}
        }
    }

    fn wants(&self, level: Level) -> bool {
        matches!(level, Level::Fact | Level::Error)
    }
}

impl Hall {
    fn down(&mut self, at: Time, machine: u32, what: &'static str) {
        self.timeline.push(Line::Down(at.0, machine, what));
        self.known.serving.remove(&machine);
        if self.known.leader == Some(MachineId(machine)) {
            self.known.leader = None;
        }
    }
}
