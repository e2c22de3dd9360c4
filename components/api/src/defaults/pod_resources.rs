//! A pod's own requests and limits, made of its containers'.
//!
//! Upstream: `defaultPodRequests`, `defaultPodLimits`, `defaultHugePagePodLimits` of
//! `pkg/apis/core/v1/defaults.go`; KEP-2837.

use super::{Object, fill, inner, made};
use crate::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeMap;

type Amounts = BTreeMap<String, Quantity>;

/// Fills a pod's `spec.resources`, if the pod has any.
pub(super) fn fill_in(spec: &mut Object) {
    let stated = |spec: &Object, list: &str| {
        let amounts = spec.get("resources").and_then(|it| it.get(list)).and_then(Value::as_object);
        amounts.cloned().unwrap_or_default()
    };
    let any =
        |spec: &Object| !(stated(spec, "limits").is_empty() && stated(spec, "requests").is_empty());
    if !any(spec) {
        return;
    }
    let requested = stated(spec, "requests");
    let limits = sum(spec, "limits");
    let huge = |name: &str| is_huge_page(name) && !requested.contains_key(name);
    add(spec, "limits", limits.iter().filter(|(name, _)| huge(name)));
    let limited = stated(spec, "limits");
    if limited.is_empty() {
        let whole = |name: &str| is_shared(name) && all_limit(spec, name);
        let whole: Amounts = limits.into_iter().filter(|(name, _)| whole(name)).collect();
        add(spec, "limits", whole.iter());
        return;
    }
    let requests = sum(spec, "requests");
    add(spec, "requests", requests.iter().filter(|(name, _)| is_shared(name)));
    let Some(target) = inner(spec, "resources").and_then(|it| made(it, "requests")) else { return };
    for (name, amount) in limited {
        if is_shared(&name) || is_huge_page(&name) {
            fill(target, &name, amount);
        }
    }
}

/// What a pod may state, and promise more of than there is.
fn is_shared(name: &str) -> bool {
    name == "cpu" || name == "memory"
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn add<'a>(
    spec: &mut Object,
    list: &str,
    amounts: impl Iterator<Item = (&'a String, &'a Quantity)>,
) {
    for (name, amount) in amounts {
        let target = inner(spec, "resources").and_then(|resources| made(resources, list));
        if let Some(target) = target {
            fill(target, name, amount.to_string());
        }
    }
}

/// Containers of a list, with whether they stay beside the others: init containers that do are
/// called sidecars.
fn containers<'a>(spec: &'a Object, list: &str) -> impl Iterator<Item = (&'a Object, bool)> {
    let list = spec.get(list).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_object)
        .map(|one| (one, one.get("restartPolicy").and_then(Value::as_str) == Some("Always")))
}

fn all_limit(spec: &Object, name: &str) -> bool {
    let limits = |(one, _): (&Object, bool)| amounts(one, "limits").contains_key(name);
    containers(spec, "containers").all(limits) && containers(spec, "initContainers").all(limits)
}

fn amounts(container: &Object, list: &str) -> Amounts {
    let found = container.get("resources").and_then(|it| it.get(list)).and_then(Value::as_object);
    let read = |(name, amount): (&String, &Value)| {
        Some((name.clone(), Quantity::parse(amount.as_str()?).ok()?))
    };
    found.into_iter().flatten().filter_map(read).collect()
}

/// What a pod needs at its worst: all containers and sidecars together, or one init container with
/// the sidecars that were started before it.
fn sum(spec: &Object, list: &str) -> Amounts {
    let (mut total, mut sidecars, mut worst) = (Amounts::new(), Amounts::new(), Amounts::new());
    for (container, _) in containers(spec, "containers") {
        plus(&mut total, &amounts(container, list));
    }
    for (container, stays) in containers(spec, "initContainers") {
        let mut moment = sidecars.clone();
        plus(&mut moment, &amounts(container, list));
        if stays {
            sidecars = moment.clone();
        }
        for (name, amount) in moment {
            let known = worst.entry(name).or_insert(amount);
            *known = (*known).max(amount);
        }
    }
    plus(&mut total, &sidecars);
    for (name, amount) in worst {
        let known = total.entry(name).or_insert(amount);
        *known = (*known).max(amount);
    }
    total
}

fn plus(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let known = total.entry(name.clone()).or_insert(Quantity::ZERO);
        *known = known.plus(*amount);
    }
}

/// An amount, rounded up to thousandths.
pub(super) fn round_up(amount: &mut Value) {
    let Some(Ok(read)) = amount.as_str().map(Quantity::parse) else { return };
    let milli = Quantity::milli(read.milli_value());
    if milli > read {
        *amount = milli.to_string().into();
    }
}
