//! Server-side apply, and the bookkeeping of owners by all other requests.
//!
//! Upstream: apimachinery's pkg/util/managedfields, a chain of managers around the updater of
//! structured-merge-diff's merge/update.go.
//!
//! | file | what |
//! |---|---|
//! | `update.rs` | the way of a create, an update or another patch |
//! | `applying.rs` | the way of an apply |
//! | `owners.rs` | who owns what after a change |
//! | `prune.rs` | what goes since nobody wants it any more |
//! | `cap.rs` | a limit to the number of records |
//! | `last_applied.rs` | from client-side apply to server-side apply |

mod applying;
mod cap;
mod last_applied;
mod owners;
mod prune;
mod resource;
mod update;

pub use resource::{OneVersion, Resource, Versions};

use super::{
    fields::{Element, Path, Set},
    typed::Typed,
};
use crate::schema::{GroupVersionKind, Owned, Shape};

/// Keeps the managed fields of a resource's objects.
#[derive(Clone, Copy, Debug)]
pub struct FieldManager<'a> {
    resource: Resource<'a>,
}

impl<'a> FieldManager<'a> {
    /// For requests to that endpoint.
    pub fn new(resource: Resource<'a>) -> Self {
        Self { resource }
    }

    /// `apps/v1`.
    fn version(&self) -> String {
        self.resource.kind.api_version()
    }

    fn typed(&self) -> Typed<'a> {
        Typed { schemas: self.resource.schemas }
    }

    /// The shape of the resource's objects in a version; `None` if that is not served.
    fn shape(&self, version: &str) -> Option<Shape> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = self.resource.kind.kind.clone();
        let kind = GroupVersionKind { group: group.to_owned(), version: version.to_owned(), kind };
        let found = self.resource.schemas.of(&kind).map(|id| Shape::Object(id, Owned::Granular));
        // A kind without a schema is free JSON in the version that is asked for.
        found.or_else(|| (kind == *self.resource.kind).then_some(Shape::Json))
    }

    /// What of a set a request in that version may own.
    fn owned(&self, version: &str, set: &Set) -> Set {
        match self.resource.filters.get(version) {
            Some(filter) => filter.apply(set),
            None => set.clone(),
        }
    }
}

/// What no manager owns, since the server sees to it.
///
/// Upstream: pkg/util/managedfields/internal/stripmeta.go.
fn never_owned() -> Set {
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let mut set = Set::default();
    for name in ["apiVersion", "kind", "metadata"] {
        set.insert(&[Element::field(name)]);
    }
    for name in metadata {
        set.insert(&Path::of_fields(&["metadata", name]).0);
    }
    set
}
