//! Replaces a daemon's pods by those of a new template, a few at a time.
//!
//! Upstream: `rollingUpdate` in pkg/controller/daemon/update.go.

use client::{Object, name};
use serde_json::Value;

use super::{Look, OF_POD};
use crate::{
    object::{int, is_deleting, label},
    plan::Write,
    pods,
};

/// A count, or a share of the nodes, rounded up.
fn resolve(value: &Value, of: usize) -> usize {
    if let Some(number) = value.as_u64() {
        return usize::try_from(number).unwrap_or(0);
    }
    let percent = value.as_str().and_then(|text| text.strip_suffix('%')?.parse::<usize>().ok());
    (percent.unwrap_or(0) * of).div_ceil(100)
}

struct Bounds {
    surge: usize,
    unavailable: usize,
}

fn bounds(look: &Look<'_, '_>) -> Bounds {
    let rolling = &look.set["spec"]["updateStrategy"]["rollingUpdate"];
    let nodes = look.nodes.iter().filter(|(_, fit)| fit.should_run).count();
    let surge = resolve(&rolling["maxSurge"], nodes);
    let unavailable = match &rolling["maxUnavailable"] {
        Value::Null => 1,
        value => resolve(value, nodes),
    };
    // Else nothing could ever move.
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    Bounds { surge, unavailable }
}

fn is_rolling(look: &Look<'_, '_>) -> bool {
    look.set["spec"]["updateStrategy"]["type"] != "OnDelete"
}

fn is_new(look: &Look<'_, '_>, pod: &Object) -> bool {
    label(pod, OF_POD) == Some(look.mark())
}

fn is_available(look: &Look<'_, '_>, pod: &Object) -> bool {
    let min = int(look.set, "/spec/minReadySeconds").unwrap_or(0);
    pods::available_in(pod, min, look.scene.seconds()) == Some(0)
}

/// Pods of a node beyond one: an old one beside a new one may stay until that is available.
pub(super) fn surplus<'a>(look: &Look<'a, '_>, living: &[&'a Object]) -> Vec<&'a Object> {
    let there: Vec<&Object> = living.iter().copied().filter(|pod| !is_deleting(pod)).collect();
    let new = there.iter().copied().find(|pod| is_new(look, pod));
    let old = there.iter().copied().find(|pod| !is_new(look, pod));
    match (old, new) {
        (Some(old), Some(new)) if is_rolling(look) && bounds(look).surge > 0 => {
            let keep_both = is_available(look, old) && !is_available(look, new);
            let kept =
                |pod: &&Object| name(pod) == name(new) || (keep_both && name(pod) == name(old));
            there.into_iter().filter(|pod| !kept(pod)).collect()
        }
        _ => there.into_iter().skip(1).collect(),
    }
}

/// What the update does next.
pub(super) fn next(look: &Look<'_, '_>) -> Vec<Write> {
    if !is_rolling(look) {
        return Vec::new();
    }
    let bounds = bounds(look);
    if bounds.surge > 0 { surge(look, bounds.surge) } else { replace(look, bounds.unavailable) }
}

/// Old pods go as long as not too many nodes are without an available one.
fn replace(look: &Look<'_, '_>, max: usize) -> Vec<Write> {
    let (mut missing, mut broken, mut candidates) = (0, Vec::new(), Vec::new());
    for (node, _) in look.nodes.iter().filter(|(_, fit)| fit.should_run) {
        match look.pods_on(name(node)).first() {
            Some(pod) if is_deleting(pod) => missing += 1,
            None => missing += 1,
            Some(pod) => match (is_new(look, pod), is_available(look, pod)) {
                (true, true) => {}
                (true, false) => missing += 1,
                // Nobody misses it.
                (false, false) => {
                    missing += 1;
                    broken.push(*pod);
                }
                (false, true) => candidates.push(*pod),
            },
        }
    }
    let more = max.saturating_sub(missing);
    let going = broken.into_iter().chain(candidates.into_iter().take(more));
    going.map(|pod| look.delete(pod)).collect()
}

/// A new pod is made beside each old one, on so many nodes at a time.
fn surge(look: &Look<'_, '_>, max: usize) -> Vec<Write> {
    let (mut surging, mut candidates, mut writes) = (0, Vec::new(), Vec::new());
    for (node, _) in look.nodes.iter().filter(|(_, fit)| fit.should_run) {
        let there = look.pods_on(name(node)).iter().copied();
        let there: Vec<&Object> = there.filter(|pod| !is_deleting(pod)).collect();
        let new = there.iter().any(|pod| is_new(look, pod));
        match there.iter().find(|pod| !is_new(look, pod)) {
            Some(_) if new => surging += 1,
            Some(old) if is_available(look, old) => candidates.push(name(node)),
            Some(_) => writes.push(look.create(name(node))),
            None => {}
        }
    }
    let more = max.saturating_sub(surging);
    writes.extend(candidates.into_iter().take(more).map(|node| look.create(node)));
    writes
}
