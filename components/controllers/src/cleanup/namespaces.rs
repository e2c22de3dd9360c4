//! Empties namespaces that are to go, and lets them go when nothing is left in them.
//!
//! Upstream: pkg/controller/namespace; pods go first (KEP-5080). What is in a namespace is asked
//! of the server each time: nothing is remembered of a resource that could not be listed once.

use api::time::Moment;
use client::{Key, Notice, Object};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

use crate::{
    controller::{Change, Controller, Scene, Wake},
    discovery::{self, Served},
    kinds::{Kind, NAMESPACES, PODS},
    object::{int, is_deleting, list, same},
    plan::{As, Plan, Question, Write},
    view::View,
};

/// Servers may take so long to see that a namespace goes (`namespaceDeletionGracePeriod`); until
/// then they let objects into it.
const GRACE: Duration = Duration::from_secs(5);
const FINALIZER: &str = "kubernetes";
/// Between looks at a namespace that is not empty yet.
const AGAIN: Duration = Duration::from_secs(1);

/// The controller.
#[derive(Debug)]
pub(crate) struct Namespaces;

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn workers(&self) -> usize {
        10
    }

    fn watches(&self) -> &'static [Kind] {
        &[NAMESPACES]
    }

    fn wakes(&self, change: &Change<'_>, _: &View<'_>) -> Vec<Wake> {
        let namespace = change.object();
        if !is_deleting(namespace) || matches!(change.notice, Notice::Deleted { .. }) {
            return Vec::new();
        }
        vec![Wake { key: Key::of(namespace), wait: GRACE }]
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(namespace) = scene.view.of(NAMESPACES).get(key) else { return Plan::default() };
        let ours = list(namespace, "/spec/finalizers").iter().any(|each| each == FINALIZER);
        if !is_deleting(namespace) || !ours {
            return Plan::default();
        }
        match Content::of(&key.name, scene) {
            Ok(content) => empty(namespace, &content, scene),
            Err(questions) => Plan::ask(questions),
        }
    }
}

/// What a namespace holds, as far as it can be known.
#[derive(Debug, Default)]
struct Content {
    resources: Vec<(Served, Vec<Value>)>,
    /// Groups that could not be asked what they serve.
    unknown: Vec<String>,
    /// Resources that could not be listed, and why.
    unlisted: Vec<String>,
}

impl Content {
    /// Reads the answers; questions that are open yet.
    fn of(namespace: &str, scene: &Scene<'_>) -> Result<Self, Vec<Question>> {
        let (mut content, mut served) = (Self::default(), Vec::new());
        let questions = Question::discovery();
        if questions.iter().any(|question| scene.facts.answer(question).is_none()) {
            return Err(questions.to_vec());
        }
        for question in &questions {
            match scene.facts.answer(question) {
                Some(Ok(document)) => {
                    let (all, stale) = discovery::read(document);
                    served.extend(all);
                    content.unknown.extend(stale);
                }
                _ => content.unknown.push(question.path.clone()),
            }
        }
        let wanted =
            |it: &Served| it.preferred && it.namespaced && it.can("list") && it.can("delete");
        served.retain(wanted);
        let lists = served
            .iter()
            .map(|it| Question { path: it.resource.path(Some(namespace)), as_what: As::Items });
        let open: Vec<Question> =
            lists.clone().filter(|question| scene.facts.answer(question).is_none()).collect();
        if !open.is_empty() {
            return Err(open);
        }
        let lists: Vec<Question> = lists.collect();
        for (served, question) in served.into_iter().zip(lists) {
            match scene.facts.answer(&question) {
                Some(Ok(all)) => content.resources.push((served, list(all, "/items").to_vec())),
                Some(Err(error)) => {
                    content.unlisted.push(format!("{}: {error}", served.resource.plural));
                }
                None => {}
            }
        }
        content.resources.retain(|(_, items)| !items.is_empty());
        Ok(content)
    }

    fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.unknown.is_empty() && self.unlisted.is_empty()
    }
}

fn empty(namespace: &Object, content: &Content, scene: &Scene<'_>) -> Plan {
    let mut writes: Vec<Write> = status(namespace, content, scene.seconds()).into_iter().collect();
    if content.is_empty() {
        // One after the other: the status was written over this version.
        if writes.is_empty() {
            let mut last = Value::clone(namespace);
            let finalizers = list(namespace, "/spec/finalizers").iter();
            let others: Vec<&Value> = finalizers.filter(|each| **each != FINALIZER).collect();
            last["spec"]["finalizers"] = json!(others);
            writes.push(Write::finalize(NAMESPACES, last));
        }
        return Plan::of(writes);
    }
    let pods = |served: &Served| PODS.is(&served.resource);
    let only_pods = content.resources.iter().any(|(served, _)| pods(served));
    for (served, items) in &content.resources {
        if only_pods && !pods(served) {
            continue;
        }
        if served.can("deletecollection") {
            writes.push(Write::delete_all(served.resource.clone(), client::name(namespace)));
        } else {
            let waiting = items.iter().filter(|item| !is_deleting(item));
            writes.extend(waiting.map(|item| Write::delete_of(served.resource.clone(), item)));
        }
    }
    Plan::of(writes).again(Some(estimate(content)))
}

