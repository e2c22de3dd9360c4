//! Directories: the names that programs see, those that would survive, and the changes in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

/// A file's or directory's number.
pub(crate) type Inode = u64;

/// The root directory.
pub(crate) const ROOT: Inode = 0;

/// A name in a directory.
pub(crate) type Place = (Inode, String);

/// A change of names that is not yet durable.
#[derive(Clone, Debug)]
pub(crate) enum NameOp {
    Link { at: Place, inode: Inode },
    Unlink { at: Place },
    Rename { from: Place, to: Place, inode: Inode },
}

impl NameOp {
    fn places(&self) -> [&Place; 2] {
        match self {
            NameOp::Link { at, .. } | NameOp::Unlink { at } => [at, at],
            NameOp::Rename { from, to, .. } => [from, to],
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Directory {
    cached: BTreeMap<String, Inode>,
    durable: BTreeMap<String, Inode>,
}

#[derive(Clone, Debug)]
pub(crate) struct Names {
    directories: BTreeMap<Inode, Directory>,
    pending: Vec<NameOp>,
}

/// The components of a path.
///
/// # Errors
/// `InvalidInput` for `..`: no component needs it.
pub(crate) fn split(path: &str) -> io::Result<Vec<&str>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(parts) }
}

impl Names {
    pub(crate) fn new() -> Self {
        let directories = BTreeMap::from([(ROOT, Directory::default())]);
        Self { directories, pending: Vec::new() }
    }

    pub(crate) fn is_directory(&self, inode: Inode) -> bool {
        self.directories.contains_key(&inode)
    }

    /// What stands at a path.
    pub(crate) fn find(&self, path: &str) -> io::Result<Inode> {
        split(path)?.into_iter().try_fold(ROOT, |inode, part| self.child(inode, part))
    }

    fn child(&self, directory: Inode, name: &str) -> io::Result<Inode> {
        let directory = self.directories.get(&directory).ok_or(io::ErrorKind::NotADirectory)?;
        Ok(*directory.cached.get(name).ok_or(io::ErrorKind::NotFound)?)
    }

    /// The directory and name of a path whose last component need not exist.
    pub(crate) fn place(&self, path: &str) -> io::Result<Place> {
        let mut parts = split(path)?;
        let name = parts.pop().ok_or(io::ErrorKind::InvalidInput)?;
        let directory = parts.into_iter().try_fold(ROOT, |inode, part| self.child(inode, part))?;
        if !self.is_directory(directory) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok((directory, name.to_owned()))
    }

    pub(crate) fn at(&self, place: &Place) -> Option<Inode> {
        self.directories.get(&place.0)?.cached.get(&place.1).copied()
    }

    pub(crate) fn list(&self, directory: Inode) -> io::Result<Vec<String>> {
        let directory = self.directories.get(&directory).ok_or(io::ErrorKind::NotADirectory)?;
        Ok(directory.cached.keys().cloned().collect())
    }

    pub(crate) fn is_empty(&self, directory: Inode) -> bool {
        self.directories.get(&directory).is_none_or(|directory| directory.cached.is_empty())
    }

    pub(crate) fn add_directory(&mut self, at: Place, inode: Inode) {
        self.directories.insert(inode, Directory::default());
        self.change(NameOp::Link { at, inode });
    }

    /// True when `inode` is `ancestor` or stands below it.
    pub(crate) fn is_below(&self, inode: Inode, ancestor: Inode) -> bool {
        inode == ancestor
            || self.directories.get(&ancestor).is_some_and(|directory| {
                directory.cached.values().any(|child| self.is_below(inode, *child))
            })
    }

    /// Changes what programs see; durable after [`Names::sync`].
    pub(crate) fn change(&mut self, op: NameOp) {
        self.apply(&op, |directory| &mut directory.cached);
        self.pending.push(op);
    }

