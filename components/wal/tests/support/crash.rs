//! A life of a log, what it promised at each moment, and the check of every image.

use super::*;
use disk::{DiskModel, SharedDisk};
use host::{Disk, Open, Probe};
use parking_lot::Mutex;
use wal::snapshot_marks;

/// One thing that a server does with its log.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// `zeros`: the entries' data is all zeros.
    Save {
        count: usize,
        size: usize,
        sync: bool,
        zeros: bool,
    },
    /// A new leader replaces the last uncommitted entries.
    Overwrite {
        back: u64,
    },
    /// Moves the commit index without a sync, as Raft does.
    Commit,
    Snapshot,
    Release,
    Sync,
    /// The process dies and starts again.
    Reopen,
}

/// What the log was told.
#[derive(Clone, Debug, Default)]
struct Told {
    state: HardState,
    /// From 1 on.
    entries: Vec<Entry>,
    /// The newest snapshot.
    mark: SnapshotMark,
}

/// What was told and what of it is promised.
#[derive(Clone, Debug, Default)]
struct Ledger {
    now: Told,
    durable: Told,
    /// Every version of each entry that was ever appended, by index.
    versions: Vec<Vec<Entry>>,
}

impl Ledger {
    fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            let at = entry.index as usize - 1;
            self.now.entries.truncate(at);
            self.now.entries.push(entry.clone());
            if self.versions.len() <= at {
                self.versions.push(Vec::new());
            }
            self.versions[at].push(entry.clone());
        }
    }

    fn step(&mut self, wal: &mut Wal, step: &Step) -> Result<(), WalError> {
        let mut sync = true;
        match step {
            Step::Save { count, size, sync: wanted, zeros } => {
                sync = *wanted;
                let last = self.now.entries.len() as u64;
                let term = self.now.state.term.max(1);
                let mut entries: Vec<_> =
                    (1..=*count as u64).map(|next| entry(term, last + next, *size)).collect();
                if *zeros {
                    entries.iter_mut().for_each(|entry| entry.data = vec![0; *size].into());
                }
                self.save(wal, HardState { term, ..self.now.state }, &entries, sync)?;
            }
            Step::Overwrite { back } => {
                let last = self.now.entries.len() as u64;
                let from = (last.saturating_sub(*back) + 1).max(self.now.state.commit + 1);
                let term = self.now.state.term + 1;
                let state = HardState { term, vote: term % 3 + 1, ..self.now.state };
                self.save(wal, state, &[entry(term, from, 200)], true)?;
            }
            Step::Commit => {
                sync = false;
                let commit = self.now.entries.len() as u64;
                self.save(wal, HardState { commit, ..self.now.state }, &[], false)?;
            }
            Step::Snapshot => {
                let commit = self.now.state.commit;
                let Some(last) = commit.checked_sub(1) else { return Ok(()) };
                let mark =
                    SnapshotMark { index: commit, term: self.now.entries[last as usize].term };
                self.now.mark = mark;
                wal.save_snapshot(mark)?;
            }
            Step::Release => {
                // Only what is promised may be relied on.
                return wal.release_to(self.durable.mark.index.min(self.durable.state.commit));
            }
            Step::Sync => wal.sync()?,
            Step::Reopen => return Ok(()),
        }
        if sync {
            self.durable = self.now.clone();
        }
        Ok(())
    }

    fn save(
        &mut self,
        wal: &mut Wal,
        state: HardState,
        entries: &[Entry],
        sync: bool,
    ) -> Result<(), WalError> {
        self.append(entries);
        self.now.state = state;
        wal.save(Some(&state), entries, sync)
    }

    /// Everything promised is there, and nothing that was never told.
    fn check(&self, from: SnapshotMark, recovered: &Recovered) -> Result<(), String> {
        let state = recovered.hard_state;
        let promised = self.durable.state;
        if (state.term, state.commit) < (promised.term, promised.commit) {
            return Err(format!("hard state went back from {promised:?} to {state:?}"));
        }
        if state.term == promised.term && promised.vote != 0 && state.vote != promised.vote {
            return Err(format!("the vote {promised:?} became {state:?}"));
        }
        if from.index < self.durable.mark.index.min(promised.commit) {
            return Err(format!("{:?} is gone, {from:?} is the newest", self.durable.mark));
        }
        for (position, entry) in recovered.entries.iter().enumerate() {
            let at = from.index as usize + position;
            let told = self.versions.get(at).is_some_and(|told| told.contains(entry));
            if entry.index as usize != at + 1 || !told {
                return Err(format!("entry {} was never appended", entry.index));
            }
        }
        self.check_entries(from, &recovered.entries)
    }

    /// A promised entry may only give way to one of a later append.
    fn check_entries(&self, from: SnapshotMark, entries: &[Entry]) -> Result<(), String> {
        for promised in &self.durable.entries[from.index as usize..] {
            let found = entries.get((promised.index - from.index - 1) as usize);
            let replaced = entries.iter().any(|entry| entry.term > promised.term);
            if found != Some(promised) && !replaced {
                return Err(format!("entry {} was acknowledged and is lost", promised.index));
            }
        }
        Ok(())
    }
}

