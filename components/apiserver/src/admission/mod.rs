//! What a write must pass before it is done: plugins, in order, that change it or refuse it.
//!
//! All that change come first, then the registry completes and validates the object, then come all
//! that only look. Upstream: apiserver/pkg/admission and pkg/kubeapiserver/options/plugins.go.

mod attributes;
mod cluster;
mod compiling;
mod expressions;
mod matching;
mod measure;
mod memory;
mod params;
mod pod;
mod policies;
mod rounds;
mod settings;

mod always_pull_images;
mod certificates;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod event_rate_limit;
mod limit_ranger;
mod mutating_admission_policy;
mod namespace_lifecycle;
mod node_restriction;
mod persistent_volume_claim_resize;
mod pod_security;
mod pod_topology_labels;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_object_in_use_protection;
mod taint_nodes_by_condition;
mod validating_admission_policy;
mod webhooks;

pub(crate) use attributes::{Attributes, Notes, Operation};
pub(crate) use cluster::{Cluster, Wanted};
pub use settings::{BadSettings, Settings};

use crate::{failure::Failure, registry::Registry};
use futures_util::future::BoxFuture;
use measure::Measure;
use memory::Memory;

/// A plugin's verdict.
type Verdict<'a> = BoxFuture<'a, Result<(), Failure>>;
/// Looks at a write and may change its object.
type Mutate = for<'a> fn(Cluster<'a>, &'a mut Attributes) -> Verdict<'a>;
/// Looks at a write whose object is complete.
type Validate = for<'a> fn(Cluster<'a>, &'a Attributes) -> Verdict<'a>;

/// One kind of rule about writes.
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    /// It runs unless it is disabled; else only if it is enabled.
    pub(crate) by_default: bool,
    pub(crate) mutate: Option<Mutate>,
    pub(crate) validate: Option<Validate>,
}

/// All plugins, in the order in which they run.
pub(crate) const PLUGINS: &[Plugin] = &[
    namespace_lifecycle::PLUGIN,
    limit_ranger::PLUGIN,
    service_account::PLUGIN,
    node_restriction::PLUGIN,
    taint_nodes_by_condition::PLUGIN,
    always_pull_images::PLUGIN,
    pod_security::PLUGIN,
    priority::PLUGIN,
    default_toleration_seconds::PLUGIN,
    event_rate_limit::PLUGIN,
    default_storage_class::PLUGIN,
    storage_object_in_use_protection::PLUGIN,
    persistent_volume_claim_resize::PLUGIN,
    runtime_class::PLUGIN,
    certificates::APPROVAL,
    certificates::SIGNING,
    certificates::SUBJECT,
    default_ingress_class::PLUGIN,
    pod_topology_labels::PLUGIN,
    mutating_admission_policy::PLUGIN,
    webhooks::MUTATING,
    validating_admission_policy::PLUGIN,
    webhooks::VALIDATING,
    // Quotas are charged only for what all others let in.
    resource_quota::PLUGIN,
];

/// The plugins that are asked when somebody goes through a door; others look at writes alone.
const OF_CONNECTIONS: [&str; 4] = [
    mutating_admission_policy::PLUGIN.name,
    webhooks::MUTATING.name,
    validating_admission_policy::PLUGIN.name,
    webhooks::VALIDATING.name,
];

/// Upstream's plugins that are not here. They can be disabled, which changes nothing.
const ABSENT: &[&str] = &[
    "AlwaysAdmit",
    "AlwaysDeny",
    "ClusterTrustBundleAttest",
    "DenyServiceExternalIPs",
    "ExtendedResourceToleration",
    "ImagePolicyWebhook",
    "JobValidation",
    "LimitPodHardAntiAffinityTopology",
    "NamespaceAutoProvision",
    "NamespaceExists",
    "NodeDeclaredFeatureValidator",
    "OwnerReferencesPermissionEnforcement",
    "PodGroupProtection",
    "PodGroupWorkloadExists",
    "PodNodeSelector",
    "PodResizeValidator",
    "PodTolerationRestriction",
];

/// The plugins that run.
pub(crate) struct Admission {
    settings: Settings,
    plugins: Vec<&'static Plugin>,
    memory: Memory,
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|plugin| plugin.name)).finish()
    }
}

impl Admission {
    pub(crate) fn new(settings: Settings) -> Self {
        let runs = |plugin: &&Plugin| settings.runs(plugin.name, plugin.by_default);
        let plugins = PLUGINS.iter().filter(runs).collect();
        Self { settings, plugins, memory: Memory::default() }
    }

    fn cluster<'a>(&'a self, registry: &'a Registry) -> Cluster<'a> {
        Cluster { registry, settings: &self.settings, memory: &self.memory }
    }

    /// The plugins that look at an operation of this kind.
    fn asked(&self, operation: Operation) -> impl Iterator<Item = &'static Plugin> {
        let connects = operation == Operation::Connect;
        let of = move |plugin: &&&Plugin| !connects || OF_CONNECTIONS.contains(&plugin.name);
        self.plugins.iter().filter(of).copied()
    }

    /// The first phase: plugins may change the object. When somebody outside changed it, all are
    /// asked once more.
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) async fn mutate(
        &self,
        registry: &Registry,
        attributes: &mut Attributes,
    ) -> Result<(), Failure> {
        let measure = Measure::begin(registry, "admit", attributes.operation);
        let verdict = self.mutate_in_turn(registry, attributes).await;
        measure.phase(verdict.is_err());
        verdict
    }

    async fn mutate_in_turn(
        &self,
        registry: &Registry,
        attributes: &mut Attributes,
    ) -> Result<(), Failure> {
        let cluster = self.cluster(registry);
        loop {
            for (name, mutate) in
                self.asked(attributes.operation).filter_map(|one| Some((one.name, one.mutate?)))
            {
                let measure = Measure::begin(registry, "admit", attributes.operation);
                let verdict = mutate(cluster, attributes).await;
                measure.plugin(name, verdict.is_err());
                verdict?;
            }
            if !attributes.rounds.next() {
                return Ok(());
            }
        }
    }

    /// The second phase: the object is what will be stored.
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) async fn validate(
        &self,
        registry: &Registry,
        attributes: &Attributes,
    ) -> Result<(), Failure> {
        let measure = Measure::begin(registry, "validate", attributes.operation);
        let verdict = self.validate_in_turn(registry, attributes).await;
        measure.phase(verdict.is_err());
        verdict
    }

    async fn validate_in_turn(
        &self,
        registry: &Registry,
        attributes: &Attributes,
    ) -> Result<(), Failure> {
        let cluster = self.cluster(registry);
        for (name, validate) in
            self.asked(attributes.operation).filter_map(|one| Some((one.name, one.validate?)))
        {
            let measure = Measure::begin(registry, "validate", attributes.operation);
            let verdict = validate(cluster, attributes).await;
            measure.plugin(name, verdict.is_err());
            verdict?;
        }
        Ok(())
    }
}
