//! `pods/eviction`: a deletion that keeps to the budget of disruptions.
//!
//! Upstream: pkg/registry/core/pod/storage/eviction.go.

mod budget;

use crate::{
    failure::Failure,
    object,
    registry::{Deletion, Freshness, Reading, Target, Writing, metadata, place},
    server::body::Upload,
    server::{Asked, Server, body, options::writing},
};
use api::{schema::GroupVersionKind, selector::LabelSelector};
use http::StatusCode;
use serde_json::Value;
use std::time::Duration;
use wire::Response;

/// Attempts while the pod or its budget changes under our hands (EvictionsRetry).
const ATTEMPTS_MAX: u32 = 20;
const RETRY: Duration = Duration::from_millis(500);

fn kind() -> GroupVersionKind {
    GroupVersionKind { group: "policy".into(), version: "v1".into(), kind: "Eviction".into() }
}

impl Server {
    /// Evicts a pod, if its budget allows.
    pub(in crate::server) async fn evict(
        &self,
        asked: &Asked,
        target: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let mut how = writing(asked)?;
        let eviction = self.decode(asked, &kind(), &body::read(body).await?)?.object;
        if object::meta(&eviction, "name") != target.name {
            let why = "name in URL does not match name in Eviction object";
            return Err(Failure::bad_request(why));
        }
        let options: Deletion = match &eviction["deleteOptions"] {
            Value::Null => Deletion::default(),
            said => serde_json::from_value(said.clone())
                .map_err(|error| Failure::bad_request(format!("deleteOptions: {error}")))?,
        };
        let door = Target { subresource: "eviction".into(), ..target.clone() };
        self.registry.admitted_act(&door, eviction, &how).await?;
        how.dry_run |= options.dry_run.as_ref().is_some_and(|values| !values.is_empty());
        for _ in 0..ATTEMPTS_MAX {
            match self.evict_once(target, &options, &how).await {
                Err(conflict) if conflict.reason == "Conflict" && !options.names_revision() => {
                    self.host.sleep(RETRY).await;
                }
                done => return done.map(|()| super::done()),
            }
        }
        let text = "couldn't update PodDisruptionBudget due to conflicts";
        Err(Failure::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", text).retry_after(10))
    }

    async fn evict_once(
        &self,
        target: &Target,
        options: &Deletion,
        how: &Writing,
    ) -> Result<(), Failure> {
        let pod = self.registry.get(target, Freshness::Newest).await?;
        let pod: Value = serde_json::from_slice(&pod).map_err(Failure::internal)?;
        let seen = object::meta(&pod, "resourceVersion").to_owned();
        let mut options = options.clone();
        if budget::is_no_disruption(&pod) {
            // One that may yet become ready must still be the one that was looked at.
            if !budget::is_over(&pod) {
                options.insist_on_revision(&seen);
            }
            return self.registry.delete(target, &options, how).await.map(drop);
        }
        let Some(budget) = self.budget(target, &pod).await? else {
            return self.registry.delete(target, &options, how).await.map(drop);
        };
        if !budget::is_ready(&pod) && budget::lets_unready_go(&budget) {
            options.insist_on_revision(&seen);
            let name = object::meta(&budget, "name");
            let gone = self.registry.delete(target, &options, how).await.map(drop);
            return gone.map_err(|why| match why.reason {
                "Conflict" => budget::being_processed(name),
                _ => why,
            });
        }
        self.spend(target, &budget, how).await?;
        self.registry.delete(target, &options, how).await.map(drop)
    }

    /// The pod's budget; none where no budget is about it.
    async fn budget(&self, target: &Target, pod: &Value) -> Result<Option<Value>, Failure> {
        let Some(budgets) = self.registry.resource("policy", "v1", "poddisruptionbudgets") else {
            return Ok(None);
        };
        let listed = self.registry.list(&budgets, &target.namespace, &Reading::default()).await?;
        let labels = pod["metadata"].get("labels");
        let mut about = listed.entries.iter().filter(|entry| {
            let selector = entry.value()["spec"].get("selector");
            // An empty selector selects nothing here.
            let selector = LabelSelector::of(selector).ok().filter(|one| !one.is_everything());
            selector.is_some_and(|selector| selector.matches_value(labels))
        });
        match (about.next(), about.next()) {
            (Some(_), Some(_)) => {
                let text = "This pod has more than one PodDisruptionBudget, which the eviction \
                            subresource does not support.";
                Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "", text))
            }
            (Some(one), None) => {
                Ok(Some(serde_json::from_slice(one.served()).map_err(Failure::internal)?))
            }
            _ => Ok(None),
        }
    }

    /// Takes one disruption from the budget for the pod.
    async fn spend(&self, pod: &Target, budget: &Value, how: &Writing) -> Result<(), Failure> {
        let resource = self.registry.resource("policy", "v1", "poddisruptionbudgets");
        let Some(resource) = resource else { return Ok(()) };
        let name = object::meta(budget, "name").to_owned();
        let namespace = pod.namespace.clone();
        let target = Target { resource, namespace, name, subresource: "status".into() };
        let now = metadata::time(self.host.clock.wall());
        let of = place::named(&target.resource, &target.name);
        let how = Writing { manager: "kube-apiserver".into(), ..how.clone() };
        let decide = |present: &Value| budget::spent(present, &pod.name, of, &now);
        self.registry.modify(&target, &how, decide).await.map(drop)
    }
}
