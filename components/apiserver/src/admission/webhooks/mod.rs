//! What servers of the cluster's own say of writes: they are asked over HTTPS, and may change the
//! object or refuse it.
//!
//! Upstream: apiserver/pkg/admission/plugin/webhook.

mod conditions;
mod review;

use super::{
    Attributes, Cluster, Plugin,
    matching::{is_exempt, is_selected, matched},
    pod::{items, text},
};
use crate::{failure::Failure, object, registry, webhook};
use api::{patch::json_patch::JsonPatch, resources::Resource};
use futures_util::future::join_all;
use review::Reviewed;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const MUTATING: Plugin = Plugin {
    name: "MutatingAdmissionWebhook",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: None,
};

pub(super) const VALIDATING: Plugin = Plugin {
    name: "ValidatingAdmissionWebhook",
    by_default: true,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const GROUP: &str = "admissionregistration.k8s.io";
/// How long to wait where the configuration does not say (`timeoutSeconds`).
const SECONDS: u64 = 10;

/// One webhook of one configuration.
#[derive(Clone, Debug)]
struct Hook {
    configuration: String,
    /// Its place among those of its configuration, which may have two of one name.
    place: usize,
    spec: Value,
    /// The version in which it wants to be told of the write.
    seen: Arc<Resource>,
}

impl Hook {
    fn name(&self) -> &str {
        text(&self.spec["name"])
    }

    fn identity(&self) -> String {
        format!("{}/{}/{}", self.configuration, self.name(), self.place)
    }

    /// A call that fails changes nothing.
    fn fails_open(&self) -> bool {
        self.spec["failurePolicy"] == "Ignore"
    }
}

/// The webhooks that a write concerns by its kind, in the order in which they are asked.
async fn hooks(
    cluster: Cluster<'_>,
    write: &Attributes,
    plural: &str,
) -> Result<Vec<Hook>, Failure> {
    if is_exempt(write) {
        return Ok(Vec::new());
    }
    let configurations = cluster.list(GROUP, plural, "").await?;
    let mut found = Vec::new();
    for entry in &configurations {
        let configuration = object::meta(entry.value(), "name");
        for (place, spec) in items(&entry.value()["webhooks"]).enumerate() {
            let (rules, policy) = (&spec["rules"], &spec["matchPolicy"]);
            if let Some(seen) = matched(cluster.registry, write, rules, policy) {
                let (configuration, spec) = (configuration.to_owned(), spec.clone());
                found.push(Hook { configuration, place, spec, seen });
            }
        }
    }
    Ok(found)
}

/// What the webhook is told of this very write; none: it is not asked.
async fn is_concerned(
    cluster: Cluster<'_>,
    write: &Attributes,
    hook: &Hook,
) -> Result<Option<Told>, Failure> {
    if !is_selected(cluster, write, &hook.spec).await? {
        return Ok(None);
    }
    let told = Told(write.told_as(cluster.registry, &hook.seen).await?);
    let holds = conditions::hold(cluster, told.of(write), &hook.spec).await?;
    Ok(holds.then_some(told))
}

/// A write as a webhook is told of it; none: as it is.
struct Told(Option<Attributes>);

impl Told {
    fn of<'a>(&'a self, write: &'a Attributes) -> &'a Attributes {
        self.0.as_ref().unwrap_or(write)
    }
}

/// Asks one webhook. What it says besides its verdict is told to client and audit log.
async fn ask(
    cluster: Cluster<'_>,
    write: &Attributes,
    hook: &Hook,
    mutating: bool,
) -> Result<Option<Reviewed>, Failure> {
    let side_effects = text(&hook.spec["sideEffects"]);
    if write.dry_run && !matches!(side_effects, "None" | "NoneOnDryRun") {
        let name = hook.name();
        return Err(Failure::bad_request(format!(
            "admission webhook {name:?} does not support dry run"
        )));
    }
    let uid = registry::uid(&cluster.registry.host);
    let review = review::request(write, &uid);
    let seconds = hook.spec["timeoutSeconds"].as_u64().unwrap_or(SECONDS);
    let client = &hook.spec["clientConfig"];
    let answer = webhook::post(cluster.registry, client, &review, seconds).await;
    let answer = answer.map_err(|why| format!("failed to call webhook: {why}"));
    let answer = answer.and_then(|answer| review::read(&answer, &uid, mutating));
    let reviewed = match answer {
        Ok(reviewed) => reviewed,
        Err(_) if hook.fails_open() => return Ok(None),
        Err(why) => {
            let name = hook.name();
            return Err(Failure::internal(format!("failed calling webhook {name:?}: {why}")));
        }
    };
    for (key, value) in &reviewed.annotations {
        write.notes.annotate(format!("{}/{key}", hook.name()), value);
    }
    for warning in &reviewed.warnings {
        write.notes.warn(warning);
    }
    match reviewed.allowed {
        true => Ok(Some(reviewed)),
        false => Err(review::refusal(hook.name(), &reviewed.status)),
    }
}

/// Asks one after the other, each about what those before it made of the object.
async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    let hooks = hooks(cluster, write, "mutatingwebhookconfigurations").await?;
    write.rounds.begin(&write.object);
    for (index, hook) in hooks.iter().enumerate() {
        let identity = hook.identity();
        if !write.rounds.is_due(&identity) {
            continue;
        }
        let Some(told) = is_concerned(cluster, write, hook).await? else { continue };
        let told = told.of(write);
        let reviewed = ask(cluster, told, hook, true).await?;
        let patch = reviewed.and_then(|reviewed| reviewed.patch);
        let patched = match patch {
            Some(patch) => apply(cluster, told, hook, &patch)?,
            None => None,
        };
        let changed = patched.is_some();
        if let Some(patched) = patched {
            write.object = cluster.registry.as_version(&write.resource, &patched).await?;
        }
        let key = format!(
            "mutation.webhook.admission.k8s.io/round_{}_index_{index}",
            write.rounds.number()
        );
        let note = json!({
            "configuration": hook.configuration, "webhook": hook.name(), "mutated": changed,
        });
        write.notes.annotate(key, note.to_string());
        if changed {
            write.rounds.changed();
        }
        if hook.spec["reinvocationPolicy"] == "IfNeeded" {
            write.rounds.asked(identity);
        }
    }
    write.rounds.end(&write.object);
    Ok(())
}

