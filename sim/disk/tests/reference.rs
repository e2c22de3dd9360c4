//! The model against a slow and obvious one, which keeps every version of every file whole.

#![allow(clippy::unwrap_used)]

mod support;

use disk::SECTOR;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::*;

/// Each file as all the versions since its last sync, the synced one first.
#[derive(Default)]
struct Reference {
    files: Vec<Vec<Vec<u8>>>,
    seen: BTreeMap<usize, usize>,
    durable: BTreeMap<usize, usize>,
}

impl Reference {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Create(file) => {
                if !self.seen.contains_key(file) {
                    self.seen.insert(*file, self.files.len());
                    self.files.push(vec![Vec::new()]);
                }
            }
            Step::Write(file, offset, len, byte) => self.change(*file, |bytes| {
                let (from, to) = (*offset as usize, *offset as usize + len);
                if *len > 0 {
                    bytes.resize(bytes.len().max(to), 0);
                    bytes[from..to].fill(*byte);
                }
            }),
            Step::SetLen(file, len) => self.change(*file, |bytes| bytes.resize(*len as usize, 0)),
            Step::Sync(file) => {
                if let Some(inode) = self.seen.get(file) {
                    let versions = &mut self.files[*inode];
                    versions.drain(..versions.len() - 1);
                }
            }
            Step::SyncDir => self.durable = self.seen.clone(),
            Step::Remove(file) => drop(self.seen.remove(file)),
            Step::Rename(from, to) => {
                if let Some(inode) = self.seen.remove(from) {
                    self.seen.insert(*to, inode);
                }
            }
        }
    }

    fn change(&mut self, file: usize, change: impl Fn(&mut Vec<u8>)) {
        if let Some(inode) = self.seen.get(&file) {
            let versions = &mut self.files[*inode];
            let mut bytes = versions.last().unwrap().clone();
            change(&mut bytes);
            versions.push(bytes);
        }
    }

    fn newest(&self, file: usize) -> Option<Vec<u8>> {
        Some(self.files[*self.seen.get(&file)?].last().unwrap().clone())
    }

    fn synced(&self, file: usize) -> Option<Vec<u8>> {
        Some(self.files[*self.durable.get(&file)?][0].clone())
    }

    /// Some file could look like this after a power loss: a length it had, sectors it had.
    fn allows(&self, image: &[u8]) -> bool {
        self.files.iter().any(|versions| {
            let length_had = versions.iter().any(|version| version.len() == image.len());
            length_had
                && image.chunks(SECTOR).enumerate().all(|(number, sector)| {
                    (0..versions.len()).any(|at| has_sector(&versions[at..], number, sector))
                })
        })
    }
}

/// The sector as the first version had it, up to where the image ends. Past the version's end, and
/// past any later cut, it has zeros.
fn has_sector(versions: &[Vec<u8>], number: usize, sector: &[u8]) -> bool {
    let shortest = versions.iter().map(Vec::len).min().unwrap_or(0);
    sector.iter().enumerate().all(|(at, found)| {
        let at = number * SECTOR + at;
        let byte = versions[0].get(at).copied().unwrap_or(0);
        byte == *found || (*found == 0 && at >= shortest)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_model_is_the_reference(
        seed in any::<u64>(),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let (mut disk, mut reference) = (new_disk(seed), Reference::default());
        for step in &steps {
            apply(&mut disk, step);
            reference.apply(step);
        }
        let (nothing, everything) = (crashed(&disk, 0.0, seed), crashed(&disk, 1.0, seed));
        for (file, name) in NAMES.iter().enumerate() {
            prop_assert!(disk.contents(name) == reference.newest(file), "{name} as seen");
            prop_assert!(nothing.contents(name) == reference.synced(file), "{name} if nothing survives");
            prop_assert!(disk.durable_contents(name) == reference.synced(file), "{name} on the platter");
            prop_assert!(everything.contents(name) == reference.newest(file), "{name} if all survives");
            for image in (0..12).map(|number| crashed(&disk, 0.5, seed ^ number)) {
                if let Some(bytes) = image.contents(name) {
                    prop_assert!(reference.allows(&bytes), "{name} is no legal image");
                }
            }
            if let Some(len) = disk.contents(name).map(|bytes| bytes.len() as u64) {
                let durable = disk.is_durable(name, 0..len);
                let newest = reference.newest(file).unwrap();
                let same = reference.synced(file).is_some_and(|bytes| bytes.starts_with(&newest));
                prop_assert!(!durable || same, "{name} is said to be durable");
            }
        }
    }
}
