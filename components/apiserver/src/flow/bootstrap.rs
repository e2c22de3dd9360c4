//! The levels and schemas that every cluster has.
//!
//! The mandatory ones are as they are; a suggested one is brought up to date only as long as nobody
//! has made it their own, which an annotation says.
//!
//! Upstream: apiserver/pkg/apis/flowcontrol/bootstrap/default.go,
//! pkg/registry/flowcontrol/ensurer/strategy.go.

use super::{
    level::{CATCH_ALL, EXEMPT, LevelConfig},
    schema::FlowSchema,
};
use serde_json::{Value, json};

/// `true`: the server may bring the object's spec up to date.
pub(super) const AUTO_UPDATE: &str = "apf.kubernetes.io/autoupdate-spec";

/// Those of these names are mandatory.
const MANDATORY: [&str; 2] = [EXEMPT, CATCH_ALL];

/// Name, shares, percentage to lend, and queues, cards in a hand and requests in a queue.
const LEVELS: [(&str, u32, u32, [u32; 3]); 6] = [
    ("system", 30, 33, [64, 6, 50]),
    ("node-high", 40, 25, [64, 6, 50]),
    ("leader-election", 10, 0, [16, 4, 50]),
    ("workload-high", 40, 50, [128, 6, 50]),
    ("workload-low", 100, 90, [128, 6, 50]),
    ("global-default", 20, 50, [128, 6, 50]),
];

/// All levels, then all schemas; as objects.
pub(super) fn all() -> (Vec<Value>, Vec<Value>) {
    let mut levels = vec![
        level(
            EXEMPT,
            json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}),
        ),
        limited(CATCH_ALL, 5, 0, json!({"type": "Reject"})),
    ];
    levels.extend(LEVELS.map(|(name, shares, lendable, [queues, hand, length])| {
        let queuing = json!({"queues": queues, "handSize": hand, "queueLengthLimit": length});
        limited(name, shares, lendable, json!({"type": "Queue", "queuing": queuing}))
    }));
    (levels, schemas())
}

/// Those without which nothing works, as if they were there.
pub(super) fn imagined() -> (Vec<LevelConfig>, Vec<FlowSchema>) {
    let (levels, schemas) = all();
    let mandatory = |object: &&Value| is_mandatory(object);
    (
        levels.iter().filter(mandatory).filter_map(LevelConfig::read).collect(),
        schemas.iter().filter(mandatory).filter_map(FlowSchema::read).collect(),
    )
}

fn is_mandatory(object: &Value) -> bool {
    MANDATORY.iter().any(|name| object["metadata"]["name"] == *name)
}

/// The object that is to take the place of what was found; none: it may stay as it is.
pub(super) fn updated(found: &Value, wanted: &Value) -> Option<Value> {
    let said = found["metadata"]["annotations"][AUTO_UPDATE].as_str().and_then(boolean);
    // Nobody has touched the first generation.
    let untouched = || found["metadata"]["generation"] == 1;
    let auto = is_mandatory(wanted) || said.unwrap_or_else(untouched);
    let mut new = found.clone();
    if said != Some(auto) {
        new["metadata"]["annotations"][AUTO_UPDATE] = auto.to_string().into();
    }
    if auto {
        new["spec"] = wanted["spec"].clone();
    }
    (new != *found).then_some(new)
}

/// Whether an object that is no longer among ours was, and goes.
pub(super) fn is_leftover(found: &Value, wanted: &[Value]) -> bool {
    let said = found["metadata"]["annotations"][AUTO_UPDATE].as_str().and_then(boolean);
    let name = &found["metadata"]["name"];
    said == Some(true) && !wanted.iter().any(|one| one["metadata"]["name"] == *name)
}

/// As Go's strconv.ParseBool reads it.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": kind,
        "metadata": {"name": name, "annotations": {AUTO_UPDATE: "true"}}, "spec": spec,
    })
}

fn level(name: &str, spec: Value) -> Value {
    object("PriorityLevelConfiguration", name, spec)
}

fn limited(name: &str, shares: u32, lendable: u32, response: Value) -> Value {
    let limited = json!({
        "nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response,
    });
    level(name, json!({"type": "Limited", "limited": limited}))
}

/// A schema: its level, precedence, distinguisher, and one rule.
fn schema(name: &str, level: &str, precedence: i64, distinguisher: &str, rule: Value) -> Value {
    let mut spec = json!({
        "matchingPrecedence": precedence, "priorityLevelConfiguration": {"name": level},
        "rules": [rule],
    });
    if !distinguisher.is_empty() {
        spec["distinguisherMethod"] = json!({"type": distinguisher});
    }
    object("FlowSchema", name, spec)
}

