//! Pods: everything that a spec can have, and what may be changed of it.

use crate::harness::{Case, Objects};
use serde_json::{Value, json};

fn pods() -> Objects {
    Objects::like(json!({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "web-0", "namespace": "default", "labels": {"app": "web"}},
    "spec": {
        "serviceAccountName": "web",
        "initContainers": [
            {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always",
                "startupProbe": {"exec": {"command": ["true"]}}},
            {"name": "prepare", "image": "busybox:1"},
        ],
        "containers": [{
            "name": "main", "image": "web:1",
            "ports": [{"name": "http", "containerPort": 80, "hostPort": 8080}],
            "env": [
                {"name": "A", "value": "b"},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ],
            "envFrom": [{"prefix": "X_", "configMapRef": {"name": "c"}}],
            "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "a/b"}, {"name": "all", "mountPath": "/all"}],
            "volumeDevices": [{"name": "disk", "devicePath": "/dev/xvda"}],
            "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi", "example.com/gpu": "1"}},
            "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
            "readinessProbe": {"tcpSocket": {"port": 80}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        }],
        "volumes": [
            {"name": "data", "emptyDir": {}},
            {"name": "disk", "persistentVolumeClaim": {"claimName": "c"}},
            {"name": "all", "projected": {"sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
                {"configMap": {"name": "c", "items": [{"key": "a", "path": "a"}]}},
                {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            ]}},
        ],
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]}},
            "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}}]},
        },
        "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a.b"]}],
        "dnsConfig": {"nameservers": ["10.0.0.1"], "searches": ["a.b."], "options": [{"name": "ndots"}]},
        "securityContext": {"fsGroup": 1, "sysctls": [{"name": "net.core.somaxconn", "value": "1"}]},
    }}))
}

