//! Which groups come first in discovery, and which of their versions. Pure.
//!
//! Upstream: pkg/controlplane/apiserver/aggregator.go and pkg/controlplane/instance.go
//! (apiVersionPriorities), pkg/controlplane/controller/crdregistration.

use super::Extensions;
use api::definition::version_order;

/// Where a group stands among all, and a version in its group; more is earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Priority {
    pub(crate) group: i64,
    pub(crate) version: i64,
}

/// Of what definitions make.
pub(crate) const CUSTOM: Priority = Priority { group: 1000, version: 100 };

/// This server's own groups, all of whose versions but those below come at 15.
const GROUPS: [(&str, i64); 20] = [
    ("", 18_000),
    ("admissionregistration.k8s.io", 16_700),
    ("apiextensions.k8s.io", 16_700),
    ("apps", 17_800),
    ("authentication.k8s.io", 17_700),
    ("authorization.k8s.io", 17_600),
    ("autoscaling", 17_500),
    ("batch", 17_400),
    ("certificates.k8s.io", 17_300),
    ("coordination.k8s.io", 16_500),
    ("discovery.k8s.io", 16_200),
    ("events.k8s.io", 17_750),
    ("flowcontrol.apiserver.k8s.io", 16_100),
    ("networking.k8s.io", 17_200),
    ("node.k8s.io", 16_300),
    ("policy", 17_100),
    ("rbac.authorization.k8s.io", 17_000),
    ("resource.k8s.io", 16_200),
    ("scheduling.k8s.io", 16_600),
    ("storage.k8s.io", 16_800),
];

const VERSIONS: [(&str, &str, i64); 4] = [
    ("", "v1", 1),
    ("autoscaling", "v2", 30),
    ("flowcontrol.apiserver.k8s.io", "v1", 21),
    ("resource.k8s.io", "v1", 21),
];

/// That of one of this server's own; none: it is none of them, or has no `APIService`.
pub(crate) fn own(group: &str, version: &str) -> Option<Priority> {
    let (_, of_group) = GROUPS.iter().find(|(name, _)| *name == group)?;
    let special = VERSIONS.iter().find(|(of, name, _)| *of == group && *name == version);
    Some(Priority { group: *of_group, version: special.map_or(15, |(_, _, number)| *number) })
}

/// The groups in order: those of this server as they are, and those of others at their places.
pub(crate) fn groups(own: Vec<String>, extensions: &Extensions) -> Vec<String> {
    let mut all = own;
    for (group, _) in extensions.keys() {
        if group.is_empty() || all.contains(group) {
            continue;
        }
        let rank = |group: &str| {
            let others = extensions.values().filter(|one| one.group == group);
            let highest = others.map(|one| one.group_priority).max();
            let known = GROUPS.iter().find(|(name, _)| *name == group).map(|(_, rank)| *rank);
            // The group of `APIService`s itself has none, and comes first.
            let first = if group == super::GROUP { i64::MAX } else { CUSTOM.group };
            highest.max(known).unwrap_or(first)
        };
        let own = rank(group);
        let comes_before = |other: &String| {
            let rank = rank(other);
            rank < own || (rank == own && *group < *other)
        };
        let place = all.iter().position(comes_before).unwrap_or(all.len());
        all.insert(place, group.clone());
    }
    all
}

/// A group's versions in order: those of this server and those of others.
pub(crate) fn versions(group: &str, own: Vec<String>, extensions: &Extensions) -> Vec<String> {
    let mut all = own;
    let others = extensions.values().filter(|one| one.group == group);
    let new: Vec<String> =
        others.map(|one| one.version.clone()).filter(|one| !all.contains(one)).collect();
    if new.is_empty() {
        return all;
    }
    all.extend(new);
    let rank = |version: &String| {
        let other = extensions.get(&(group.to_owned(), version.clone()));
        let other = other.map(|one| one.version_priority);
        other.unwrap_or_else(|| self::own(group, version).unwrap_or(CUSTOM).version)
    };
    all.sort_by(|one, other| rank(other).cmp(&rank(one)).then_with(|| version_order(other, one)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_this_server_has_its_priority() {
        let all = api::resources::built_in();
        let without: Vec<&str> = all
            .iter()
            .filter(|one| own(&one.kind.group, &one.kind.version).is_none())
            .map(|one| one.kind.group.as_str())
            .collect();
        assert!(without.iter().all(|group| *group == super::super::GROUP), "{without:?}");
        assert_eq!(own("autoscaling", "v2"), Some(Priority { group: 17_500, version: 30 }));
        assert_eq!(own("", "v1"), Some(Priority { group: 18_000, version: 1 }));
        assert_eq!(own("apps", "v1"), Some(Priority { group: 17_800, version: 15 }));
    }
}
