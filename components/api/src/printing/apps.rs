//! Rows of the group `apps`.

use super::{
    texts::{containers, labels, selector},
    view::{View, at, text},
};
use crate::selector::LabelSelector;
use serde_json::{Value, json};

const CONTAINERS: &str = "/spec/template/spec/containers";

pub(super) fn deployment(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.list(CONTAINERS));
    let selector = match LabelSelector::of(Some(it.at("/spec/selector"))) {
        Ok(selector) => selector.to_string(),
        Err(_) => "<invalid>".to_owned(),
    };
    vec![
        it.name(),
        ready(it),
        json!(it.int("/status/updatedReplicas")),
        json!(it.int("/status/availableReplicas")),
        it.age(),
        names,
        images,
        json!(selector),
    ]
}

pub(super) fn stateful_set(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.list(CONTAINERS));
    vec![it.name(), ready(it), it.age(), names, images]
}

fn ready(it: View<'_>) -> Value {
    json!(format!("{}/{}", it.int("/status/readyReplicas"), it.int("/spec/replicas")))
}

pub(super) fn replica_set(it: View<'_>) -> Vec<Value> {
    replicas(it, selector(it.at("/spec/selector")))
}

/// A set of equal pods: how many are wanted, there and ready, and what they are found by.
pub(super) fn replicas(it: View<'_>, selector: String) -> Vec<Value> {
    let [names, images] = containers(it.list(CONTAINERS));
    vec![
        it.name(),
        json!(it.int("/spec/replicas")),
        json!(it.int("/status/replicas")),
        json!(it.int("/status/readyReplicas")),
        it.age(),
        names,
        images,
        json!(selector),
    ]
}

pub(super) fn daemon_set(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.list(CONTAINERS));
    let status = |field: &str| json!(it.int(&format!("/status/{field}")));
    vec![
        it.name(),
        status("desiredNumberScheduled"),
        status("currentNumberScheduled"),
        status("numberReady"),
        status("updatedNumberScheduled"),
        status("numberAvailable"),
        json!(labels(it.map("/spec/template/spec/nodeSelector"))),
        it.age(),
        names,
        images,
        json!(selector(it.at("/spec/selector"))),
    ]
}

pub(super) fn controller_revision(it: View<'_>) -> Vec<Value> {
    let mut owners = it.list("/metadata/ownerReferences").iter();
    let owner = owners.find(|it| at(it, "/controller").as_bool() == Some(true));
    let owner = owner.map_or("<none>".to_owned(), |it| {
        let kind = match text(it, "/apiVersion").split_once('/') {
            Some((group, _)) => format!("{}.{group}", text(it, "/kind")),
            None => text(it, "/kind").to_owned(),
        };
        format!("{}/{}", kind.to_lowercase(), text(it, "/name"))
    });
    vec![it.name(), json!(owner), json!(it.int("/revision")), it.age()]
}