/// Runs the steps; then the last one with power failing at its `fuse`-th disk operation; then
/// checks the images at each of both moments.
pub(crate) fn check_life(
    seed: u64,
    steps: &[Step],
    last: &Step,
    fuse: u64,
    defects: &Defects,
) -> Result<(), String> {
    let disk = new_disk(seed);
    let mut ledger = Ledger::default();
    let mut wal = Wal::create(machine(&disk, defects), options(), b"node 1").map_err(say)?;
    for step in steps {
        wal = run(&disk, wal, &mut ledger, step, defects)?;
    }
    check_images(&disk.model().clone(), &ledger, seed, defects)?;
    // What the last step promises counts only if it came back.
    let before = ledger.clone();
    disk.model().power_fails_after(fuse);
    let outcome = if matches!(last, Step::Reopen) { Ok(()) } else { ledger.step(&mut wal, last) };
    if outcome.is_err() {
        ledger.durable = before.durable;
    }
    drop(wal);
    let was_off = disk.model().is_off();
    disk.model().power_on();
    let after = disk.model().clone();
    if was_off {
        check_image(after, &ledger, seed, defects, true)
    } else {
        check_images(&after, &ledger, seed, defects)
    }
}

fn run(
    disk: &SharedDisk,
    mut wal: Wal,
    ledger: &mut Ledger,
    step: &Step,
    defects: &Defects,
) -> Result<Wal, String> {
    if matches!(step, Step::Reopen) {
        drop(wal);
        let from = newest_mark(disk, defects)?;
        let (wal, recovered) = Wal::open(machine(disk, defects), options(), from).map_err(say)?;
        // All that was told is there after a mere process crash, and durable now.
        ledger.durable = ledger.now.clone();
        ledger.check(from, &recovered)?;
        return Ok(wal);
    }
    ledger.step(&mut wal, step).map_err(say)?;
    Ok(wal)
}

fn newest_mark(disk: &SharedDisk, defects: &Defects) -> Result<SnapshotMark, String> {
    let marks = snapshot_marks(&machine(disk, defects), DIR).map_err(say)?;
    marks.into_iter().max().ok_or("no snapshot mark".to_owned())
}

fn say(error: WalError) -> String {
    error.to_string()
}

fn check_images(
    model: &DiskModel,
    ledger: &Ledger,
    seed: u64,
    defects: &Defects,
) -> Result<(), String> {
    for (number, image) in model.crash_images(40, rng(seed)).enumerate() {
        // Crashes of the recovery are checked for some: they square the work.
        check_image(image, ledger, seed, defects, number % 5 == 0)?;
    }
    Ok(())
}

/// Recovers an image; recovers again; writes on; and crashes the recovery at each of its operations.
fn check_image(
    image: DiskModel,
    ledger: &Ledger,
    seed: u64,
    defects: &Defects,
    crash_again: bool,
) -> Result<(), String> {
    let disk = shared(image.clone());
    let (mut wal, from, recovered) = recover(&disk, defects)?;
    ledger.check(from, &recovered)?;
    drop(wal);
    let (again, _, second) = recover(&disk, defects)?;
    wal = again;
    if second != recovered {
        return Err("the second recovery differs from the first".into());
    }
    let next = wal.last().index + 1;
    let more = entry(recovered.hard_state.term + 1, next, 700);
    wal.save(None, std::slice::from_ref(&more), true).map_err(say)?;
    let written_on = disk.model().clone();
    drop(wal);
    for image in written_on.crash_images(4, rng(seed)) {
        let (_, _, third) = recover(&shared(image), defects)?;
        if third.entries.last() != Some(&more) {
            return Err("what was written after recovery is lost".into());
        }
    }
    if crash_again { crash_recovery(&image, ledger, seed, defects) } else { Ok(()) }
}

