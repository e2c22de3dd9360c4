//! Services, nodes, storage, quotas and ranges.

use crate::harness::Objects;
use serde_json::{Value, json};

#[test]
fn services() {
    let services = Objects::like(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "a"},
        "spec": {"selector": {"app": "web"}, "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "https", "port": 443}]}}));
    services.born(&[
        ("/metadata/name", json!("0a"), &[r#"metadata.name: Invalid value: "0a": a DNS-1035 label must consist of…"#]),
        ("/spec/ports", json!([]), &["spec.ports: Required value"]),
        ("/spec/ports/1/name", Value::Null, &["spec.ports[1].name: Required value"]),
        ("/spec/ports/1/name", json!("http"), &[r#"spec.ports[1].name: Duplicate value: "http""#]),
        ("/spec/ports/1/port", json!(80), &[r#"spec.ports[1]: Duplicate value: {"AppProtocol":null,"Name":"","NodePort":0,"Port":80,"Protocol":"TCP","TargetPort":0}"#]),
        ("/spec/ports/0/port", json!(0), &["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        ("/spec/ports/0/nodePort", json!(30000), &["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        ("/spec/ports/0/targetPort", json!("A"), &[r#"spec.ports[0].targetPort: Invalid value: "A": must contain only…"#, r#"spec.ports[0].targetPort: Invalid value: "A": must contain at least one letter (a-z)"#]),
        ("/spec/type", json!("Cluster"), &[
            r#"spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort""#,
        ]),
        ("/spec/clusterIPs", json!(["10.0.0.2"]), &[r#"spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`"#]),
        ("/spec/clusterIPs", json!(["10.0.0.1", "10.0.0.2"]), &[r#"spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family"#]),
        ("/spec/ipFamilies", json!(["IPv6"]), &[r#"spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`"#]),
        ("/spec/externalIPs", json!(["127.0.0.1", "a"]), &[
            r#"spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)"#,
            r#"spec.externalIPs[1]: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#,
        ]),
        ("/spec/loadBalancerClass", json!("a/b"), &["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ("/spec/sessionAffinity", json!("Cookie"), &[r#"spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None""#]),
        ("/spec/trafficDistribution", json!("Far"), &[r#"spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameNode", "PreferSameZone""#]),
    ]);
    services.changed("", &[
        ("/spec/selector", json!({"app": "x"}), &[]),
        ("/spec/clusterIP", json!("10.0.0.2"), &[r#"spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`"#]),
        ("/spec/ipFamilies", json!(["IPv6"]), &[
            r#"spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`"#,
            r#"spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set"#,
        ]),
    ]);
    Objects::like(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"type": "ExternalName", "externalName": "example.com."}}),
    )
    .born(&[
        ("/spec/externalName", Value::Null, &["spec.externalName: Required value"]),
        (
            "/spec/clusterIPs",
            json!(["None"]),
            &["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
        ),
    ]);
}

#[test]
fn controllers_and_endpoints() {
    let pod = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
    Objects::like(json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"selector": {"app": "a"}, "template": pod}}))
    .born(&[
        ("/spec/selector/app", json!("b"), &[r#"spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`"#]),
        ("/spec/replicas", json!(-1), &["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ("/spec/template/spec/restartPolicy", json!("Never"), &[r#"spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always""#]),
        ("/spec/template/spec/containers", json!([]), &["spec.template.spec.containers: Required value"]),
    ]);
    Objects::like(json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "a", "namespace": "b"},
        "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]}))
    .born(&[
        ("/subsets/0/addresses", json!([]), &["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
        ("/subsets/0/addresses/0/ip", json!("169.254.0.1"), &[r#"subsets[0].addresses[0].ip: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)"#]),
        ("/subsets/0/ports/1", json!({"name": "b", "port": 81}), &["subsets[0].ports[0].name: Required value"]),
    ]);
}

#[test]
fn nodes() {
    let nodes = Objects::like(
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
        "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"], "taints": [{"key": "a", "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "4", "pods": "110"}}}),
    );
    nodes.born(&[
        ("/spec/taints/0/effect", json!("No"), &[r#"metadata.taints[0].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#]),
        ("/spec/taints/1", json!({"key": "a", "effect": "NoSchedule"}), &[r#"metadata.taints[1]: Duplicate value: {"effect":"NoSchedule","key":"a"}: taints must be unique by key and effect pair"#]),
        ("/status/capacity/pods", json!("500m"), &[r#"status.capacity.pods: Invalid value: "500m": must be an integer"#, r#"status.allocatable.pods: Invalid value: "500m": must be an integer"#]),
        ("/spec/podCIDRs", json!(["a"]), &[r#"spec.podCIDRs[0]: Invalid value: "a": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#]),
    ]);
    nodes.changed("", &[
        ("/spec/unschedulable", json!(true), &[]),
        ("/spec/providerID", json!("a"), &[]),
        ("/spec/podCIDRs", json!(["10.0.1.0/24"]), &[r#"spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid"#]),
    ]);
}

#[test]
fn storage() {
    let claims = Objects::like(
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "v", "storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}),
    );
    claims.born(&[
        ("/spec/accessModes", json!([]), &["spec.accessModes: Required value: at least 1 access mode is required"]),
        ("/spec/accessModes", json!(["ReadWriteOnce", "ReadWriteOncePod"]), &["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
        ("/spec/resources", json!({}), &["spec.resources[storage]: Required value"]),
        ("/spec/resources/requests/storage", json!("0"), &[r#"spec.resources[storage]: Invalid value: "0": must be greater than zero"#]),
        ("/spec/dataSource", json!({"kind": "A", "name": "a"}), &[r#"spec.dataSource: Invalid value: "A": must be 'PersistentVolumeClaim' when referencing the default apiGroup"#]),
    ]);
    claims.changed("", &[
        ("/spec/resources/requests/storage", json!("3Gi"), &[]),
        ("/spec/resources/requests/storage", json!("1536Mi"), &[]),
        ("/spec/resources/requests/storage", json!("1Gi"), &["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]),
        ("/spec/storageClassName", json!("slow"), &["spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n- storageClassName: \"fast\"\n+ storageClassName: \"slow\"\n"]),
    ]);
    let volumes = Objects::like(
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": {"driver": "example.com", "volumeHandle": "a"}}}),
    );
    volumes.born(&[
        ("/spec/capacity", Value::Null, &["spec.capacity: Required value", r#"spec.capacity: Unsupported value: null: supported values: "storage""#]),
        ("/spec/csi", Value::Null, &["spec: Required value: must specify a volume type"]),
        ("/spec/csi/volumeHandle", Value::Null, &["spec.csi.volumeHandle: Required value"]),
        ("/spec/nfs", json!({"server": "a", "path": "/"}), &["spec.csi: Forbidden: may not specify more than 1 volume type"]),
        ("/spec/persistentVolumeReclaimPolicy", json!("Keep"), &[r#"spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain""#]),
    ]);
    volumes.changed("", &[
        ("/spec/persistentVolumeReclaimPolicy", json!("Delete"), &[]),
        ("/spec/csi/volumeHandle", json!("b"), &["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n…"]),
    ]);
    Objects::like(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/a"}}}))
    .born(&[("/spec/local", json!({"path": "/a"}), &["spec.nodeAffinity: Required value: Local volume requires node affinity", "spec.local: Forbidden: may not specify more than 1 volume type"])]);
}

#[test]
fn quotas_and_ranges() {
    let quotas = Objects::like(
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"hard": {"pods": "10", "requests.cpu": "1", "count/deployments.apps": "2"}, "scopes": ["NotTerminating"]}}),
    );
    quotas.born(&[
        ("/spec/hard/gpu", json!("1"), &[
            r#"spec.hard[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified"#,
            r#"spec.hard[gpu]: Invalid value: "gpu": must be a standard resource for quota"#,
        ]),
        ("/spec/hard/pods", json!("1500m"), &[r#"spec.hard[pods]: Invalid value: "1500m": must be an integer"#]),
        ("/spec/scopes", json!(["A"]), &[r#"spec.scopes: Invalid value: ["A"]: unsupported scope"#]),
        ("/spec/scopes", json!(["BestEffort"]), &[r#"spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource"#]),
        ("/spec/scopes", json!(["Terminating", "NotTerminating"]), &[r#"spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes"#]),
    ]);
    quotas.changed(
        "",
        &[("/spec/scopes", json!([]), &["spec.scopes: Invalid value: []: field is immutable"])],
    );
    Objects::like(json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"limits": [{"type": "Container", "min": {"cpu": "100m"}, "max": {"cpu": "2"}, "default": {"cpu": "1"}, "defaultRequest": {"cpu": "500m"}}]}}))
    .born(&[
        ("/spec/limits/0/type", json!("Disk"), &[r#"spec.limits[0].type: Invalid value: "Disk": must be a standard limit type or fully qualified"#]),
        ("/spec/limits/0/min/cpu", json!("3"), &[
            r#"spec.limits[0].min[cpu]: Invalid value: "3": min value 3 is greater than max value 2"#,
            r#"spec.limits[0].defaultRequest[cpu]: Invalid value: "500m": min value 3 is greater than default request value 500m"#,
            r#"spec.limits[0].default[cpu]: Invalid value: "3": min value 3 is greater than default value 1"#,
        ]),
        ("/spec/limits/0/maxLimitRequestRatio", json!({"cpu": "30"}), &[r#"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "30": ratio 30 is greater than max/min = 20.000000"#]),
        ("/spec/limits/1", json!({"type": "PersistentVolumeClaim"}), &["spec.limits[1].limits: Required value: either minimum or maximum storage value is required, but neither was provided"]),
    ]);
}