#[test]
fn containers() {
    pods().born(&[
        ("/spec/containers", json!([]), &["spec.containers: Required value"]),
        ("/spec/containers/0/name", Value::Null, &["spec.containers[0].name: Required value"]),
        ("/spec/containers/0/name", json!("prepare"), &[r#"spec.initContainers[1].name: Duplicate value: "prepare""#]),
        ("/spec/containers/0/name", json!("a.b"), &[r#"spec.containers[0].name: Invalid value: "a.b": must not contain dots"#]),
        ("/spec/containers/0/image", Value::Null, &["spec.containers[0].image: Required value"]),
        ("/spec/containers/0/image", json!(" a"), &[r#"spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace"#]),
        ("/spec/containers/0/imagePullPolicy", json!("Often"), &[r#"spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never""#]),
        ("/spec/containers/0/terminationMessagePolicy", json!("A"), &[r#"spec.containers[0].terminationMessagePolicy: Unsupported value: "A": supported values: "File", "FallbackToLogsOnError""#]),
        ("/spec/initContainers/1/livenessProbe", json!({"exec": {"command": ["a"]}}), &["spec.initContainers[1].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"]),
        ("/spec/ephemeralContainers", json!([{"name": "debug", "image": "a"}]), &["spec.ephemeralContainers: Forbidden: cannot be set on create"]),
        ("/spec/restartPolicy", json!("Often"), &[r#"spec.restartPolicy: Unsupported value: "Often": supported values: "Always", "OnFailure", "Never""#]),
    ]);
}

#[test]
fn ports_and_variables() {
    let port = "/spec/containers/0/ports/0";
    let cases: &[Case] = &[
        (
            "/spec/containers/0/ports/0",
            json!({}),
            &["spec.containers[0].ports[0].containerPort: Required value"],
        ),
        (
            "/spec/containers/0/ports/0/containerPort",
            json!(70000),
            &[
                "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            "/spec/containers/0/ports/0/name",
            json!("web-server-of-mine"),
            &[
                r#"spec.containers[0].ports[0].name: Invalid value: "web-server-of-mine": must be no more than 15 bytes"#,
            ],
        ),
        (
            "/spec/containers/0/ports/0/protocol",
            json!("HTTP"),
            &[
                r#"spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP""#,
            ],
        ),
        (
            "/spec/containers/0/ports/1",
            json!({"containerPort": 81, "hostPort": 8080}),
            &[r#"spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//8080""#],
        ),
        (
            "/spec/hostNetwork",
            json!(true),
            &[
                "spec.containers[0].ports[0].hostPort: Invalid value: 8080: must match `containerPort` when `hostNetwork` is true",
                r#"spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when 'hostNetwork' is true"#,
            ],
        ),
        (
            "/spec/containers/0/env/0/name",
            json!("A=B"),
            &[
                r#"spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name…"#,
            ],
        ),
        (
            "/spec/containers/0/env/1/value",
            json!("x"),
            &[
                r#"spec.containers[0].env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty"#,
            ],
        ),
        (
            "/spec/containers/0/env/1/valueFrom/fieldRef/fieldPath",
            json!("spec.foo"),
            &[
                r#"spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo"#,
            ],
        ),
        (
            "/spec/containers/0/env/1/valueFrom/fieldRef/fieldPath",
            json!("metadata.labels"),
            &[
                r#"spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs""#,
            ],
        ),
        (
            "/spec/containers/0/env/3/valueFrom/resourceFieldRef/divisor",
            json!("1k"),
            &[
                r#"spec.containers[0].env[3].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource"#,
            ],
        ),
        (
            "/spec/containers/0/env/4/valueFrom/secretKeyRef/key",
            Value::Null,
            &["spec.containers[0].env[4].valueFrom.secretKeyRef.key: Required value"],
        ),
        (
            "/spec/containers/0/envFrom/0/configMapRef",
            Value::Null,
            &[
                r#"spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`"#,
            ],
        ),
    ];
    assert!(cases[0].0.starts_with(port));
    pods().born(cases);
}

#[test]
fn volumes_and_mounts() {
    pods().born(&[
        ("/spec/volumes/0/hostPath", json!({"path": "/a"}), &[
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
            r#"spec.containers[0].volumeMounts[0].name: Not found: "data""#,
        ]),
        ("/spec/volumes/3", json!({"name": "data", "emptyDir": {}}), &[r#"spec.volumes[3].name: Duplicate value: "data""#]),
        ("/spec/volumes/3", json!({"name": "a", "hostPath": {"path": "/a/../b", "type": "Disk"}}), &[
            r#"spec.volumes[3].hostPath.path: Invalid value: "/a/../b": must not contain '..'"#,
            r#"spec.volumes[3].hostPath.type: Unsupported value: "Disk": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket""#,
        ]),
        ("/spec/volumes/3", json!({"name": "a", "configMap": {"defaultMode": 512}}), &[
            "spec.volumes[3].configMap.name: Required value",
            "spec.volumes[3].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
        ]),
        ("/spec/volumes/3", json!({"name": "a", "nfs": {"server": "a", "path": "b"}}), &[r#"spec.volumes[3].nfs.path: Invalid value: "b": must be an absolute path"#]),
        ("/spec/volumes/3", json!({"name": "a", "iscsi": {"targetPortal": "a", "iqn": "iqn.2015-02.example.com:test", "lun": 256}}), &["spec.volumes[3].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive"]),
        ("/spec/volumes/3", json!({"name": "a", "iscsi": {"targetPortal": "a", "iqn": "iqn.2015"}}), &[r#"spec.volumes[3].iscsi.iqn: Invalid value: "iqn.2015": must be valid format"#]),
        ("/spec/volumes/3", json!({"name": "a", "csi": {"driver": "A B"}}), &[r#"spec.volumes[3].csi.driver: Invalid value: "A B": a lowercase RFC 1123 subdomain…"#]),
        ("/spec/volumes/3", json!({"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}), &[]),
        ("/spec/volumes/3", json!({"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["A"]}}}}), &[
            r#"spec.volumes[3].ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: "A": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod""#,
            "spec.volumes[3].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
        ]),
        ("/spec/volumes/2/projected/sources/1/configMap/items/0/path", json!("n"), &[
            r#"spec.volumes[2].projected: Invalid value: "n": conflicting duplicate paths"#,
            r#"spec.containers[0].volumeMounts[1].name: Not found: "all""#,
        ]),
        ("/spec/serviceAccountName", Value::Null, &["spec.volumes[2].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set"]),
        ("/spec/containers/0/volumeMounts/0/name", json!("x"), &[r#"spec.containers[0].volumeMounts[0].name: Not found: "x""#]),
        ("/spec/containers/0/volumeMounts/1/mountPath", json!("/data"), &[r#"spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique"#]),
        ("/spec/containers/0/volumeMounts/0/subPath", json!("/a"), &[r#"spec.containers[0].volumeMounts.subPath: Invalid value: "/a": must be a relative path"#]),
        ("/spec/containers/0/volumeMounts/0/mountPropagation", json!("Bidirectional"), &["spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers"]),
        ("/spec/containers/0/volumeDevices/0/name", json!("data"), &[
            r#"spec.containers[0].volumeMounts[0].name: Invalid value: "data": must not already exist in volumeDevices"#,
            r#"spec.containers[0].volumeDevices[0].name: Invalid value: "data": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"#,
            r#"spec.containers[0].volumeDevices[0].name: Invalid value: "data": must not already exist in volumeMounts"#,
        ]),
    ]);
}

#[test]
fn resources_and_probes() {
    pods().born(&[
        ("/spec/containers/0/resources/requests/cpu", json!("2"), &[r#"spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#]),
        ("/spec/containers/0/resources/requests/cpu", json!("-1"), &[r#"spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0"#]),
        ("/spec/containers/0/resources/requests/example.com~1gpu", json!("2"), &[r#"spec.containers[0].resources.requests: Invalid value: "2": must be equal to example.com/gpu limit of 1"#]),
        ("/spec/containers/0/resources/limits/example.com~1gpu", json!("500m"), &[
            r#"spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer"#,
            // Requests that are left out are the limits.
            r#"spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer"#,
        ]),
        ("/spec/containers/0/resources/limits/gpu", json!("1"), &[
            r#"spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified"#,
            r#"spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers"#,
            r#"spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified"#,
            r#"spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers"#,
        ]),
        ("/spec/containers/0/resources/claims", json!([{"name": "a"}]), &[r#"spec.containers[0].resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty"#]),
        ("/spec/containers/0/livenessProbe/exec", json!({"command": ["a"]}), &["spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type"]),
        ("/spec/containers/0/livenessProbe/httpGet", Value::Null, &["spec.containers[0].livenessProbe: Required value: must specify a handler type"]),
        ("/spec/containers/0/livenessProbe/successThreshold", json!(2), &["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
        ("/spec/containers/0/livenessProbe/periodSeconds", json!(-1), &["spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"]),
        ("/spec/containers/0/readinessProbe/tcpSocket/port", json!("a_b"), &[r#"spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: "a_b": must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)"#]),
        ("/spec/containers/0/lifecycle/preStop/sleep/seconds", json!(31), &["spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"]),
    ]);
}

#[test]
fn who_and_where() {
    pods().born(&[
        ("/spec/containers/0/securityContext/runAsUser", json!(-1), &["spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
        ("/spec/containers/0/securityContext/seccompProfile/type", json!("Localhost"), &["spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"]),
        ("/spec/securityContext/sysctls/0/name", json!("A"), &[r#"spec.securityContext.sysctls[0].name: Invalid value: "A": must have at most 253 characters and match regex ^…"#]),
        ("/spec/hostUsers", json!(false), &[]),
        ("/spec/tolerations/0/effect", json!("NoSchedule"), &[r#"spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when `tolerationSeconds` is set"#]),
        ("/spec/tolerations/0/value", json!("a"), &[r#"spec.tolerations[0].operator: Invalid value: "a": value must be empty when `operator` is 'Exists'"#]),
        ("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms", json!([]), &["spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term"]),
        ("/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/weight", json!(101), &["spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100"]),
        ("/spec/topologySpreadConstraints/0/maxSkew", json!(0), &["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"]),
        ("/spec/topologySpreadConstraints/1", json!({"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}), &[r#"spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}""#]),
        ("/spec/hostAliases/0/ip", json!("a"), &[r#"spec.hostAliases[0].ip: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#]),
        ("/spec/dnsConfig/nameservers", json!(["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]), &[r#"spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers"#]),
        ("/spec/activeDeadlineSeconds", json!(0), &["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]),
        ("/spec/resources", json!({"requests": {"cpu": "10m", "memory": "1Gi"}}), &[r#"spec.resources.requests[cpu]: Invalid value: "10m": must be greater than or equal to aggregate container requests of 100m"#]),
        ("/spec/os", json!({"name": "windows"}), &[
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod",
            "spec.containers[0].securityContext.seccompProfile: Forbidden: cannot be set for a windows pod",
            "spec.containers[0].securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        ]),
        ("/spec/schedulingGates", json!([{"name": "a"}, {"name": "a"}]), &[r#"spec.schedulingGates[1]: Duplicate value: "a""#]),
        ("/metadata/annotations", json!({"kubernetes.io/config.mirror": "a"}), &[r#"metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "a": must set spec.nodeName if mirror pod annotation is set"#]),
    ]);
}

#[test]
fn changes() {
    pods().changed("", &[
        ("/spec/containers/0/image", json!("web:2"), &[]),
        ("/spec/activeDeadlineSeconds", json!(5), &[]),
        ("/spec/tolerations/1", json!({"operator": "Exists"}), &[]),
        ("/spec/tolerations/0/tolerationSeconds", json!(9), &[]),
        ("/spec/tolerations", json!([]), &["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]),
        ("/spec/containers/1", json!({"name": "b", "image": "b"}), &["spec.containers: Forbidden: pod updates may not add or remove containers"]),
        ("/spec/nodeName", json!("n"), &["spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n…"]),
        ("/spec/containers/0/command", json!(["a"]), &["spec: Forbidden: pod updates may not change fields other than…"]),
        ("/spec/schedulingGates", json!([{"name": "a"}]), &["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"]),
    ]);
    pods().changed("ephemeralcontainers", &[
        ("/spec/ephemeralContainers", json!([{"name": "debug", "image": "a", "targetContainerName": "main"}]), &[]),
        ("/spec/ephemeralContainers", json!([{"name": "main", "image": "a", "targetContainerName": "x", "ports": [{"containerPort": 1}]}]), &[
            r#"spec.ephemeralContainers[0].name: Duplicate value: "main""#,
            r#"spec.ephemeralContainers[0].targetContainerName: Not found: "x""#,
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        ]),
    ]);
    pods().changed("resize", &[
        ("/spec/containers/0/resources/requests/cpu", json!("200m"), &[]),
        ("/spec/containers/0/image", json!("web:2"), &["spec: Forbidden: only cpu and memory resources are mutable"]),
        ("/spec/containers/0/resources/limits", json!({"memory": "1Gi", "example.com/gpu": "1"}), &["spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"]),
    ]);
}

#[test]
fn statuses() {
    let ended = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a"}]},
        "status": {"qosClass": "BestEffort", "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 0}}}]}});
    Objects::like(ended).changed("status", &[
        ("/status/containerStatuses/0/state", json!({"running": {}}), &["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"]),
        ("/status/qosClass", json!("Burstable"), &[r#"status.qosClass: Invalid value: "Burstable": field is immutable"#]),
        ("/status/podIPs", json!([{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]), &[]),
        ("/status/podIPs", json!([{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]), &[r#"status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family"#]),
        ("/status/podIPs", json!([{"ip": "a"}]), &[r#"status.podIPs[0]: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#]),
    ]);
}
