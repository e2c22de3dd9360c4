//! Volumes, claims, classes and drivers, and which pods use which claim.

use crate::objects::{
    pod::Pod,
    storage::{Capacity, Claim, Class, Drivers, Volume},
    volumes,
};
use client::{Key, Object, resource_version};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Storage as far as placing pods goes. What was decided and is not yet seen in the API stands
/// before what is (upstream: pkg/scheduler/util/assumecache).
#[derive(Debug, Default)]
pub struct Storage {
    claims: BTreeMap<Key, Arc<Claim>>,
    assumed_claims: BTreeMap<Key, Arc<Claim>>,
    volumes: BTreeMap<String, Arc<Volume>>,
    assumed_volumes: BTreeMap<String, Arc<Volume>>,
    by_class: BTreeMap<String, BTreeSet<String>>,
    classes: BTreeMap<String, Class>,
    drivers: BTreeMap<String, Drivers>,
    capacities: BTreeMap<Key, Capacity>,
    /// Drivers whose room is to be asked for before volumes are made.
    tracked: BTreeSet<String>,
    /// Pods on nodes by the claims that they mount.
    users: BTreeMap<Key, BTreeSet<Key>>,
}

impl Storage {
    /// A claim, as it will be.
    pub fn claim(&self, key: &Key) -> Option<&Arc<Claim>> {
        self.assumed_claims.get(key).or_else(|| self.claims.get(key))
    }

    /// A claim as the API has it.
    pub fn seen_claim(&self, key: &Key) -> Option<&Arc<Claim>> {
        self.claims.get(key)
    }

    /// A volume, as it will be.
    pub fn volume(&self, name: &str) -> Option<&Arc<Volume>> {
        self.assumed_volumes.get(name).or_else(|| self.volumes.get(name))
    }

    /// Volumes of a class, as they will be.
    pub fn volumes_of(&self, class: &str) -> impl Iterator<Item = &Arc<Volume>> {
        let names = self.by_class.get(class).into_iter().flatten();
        names.filter_map(|name| self.volume(name))
    }

    /// A class.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name)
    }

    /// A node's drivers.
    pub fn drivers(&self, node: &str) -> Option<&Drivers> {
        self.drivers.get(node)
    }

    /// Room for new volumes of a class.
    pub fn capacities(&self, class: &str) -> impl Iterator<Item = &Capacity> {
        self.capacities.values().filter(move |capacity| capacity.class == class)
    }

    /// Room is to be asked for before a driver makes volumes.
    pub fn is_tracked(&self, driver: &str) -> bool {
        self.tracked.contains(driver)
    }

    /// Pods on nodes that mount a claim.
    pub fn users(&self, claim: &Key) -> impl Iterator<Item = &Key> {
        self.users.get(claim).into_iter().flatten()
    }

    /// A claim came or changed.
    pub fn set_claim(&mut self, object: Object) {
        let claim = Claim::read(object);
        let key = claim.key.clone();
        let overtaken = |assumed: &Arc<Claim>| newer(&claim.object, &assumed.object);
        if self.assumed_claims.get(&key).is_some_and(overtaken) {
            self.assumed_claims.remove(&key);
        }
        self.claims.insert(key, Arc::new(claim));
    }

    /// A claim is gone.
    pub fn remove_claim(&mut self, key: &Key) {
        self.claims.remove(key);
        self.assumed_claims.remove(key);
    }

    /// A volume came or changed.
    pub fn set_volume(&mut self, object: Object) {
        let volume = Volume::read(object);
        self.remove_class_of(&volume.name);
        let overtaken = |assumed: &Arc<Volume>| newer(&volume.object, &assumed.object);
        if self.assumed_volumes.get(&volume.name).is_some_and(overtaken) {
            self.assumed_volumes.remove(&volume.name);
        }
        self.by_class.entry(volume.class.clone()).or_default().insert(volume.name.clone());
        self.volumes.insert(volume.name.clone(), Arc::new(volume));
    }

    /// A volume is gone.
    pub fn remove_volume(&mut self, name: &str) {
        self.remove_class_of(name);
        self.volumes.remove(name);
        self.assumed_volumes.remove(name);
    }

    fn remove_class_of(&mut self, name: &str) {
        if let Some(old) = self.volumes.get(name)
            && let Some(names) = self.by_class.get_mut(&old.class)
        {
            names.remove(name);
        }
    }

    /// A claim will be so.
    pub fn assume_claim(&mut self, object: Object) {
        let claim = Claim::read(object);
        self.assumed_claims.insert(claim.key.clone(), Arc::new(claim));
    }

    /// A volume will be so.
    pub fn assume_volume(&mut self, object: Object) {
        let volume = Volume::read(object);
        self.assumed_volumes.insert(volume.name.clone(), Arc::new(volume));
    }

    /// What was assumed of a claim will not be.
    pub fn restore_claim(&mut self, key: &Key) {
        self.assumed_claims.remove(key);
    }

    /// What was assumed of a volume will not be.
    pub fn restore_volume(&mut self, name: &str) {
        self.assumed_volumes.remove(name);
    }

    /// A class came, changed or went.
    pub fn set_class(&mut self, name: &str, class: Option<Class>) {
        put(&mut self.classes, name.to_owned(), class);
    }

    /// A node's drivers came, changed or went.
    pub fn set_drivers(&mut self, node: &str, drivers: Option<Drivers>) {
        put(&mut self.drivers, node.to_owned(), drivers);
    }

    /// Room for new volumes became known, changed or went.
    pub fn set_capacity(&mut self, key: Key, capacity: Option<Capacity>) {
        put(&mut self.capacities, key, capacity);
    }

    /// Room is to be asked for, or not, before a driver makes volumes.
    pub fn set_tracked(&mut self, driver: &str, tracked: bool) {
        match tracked {
            true => self.tracked.insert(driver.to_owned()),
            false => self.tracked.remove(driver),
        };
    }

    pub(super) fn pod_added(&mut self, pod: &Pod) {
        for claim in claims(pod) {
            self.users.entry(claim).or_default().insert(pod.key.clone());
        }
    }

    pub(super) fn pod_removed(&mut self, pod: &Pod) {
        for claim in claims(pod) {
            if let Some(users) = self.users.get_mut(&claim) {
                users.remove(&pod.key);
                if users.is_empty() {
                    self.users.remove(&claim);
                }
            }
        }
    }
}

/// The claims that a pod mounts.
pub(crate) fn claims(pod: &Pod) -> impl Iterator<Item = Key> {
    pod.volumes.iter().filter_map(|volume| match volume {
        volumes::Volume::Claim { name, .. } => Some(Key::new(&pod.key.namespace, name)),
        _ => None,
    })
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}

/// An object is of a later version than another. Versions of one cluster are numbers.
fn newer(one: &Object, other: &Object) -> bool {
    let number = |object: &Object| resource_version(object).parse::<u64>().unwrap_or(0);
    number(one) > number(other)
}
