//! Rows of tables: as many cells as columns for every resource, and what the cells say.

use api::{
    printing::{
        Include, column_definitions, human_duration, row, short_human_duration, table, table_row,
    },
    resources,
    schema::GroupVersionKind,
    time::Moment,
};
use serde_json::{Value, json};

const CREATED: &str = "2026-01-01T00:00:00Z";
/// An hour and a quarter later.
const NOW: &str = "2026-01-01T01:15:00Z";

fn cells(group: &str, version: &str, kind: &str, object: Value) -> Vec<Value> {
    let kind = GroupVersionKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    };
    let mut object = object;
    object["metadata"]["name"] = json!("x");
    object["metadata"]["creationTimestamp"] = json!(CREATED);
    row(&kind, &object, Moment::parse(NOW).expect("a moment")).cells
}

/// The cells as kubectl shows them, without name and age.
fn shown(group: &str, kind: &str, object: Value) -> String {
    let cells = cells(group, "v1", kind, object);
    let cells = cells.iter().filter(|it| **it != "x" && **it != "75m");
    let text = |it: &Value| it.as_str().map_or(it.to_string(), str::to_owned);
    cells.map(text).collect::<Vec<_>>().join("|")
}

#[test]
fn every_resource_has_a_cell_for_each_column() {
    for resource in resources::built_in() {
        if resource.columns.is_empty() {
            continue;
        }
        let kind = &resource.kind;
        for object in [json!({}), json!({"metadata": {"name": "x"}, "spec": {}, "status": {}})] {
            let row = row(kind, &object, Moment { seconds: 0, nanos: 0 });
            assert_eq!(row.cells.len(), resource.columns.len(), "{kind}: {:?}", row.cells);
        }
        let place = |name: &str| resource.columns.iter().position(|it| it.name == name);
        let cells = cells(&kind.group, &kind.version, &kind.kind, json!({}));
        assert_eq!(cells[place("Name").expect("a name")], "x", "{kind}");
        if let Some(age) = place("Age") {
            assert_eq!(cells[age], "75m", "{kind}");
        }
        if let Some(created) = place("Created At") {
            assert_eq!(cells[created], CREATED, "{kind}");
        }
    }
}

#[test]
fn a_table_has_headings_and_rows() {
    let resources = resources::built_in();
    let namespaces = resources.iter().find(|it| it.plural == "namespaces").expect("it is served");
    let metadata = json!({"name": "x", "creationTimestamp": CREATED});
    let object = json!({"metadata": metadata, "status": {"phase": "Active"}});
    let now = Moment::parse(NOW).expect("a moment");
    let row = |include| table_row(&namespaces.kind, &object, now, include);
    let columns = column_definitions(&namespaces.columns);
    let name = json!({
        "name": "Name", "type": "string", "format": "name", "description": "", "priority": 0,
    });
    assert_eq!((columns.len(), &columns[0]), (3, &name));
    let partial = json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
    });
    let list = json!({"resourceVersion": "7"});
    let told = table(list.clone(), Vec::new(), vec![row(Include::Metadata)]);
    let wanted = json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list,
        "columnDefinitions": [],
        "rows": [{"cells": ["x", "Active", "75m"], "object": partial}],
    });
    assert_eq!(told, wanted);
    assert_eq!(row(Include::None)["object"], json!(null));
    assert_eq!(row(Include::Object)["object"], object);
    assert_eq!(Include::parse(""), Ok(Include::Metadata));
    let why = "unrecognized includeObject value: \"All\"";
    assert_eq!(Include::parse("All"), Err(why.to_owned()));
}

#[test]
fn durations_have_two_or_three_digits() {
    let (minute, hour, day) = (60, 3600, 86_400);
    let cases = [
        (-2, "<invalid>", "<invalid>"),
        (-1, "0s", "0s"),
        (0, "0s", "0s"),
        (119, "119s", "1m"),
        (2 * minute, "2m", "2m"),
        (2 * minute + 5, "2m5s", "2m"),
        (10 * minute + 5, "10m", "10m"),
        (3 * hour, "3h", "3h"),
        (3 * hour + 5 * minute, "3h5m", "3h"),
        (8 * hour + 5 * minute, "8h", "8h"),
        (47 * hour, "47h", "1d"),
        (3 * day, "3d", "3d"),
        (3 * day + hour, "3d1h", "3d"),
        (400 * day, "400d", "1y"),
        (730 * day, "2y", "2y"),
        (740 * day, "2y10d", "2y"),
        (9 * 365 * day, "9y", "9y"),
    ];
    for (seconds, long, short) in cases {
        assert_eq!(human_duration(seconds), long, "{seconds}");
        assert_eq!(short_human_duration(seconds), short, "{seconds}");
    }
}