/// How long pods may take to end: half of the longest grace, as upstream guesses.
fn estimate(content: &Content) -> Duration {
    let items = content.resources.iter().flat_map(|(_, items)| items);
    let graces = items.filter_map(|item| int(item, "/metadata/deletionGracePeriodSeconds"));
    let longest = graces.max().unwrap_or(0);
    Duration::from_secs(longest.unsigned_abs() / 2).max(AGAIN)
}

/// Conditions that say what is in the way; nothing if they say so already.
fn status(namespace: &Object, content: &Content, now: i64) -> Option<Write> {
    let mut conditions = list(namespace, "/status/conditions").to_vec();
    let at = Moment { seconds: now, nanos: 0 }.to_second();
    for (kind, failed, reason, message) in told(content) {
        let status = if failed { "True" } else { "False" };
        let fresh = json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": at});
        match conditions.iter_mut().find(|condition| condition["type"] == kind) {
            Some(there) if there["status"] == status && there["message"] == *message => {}
            Some(there) => *there = fresh,
            // What was never wrong is not told.
            None if failed || !content.is_empty() => conditions.push(fresh),
            None => {}
        }
    }
    let mut changed = Value::clone(namespace);
    changed["status"]["phase"] = "Terminating".into();
    changed["status"]["conditions"] = conditions.into();
    (!same(changed.get("status"), namespace.get("status")))
        .then(|| Write::status(NAMESPACES, changed))
}

/// Type, whether it is bad, reason and message of each condition, in upstream's words.
fn told(content: &Content) -> [(&'static str, bool, &'static str, String); 5] {
    let choose = |bad: Option<(&'static str, String)>, good: (&'static str, &str)| match bad {
        Some((reason, message)) => (true, reason, message),
        None => (false, good.0, good.1.to_owned()),
    };
    let unknown = (!content.unknown.is_empty()).then(|| {
        let (count, all) = (content.unknown.len(), content.unknown.join(", "));
        let message = format!("Discovery failed for some groups, {count} failing: {all}");
        ("DiscoveryFailed", message)
    });
    let undeleted = (!content.unlisted.is_empty()).then(|| {
        let (count, all) = (content.unlisted.len(), content.unlisted.join(", "));
        let message = format!("Failed to delete all resource types, {count} remaining: {all}");
        ("ContentDeletionFailed", message)
    });
    let remaining = content.resources.iter().map(|(served, items)| {
        let resource = &served.resource;
        format!("{}.{} has {} resource instances", resource.plural, resource.group, items.len())
    });
    let remaining: Vec<String> = remaining.collect();
    let remain = (!remaining.is_empty()).then(|| {
        ("SomeResourcesRemain", format!("Some resources are remaining: {}", remaining.join(", ")))
    });
    let finalizers = finalizers(content);
    let held = (!finalizers.is_empty()).then(|| {
        let all =
            finalizers.iter().map(|(name, count)| format!("{name} in {count} resource instances"));
        let all = all.collect::<Vec<_>>().join(", ");
        let message = format!("Some content in the namespace has finalizers remaining: {all}");
        ("SomeFinalizersRemain", message)
    });
    let condition = |kind, (bad, reason, message)| (kind, bad, reason, message);
    let parsed = ("ParsedGroupVersions", "All legacy kube types successfully parsed");
    let deleted = "All content successfully deleted, may be waiting on finalization";
    [
        condition(
            "NamespaceDeletionDiscoveryFailure",
            choose(unknown, ("ResourcesDiscovered", "All resources successfully discovered")),
        ),
        condition("NamespaceDeletionGroupVersionParsingFailure", choose(None, parsed)),
        condition(
            "NamespaceDeletionContentFailure",
            choose(undeleted, ("ContentDeleted", deleted)),
        ),
        condition(
            "NamespaceContentRemaining",
            choose(remain, ("ContentRemoved", "All content successfully removed")),
        ),
        condition(
            "NamespaceFinalizersRemaining",
            choose(held, ("ContentHasNoFinalizers", "All content-preserving finalizers finished")),
        ),
    ]
}

/// Finalizers of what was asked to go, and how many objects each of them holds.
fn finalizers(content: &Content) -> BTreeMap<String, usize> {
    let mut held = BTreeMap::new();
    for item in content.resources.iter().flat_map(|(_, items)| items) {
        for finalizer in list(item, "/metadata/finalizers").iter().filter_map(Value::as_str) {
            *held.entry(finalizer.to_owned()).or_default() += 1;
        }
    }
    held
}
