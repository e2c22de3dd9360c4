//! Keeps a copy of the collection with the informer that every component uses.

use super::User;
use crate::recorder::CopyNote;
use client::{Informer, Notice, Resource, Selection};
use oracles::history::{NoticeKind, Noticed};
use std::{collections::BTreeMap, time::Duration};

/// Between two looks at what the informer shows.
const LOOK: Duration = Duration::from_millis(500);

/// Until the machine stops.
pub(super) async fn run(user: &User) {
    let Some(client) = user.api_client() else { return };
    let maps = client.resource(Resource::core("configmaps")).within("default");
    let informer = Informer::new(maps, Selection::default(), &[]);
    let note = user.station.recorder.copied(user.station.number);
    let told = note.clone();
    informer.add_handler(None, move |notice| told.noticed(noticed(notice)));
    let (_stopper, stop) = host::stop_pair();
    let mut work = std::pin::pin!(informer.run(stop));
    loop {
        host::select!(user.host(), {
            () = &mut work => return,
            () = user.host().sleep(LOOK) => look(&informer, &note),
        });
    }
}

fn version(object: &client::Object) -> u64 {
    client::resource_version(object).parse().unwrap_or(0)
}

fn noticed(notice: &Notice) -> Noticed {
    let (kind, object) = match notice {
        Notice::Added { object, .. } => (NoticeKind::Added, object),
        Notice::Updated { new, .. } => (NoticeKind::Updated, new),
        Notice::Deleted { object, .. } => (NoticeKind::Deleted, object),
    };
    let (name, uid) = (client::name(object).to_owned(), client::uid(object).to_owned());
    Noticed { at: 0, kind, name, uid, revision: version(object) }
}

fn look(informer: &Informer, note: &CopyNote) {
    let store = informer.store();
    let one = |object: &client::Object| {
        (client::name(object).to_owned(), (client::uid(object).to_owned(), version(object)))
    };
    let shown: BTreeMap<_, _> = store.all().map(one).collect();
    drop(store);
    note.shows(shown);
}
