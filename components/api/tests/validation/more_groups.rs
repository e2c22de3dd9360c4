//! Storage, certificates, admission, flows, devices, servers of others.

use crate::harness::Objects;
use serde_json::{Value, json};

#[test]
fn storage() {
    let classes = Objects::like(
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "example.com/disk"}),
    );
    classes.born(&[
        ("/provisioner", Value::Null, &["provisioner: Required value"]),
        ("/reclaimPolicy", json!("Recycle"), &[r#"reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain""#]),
        ("/volumeBindingMode", json!("Late"), &[r#"volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer""#]),
        ("/parameters", json!({"": "a"}), &[r#"parameters: Invalid value: "": field can not be empty."#]),
        ("/allowedTopologies", json!([{"matchLabelExpressions": [{"key": "zone", "values": ["a", "a"]}]}]), &[r#"allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a""#]),
    ]);
    classes.changed(
        "",
        &[
            ("/allowVolumeExpansion", json!(true), &[]),
            (
                "/provisioner",
                json!("b"),
                &["provisioner: Forbidden: updates to provisioner are forbidden."],
            ),
        ],
    );
    Objects::like(json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "example.com"}}))
        .born(&[("/spec/fsGroupPolicy", json!("A"), &[r#"spec.fsGroupPolicy: Unsupported value: "A": supported values: "File", "None", "ReadWriteOnceWithFSType""#])]);
    Objects::like(json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "n"}, "spec": {"drivers": [{"name": "a.b", "nodeID": "n"}]}}))
        .born(&[
            ("/spec/drivers/0/nodeID", Value::Null, &["spec.drivers[0].nodeID: Required value"]),
            ("/spec/drivers/1", json!({"name": "a.b", "nodeID": "m"}), &[r#"spec.drivers[1].name: Duplicate value: "a.b""#]),
        ]);
    let attachments = Objects::like(
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": "a"},
        "spec": {"attacher": "a.b", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}),
    );
    attachments.born(&[
        ("/spec/source", json!({}), &["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"]),
        ("/spec/attacher", Value::Null, &["spec.attacher: Required value", r#"spec.attacher: Invalid value: "": a lowercase RFC 1123 subdomain…"#]),
    ]);
    attachments.changed("", &[("/spec/nodeName", json!("m"), &["spec: Invalid value: {…"])]);
    Objects::like(json!({"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": {"name": "a"}, "driverName": "a.b", "parameters": {"a": "b"}}))
        .born(&[("/parameters", Value::Null, &["parameters: Required value: must contain at least one key/value pair"])]);
}

/// A request as it looks from outside.
const REQUEST: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KQUE9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";

#[test]
fn certificates() {
    let requests = Objects::like(
        json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "a:b"},
        "spec": {"request": REQUEST, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}}),
    );
    requests.born(&[
        ("/spec/signerName", json!("me"), &[r#"spec.signerName: Invalid value: "me": must be a fully qualified domain and path of the form 'example.com/signer-name'"#]),
        ("/spec/usages", json!([]), &["spec.usages: Required value"]),
        ("/spec/usages", json!(["fun"]), &[r#"spec.usages[0]: Unsupported value: "fun": supported values: "any", "cert sign"…"#]),
        ("/spec/expirationSeconds", json!(599), &["spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"]),
    ]);
    let approved = json!([{"type": "Approved", "status": "True"}]);
    requests.changed("approval", &[("/status/conditions", approved.clone(), &[])]);
    requests.changed("status", &[
        ("/status/certificate", json!("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="), &[]),
        ("/status/conditions", approved, &[r#"status.conditions: Forbidden: updates may not add a condition of type "Approved""#]),
        ("/status/conditions", json!([{"type": "Failed", "status": "False"}]), &[r#"status.conditions[0].status: Unsupported value: "False": supported values: "True""#]),
    ]);
}

#[test]
fn webhooks_and_policies() {
    Objects::like(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "a"},
        "webhooks": [{"name": "a.b.c", "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {"service": {"namespace": "a", "name": "b"}},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods", "pods/status"]}]}]}))
    .born(&[
        ("/webhooks/0/name", json!("a.b"), &[r#"webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots"#]),
        ("/webhooks/0/sideEffects", Value::Null, &["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"]),
        ("/webhooks/0/clientConfig", json!({"url": "http://a"}), &[r#"webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]"#]),
        ("/webhooks/0/clientConfig", json!({}), &["webhooks[0].clientConfig: Required value: exactly one of url or service is required"]),
        ("/webhooks/0/timeoutSeconds", json!(31), &["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"]),
        ("/webhooks/0/rules/0/operations", json!(["*", "CREATE"]), &[r#"webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations"#]),
        ("/webhooks/0/rules/0/resources", json!(["pods/*", "pods/status"]), &[r#"webhooks[0].rules[0].resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status"#]),
        ("/webhooks/0/admissionReviewVersions", json!(["v2"]), &[r#"webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1"#]),
    ]);
    Objects::like(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "a"},
        "spec": {"validations": [{"expression": "true"}], "matchConstraints": {"resourceRules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}]}}}))
    .born(&[
        ("/spec/validations", json!([]), &[
            "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
            "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
        ]),
        ("/spec/matchConstraints", Value::Null, &["spec.matchConstraints: Required value"]),
        ("/spec/validations/0/expression", json!(" "), &["spec.validations[0].expression: Required value: expression is not specified"]),
        ("/spec/validations/0/expression", json!("1"), &["spec.validations[0].expression: Invalid value: \"1\": must evaluate to bool"]),
        ("/spec/validations/0/expression", json!("object."), &["spec.validations[0].expression: Invalid value: \"object.\": compilation failed: …"]),
        ("/spec/validations/0/expression", json!("params.x"), &["spec.validations[0].expression: Invalid value: \"params.x\": compilation failed: …"]),
        ("/spec/validations/0/messageExpression", json!("true"), &["spec.validations[0].messageExpression: Invalid value: \"true\": must evaluate to string"]),
        ("/spec/matchConditions", json!([{"name": "a", "expression": "'a'"}]), &["spec.matchConditions[0].expression: Invalid value: \"'a'\": must evaluate to bool"]),
        ("/spec/variables", json!([{"name": "a", "expression": "object.spec"}, {"name": "b", "expression": "variables.a.b > 1"}]), &[]),
        ("/spec/paramKind", json!({"apiVersion": "a/b/c", "kind": "A"}), &[r#"spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c"#]),
    ]);
    Objects::like(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "a"},
        "spec": {"policyName": "a", "validationActions": ["Deny"]}}))
    .born(&[
        ("/spec/validationActions", json!([]), &["spec.validationActions: Required value: at least one validation action is required"]),
        ("/spec/validationActions", json!(["Deny", "Warn"]), &[r#"spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"#]),
    ]);
}

#[test]
fn flows() {
    Objects::like(json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": "a"},
        "spec": {"matchingPrecedence": 5, "priorityLevelConfiguration": {"name": "b"}, "rules": [{
            "subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}]}]}}))
    .born(&[
        ("/spec/matchingPrecedence", json!(1), &["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]),
        ("/spec/rules/0/subjects/0", json!({"kind": "User"}), &["spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'"]),
        ("/spec/rules/0/resourceRules/0/namespaces", Value::Null, &["spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace"]),
        ("/spec/rules/0/nonResourceRules", json!([{"verbs": ["get"], "nonResourceURLs": ["/a*"]}]), &[r#"spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching"#]),
    ]);
    Objects::like(json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration", "metadata": {"name": "a"},
        "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Queue", "queuing": {"queues": 64, "handSize": 6, "queueLengthLimit": 50}}}}}))
    .born(&[
        ("/spec/limited/limitResponse/queuing/handSize", json!(65), &["spec.limited.limitResponse.queuing.handSize: Invalid value: 65: should not be greater than queues (64)"]),
        ("/spec/limited/limitResponse/queuing/handSize", json!(20), &["spec.limited.limitResponse.queuing.handSize: Invalid value: 20: required entropy bits of deckSize 64 and handSize 20 should not be greater than 60"]),
        ("/spec/limited/limitResponse", json!({"type": "Reject", "queuing": {}}), &["spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited"]),
        ("/spec/type", json!("Exempt"), &["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'", "spec.limited: Forbidden: must be nil if the type is not Limited"]),
    ]);
}

#[test]
fn devices() {
    let claims = Objects::like(
        json!({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}], "constraints": [{"requests": ["gpu"], "matchAttribute": "a.b/model"}]}}}),
    );
    claims.born(&[
        ("/spec/devices/requests/0/exactly", Value::Null, &["spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"]),
        ("/spec/devices/requests/0/exactly/deviceClassName", json!(""), &["spec.devices.requests[0].exactly.deviceClassName: Required value"]),
        ("/spec/devices/constraints/0/requests/0", json!("tpu"), &[r#"spec.devices.constraints[0].requests[0]: Invalid value: "tpu": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"#]),
        ("/spec/devices/constraints/0/matchAttribute", json!("model"), &[r#"spec.devices.constraints[0].matchAttribute: Invalid value: "model": must include a domain"#]),
    ]);
    claims.changed("", &[("/spec/devices/requests", json!([]), &["spec: Invalid value: {…"])]);
    claims.changed(
        "status",
        &[(
            "/status/reservedFor",
            json!([{"resource": "pods", "name": "a", "uid": "u"}]),
            &["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"],
        )],
    );
    Objects::like(json!({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "a"},
        "spec": {"driver": "a.b", "nodeName": "n", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": "gpu-0", "attributes": {"model": {"string": "x"}}, "capacity": {"memory": {"value": "1Gi"}}}]}}))
    .born(&[
        ("/spec/nodeName", Value::Null, &["spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"]),
        ("/spec/devices/0/attributes/model", json!({"string": "x", "int": 1}), &[r#"spec.devices[0].attributes[model]: Invalid value: {"int":1,"string":"x"}: exactly one value must be specified"#]),
        ("/spec/devices/1", json!({"name": "gpu-0"}), &[r#"spec.devices[1]: Duplicate value: "gpu-0""#]),
        ("/spec/pool/resourceSliceCount", json!(0), &["spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero"]),
    ]);
}

#[test]
fn servers_of_others() {
    Objects::like(json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.a.b"},
        "spec": {"group": "a.b", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, "service": {"namespace": "a", "name": "b", "port": 443}}}))
    .born(&[
        ("/metadata/name", json!("a"), &[r#"metadata.name: Invalid value: "a": must be `spec.version+"."+spec.group`: "v1.a.b""#]),
        ("/spec/versionPriority", json!(0), &["spec.versionPriority: Invalid value: 0: must be positive and less than 1000"]),
        ("/spec/service", Value::Null, &[]),
        ("/spec/service/name", json!(""), &["spec.service.name: Required value"]),
    ]);
}
