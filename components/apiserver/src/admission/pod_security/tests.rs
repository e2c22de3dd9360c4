//! What upstream says of pods, level by level.

use super::{
    breaking, findings,
    policy::{Level, Standard},
    told,
};
use serde_json::{Value, json};

fn said(level: Level, minor: Option<u32>, spec: &Value) -> String {
    told(&findings(Standard { level, minor }, &json!({}), spec))
}

#[test]
fn a_plain_pod_is_no_restricted_pod() {
    let spec = json!({"containers": [{"name": "a"}, {"name": "b"}]});
    assert_eq!(said(Level::Privileged, None, &spec), "");
    assert_eq!(said(Level::Baseline, None, &spec), "");
    assert_eq!(
        said(Level::Restricted, None, &spec),
        "allowPrivilegeEscalation != false (containers \"a\", \"b\" must set \
         securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers \
         \"a\", \"b\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true \
         (pod or containers \"a\", \"b\" must set securityContext.runAsNonRoot=true), \
         seccompProfile (pod or containers \"a\", \"b\" must set \
         securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
    let hardened = json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        }}],
    });
    assert_eq!(said(Level::Restricted, None, &hardened), "");
}

#[test]
fn each_baseline_rule_speaks() {
    let one = |context: Value| json!({"containers": [{"name": "a", "securityContext": context}]});
    let cases = [
        (
            json!({"hostNetwork": true, "hostIPC": true}),
            "host namespaces (hostNetwork=true, hostIPC=true)",
        ),
        (
            one(json!({"privileged": true})),
            "privileged (container \"a\" must not set securityContext.privileged=true)",
        ),
        (
            one(json!({"capabilities": {"add": ["SYS_TIME", "CHOWN", "NET_ADMIN"]}})),
            "non-default capabilities (container \"a\" must not include \"NET_ADMIN\", \
             \"SYS_TIME\" in securityContext.capabilities.add)",
        ),
        (
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
            "hostPath volumes (volume \"v\")",
        ),
        (
            json!({"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 443}]}]}),
            "hostPort (container \"a\" uses hostPorts 443, 80)",
        ),
        (
            one(json!({"procMount": "Unmasked"})),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
        ),
        (
            json!({"securityContext": {"sysctls": [{"name": "a.b"}, {"name": "net.ipv4.tcp_rmem"}]}}),
            "forbidden sysctls (a.b)",
        ),
        (
            one(json!({"seccompProfile": {"type": "Unconfined"}})),
            "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to \
             \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}}),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; \
             user may not be set)",
        ),
        (
            json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
    ];
    for (spec, expected) in cases {
        assert_eq!(said(Level::Baseline, None, &spec), expected, "{spec}");
    }
}

#[test]
fn versions_know_the_rules_of_their_time() {
    let spec = json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}});
    assert_eq!(said(Level::Baseline, Some(31), &spec), "forbidden sysctls (net.ipv4.tcp_rmem)");
    assert_eq!(said(Level::Baseline, Some(32), &spec), "");
    let plain = json!({"containers": [{"name": "a"}]});
    assert_eq!(
        said(Level::Restricted, Some(7), &plain),
        "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)"
    );
    let volumes = json!({"volumes": [
        {"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {"path": "/"}},
    ]});
    assert_eq!(
        said(Level::Restricted, None, &volumes),
        "restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \
         \"nfs\")"
    );
}

#[test]
fn pods_that_break_a_new_level_are_named() {
    let pod = |name: &str, network: bool| json!({"metadata": {"name": name}, "spec": {"hostNetwork": network}});
    let pods = [pod("a", true), pod("b", false), pod("c", true)];
    let standard = Standard { level: Level::Baseline, minor: None };
    assert_eq!(
        breaking(standard, "n", &pods.iter().collect::<Vec<_>>()),
        [
            "existing pods in namespace \"n\" violate the new PodSecurity enforce level \
             \"baseline:latest\"",
            "a (and 1 other pod): host namespaces",
        ]
    );
}
