//! Where kinds differ: what the server itself sets at a birth and at a change, and what it keeps.
//!
//! A kind has a row in its group's table; what the row leaves out is as with most kinds
//! ([`Strategy::PLAIN`]). The machinery that holds for all kinds is [`prepare`] and [`deletion`].
//!
//! Upstream: pkg/registry/*/*/strategy.go.

mod apps;
mod batch;
mod certificates;
mod core_v1;
mod custom;
pub(super) mod deletion;
mod label_keys;
mod pods;
mod policies;
pub(super) mod prepare;
mod qos;
mod small_groups;
mod volumes;
pub(super) mod warnings;

use crate::authentication::User;
use api::resources::Resource;
use serde_json::Value;

/// What is particular about a kind.
#[derive(Clone, Copy)]
pub(super) struct Strategy {
    /// What `metadata.generation` counts.
    generation: Generation,
    /// A new object keeps the status that its client gives it.
    born_with_status: bool,
    /// Completes a new object.
    create: fn(&mut Value, &Occasion<'_>),
    /// Completes a changed object, whose status is the present one's already.
    update: fn(&mut Value, &Value, &Occasion<'_>),
    /// Completes an object whose status changed; all but status and metadata is the present one's.
    status: fn(&mut Value, &Value, &Occasion<'_>),
    /// What a client is told of an object that it writes; true: of a new one.
    warnings: fn(&Value, bool) -> Vec<String>,
    /// Replacing what is not there creates it (AllowCreateOnUpdate).
    pub(super) creates_on_update: bool,
    /// Who replaces an object must say which version (not AllowUnconditionalUpdate).
    pub(super) needs_revision: bool,
    /// What depends on a deleted object stays, unless somebody says otherwise
    /// (DefaultGarbageCollectionPolicy).
    pub(super) orphans: bool,
    /// Who deletes an object is sent the object, though it is gone (ReturnDeletedObject).
    pub(super) returns_deleted: bool,
}

/// What `metadata.generation` counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Generation {
    /// There is none.
    None,
    /// Nothing: it stays one.
    One,
    /// Changes of what is wanted: of anything but metadata and status.
    Wanted,
    /// Those, and changes of the status, which nobody keeps apart.
    WantedOrStatus,
    /// Those of what is wanted, and changes of annotations.
    WantedOrAnnotations,
    /// Those, and changes of all metadata that clients write.
    Everything,
}

/// Who changes an object, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) user: &'a User,
    /// RFC 3339.
    pub(super) now: &'a str,
}

impl Strategy {
    /// What most kinds are like.
    const PLAIN: Self = Self {
        generation: Generation::None,
        born_with_status: false,
        create: |_, _| {},
        update: |_, _, _| {},
        status: |_, _, _| {},
        warnings: |_, _| Vec::new(),
        creates_on_update: false,
        needs_revision: false,
        orphans: false,
        returns_deleted: false,
    };

    /// Kinds whose generation counts the changes of what is wanted.
    const COUNTED: Self = Self { generation: Generation::Wanted, ..Self::PLAIN };
}

/// A kind: its group, its plural, and what is particular about it.
type Row = (&'static str, &'static str, Strategy);

const GROUPS: [&[Row]; 6] = [
    core_v1::ROWS,
    apps::ROWS,
    batch::ROWS,
    certificates::ROWS,
    policies::ROWS,
    small_groups::ROWS,
];

const PLAIN: &Strategy = &Strategy::PLAIN;

/// A resource's strategy.
pub(super) fn of(resource: &Resource) -> &'static Strategy {
    if resource.custom.is_some() {
        return custom::of(resource);
    }
    let rows = GROUPS.iter().copied().flatten();
    let found = rows.filter(|(group, plural, _)| is(resource, group, plural));
    found.map(|(_, _, strategy)| strategy).next().unwrap_or(PLAIN)
}

pub(super) fn is(resource: &Resource, group: &str, plural: &str) -> bool {
    resource.kind.group == group && resource.plural == plural
}

/// The objects of a list in an object; none where there is no list.
fn each<'a>(object: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    object[list].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_resource_and_stands_once() {
        let resources = api::resources::built_in();
        let rows: Vec<(&str, &str)> =
            GROUPS.iter().copied().flatten().map(|(group, plural, _)| (*group, *plural)).collect();
        for (at, (group, plural)) in rows.iter().enumerate() {
            assert!(resources.iter().any(|one| is(one, group, plural)), "{group} {plural}");
            assert!(!rows[..at].contains(&(group, plural)), "{group} {plural} twice");
        }
    }
}
