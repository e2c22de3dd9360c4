//! A pod's quality of service: how sure it may be of what it asked for.
//!
//! Upstream: pkg/apis/core/v1/helper/qos/qos.go.

use super::each;
use api::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeMap;

/// Resources that count.
const COUNTED: [&str; 2] = ["cpu", "memory"];

type Amounts = BTreeMap<&'static str, Quantity>;

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(super) fn class(spec: &Value) -> &'static str {
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    let mut bounded = true;
    let own = &spec["resources"];
    let containers = each(spec, "containers").chain(each(spec, "initContainers"));
    let all: Vec<&Value> = match own.is_object() {
        // A pod that says what it needs as a whole is judged by that.
        true => vec![own],
        false => containers.map(|container| &container["resources"]).collect(),
    };
    for resources in all {
        add(&mut requests, &resources["requests"]);
        bounded &= add(&mut limits, &resources["limits"]) == COUNTED.len();
    }
    match (requests.is_empty() && limits.is_empty(), bounded && requests == limits) {
        (true, _) => "BestEffort",
        (false, true) => "Guaranteed",
        (false, false) => "Burstable",
    }
}

/// Adds what is more than nothing; returns how many kinds that were.
fn add(to: &mut Amounts, list: &Value) -> usize {
    let amounts = COUNTED.iter().filter_map(|name| {
        let amount = Quantity::parse(list[*name].as_str()?).ok()?;
        (amount.sign() > 0).then_some((*name, amount))
    });
    let mut count = 0;
    for (name, amount) in amounts {
        let sum = to.remove(name).map_or_else(|| amount, |sum| sum.plus(amount));
        to.insert(name, sum);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_class_follows_from_requests_and_limits() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        let same = json!({"cpu": "1000m", "memory": "1024Mi"});
        let guaranteed = json!({"resources": {"requests": both, "limits": same}});
        let cases = [
            (json!([{}]), "BestEffort"),
            (json!([{"resources": {"requests": {"example.com/gpu": "1"}}}]), "BestEffort"),
            (json!([{"resources": {"requests": {"cpu": "0"}}}]), "BestEffort"),
            (json!([{"resources": {"requests": {"cpu": "1"}}}]), "Burstable"),
            (json!([{"resources": {"requests": both, "limits": {"cpu": "1"}}}]), "Burstable"),
            (json!([guaranteed]), "Guaranteed"),
            (json!([guaranteed, {}]), "Burstable"),
        ];
        for (containers, class) in cases {
            assert_eq!(super::class(&json!({"containers": containers})), class, "{containers}");
        }
        let pod = json!({"containers": [{}], "resources": guaranteed["resources"]});
        assert_eq!(super::class(&pod), "Guaranteed");
    }
}
