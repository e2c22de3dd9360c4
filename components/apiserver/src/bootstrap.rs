//! What a cluster has from its first moment: the system's namespaces, priority classes, and roles.
//!
//! Upstream: pkg/controlplane/controller/systemnamespaces, pkg/registry/scheduling/rest; roles:
//! [`reconcile`].

use crate::{
    authorization::rbac::reconcile,
    registry::{Registry, Target, Writing},
};
use host::{Backoff, event};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// In the order in which they are made.
const NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// Priority classes of the system's own pods: name, value, description.
const PRIORITIES: [(&str, i64, &str); 2] = [
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another \
         node if necessary.",
    ),
];

/// Between attempts while the storage does not answer.
const RETRY: Backoff = Backoff { first: Duration::from_millis(50), max: Duration::from_secs(5) };
/// Between looks at whether they are all there.
const AGAIN: Duration = Duration::from_secs(60);

/// Makes the namespaces that are missing, and looks again from time to time; makes the roles once,
/// where they are wanted.
pub(crate) async fn run(registry: Arc<Registry>, mut roles: bool) {
    let mut failures = 0;
    loop {
        let mut made = make(&registry).await;
        if roles && made.is_ok() {
            made = reconcile::run(&registry).await.map_err(|failure| failure.to_string());
            roles = made.is_err();
        }
        let host = &registry.host;
        let wait = match made {
            Ok(()) => {
                failures = 0;
                registry.bootstrapped();
                AGAIN
            }
            Err(why) => {
                event!(host, Warn, "cannot make what every cluster has", why = &why);
                failures += 1;
                RETRY.delay(failures - 1, host.random.next_u64())
            }
        };
        host.sleep(wait).await;
    }
}

async fn make(registry: &Registry) -> Result<(), String> {
    let how = Writing::default();
    for name in NAMESPACES {
        let namespace = json!({
            "kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name},
        });
        make_one(registry, ("", "namespaces"), namespace, &how).await?;
    }
    for (name, value, description) in PRIORITIES {
        let class = json!({
            "kind": "PriorityClass", "apiVersion": "scheduling.k8s.io/v1",
            "metadata": {"name": name}, "value": value, "description": description,
            "preemptionPolicy": "PreemptLowerPriority",
        });
        make_one(registry, ("scheduling.k8s.io", "priorityclasses"), class, &how).await?;
    }
    Ok(())
}

/// Makes one object, where it is not there yet.
async fn make_one(
    registry: &Registry,
    (group, plural): (&str, &str),
    object: Value,
    how: &Writing,
) -> Result<(), String> {
    let Some(resource) = registry.resource(group, "v1", plural) else {
        return Err(format!("there is no resource of {plural}"));
    };
    let name = crate::object::meta(&object, "name").to_owned();
    let (namespace, subresource) = (String::new(), String::new());
    let target = Target { resource, namespace, name, subresource };
    match registry.create(&target, object, how).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.reason == "AlreadyExists" => Ok(()),
        Err(failure) => Err(failure.to_string()),
    }
}
