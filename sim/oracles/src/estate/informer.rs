//! A copy of a resource never goes back, and becomes what is stored.

use crate::{
    Broken, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{Copied, History, NoticeKind, Noticed, Time},
};
use std::collections::{BTreeMap, BTreeSet};

/// An informer tells of each object that it is there, then only of newer states, then once that it is
/// gone; when all has been well for a while it shows what is stored, no more and no less.
#[derive(Debug, Default)]
pub struct InformerFaithful {
    healed: Option<Time>,
}

/// How long an informer may take to come back when all is well: etcd, the servers, its own back-off,
/// and a connection that is found dead by its silence.
const HEALING_MAX: Time = 30 * SECOND;
/// How long a change may take to be shown.
const DELIVERY_MAX: Time = 5 * SECOND;

impl Oracle for InformerFaithful {
    const NAME: &'static str = "informer_faithful";
    const KIND: Kind = Kind::Eventually;
    const PROMISE: &'static str = "SharedInformer provides eventually consistent linkage of its \
        clients to the authoritative state: sequential consistency of each object's states \
        (client-go/tools/cache)";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { at, event: World::Healed } => self.healed = Some(*at),
            Observation::History(record) => return self.judge(record.history),
            Observation::Fact(_) | Observation::World { .. } => {}
        }
        Ok(())
    }
}

impl InformerFaithful {
    fn judge(&self, history: &History) -> Result<(), Broken> {
        history.estate.copies.iter().try_for_each(goes_forward)?;
        history.estate.copies.iter().try_for_each(|copy| self.arrives(copy, history))
    }

    /// What a copy shows at the end is stored, and what is stored it shows.
    fn arrives(&self, copy: &Copied, history: &History) -> Result<(), Broken> {
        let log = &history.objects.log;
        let due = copy.looked.saturating_sub(DELIVERY_MAX);
        let well = self.healed.is_some_and(|healed| healed + HEALING_MAX < copy.looked);
        let quiet = log.changes.last().is_none_or(|last| last.at < due);
        if !well || !quiet || !log.gaps.is_empty() {
            return Ok(());
        }
        let mut stored = BTreeMap::new();
        for change in &log.changes {
            match &change.object {
                Some(object) => drop(stored.insert(&*change.name, (&*object.uid, change.revision))),
                None => drop(stored.remove(&*change.name)),
            }
        }
        let shown = copy.shown.iter().map(|(name, (uid, revision))| (&**name, (&**uid, *revision)));
        if shown.clone().eq(stored.iter().map(|(name, state)| (*name, *state))) {
            return Ok(());
        }
        let text = format!("the informer of client {} does not show what is stored", copy.client);
        let shown: BTreeMap<_, _> = shown.collect();
        Err(Broken::new(copy.looked, text)
            .with(format!("shown: {shown:?}"))
            .with(format!("stored: {stored:?}")))
    }
}

/// A consumer believes what it is told; nothing that it is told may contradict that.
fn goes_forward(copy: &Copied) -> Result<(), Broken> {
    let mut believed = BTreeMap::<&str, (&str, u64)>::new();
    let mut ended = BTreeSet::<&str>::new();
    for notice in &copy.notices {
        let Noticed { kind, name, uid, revision, .. } = notice;
        let known = believed.get(&**name).copied();
        let good = match (kind, known) {
            (NoticeKind::Added, None) => !ended.contains(&**uid),
            (NoticeKind::Updated, Some((same, before))) => same == uid && before < *revision,
            (NoticeKind::Deleted, Some((same, _))) => same == uid && ended.insert(uid),
            _ => false,
        };
        if !good {
            let text = format!("an informer tells what cannot follow {known:?}");
            return Err(Broken::new(notice.at, text).with(super::line(notice)));
        }
        match kind {
            NoticeKind::Deleted => drop(believed.remove(&**name)),
            _ => drop(believed.insert(name, (uid, *revision))),
        }
    }
    Ok(())
}