fn user(name: &str) -> Value {
    json!({"kind": "User", "user": {"name": name}})
}

fn group(name: &str) -> Value {
    json!({"kind": "Group", "group": {"name": name}})
}

fn system_accounts() -> Value {
    json!({"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}})
}

fn resources(verbs: Value, groups: &str, resources: Value, cluster: bool) -> Value {
    let mut rule = json!({
        "verbs": verbs, "apiGroups": [groups], "resources": resources, "namespaces": ["*"],
    });
    if cluster {
        rule["clusterScope"] = true.into();
    }
    rule
}

/// A rule that takes everything of these subjects.
fn everything(subjects: Value) -> Value {
    json!({
        "subjects": subjects,
        "resourceRules": [resources(json!(["*"]), "*", json!(["*"]), true)],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    })
}

fn schemas() -> Vec<Value> {
    let everybody = || json!([group("system:unauthenticated"), group("system:authenticated")]);
    let of = |subject| everything(json!([subject]));
    let leases = |verbs| resources(verbs, "coordination.k8s.io", json!(["leases"]), false);
    let (manager, scheduler) = ("system:kube-controller-manager", "system:kube-scheduler");
    let probes = json!({
        "subjects": everybody(),
        "nonResourceRules": [
            {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]},
        ],
    });
    let elections = json!({
        "subjects": [user(manager), user(scheduler), system_accounts()],
        "resourceRules": [leases(json!(["get", "create", "update"]))],
    });
    let nodes = json!({
        "subjects": [group("system:nodes")],
        "resourceRules": [
            resources(json!(["*"]), "", json!(["nodes", "nodes/status"]), true),
            leases(json!(["*"])),
        ],
    });
    let (by_user, by_namespace) = ("ByUser", "ByNamespace");
    vec![
        schema("exempt", "exempt", 1, "", of(group("system:masters"))),
        schema("catch-all", "catch-all", 10_000, by_user, everything(everybody())),
        schema("probes", "exempt", 2, "", probes),
        schema("system-leader-election", "leader-election", 100, by_user, elections),
        schema("system-node-high", "node-high", 400, by_user, nodes),
        schema("system-nodes", "system", 500, by_user, of(group("system:nodes"))),
        schema("kube-controller-manager", "workload-high", 800, by_namespace, of(user(manager))),
        schema("kube-scheduler", "workload-high", 800, by_namespace, of(user(scheduler))),
        schema(
            "kube-system-service-accounts",
            "workload-high",
            900,
            by_namespace,
            of(system_accounts()),
        ),
        schema(
            "service-accounts",
            "workload-low",
            9000,
            by_user,
            of(group("system:serviceaccounts")),
        ),
        schema("global-default", "global-default", 9900, by_user, everything(everybody())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_somebodys_own_stays() {
        let (levels, _) = all();
        let wanted = levels.iter().find(|level| level["metadata"]["name"] == "system").unwrap();
        assert_eq!(updated(wanted, wanted), None);
        let mut changed = wanted.clone();
        changed["spec"]["limited"]["nominalConcurrencyShares"] = 31.into();
        assert_eq!(updated(&changed, wanted).as_ref(), Some(wanted), "it says that it may be");
        changed["metadata"]["annotations"][AUTO_UPDATE] = "false".into();
        assert_eq!(updated(&changed, wanted), None);
        assert!(!is_leftover(&changed, &[]) && is_leftover(wanted, &[]));
        // Without a word the generation decides.
        changed["metadata"]["annotations"] = json!({});
        changed["metadata"]["generation"] = 2.into();
        let told = updated(&changed, wanted).unwrap();
        assert_eq!(told["metadata"]["annotations"][AUTO_UPDATE], "false");
        assert_eq!(told["spec"], changed["spec"]);
        changed["metadata"]["generation"] = 1.into();
        assert_eq!(updated(&changed, wanted).unwrap()["spec"], wanted["spec"]);
    }

    #[test]
    fn the_mandatory_ones_are_as_they_are() {
        let (levels, _) = all();
        let mut changed = levels[1].clone();
        changed["metadata"]["annotations"][AUTO_UPDATE] = "false".into();
        changed["spec"]["limited"]["nominalConcurrencyShares"] = 31.into();
        assert_eq!(updated(&changed, &levels[1]).as_ref(), Some(&levels[1]));
        let (levels, schemas) = imagined();
        assert_eq!((levels.len(), schemas.len()), (2, 2));
    }
}
