//! What a cluster has from its first moment: the system's namespaces, and roles.
//!
//! Upstream: pkg/controlplane/controller/systemnamespaces; roles: [`reconcile`].

use crate::{
    authorization::rbac::reconcile,
    registry::{Registry, Target, Writing},
};
use host::{Backoff, event};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// In the order in which they are made.
const NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

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
    let Some(resource) = registry.resource("", "v1", "namespaces") else {
        return Err("there is no resource of namespaces".into());
    };
    for name in NAMESPACES {
        let target = Target {
            resource: resource.clone(),
            namespace: String::new(),
            name: name.into(),
            subresource: String::new(),
        };
        let body = json!({
            "kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name},
        });
        match registry.create(&target, body, &Writing::default()).await {
            Ok(_) => {}
            Err(failure) if failure.reason == "AlreadyExists" => {}
            Err(failure) => return Err(failure.to_string()),
        }
    }
    Ok(())
}
