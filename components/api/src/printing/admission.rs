//! Rows of the group `admissionregistration.k8s.io`.

use super::view::{View, text, texts};
use serde_json::{Value, json};

pub(super) fn webhooks(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.list("/webhooks").len()), it.age()]
}

pub(super) fn validating_policy(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.list("/spec/validations").len()), param_kind(it), it.age()]
}

pub(super) fn mutating_policy(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.list("/spec/mutations").len()), param_kind(it), it.age()]
}

fn param_kind(it: View<'_>) -> Value {
    match it.at("/spec/paramKind") {
        Value::Null => json!("<unset>"),
        it => json!(format!("{}/{}", text(it, "/apiVersion"), text(it, "/kind"))),
    }
}

pub(super) fn binding(it: View<'_>) -> Vec<Value> {
    let param = it.at("/spec/paramRef");
    let param = match (text(param, "/name"), text(param, "/namespace")) {
        ("", _) if param.get("selector").is_some_and(Value::is_object) => {
            go_selector(&param["selector"])
        }
        ("", _) => "<unset>".to_owned(),
        // Whether a parameter is of the cluster cannot be told from here.
        (name, "") => format!("*/{name}"),
        (name, namespace) => format!("{namespace}/{name}"),
    };
    vec![it.name(), json!(it.text("/spec/policyName")), json!(param), it.age()]
}

/// A selector as its generated Go code prints it.
fn go_selector(selector: &Value) -> String {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(name, it)| format!("{name}: {},", it.as_str().unwrap_or_default()));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let expressions = expressions.map(|it| {
        let (key, operator) = (text(it, "/key"), text(it, "/operator"));
        let values = texts(it, "/values").join(" ");
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},")
    });
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.collect::<String>(),
        expressions.collect::<String>()
    )
}