/// What a webhook makes of an object; none: it changes nothing.
fn apply(
    cluster: Cluster<'_>,
    write: &Attributes,
    hook: &Hook,
    patch: &Value,
) -> Result<Option<Value>, Failure> {
    let name = hook.name();
    if patch.as_array().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    if write.object.is_null() {
        return Err(Failure::internal(format!(
            "admission webhook {name:?} attempted to modify the object, which is not supported for \
             this operation"
        )));
    }
    let patch = JsonPatch::decode(patch, false).map_err(|error| {
        Failure::internal(format!(
            "failed calling webhook {name:?}: received undecodable patch in webhook response: \
             {error}"
        ))
    })?;
    let patched = patch.apply(write.object.clone()).map_err(Failure::internal)?;
    let patched = cluster.registry.conformed(&write.kind, patched)?;
    Ok(Some(patched).filter(|patched| *patched != write.object))
}

/// Asks all at once; of several refusals the first in order counts.
async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    let mut concerned = Vec::new();
    for hook in hooks(cluster, write, "validatingwebhookconfigurations").await? {
        if let Some(told) = is_concerned(cluster, write, &hook).await? {
            concerned.push((hook, told));
        }
    }
    let asked = concerned.iter().map(|(hook, told)| ask(cluster, told.of(write), hook, false));
    join_all(asked).await.into_iter().try_for_each(|said| said.map(drop))
}