    fn apply(&mut self, op: &NameOp, view: fn(&mut Directory) -> &mut BTreeMap<String, Inode>) {
        let mut set = |place: &Place, inode: Option<Inode>| {
            // A directory that is gone takes its names with it.
            if let Some(directory) = self.directories.get_mut(&place.0) {
                match inode {
                    Some(inode) => drop(view(directory).insert(place.1.clone(), inode)),
                    None => drop(view(directory).remove(&place.1)),
                }
            }
        };
        match op {
            NameOp::Link { at, inode } => set(at, Some(*inode)),
            NameOp::Unlink { at } => set(at, None),
            NameOp::Rename { from, to, inode } => {
                set(from, None);
                set(to, Some(*inode));
            }
        }
    }

    /// Makes the names in one directory durable, and earlier changes that they rest on.
    pub(crate) fn sync(&mut self, directory: Inode) {
        let mut needed = BTreeSet::new();
        let mut commit = vec![false; self.pending.len()];
        for (op, commit) in self.pending.iter().zip(&mut commit).rev() {
            *commit =
                op.places().iter().any(|place| place.0 == directory || needed.contains(*place));
            if *commit {
                needed.extend(op.places().into_iter().cloned());
            }
        }
        self.settle(commit.into_iter(), false);
    }

    /// Commits each pending change or not. Those not committed are dropped when `crash` is set.
    fn settle(&mut self, commit: impl Iterator<Item = bool>, crash: bool) {
        let pending = std::mem::take(&mut self.pending);
        for (op, commit) in pending.into_iter().zip(commit) {
            if commit {
                self.apply(&op, |directory| &mut directory.durable);
            } else if !crash {
                self.pending.push(op);
            }
        }
    }

    /// The machine lost power: each change survived if `survives` says so and all earlier changes
    /// of the same names did. A rename is one change.
    pub(crate) fn crash(&mut self, mut survives: impl FnMut() -> bool) {
        let mut undone: BTreeSet<&Place> = BTreeSet::new();
        let mut commit = Vec::with_capacity(self.pending.len());
        for op in &self.pending {
            let kept = !op.places().iter().any(|place| undone.contains(place)) && survives();
            if !kept {
                undone.extend(op.places());
            }
            commit.push(kept);
        }
        self.settle(commit.into_iter(), true);
        for directory in self.directories.values_mut() {
            directory.cached.clone_from(&directory.durable);
        }
        let live = self.live();
        self.directories.retain(|inode, _| live.contains(inode));
    }

    /// True when a change of this name is not yet durable.
    pub(crate) fn is_pending(&self, place: &Place) -> bool {
        self.pending.iter().any(|op| op.places().contains(&place))
    }

    /// How many changes are not yet durable.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// What a path would lead to if everything in doubt were undone.
    pub(crate) fn find_durable(&self, path: &str) -> Option<Inode> {
        split(path)
            .ok()?
            .into_iter()
            .try_fold(ROOT, |inode, part| self.directories.get(&inode)?.durable.get(part).copied())
    }

    /// Everything that has a name, seen, durable or in doubt.
    pub(crate) fn live(&self) -> BTreeSet<Inode> {
        let mut live = BTreeSet::from([ROOT]);
        for op in &self.pending {
            match op {
                NameOp::Link { inode, .. } | NameOp::Rename { inode, .. } => live.insert(*inode),
                NameOp::Unlink { .. } => false,
            };
        }
        let mut queue: Vec<Inode> = live.iter().copied().collect();
        while let Some(inode) = queue.pop() {
            let Some(directory) = self.directories.get(&inode) else { continue };
            let children = directory.cached.values().chain(directory.durable.values());
            queue.extend(children.filter(|child| live.insert(**child)));
        }
        live
    }

    /// Every file and directory that programs see, by path.
    pub(crate) fn walk(&self) -> Vec<(String, Inode)> {
        let mut found = Vec::new();
        let mut queue = vec![(String::new(), ROOT)];
        while let Some((path, inode)) = queue.pop() {
            let Some(directory) = self.directories.get(&inode) else { continue };
            for (name, child) in &directory.cached {
                found.push((format!("{path}/{name}"), *child));
                queue.push((format!("{path}/{name}"), *child));
            }
        }
        found.sort();
        found
    }
}
