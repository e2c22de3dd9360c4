//! Autoscalers: the first version knows the load of processors alone; the rest is in annotations.
//!
//! Upstream: pkg/apis/autoscaling/v1/conversion.go.

use serde_json::{Map, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

pub(super) fn to_v1(mut object: Value) -> Value {
    let mut notes = Map::new();
    let metrics = taken(&mut object["spec"], "metrics");
    let mut others = Vec::new();
    for metric in metrics.as_array().into_iter().flatten() {
        // The last one counts, as in upstream's loop.
        match utilization(&metric["resource"]["target"], metric) {
            Some(load) => object["spec"]["targetCPUUtilizationPercentage"] = load,
            None => others.push(to_old(metric, "target", &TARGETS)),
        }
    }
    note(&mut notes, METRICS, others.into());
    note(&mut notes, BEHAVIOR, taken(&mut object["spec"], "behavior"));
    let current = taken(&mut object["status"], "currentMetrics");
    let mut others = Vec::new();
    for metric in current.as_array().into_iter().flatten() {
        if let Some(load) = utilization(&metric["resource"]["current"], metric) {
            object["status"]["currentCPUUtilizationPercentage"] = load;
        }
        others.push(to_old(metric, "current", &CURRENTS));
    }
    note(&mut notes, CURRENT, others.into());
    note(&mut notes, CONDITIONS, taken(&mut object["status"], "conditions"));
    for (name, text) in notes {
        object["metadata"]["annotations"][name] = text;
    }
    tidy(object)
}

pub(super) fn to_v2(mut object: Value) -> Value {
    let mut read = |name: &str| -> Value {
        let annotations = object["metadata"]["annotations"].as_object_mut();
        let text = annotations.and_then(|annotations| annotations.remove(name));
        text.and_then(|text| serde_json::from_str(text.as_str()?).ok()).unwrap_or_default()
    };
    let [metrics, current, conditions, behavior] =
        [METRICS, CURRENT, CONDITIONS, BEHAVIOR].map(&mut read);
    let mut all: Vec<Value> = each(&metrics).map(|one| to_new(one, "target", &TARGETS)).collect();
    let load = taken(&mut object["spec"], "targetCPUUtilizationPercentage");
    if !load.is_null() {
        let target = json!({"type": "Utilization", "averageUtilization": load});
        all.push(json!({"type": "Resource", "resource": {"name": "cpu", "target": target}}));
    }
    set(&mut object["spec"], "metrics", all.into());
    set(&mut object["spec"], "behavior", behavior);
    let mut now: Vec<Value> = each(&current).map(|one| to_new(one, "current", &CURRENTS)).collect();
    let load = taken(&mut object["status"], "currentCPUUtilizationPercentage");
    if !load.is_null() && now.is_empty() {
        let current = json!({"averageUtilization": load});
        now.push(json!({"type": "Resource", "resource": {"name": "cpu", "current": current}}));
    }
    set(&mut object["status"], "currentMetrics", now.into());
    set(&mut object["status"], "conditions", conditions);
    if object["metadata"]["annotations"].as_object().is_some_and(Map::is_empty) {
        taken(&mut object["metadata"], "annotations");
    }
    tidy(object)
}

/// Without the members that were looked at and are not there.
fn tidy(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    if let Some(metadata) = object["metadata"].as_object_mut()
        && metadata.get("annotations").is_some_and(Value::is_null)
    {
        metadata.remove("annotations");
    }
    object
}

/// The load of processors in hundredths, where the metric is that and its `values` say it.
fn utilization(values: &Value, metric: &Value) -> Option<Value> {
    let cpu = metric["type"] == "Resource" && metric["resource"]["name"] == "cpu";
    values.get("averageUtilization").filter(|_| cpu).cloned()
}

/// Names of amounts in a metric's source: in a metric of an object, in all others, and now.
type Names = [(&'static str, &'static str, &'static str); 3];
const TARGETS: Names = [
    ("averageUtilization", "targetAverageUtilization", "targetAverageUtilization"),
    ("averageValue", "targetAverageValue", "averageValue"),
    ("value", "targetValue", "targetValue"),
];
const CURRENTS: Names = [
    ("averageUtilization", "currentAverageUtilization", "currentAverageUtilization"),
    ("averageValue", "currentAverageValue", "averageValue"),
    ("value", "currentValue", "currentValue"),
];

/// Where a kind of metric has its source.
fn source(metric: &Value) -> Option<&'static str> {
    match metric["type"].as_str()? {
        "ContainerResource" => Some("containerResource"),
        "External" => Some("external"),
        "Object" => Some("object"),
        "Pods" => Some("pods"),
        "Resource" => Some("resource"),
        _ => None,
    }
}

/// A metric in the words of the annotations: its amounts stand in the source itself.
fn to_old(metric: &Value, amounts: &str, names: &Names) -> Value {
    let mut metric = metric.clone();
    let Some(place) = source(&metric) else { return metric };
    let source = &mut metric[place];
    let values = taken(source, amounts);
    for (new, other, object) in names {
        if let Some(value) = values.get(*new) {
            source[if place == "object" { *object } else { *other }] = value.clone();
        }
    }
    if place == "object" {
        let described = taken(source, "describedObject");
        set(source, "target", described);
    }
    let named = taken(source, "metric");
    let selector = if place == "external" { "metricSelector" } else { "selector" };
    set(source, "metricName", named["name"].clone());
    set(source, selector, named["selector"].clone());
    metric
}

/// The way back.
fn to_new(metric: &Value, amounts: &str, names: &Names) -> Value {
    let mut metric = metric.clone();
    let Some(place) = source(&metric) else { return metric };
    let source = &mut metric[place];
    if place == "object" {
        let described = taken(source, "target");
        set(source, "describedObject", described);
    }
    let mut values = Map::new();
    for (new, other, object) in names {
        let value = taken(source, if place == "object" { object } else { other });
        if !value.is_null() {
            values.insert((*new).into(), value);
        }
    }
    if amounts == "target" {
        let kinds = [
            ("averageUtilization", "Utilization"),
            ("averageValue", "AverageValue"),
            ("value", "Value"),
        ];
        let kind = kinds.iter().find(|(name, _)| values.contains_key(*name));
        values.extend(kind.map(|(_, kind)| ("type".to_owned(), Value::from(*kind))));
    }
    set(source, amounts, values.into());
    let selector = if place == "external" { "metricSelector" } else { "selector" };
    let (name, selector) = (taken(source, "metricName"), taken(source, selector));
    if !name.is_null() {
        let mut named = json!({"name": name});
        set(&mut named, "selector", selector);
        source["metric"] = named;
    }
    metric
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Takes a member away; null where there is none.
fn taken(object: &mut Value, name: &str) -> Value {
    object.as_object_mut().and_then(|members| members.remove(name)).unwrap_or_default()
}

/// Sets a member, unless there is nothing in it.
fn set(object: &mut Value, name: &str, value: Value) {
    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if !empty {
        object[name] = value;
    }
}

fn note(notes: &mut Map<String, Value>, name: &str, value: Value) {
    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if !empty {
        notes.insert(name.into(), value.to_string().into());
    }
}

#[cfg(test)]
mod tests {
    use crate::versions::convert;
    use serde_json::{Value, json};

    fn scaler(metrics: Value) -> Value {
        json!({
            "kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2",
            "metadata": {"name": "a"},
            "spec": {
                "maxReplicas": 5, "metrics": metrics,
                "behavior": {"scaleDown": {"selectPolicy": "Max"}},
            },
            "status": {
                "desiredReplicas": 1,
                "conditions": [{"type": "AbleToScale", "status": "True"}],
            },
        })
    }

    #[test]
    fn what_the_first_version_does_not_know_is_noted_and_comes_back() {
        let cpu = json!({"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70},
        }});
        let pods = json!({"type": "Pods", "pods": {
            "metric": {"name": "rate"}, "target": {"type": "AverageValue", "averageValue": "5"},
        }});
        let object = json!({"type": "Object", "object": {
            "describedObject": {"kind": "Service", "name": "s"},
            "metric": {"name": "hits", "selector": {"matchLabels": {"a": "b"}}},
            "target": {"type": "Value", "value": "9"},
        }});
        let v2 = scaler(json!([pods, object, cpu]));
        let v1 = convert(v2.clone(), "autoscaling/v1").unwrap();
        assert_eq!(v1["spec"], json!({"maxReplicas": 5, "targetCPUUtilizationPercentage": 70}));
        assert_eq!(v1["status"], json!({"desiredReplicas": 1}));
        let noted = &v1["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"];
        let noted: Value = serde_json::from_str(noted.as_str().unwrap()).unwrap();
        assert_eq!(noted[0]["pods"], json!({"metricName": "rate", "targetAverageValue": "5"}));
        assert_eq!(noted[1]["object"]["target"], json!({"kind": "Service", "name": "s"}));
        assert_eq!(convert(v1, "autoscaling/v2"), Some(v2));
        let bare = json!({
            "kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v1",
            "metadata": {"name": "a"}, "spec": {"maxReplicas": 1},
        });
        let v2 = convert(bare.clone(), "autoscaling/v2").unwrap();
        assert_eq!(v2["metadata"], bare["metadata"]);
        assert_eq!(convert(v2, "autoscaling/v1"), Some(bare));
    }
}