fn crash_recovery(
    image: &DiskModel,
    ledger: &Ledger,
    seed: u64,
    defects: &Defects,
) -> Result<(), String> {
    for fuse in 0.. {
        let disk = shared(image.clone());
        disk.model().reseed(rng(seed ^ fuse));
        disk.model().power_fails_after(fuse);
        let whole = recover(&disk, defects).is_ok();
        disk.model().power_on();
        let (_, from, recovered) = recover(&disk, defects)?;
        ledger
            .check(from, &recovered)
            .map_err(|what| format!("recovery crashed at {fuse}: {what}"))?;
        if whole {
            break;
        }
    }
    Ok(())
}

fn recover(disk: &SharedDisk, defects: &Defects) -> Result<(Wal, SnapshotMark, Recovered), String> {
    let from = newest_mark(disk, defects)?;
    let (wal, recovered) = Wal::open(machine(disk, defects), options(), from).map_err(say)?;
    Ok((wal, from, recovered))
}

/// A log whose every save was synced, in three segments or more; the last has several records.
pub(crate) fn a_log_in_three_segments() -> (SharedDisk, Recovered) {
    let disk = new_disk(3);
    let mut wal = create(&disk);
    for index in 1.. {
        let saved = entry(1, index, if index % 3 == 0 { 1200 } else { 90 });
        wal.save(Some(&state(1, 1, index)), &[saved], true).unwrap();
        let last = last_segment(&disk);
        let used = disk.model().contents(&last).unwrap();
        let used = used.iter().rposition(|byte| *byte != 0).unwrap();
        if wal.segments().len() >= 3 && used > 2000 {
            break;
        }
    }
    drop(wal);
    let recovered = open(&disk).unwrap().1;
    (disk, recovered)
}

/// Takes a copy of the disk at every crash point.
struct Camera {
    disk: SharedDisk,
    pictures: Mutex<Vec<DiskModel>>,
}

impl Probe for Camera {
    fn event(&self, _: host::Event<'_>) {}
    fn wants(&self, _: host::Level) -> bool {
        false
    }
    fn point(&self, _: &'static str) {
        self.pictures.lock().push(self.disk.model().clone());
    }
    fn sometimes(&self, _: &'static str) {}
}

/// At every moment of a repair, every image has the torn bytes, in place or in the copy.
pub(crate) fn check_repair(defects: &Defects) -> Result<(), String> {
    let disk = new_disk(1);
    let mut wal = create(&disk);
    wal.save(None, &[entry(1, 1, 100)], true).unwrap();
    wal.save(None, &[entry(1, 2, 1500)], true).unwrap();
    drop(wal);
    let path = last_segment(&disk);
    let file = disk.open(&path, Open::ReadWrite).unwrap();
    file.write_at(1024, &[0; 512]).unwrap();
    file.sync().unwrap();
    let torn = used(disk.model().contents(&path).unwrap());
    let camera = Arc::new(Camera { disk: disk.clone(), pictures: Mutex::default() });
    let machine = Machine { probe: camera.clone(), ..machine(&disk, defects) };
    Wal::open(machine, options(), SnapshotMark::default()).map_err(say)?;
    let pictures = camera.pictures.lock();
    assert!(pictures.len() >= 2, "the repair was not seen");
    for (moment, picture) in pictures.iter().enumerate() {
        for image in picture.crash_images(100, rng(5)) {
            let places = [path.clone(), format!("{path}.broken")];
            let kept = places.iter().filter_map(|path| image.contents(path));
            if !kept.into_iter().any(|bytes| used(bytes) == torn) {
                return Err(format!("both are damaged at moment {moment}"));
            }
        }
    }
    Ok(())
}

fn used(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    bytes
}