fn pod(status: Value) -> Value {
    json!({
        "spec": {
            "containers": [{"name": "a"}, {"name": "b"}],
            "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
        },
        "status": status,
    })
}

#[test]
fn a_pods_status_is_drawn_from_its_containers() {
    let running = |name: &str| json!({"name": name, "ready": true, "state": {"running": {}}});
    let ended = |reason: &str| json!({"name": "b", "state": {"terminated": {"reason": reason}}});
    let cases = [
        (json!({"phase": "Pending"}), "0/3|Pending|0"),
        (
            json!({"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"},
            ]}),
            "0/3|SchedulingGated|0",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running("a"), running("b")]}),
            "2/3|Running|0",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running("a"), ended("Completed")]}),
            "1/3|NotReady|0",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running("a"), ended("Error")]}),
            "1/3|Error|0",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [{
                "name": "a",
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"finishedAt": "2026-01-01T01:10:00Z"}},
            }]}),
            "0/3|CrashLoopBackOff|3 (5m ago)",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [
                {"name": "i", "state": {"running": {}}},
            ]}),
            "0/3|Init:0/2|0",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [
                {"name": "i", "state": {"terminated": {"exitCode": 0}}},
                {"name": "s", "started": true, "ready": true, "state": {"running": {}}},
            ], "containerStatuses": [running("a")]}),
            "2/3|Pending|0",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [
                {"name": "i", "restartCount": 2, "state": {"terminated": {"exitCode": 3}}},
            ]}),
            "0/3|Init:ExitCode:3|2",
        ),
        (json!({"phase": "Failed", "reason": "Evicted"}), "0/3|Evicted|0"),
    ];
    for (status, wanted) in cases {
        let told = shown("", "Pod", pod(status.clone()));
        assert_eq!(told, format!("{wanted}|<none>|<none>|<none>|<none>"), "{status}");
    }
    let mut deleted = pod(json!({"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]}));
    deleted["metadata"] = json!({"deletionTimestamp": CREATED});
    deleted["spec"]["nodeName"] = json!("n");
    deleted["spec"]["readinessGates"] = json!([{"conditionType": "g"}]);
    assert_eq!(shown("", "Pod", deleted), "0/3|Terminating|0|10.0.0.1|n|<none>|0/1");
}

#[test]
fn a_pod_that_ended_is_completed() {
    let kind = GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() };
    let moment = Moment { seconds: 0, nanos: 0 };
    let conditions = |phase| row(&kind, &pod(json!({"phase": phase})), moment).conditions();
    assert_eq!(conditions("Running"), Vec::<Value>::new());
    assert_eq!(
        conditions("Failed"),
        [json!({
            "type": "Completed",
            "status": "True",
            "reason": "Failed",
            "message": "The pod failed.",
        })]
    );
}

#[track_caller]
fn says(group: &str, kind: &str, object: Value, wanted: &str) {
    assert_eq!(shown(group, kind, object), wanted);
}

fn selector() -> Value {
    let expression = json!({"key": "k", "operator": "In", "values": ["2", "1"]});
    json!({"matchLabels": {"app": "w"}, "matchExpressions": [expression]})
}

#[test]
fn workloads_say_how_far_they_are() {
    let containers = json!([{"name": "a", "image": "i"}, {"name": "b", "image": "j"}]);
    let template = json!({"spec": {"containers": containers}});
    let spec = json!({"selector": selector(), "template": template, "replicas": 3});
    let status = json!({"readyReplicas": 1, "updatedReplicas": 2});
    let object = json!({"spec": spec, "status": status});
    says("apps", "Deployment", object, "1/3|2|0|a,b|i,j|app=w,k in (1,2)");
    let object = json!({"spec": {"selector": {}}});
    says("apps", "ReplicaSet", object, "0|0|0|||<none>");
    let owner =
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "controller": true});
    let object = json!({"revision": 4, "metadata": {"ownerReferences": [owner]}});
    says("apps", "ControllerRevision", object, "daemonset.apps/d|4");
    let status = json!({
        "succeeded": 1,
        "startTime": CREATED,
        "completionTime": "2026-01-01T00:00:07Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    });
    let object = json!({"spec": {"completions": 2}, "status": status});
    says("batch", "Job", object, "Complete|1/2|7s|||<none>");
    let object = json!({"spec": {"schedule": "* * * * *", "suspend": false}});
    says("batch", "CronJob", object, "* * * * *|<none>|False|0|<none>|||<none>");
    let object = json!({"spec": {"minAvailable": "50%"}});
    says("policy", "PodDisruptionBudget", object, "50%|N/A|0");
}

#[test]
fn services_say_where_they_are() {
    let ports = json!([
        {"port": 80, "protocol": "TCP", "nodePort": 30000},
        {"port": 53, "protocol": "UDP"},
    ]);
    let mut spec = json!({"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "ports": ports});
    let wanted = "LoadBalancer|10.0.0.1|<pending>|80:30000/TCP,53/UDP|<none>";
    says("", "Service", json!({"spec": spec}), wanted);
    spec["externalIPs"] = json!(["9.9.9.9"]);
    let balancer = json!({"ingress": [{"hostname": "h"}, {"ip": "8.8.8.8"}]});
    let object = json!({"spec": spec, "status": {"loadBalancer": balancer}});
    let wanted = "LoadBalancer|10.0.0.1|8.8.8.8,h,9.9.9.9|80:30000/TCP,53/UDP|<none>";
    says("", "Service", object, wanted);
    let object = json!({"spec": {"type": "ExternalName", "externalName": "e"}});
    says("", "Service", object, "ExternalName|<none>|e|<none>|<none>");

    let addresses = json!([{"ip": "1"}, {"ip": "::2"}]);
    let subset = json!({"addresses": addresses, "ports": [{"port": 80}, {"port": 443}]});
    says("", "Endpoints", json!({"subsets": [subset]}), "1:80,[::2]:80,1:443 + 1 more...");
    let ports = json!([{"port": 1}, {"name": "n"}, {}]);
    let endpoints = json!([{"addresses": ["1"]}]);
    let object = json!({"addressType": "IPv4", "ports": ports, "endpoints": endpoints});
    says("discovery.k8s.io", "EndpointSlice", object, "IPv4|1,n,*|1");

    let rules = json!([{"host": "a"}, {}, {"host": "b"}, {"host": "c"}, {"host": "d"}]);
    let object = json!({"spec": {"tls": [{}], "rules": rules}});
    says("networking.k8s.io", "Ingress", object, "<none>|a,b,c + 2 more...||80, 443");
    let parent = json!({"resource": "services", "namespace": "n", "name": "s"});
    let object = json!({"spec": {"parentRef": parent}});
    says("networking.k8s.io", "IPAddress", object, "services/n/s");
    let service = json!({"namespace": "n", "name": "s"});
    let missing = json!({"type": "Available", "status": "False", "reason": "Missing"});
    let object = json!({"spec": {"service": service}, "status": {"conditions": [missing]}});
    says("apiregistration.k8s.io", "APIService", object, "n/s|False (Missing)");
}

#[test]
fn nodes_and_volumes_say_what_they_are() {
    let status = json!({
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        "nodeInfo": {"kubeletVersion": "v1.36.0"},
    });
    let labels = json!({"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "x"});
    let spec = json!({"unschedulable": true});
    let object = json!({"metadata": {"labels": labels}, "spec": spec, "status": status});
    let unknown = "<unknown>|<unknown>|<unknown>";
    let wanted =
        format!("Ready,SchedulingDisabled|control-plane,x|v1.36.0|10.0.0.1|<none>|{unknown}");
    says("", "Node", object, &wanted);

    let status = json!({
        "phase": "Bound",
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
    });
    let spec = json!({"volumeName": "v", "storageClassName": "s"});
    let object = json!({"spec": spec, "status": status});
    let wanted = "Bound|v|1Gi|RWO,RWX|s|<unset>|<unset>";
    says("", "PersistentVolumeClaim", object, wanted);
    let object = json!({"spec": {"claimRef": {"namespace": "n", "name": "c"}}});
    says("", "PersistentVolume", object, "0||||n/c||<unset>||<unset>");
    let object = json!({"spec": {"tokenRequests": [{"audience": "a"}]}});
    says("storage.k8s.io", "CSIDriver", object, "true|false|false|a|false|<none>");
    let default = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    let object = json!({"metadata": {"annotations": default}, "provisioner": "p"});
    says("storage.k8s.io", "StorageClass", object, "x (default)|p|Delete|Immediate|false");
    let object = json!({"status": {"allocation": {}, "reservedFor": [{}]}});
    says("resource.k8s.io", "ResourceClaim", object, "allocated,reserved");
}

#[test]
fn policies_say_what_they_allow() {
    let status = json!({"hard": {"pods": "5", "limits.cpu": "2"}, "used": {"pods": "1"}});
    says("", "ResourceQuota", json!({"status": status}), "pods: 1/5|limits.cpu: 0/2");
    says("", "ConfigMap", json!({"data": {"a": "1"}, "binaryData": {"b": ""}}), "2");
    let subjects = json!([
        {"kind": "User", "name": "u"},
        {"kind": "ServiceAccount", "namespace": "n", "name": "s"},
    ]);
    let object = json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects});
    says("rbac.authorization.k8s.io", "RoleBinding", object, "Role/r|u||n/s");
    let status = json!({"certificate": "x", "conditions": [{"type": "Approved"}]});
    let spec = json!({"username": "u", "expirationSeconds": 86400});
    let object = json!({"spec": spec, "status": status});
    let group = "certificates.k8s.io";
    says(group, "CertificateSigningRequest", object, "<none>|u|24h|Approved,Issued");
    let limited = json!({"nominalConcurrencyShares": 5});
    let object = json!({"spec": {"type": "Limited", "limited": limited}});
    let group = "flowcontrol.apiserver.k8s.io";
    let wanted = "Limited|5|<none>|<none>|<none>";
    says(group, "PriorityLevelConfiguration", object, wanted);
    let spec = json!({"policyName": "p", "paramRef": {"selector": selector()}});
    let requirement = "LabelSelectorRequirement{Key:k,Operator:In,Values:[2 1],},";
    let expressions = format!("MatchExpressions:[]LabelSelectorRequirement{{{requirement}}},");
    let labels = "MatchLabels:map[string]string{app: w,},";
    let wanted = format!("p|&LabelSelector{{{labels}{expressions}}}");
    let group = "admissionregistration.k8s.io";
    says(group, "ValidatingAdmissionPolicyBinding", json!({"spec": spec}), &wanted);
}

#[test]
fn an_event_tells_the_same_in_both_groups() {
    let old = json!({
        "type": "Normal",
        "reason": "Pulled",
        "message": " done \n",
        "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{c}"},
        "source": {"component": "kubelet", "host": "n"},
        "firstTimestamp": "2026-01-01T01:00:00Z",
        "lastTimestamp": "2026-01-01T01:10:00Z",
        "count": 3,
    });
    let new = json!({
        "type": "Normal",
        "reason": "Pulled",
        "note": "done",
        "regarding": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{c}"},
        "reportingController": "kubelet",
        "reportingInstance": "n",
        "eventTime": "2026-01-01T01:00:00.000000Z",
        "series": {"count": 3, "lastObservedTime": "2026-01-01T01:10:00.000000Z"},
    });
    let wanted = "5m|Normal|Pulled|pod/p|spec.containers{c}|kubelet, n|done|15m|3";
    assert_eq!(shown("", "Event", old), wanted);
    assert_eq!(shown("events.k8s.io", "Event", new), wanted);
}

#[test]
fn an_autoscaler_tells_its_metrics() {
    let resource =
        |target: Value| json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
    let object = json!({
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "w"},
            "maxReplicas": 5,
            "metrics": [
                resource(json!({"averageUtilization": 80})),
                resource(json!({"averageValue": "100m"})),
                {"type": "What"},
            ],
        },
        "status": {"currentMetrics": [{"resource": {"current": {"averageUtilization": 20}}}]},
    });
    let wanted = "Deployment/w|cpu: 20%/80%, cpu: <unknown>/100m + 1 more...|<unset>|5|0";
    assert_eq!(shown("autoscaling", "HorizontalPodAutoscaler", object), wanted);
    let old = json!({"spec": {"targetCPUUtilizationPercentage": 50, "minReplicas": 2}});
    let wanted = "/|cpu: <unknown>/50%|2|0|0";
    assert_eq!(shown("autoscaling", "HorizontalPodAutoscaler", old), wanted);
}
