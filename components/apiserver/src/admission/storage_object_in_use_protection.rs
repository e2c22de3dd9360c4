//! Claims, volumes and their classes go only when nobody uses them: each is born with a finalizer.
//!
//! Upstream: plugin/pkg/admission/storage/storageobjectinuseprotection.

use super::{Attributes, Plugin, pod::list_mut};
use serde_json::Value;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "StorageObjectInUseProtection",
    by_default: true,
    mutate: Some(|_, write| {
        mutate(write);
        Box::pin(async { Ok(()) })
    }),
    validate: None,
};

const FINALIZERS: [(&str, &str, &str); 3] = [
    ("", "persistentvolumeclaims", "kubernetes.io/pvc-protection"),
    ("", "persistentvolumes", "kubernetes.io/pv-protection"),
    ("storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"),
];

fn mutate(write: &mut Attributes) {
    let own = FINALIZERS.iter().find(|(group, plural, _)| write.is_whole(group, plural));
    let Some((_, _, finalizer)) = own.filter(|_| write.creates()) else { return };
    let finalizers = list_mut(&mut write.object["metadata"], "finalizers");
    let finalizer = Value::from(*finalizer);
    if !finalizers.contains(&finalizer) {
        finalizers.push(finalizer);
    }
}
