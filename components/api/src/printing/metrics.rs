//! What an autoscaler looks at: how much there is of it, and how much there should be.
//!
//! Upstream: `formatHPAMetrics`. `autoscaling/v1` knows of one metric, the CPU.

use super::view::{View, at, text};
use serde_json::Value;

const MOST: usize = 2;

pub(super) fn targets(it: View<'_>) -> String {
    let mut told: Vec<String> = Vec::new();
    if let Some(wanted) = it.at("/spec/targetCPUUtilizationPercentage").as_i64() {
        let now = percent(it.at("/status/currentCPUUtilizationPercentage"), "<unknown>");
        told.push(format!("cpu: {now}/{wanted}%"));
    }
    let statuses = it.list("/status/currentMetrics");
    let specs = it.list("/spec/metrics").iter().enumerate();
    told.extend(specs.map(|(place, spec)| metric(spec, statuses.get(place))));
    let shown = told.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match told.len() {
        0 => "<none>".to_owned(),
        count if count > MOST => format!("{shown} + {} more...", count - MOST),
        _ => shown,
    }
}

fn metric(spec: &Value, status: Option<&Value>) -> String {
    let (name, kind) = match text(spec, "/type") {
        "External" => ("external", Kind::Amount),
        "Object" => ("object", Kind::Amount),
        "Pods" => ("pods", Kind::Average),
        "Resource" => ("resource", Kind::Resource),
        "ContainerResource" => ("containerResource", Kind::Resource),
        _ => return "<unknown type>".to_owned(),
    };
    let target = at(spec, &format!("/{name}/target"));
    let now = status.and_then(|it| it.get(name)).filter(|it| !it.is_null());
    let now = now.map(|it| at(it, "/current"));
    let average = !at(target, "/averageValue").is_null();
    match kind {
        Kind::Average => {
            format!("{}/{}", value(now, "/averageValue"), text(target, "/averageValue"))
        }
        Kind::Amount if average => {
            let now = now.filter(|it| !at(it, "/averageValue").is_null());
            let now = value(now, "/averageValue");
            format!("{now}/{} (avg)", text(target, "/averageValue"))
        }
        Kind::Amount => format!("{}/{}", value(now, "/value"), text(target, "/value")),
        Kind::Resource => {
            let name = text(spec, &format!("/{name}/name"));
            let used = now.map_or(&Value::Null, |it| at(it, "/averageUtilization"));
            let (now, target) = match average {
                true => (value(now, "/averageValue"), text(target, "/averageValue").to_owned()),
                false => (
                    percent(used, "<unknown>"),
                    percent(at(target, "/averageUtilization"), "<auto>"),
                ),
            };
            format!("{name}: {now}/{target}")
        }
    }
}

enum Kind {
    Amount,
    Average,
    Resource,
}

/// A quantity of a status. One that is told without it prints as Go prints no pointer.
fn value(now: Option<&Value>, field: &str) -> String {
    match now.map(|it| at(it, field)) {
        None => "<unknown>".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => "<nil>".to_owned(),
    }
}

fn percent(value: &Value, other: &str) -> String {
    value.as_i64().map_or(other.to_owned(), |value| format!("{value}%"))
}
