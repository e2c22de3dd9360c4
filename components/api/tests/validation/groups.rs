//! The smaller groups.

use crate::harness::Objects;
use serde_json::{Value, json};

#[test]
fn ingresses() {
    Objects::like(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"rules": [{"host": "*.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}}))
    .born(&[
        ("/spec/rules", json!([]), &["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"]),
        ("/spec/rules/0/host", json!("10.0.0.1"), &[r#"spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address"#]),
        ("/spec/rules/0/http/paths/0/pathType", Value::Null, &["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]),
        ("/spec/rules/0/http/paths/0/path", json!("a//b"), &[
            r#"spec.rules[0].http.paths[0].path: Invalid value: "a//b": must be an absolute path"#,
            r#"spec.rules[0].http.paths[0].path: Invalid value: "a//b": must not contain '//'"#,
        ]),
        ("/spec/rules/0/http/paths/0/backend/service/port", json!({}), &["spec.rules[0].http.paths[0].backend: Required value: port name or number is required"]),
    ]);
    Objects::like(json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "a"}, "spec": {"controller": "example.com/a"}}))
        .changed("", &[("/spec/controller", json!("example.com/b"), &[r#"spec.controller: Invalid value: "example.com/b": field is immutable"#])]);
}

#[test]
fn networks() {
    Objects::like(json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"port": 80, "endPort": 90}]}], "policyTypes": ["Ingress"]}}))
    .born(&[
        ("/spec/ingress/0/from/0/ipBlock/except/0", json!("11.0.0.0/16"), &[r#"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`"#]),
        ("/spec/ingress/0/from/0", json!({}), &["spec.ingress[0].from[0]: Required value: must specify a peer"]),
        ("/spec/ingress/0/ports/0/endPort", json!(70), &["spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`"]),
        ("/spec/policyTypes", json!(["In"]), &[r#"spec.policyTypes[0]: Unsupported value: "In": supported values: "Ingress", "Egress""#]),
    ]);
    Objects::like(json!({"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": {"name": "10.0.0.1"}, "spec": {"parentRef": {"resource": "services", "namespace": "a", "name": "b"}}}))
        .born(&[
            ("/metadata/name", json!("fd00::0:1"), &[r#"metadata.name: Invalid value: "fd00::0:1": must be in canonical form ("fd00::1")"#]),
            ("/spec/parentRef", Value::Null, &["spec.parentRef: Required value"]),
        ]);
    Objects::like(json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "a"}, "spec": {"cidrs": ["10.0.0.0/24"]}}))
        .born(&[
            ("/spec/cidrs", json!([]), &["spec.cidrs: Required value: at least one CIDR required"]),
            ("/spec/cidrs", json!(["10.0.0.1/24"]), &[r#"spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length"#]),
        ]);
    Objects::like(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "a", "namespace": "b"},
        "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"name": "http", "port": 80}]}))
    .born(&[
        ("/addressType", json!("IP"), &[r#"addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6""#]),
        ("/endpoints/0/addresses", json!([]), &["endpoints[0].addresses: Required value: must contain at least 1 address"]),
        ("/endpoints/0/addresses/0", json!("127.0.0.1"), &[r#"endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)"#]),
        ("/ports/1", json!({"name": "http", "port": 81}), &[r#"ports[1].name: Duplicate value: "http""#]),
    ]);
}

#[test]
fn roles() {
    Objects::like(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "system:a", "namespace": "b"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}))
    .born(&[
        ("/metadata/name", json!("a/b"), &[r#"metadata.name: Invalid value: "a/b": may not contain '/'"#]),
        ("/rules/0/verbs", json!([]), &["rules[0].verbs: Required value: verbs must contain at least one value"]),
        ("/rules/0/apiGroups", json!([]), &["rules[0].apiGroups: Required value: resource rules must supply at least one api group"]),
        ("/rules/0/nonResourceURLs", json!(["/a"]), &[
            r#"rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs"#,
            r#"rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs"#,
        ]),
    ]);
    let bindings = Objects::like(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "a"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "a"}, "subjects": [{"kind": "User", "name": "u"}]}),
    );
    bindings.born(&[
        ("/roleRef/kind", json!("Role"), &[r#"roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole""#]),
        ("/subjects/0", json!({"kind": "ServiceAccount", "name": "a"}), &["subjects[0].namespace: Required value"]),
        ("/subjects/0", json!({"kind": "Robot", "name": "a"}), &[r#"subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group""#]),
    ]);
    bindings.changed("", &[("/roleRef/name", json!("b"), &["roleRef: Invalid value: {…"])]);
}

#[test]
fn budgets_and_autoscalers() {
    Objects::like(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a", "namespace": "b"}, "spec": {"minAvailable": 1, "selector": {}}}))
        .born(&[
            ("/spec/maxUnavailable", json!(1), &["spec: Invalid value: {…"]),
            ("/spec/minAvailable", json!(-1), &["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]),
        ]);
    Objects::like(json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]}}))
    .born(&[
        ("/spec/minReplicas", json!(4), &["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"]),
        ("/spec/maxReplicas", json!(0), &["spec.maxReplicas: Invalid value: 0: must be greater than 0", "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`"]),
        ("/spec/metrics/0/type", json!("Pods"), &["spec.metrics[0].pods: Required value: must populate information for the given metric source"]),
        ("/spec/metrics/0/resource/target", json!({"type": "Utilization"}), &["spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"]),
        ("/spec/behavior", json!({"scaleUp": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 15}]}}), &["spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero"]),
    ]);
    Objects::like(json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a"}}}))
    .born(&[("/spec/scaleTargetRef/kind", Value::Null, &["spec.scaleTargetRef.kind: Required value"])]);
}

#[test]
fn leases_classes_and_events() {
    Objects::like(json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a", "namespace": "b"}, "spec": {"leaseDurationSeconds": 15}}))
        .born(&[("/spec/leaseDurationSeconds", json!(0), &["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"])]);
    let classes = Objects::like(
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "a"}, "value": 5}),
    );
    classes.born(&[
        ("/value", json!(1_000_000_001), &["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
        ("/metadata/name", json!("system-a"), &["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-a is not a known system priority class"]),
    ]);
    classes.changed(
        "",
        &[("/value", json!(6), &["value: Forbidden: may not be changed in an update."])],
    );
    Objects::like(json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "a"}, "handler": "runc"}))
        .changed("", &[("/handler", json!("gvisor"), &[r#"handler: Invalid value: "gvisor": field is immutable"#])]);
    Objects::like(json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a.1", "namespace": "b"}, "involvedObject": {"namespace": "b", "name": "a"}}))
        .born(&[
            ("/involvedObject/namespace", json!("c"), &[r#"involvedObject.namespace: Invalid value: "c": does not match event.namespace"#]),
            ("/eventTime", json!("2024-01-01T00:00:00.000000Z"), &[
                "reportingController: Required value",
                r#"reportingController: Invalid value: "": name part must be non-empty"#,
                r#"reportingController: Invalid value: "": name part must consist of…"#,
                "reportingInstance: Required value",
                "action: Required value",
                "reason: Required value",
            ]),
        ]);
}
