//! Every controller that the manager can run.

use crate::{
    cleanup::{Finished, Namespaces, Pods},
    controller::Controller,
    identity::{RootAuthority, ServiceAccounts},
    manager::Settings,
    networks::{Endpoints, Slices},
    policy::{Disruption, Roles},
    workloads::{CronJobs, Deployments, Jobs, Replicas, StatefulSets},
};

/// A row: its name in `--controllers`, and how it is made.
pub(crate) struct Entry {
    /// Upstream's name (cmd/kube-controller-manager/names).
    pub(crate) name: &'static str,
    pub(crate) what: What,
}

/// What a row runs.
pub(crate) enum What {
    /// A controller, unless the settings lack what it needs.
    Controller(fn(&Settings) -> Option<Box<dyn Controller>>),
    /// The garbage collector, which finds out at run time what it watches.
    Collector,
}

const fn entry(name: &'static str, make: fn(&Settings) -> Option<Box<dyn Controller>>) -> Entry {
    Entry { name, what: What::Controller(make) }
}

/// In the order in which they are started.
pub(crate) const ALL: &[Entry] = &[
    Entry { name: "garbage-collector-controller", what: What::Collector },
    entry("namespace-controller", |_| Some(Box::new(Namespaces))),
    entry("serviceaccount-controller", |_| Some(Box::new(ServiceAccounts))),
    entry("root-ca-certificate-publisher-controller", |settings| {
        let certificates = settings.root_authority.clone()?;
        Some(Box::new(RootAuthority { certificates }))
    }),
    // Workloads.
    entry("replicaset-controller", |_| Some(Box::new(Replicas::of_sets()))),
    entry("replicationcontroller-controller", |_| Some(Box::new(Replicas::of_controllers()))),
    entry("deployment-controller", |_| Some(Box::new(Deployments))),
    entry("statefulset-controller", |_| Some(Box::new(StatefulSets))),
    entry("job-controller", |_| Some(Box::new(Jobs))),
    entry("cronjob-controller", |_| Some(Box::new(CronJobs))),
    // Networks.
    entry("endpoints-controller", |_| Some(Box::new(Endpoints))),
    entry("endpointslice-controller", |_| Some(Box::new(Slices))),
    // Policy.
    entry("clusterrole-aggregation-controller", |_| Some(Box::new(Roles))),
    entry("disruption-controller", |_| Some(Box::new(Disruption))),
    // What is left over.
    entry("ttl-after-finished-controller", |_| Some(Box::new(Finished))),
    entry("pod-garbage-collector-controller", |_| Some(Box::<Pods>::default())),
];

/// `--controllers`: a name switches one on, `-name` off, `*` all others on.
pub(crate) fn is_wanted(name: &str, wishes: &[String]) -> bool {
    let said = |wish: &str| wishes.iter().any(|each| each == wish);
    said(name) || (!said(&format!("-{name}")) && said("*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_name_controllers() {
        let wishes = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        for (text, wanted) in [
            ("*", true),
            ("*,-a", false),
            ("-a,*", false),
            ("a", true),
            ("b", false),
            ("a,-a", true),
        ] {
            assert_eq!(is_wanted("a", &wishes(text)), wanted, "{text}");
        }
    }
}
