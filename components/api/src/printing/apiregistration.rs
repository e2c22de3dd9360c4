//! Rows of API services.
//!
//! Upstream: kube-aggregator's pkg/registry/apiservice/etcd/etcd.go.

use super::view::{View, text};
use serde_json::{Value, json};

pub(super) fn api_service(it: View<'_>) -> Vec<Value> {
    let service = match it.at("/spec/service") {
        Value::Null => "Local".to_owned(),
        it => format!("{}/{}", text(it, "/namespace"), text(it, "/name")),
    };
    let mut conditions = it.list("/status/conditions").iter();
    let available = match conditions.find(|it| text(it, "/type") == "Available") {
        None => "Unknown".to_owned(),
        Some(it) => match (text(it, "/status"), text(it, "/reason")) {
            (status @ "True", _) | (status, "") => status.to_owned(),
            (status, reason) => format!("{status} ({reason})"),
        },
    };
    vec![it.name(), json!(service), json!(available), it.age()]
}
