//! The end of a definition: its objects go first, then it.
//!
//! Upstream: apiextensions-apiserver's pkg/controller/finalizer/crd_finalizer.go.

use crate::{
    failure::Failure,
    object,
    registry::{Deletion, Registry, Target, Writing, place},
    storage::Stored,
};
use api::{
    definition::{condition_is, life, set_condition, storage_row},
    resources::Resource,
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Between looks at whether objects with finalizers are gone.
const POLL: Duration = Duration::from_secs(5);

impl Registry {
    /// Deletes a definition's objects and lets it go; returns when to look again if some are left.
    pub(super) async fn clean_up(
        &self,
        target: &Target,
        definition: &Value,
    ) -> Result<Option<Duration>, Failure> {
        let row = storage_row(definition, &self.schemas).map(Arc::new);
        let Some(row) = row.filter(|_| condition_is(definition, "Established")) else {
            let never = ("NeverEstablished", "resource was never established");
            return self.let_go(target, never).await.map(|()| None);
        };
        if is_built_in(&row) {
            let overlap = (
                "OverlappingBuiltInResource",
                "instances overlap with built-in resources in storage",
            );
            return self.let_go(target, overlap).await.map(|()| None);
        }
        let message = "CustomResource deletion is in progress";
        let condition = life::terminating(true, "InstanceDeletionInProgress", message.into());
        self.tell(target, |new, now| set_condition(new, &condition, now)).await?;
        for stored in self.instances(&row).await? {
            self.delete_instance(&row, &stored).await?;
        }
        let left = self.instances(&row).await?.len();
        if left > 0 {
            return Ok(Some(POLL));
        }
        let done = ("InstanceDeletionCompleted", "removed all instances");
        self.let_go(target, done).await.map(|()| None)
    }

    async fn instances(&self, row: &Resource) -> Result<Vec<Stored>, Failure> {
        let prefix = self.storage.key(&place::prefix(row, ""));
        Ok(self.storage.list(&prefix, None, 0, 0).await?.objects)
    }

    /// One that is gone by now is no failure.
    async fn delete_instance(&self, row: &Arc<Resource>, stored: &Stored) -> Result<(), Failure> {
        let Ok(object) = object::decode(&stored.bytes, stored.revision) else {
            // What cannot be read has no finalizers either.
            let key = String::from_utf8_lossy(&stored.key);
            let _ = self.storage.delete_if(&key, stored.revision).await;
            return Ok(());
        };
        let one = Target {
            resource: row.clone(),
            namespace: object::meta(&object, "namespace").to_owned(),
            name: object::meta(&object, "name").to_owned(),
            subresource: String::new(),
        };
        match self.delete(&one, &Deletion::default(), &Writing::own()).await {
            Err(failure) if failure.reason != "NotFound" => Err(failure),
            _ => Ok(()),
        }
    }

    async fn let_go(
        &self,
        target: &Target,
        (reason, message): (&'static str, &str),
    ) -> Result<(), Failure> {
        let condition = life::terminating(false, reason, message.into());
        let change = |new: &mut Value, now: &str| {
            set_condition(new, &condition, now);
            life::emptied(new);
        };
        self.tell(target, change).await
    }
}

/// Definitions of these would take the server's own objects with them.
fn is_built_in(row: &Resource) -> bool {
    let overlapping = [
        ("apiregistration.k8s.io", "apiservices"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
    ];
    overlapping.contains(&(row.kind.group.as_str(), row.plural.as_str()))
}
