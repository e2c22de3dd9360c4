//! One informer for each kind, shared by all controllers.

use client::{Client, Informer, Resource, Selection, Store};
use host::Stop;
use parking_lot::RwLockReadGuard;
use std::{collections::BTreeMap, sync::Arc};

use crate::{
    kinds::Kind,
    view::{INDEXES, View},
};

/// Informers by kind. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Informers(Arc<BTreeMap<Kind, Informer>>);

impl Informers {
    pub(crate) fn new(client: &Client, kinds: impl IntoIterator<Item = Kind>) -> Self {
        let informer = |kind: Kind| {
            let api = client.resource(kind.resource());
            (kind, Informer::new(api, Selection::default(), INDEXES))
        };
        Self(Arc::new(kinds.into_iter().map(informer).collect()))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Kind, &Informer)> {
        self.0.iter()
    }

    /// The informer of a kind that somebody watches.
    pub(crate) fn get(&self, kind: Kind) -> Option<&Informer> {
        self.0.get(&kind)
    }

    /// The informer of a resource that somebody watches.
    pub(crate) fn of(&self, resource: &Resource) -> Option<&Informer> {
        self.0.iter().find(|(kind, _)| kind.is(resource)).map(|(_, informer)| informer)
    }

    /// Calls `look` with the stores of these kinds, which stand still meanwhile. Stores are always
    /// taken in the order of their kinds: two that look at once never wait for each other.
    pub(crate) fn look<T>(&self, kinds: &[Kind], look: impl FnOnce(&View<'_>) -> T) -> T {
        let wanted = self.0.iter().filter(|(kind, _)| kinds.contains(kind));
        let guards: Vec<(Kind, RwLockReadGuard<'_, Store>)> =
            wanted.map(|(kind, informer)| (*kind, informer.store())).collect();
        let stores = guards.iter().map(|(kind, guard)| (*kind, &**guard)).collect();
        look(&View::new(stores))
    }

    /// Until all of these have been complete once; false: it was stopped before.
    pub(crate) async fn synced(&self, kinds: &[Kind], stop: &mut Stop) -> bool {
        for kind in kinds {
            let Some(informer) = self.get(*kind) else { continue };
            let host = informer.host().clone();
            let synced = host::select!(host, {
                () = informer.synced() => true,
                () = stop.stopped() => false,
            });
            if !synced {
                return false;
            }
        }
        true
    }
}
