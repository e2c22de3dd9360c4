//! The log of the storage as what was done to each key. Where it has gaps it says nothing.

use crate::history::{EstateCall, EstateChange, EstateLog};
use serde_json::Value;
use std::collections::BTreeMap;

/// One change of one key, with what it held before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed<'a> {
    pub(super) change: &'a EstateChange,
    pub(super) before: Option<&'a Value>,
}

impl<'a> Deed<'a> {
    /// What the key holds now.
    pub(super) fn after(&self) -> Option<&'a Value> {
        self.change.object.as_ref()
    }

    /// The tokens that come with it: new ones, as against those that were there before.
    pub(super) fn new_tokens(&self) -> Vec<(&'a str, &'a str)> {
        let had = |(name, token): &(&str, &str)| {
            let before = self.before.map(|before| &before["metadata"]["annotations"][*name]);
            before.and_then(Value::as_str) == Some(*token)
        };
        let Some(after) = self.after() else { return Vec::new() };
        super::tokens(after).filter(|one| !had(one)).collect()
    }
}

/// All that was done, in order.
#[derive(Debug)]
pub(super) struct Deeds<'a> {
    log: &'a EstateLog,
    deeds: Vec<Deed<'a>>,
}

impl<'a> Deeds<'a> {
    /// Reads a log. A change of which it is not known what was there before is left out.
    pub(super) fn of(log: &'a EstateLog) -> Self {
        let mut changes: Vec<&EstateChange> = log.changes.iter().collect();
        changes.sort_by(|a, b| (a.revision, &a.key).cmp(&(b.revision, &b.key)));
        changes.dedup_by(|a, b| (a.revision, &a.key) == (b.revision, &b.key));
        let mut last = BTreeMap::<&str, &EstateChange>::new();
        let mut deeds = Vec::new();
        for change in changes {
            let before = last.insert(&change.key, change);
            let from = before.map_or(0, |before| before.revision);
            if is_known(log, from, change.revision) {
                let before = before.and_then(|before| before.object.as_ref());
                deeds.push(Deed { change, before });
            }
        }
        Self { log, deeds }
    }

    /// Everything that was done, in the order of revisions.
    pub(super) fn all(&self) -> impl Iterator<Item = &Deed<'a>> {
        self.deeds.iter()
    }

    /// As [`Deeds::all`], up to the first gap: so far all that is there is known.
    pub(super) fn unbroken(&self) -> impl Iterator<Item = &Deed<'a>> {
        let end = self.log.gaps.iter().map(|(first, _)| *first).min().unwrap_or(u64::MAX);
        self.all().take_while(move |deed| deed.change.revision < end)
    }

    /// True when nothing is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.log.gaps.is_empty()
    }

    /// True when every change after `from` and up to `to` is known.
    pub(super) fn knows(&self, from: u64, to: u64) -> bool {
        is_known(self.log, from, to)
    }

    /// What was done at a revision to a key.
    pub(super) fn at(&self, revision: u64, key: &str) -> Option<&Deed<'a>> {
        let first = self.deeds.partition_point(|deed| deed.change.revision < revision);
        let same = self.deeds[first..].iter().take_while(|d| d.change.revision == revision);
        same.into_iter().find(|deed| deed.change.key == key)
    }
}

/// Whose doing a change is. A state that was made of an older one brings that one's tokens back: the
/// newest is its author's.
pub(super) fn author_of<'a>(
    deed: &Deed<'_>,
    authors: &BTreeMap<&str, &'a EstateCall>,
) -> Option<&'a EstateCall> {
    let new = deed.new_tokens();
    let found = new.iter().filter_map(|(_, token)| authors.get(token).copied());
    found.max_by_key(|call| call.called)
}

fn is_known(log: &EstateLog, from: u64, to: u64) -> bool {
    let hidden = |(first, last): &(u64, u64)| *first <= to && *last > from;
    to <= log.known_to && !log.gaps.iter().any(hidden)
}

/// Requests by what they mark their effects with.
pub(super) fn by_token(calls: &[EstateCall]) -> BTreeMap<&str, &EstateCall> {
    let marked = calls.iter().filter(|call| !call.token.is_empty());
    marked.map(|call| (call.token.as_str(), call)).collect()
}

/// The key of the object that a request is about; none: it is about a collection, or has no key of
/// its own. Keys are as upstream's: `services/specs/NAMESPACE/NAME`, `deployments/NAMESPACE/NAME`.
pub(super) fn key_of(path: &str) -> Option<String> {
    let mut parts = path.trim_start_matches('/').split('/').peekable();
    match parts.next()? {
        "api" => drop(parts.next()?),
        "apis" => drop((parts.next()?, parts.next()?)),
        _ => return None,
    }
    let first = parts.next()?;
    let (namespace, plural) = match (first, parts.clone().count()) {
        ("namespaces", 2..) if parts.clone().nth(1) != Some("finalize") => {
            (Some(parts.next()?), parts.next()?)
        }
        _ => (None, first),
    };
    let name = parts.next()?;
    let plural = if plural == "services" { "services/specs" } else { plural };
    Some(match namespace {
        Some(namespace) => format!("{plural}/{namespace}/{name}"),
        None => format!("{plural}/{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_keys() {
        let key = |path: &str| key_of(path).unwrap_or_default();
        assert_eq!(key("/api/v1/namespaces/a/secrets/b"), "secrets/a/b");
        assert_eq!(key("/api/v1/namespaces/a/services/b"), "services/specs/a/b");
        assert_eq!(key("/apis/apps/v1/namespaces/a/deployments/b/status"), "deployments/a/b");
        assert_eq!(key("/api/v1/namespaces/a"), "namespaces/a");
        assert_eq!(key("/api/v1/namespaces/a/finalize"), "namespaces/a");
        assert_eq!(key("/api/v1/namespaces/a/secrets"), "");
        assert_eq!(key("/api/v1/namespaces"), "");
    }
}
