//! Who is known from outside of the cluster, and who judges there, as unmodified clients see it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use conformance::{
    answer::Answer,
    apiserver::ApiServer,
    authority::{Authority, Pair},
    binaries,
    cluster::{Cluster, Plan},
    outside::Outside,
    until::until,
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::{
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

/// `curl`, with what is to be sent besides: the answer's body, and its status as a last line.
fn curl(server: &ApiServer, path: &str, more: &[&str]) -> (u16, String) {
    let mut command = Command::new(binaries::tool("curl", "curl"));
    // Over HTTP/2 it takes an answer that comes before its question is complete for a broken stream.
    command.args(["--http1.1", "--silent", "--show-error", "--cacert", &server.authority.cert]);
    command.args(["--write-out", "\n%{http_code}"]).args(more);
    command.arg(format!("https://127.0.0.1:{}{path}", server.port.number));
    let said = Answer::of(command, "").ok();
    let (body, code) = said.rsplit_once('\n').expect("a status");
    (code.parse().expect("a number"), body.to_owned())
}

const WHO_AM_I: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const ASK: [&str; 4] = [
    "--header",
    "Content-Type: application/json",
    "--data",
    r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#,
];

/// Whom the server takes the sender of these headers for; none: nobody it lets in.
fn who(server: &ApiServer, pair: Option<&Pair>, headers: &[&str]) -> Option<Value> {
    let mut more = ASK.to_vec();
    if let Some(Pair { cert, key }) = pair {
        more.extend(["--cert", cert, "--key", key]);
    }
    more.extend(headers.iter().flat_map(|header| ["--header", *header]));
    let (code, body) = curl(server, WHO_AM_I, &more);
    let body: Value = serde_json::from_str(&body).expect("JSON");
    match code {
        201 => Some(body["status"]["userInfo"].clone()),
        401 => None,
        other => panic!("{other}: {body}"),
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

#[test]
fn proxies_name_users_and_others_do_not() {
    let (etcd, proxies) = (Cluster::start(Plan::ours(1)), Authority::new("proxies"));
    let server = ApiServer::start_with(&etcd, |_| {
        vec![
            "--authorization-mode=RBAC".to_owned(),
            format!("--requestheader-client-ca-file={}", proxies.cert),
            "--requestheader-allowed-names=front-proxy".to_owned(),
            "--requestheader-username-headers=X-Remote-User".to_owned(),
            "--requestheader-uid-headers=X-Remote-Uid".to_owned(),
            "--requestheader-group-headers=X-Remote-Group".to_owned(),
            "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        ]
    });
    let headers = [
        "X-Remote-User: alice",
        "X-Remote-Uid: u-1",
        "X-Remote-Group: dev",
        "X-Remote-Group: ops",
        "X-Remote-Extra-Example.com%2fscope: a",
    ];
    let proxy = proxies.issue("front-proxy");
    let alice = who(&server, Some(&proxy), &headers).expect("the proxy is believed");
    assert_eq!(
        alice,
        json!({
            "username": "alice", "uid": "u-1", "groups": ["dev", "ops", "system:authenticated"],
            "extra": {"example.com/scope": ["a"]},
        })
    );
    assert_eq!(who(&server, Some(&proxies.issue("other-proxy")), &headers), None);
    // A proxy that names nobody is nobody.
    assert_eq!(who(&server, Some(&proxy), &[]), None);
    let bob = server.authority.issue_in("bob", &["dev"]);
    let known = who(&server, Some(&bob), &headers).expect("bob is a client");
    assert_eq!(known["username"], "bob");
    let strangers = Authority::new("strangers");
    assert_eq!(who(&server, Some(&strangers.issue("bob")), &headers), None);
}

/// A key of an issuer.
struct Signer {
    id: String,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(id: &str) -> Self {
        let (algorithm, chance) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance).expect("a pair");
        Self { id: id.to_owned(), pair }
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": x, "y": y})
    }

    /// A token for ten minutes with these claims besides the usual.
    fn token(&self, issuer: &str, more: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let mut claims = json!({
            "iss": issuer, "aud": ["kube"], "iat": now, "exp": now + 600, "sub": "carol",
            "roles": ["dev", "none"],
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let header = json!({"alg": "ES256", "kid": self.id, "typ": "JWT"});
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = parts.join(".");
        let signed = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signed.expect("a signature").as_ref());
        format!("{message}.{signature}")
    }
}

/// Lets an issuer have these keys.
fn publish(outside: &Outside, keys: &[&Signer]) {
    let url = outside.url();
    let document = json!({
        "issuer": url, "jwks_uri": format!("{url}/keys"), "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    });
    let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
    outside.files.write("document.json", document.to_string());
    outside.files.write("keys.json", json!({"keys": keys}).to_string());
}

fn authentication(outside: &Outside, prefix: &str) -> String {
    let pem = std::fs::read_to_string(&outside.authority.cert).expect("a certificate");
    json!({
        "kind": "AuthenticationConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
        "anonymous": {"enabled": true, "conditions": [{"path": "/livez"}]},
        "jwt": [{
            "issuer": {
                "url": outside.url(), "audiences": ["kube", "other"],
                "audienceMatchPolicy": "MatchAny", "certificateAuthority": pem,
            },
            "claimMappings": {
                "username": {"expression": format!("'{prefix}' + claims.sub")},
                "groups": {"expression": "claims.roles.filter(role, role != 'none')"},
                "extra": [{"key": "example.com/tenant", "valueExpression": "claims.?tenant.orValue('')"}],
            },
            "claimValidationRules": [
                {"expression": "claims.exp - claims.iat <= 3600", "message": "it lives too long"},
            ],
            "userValidationRules": [
                {"expression": "!user.username.contains('system:')", "message": "it is reserved"},
            ],
        }],
    })
    .to_string()
}

#[test]
fn tokens_of_issuers_outside_name_users() {
    let (etcd, outside) = (Cluster::start(Plan::ours(1)), Outside::start());
    let (old, new) = (Signer::new("k1"), Signer::new("k2"));
    publish(&outside, &[&old]);
    let file = outside.files.file("authentication.yaml");
    let server = ApiServer::start_with(&etcd, |_| {
        outside.files.write("authentication.yaml", authentication(&outside, "corp:"));
        vec!["--authorization-mode=RBAC".to_owned(), format!("--authentication-config={file}")]
    });
    let url = outside.url();
    let asked = |token: &str| who(&server, None, &[&bearer(token)]);
    let good = old.token(&url, &json!({"tenant": "t1"}));
    let carol = until("the issuer is found", || asked(&good));
    assert_eq!(
        carol,
        json!({
            "username": "corp:carol", "groups": ["dev", "system:authenticated"],
            "extra": {"example.com/tenant": ["t1"]},
        })
    );
    for (claim, value) in [
        ("aud", json!("elsewhere")),
        ("exp", json!(1)),
        ("exp", json!(99_999_999_999_u64)),
        ("sub", json!("system:admin")),
        ("nbf", json!(99_999_999_999_u64)),
    ] {
        let claims = json!({claim: value});
        assert_eq!(asked(&old.token(&url, &claims)), None, "{claims}");
    }
    assert_eq!(asked(&new.token(&url, &json!({}))), None);
    let review = json!({
        "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1",
        "spec": {"token": new.token(&url, &json!({}))},
    });
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let create = ["create", "--raw", reviews, "-f", "-"];
    let said = server.kubectl().run_with(&create, &review.to_string()).json();
    let why = said["status"]["error"].as_str().unwrap_or_default();
    assert!(why.contains("oidc: verify token: failed to verify signature"), "{said}");
    // A key that is missing is asked for.
    publish(&outside, &[&old, &new]);
    assert_eq!(asked(&new.token(&url, &json!({}))).expect("it is known")["username"], "corp:carol");

    assert_eq!(curl(&server, "/livez", &[]), (200, "ok".into()));
    assert_eq!(curl(&server, "/version", &[]).0, 401);

    outside.files.write("authentication.yaml", "kind: Nonsense");
    outside.files.write("authentication.yaml", authentication(&outside, "new:"));
    until("the file is read again", || {
        let found = asked(&old.token(&url, &json!({"jti": format!("{:?}", SystemTime::now())})))?;
        (found["username"] == "new:carol").then_some(())
    });
}

fn authorization(outside: &Outside, policy: &str) -> String {
    json!({
        "kind": "AuthorizationConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
        "authorizers": [
            {"type": "Webhook", "name": "outside", "webhook": {
                "timeout": "3s", "subjectAccessReviewVersion": "v1",
                "matchConditionSubjectAccessReviewVersion": "v1", "failurePolicy": policy,
                "authorizedTTL": "1s", "unauthorizedTTL": "1s",
                "connectionInfo": {
                    "type": "KubeConfigFile", "kubeConfigFile": outside.kubeconfig("authz"),
                },
                "matchConditions": [{"expression": "has(request.resourceAttributes)"}, {
                    "expression": "request.resourceAttributes.resource in ['configmaps', 'secrets']",
                }],
            }},
            {"type": "RBAC", "name": "rbac"},
        ],
    })
    .to_string()
}

#[test]
fn webhooks_know_tokens_and_rights() {
    let (etcd, mut outside) = (Cluster::start(Plan::ours(1)), Outside::start());
    let file = outside.files.file("authorization.yaml");
    let server = ApiServer::start_with(&etcd, |_| {
        outside.files.write("authorization.yaml", authorization(&outside, "Deny"));
        vec![
            format!("--authentication-token-webhook-config-file={}", outside.kubeconfig("authn")),
            "--authentication-token-webhook-version=v1".to_owned(),
            format!("--authorization-config={file}"),
        ]
    });
    let wanda = server.kubectl_with_token("wanda", "wanda-token");
    let info = wanda.run(&["auth", "whoami", "-o", "json"]).json()["status"]["userInfo"].clone();
    assert_eq!(
        info,
        json!({
            "username": "wanda", "uid": "w-1", "groups": ["ops", "system:authenticated"],
            "extra": {"shift": ["night"]},
        })
    );
    assert_eq!(outside.sent("authn").len(), 1, "what was said is remembered");
    for token in ["nobody", "elsewhere"] {
        assert_eq!(who(&server, None, &[&bearer(token)]), None, "{token}");
    }
    wanda.run(&["get", "configmaps", "-l", "a=b", "-o", "name"]).ok();
    let asked = outside.sent("authz");
    let list = asked.iter().find(|it| it["spec"]["resourceAttributes"]["verb"] == "list");
    assert_eq!(
        list.expect("it was asked")["spec"],
        json!({
            "user": "wanda", "uid": "w-1", "groups": ["ops", "system:authenticated"],
            "extra": {"shift": ["night"]},
            "resourceAttributes": {
                "namespace": "default", "verb": "list", "version": "v1", "resource": "configmaps",
                "labelSelector": {"requirements": [
                    {"key": "a", "operator": "In", "values": ["b"]},
                ]},
            },
        })
    );
    let refused = wanda.run(&["get", "secrets"]).refused();
    assert!(refused.contains("in the namespace \"default\": secrets stay secret"), "{refused}");
    assert_eq!(wanda.run(&["auth", "can-i", "list", "secrets"]).out, "no - secrets stay secret\n");
    let of_rbac = wanda.run(&["get", "pods"]).refused();
    assert!(of_rbac.contains("(Forbidden)"), "{of_rbac}");

    outside.stop();
    let list = "/api/v1/namespaces/default/configmaps";
    let as_wanda = ["--header", &bearer("wanda-token")];
    let (_, body) = until("the word counts no more", || {
        Some(curl(&server, list, &as_wanda)).filter(|(code, _)| *code == 500)
    });
    assert!(body.starts_with(&format!("Internal Server Error: \"{list}\": Post ")), "{body}");
    // Whoever it is not asked about does not notice.
    assert_eq!(curl(&server, "/apis", &as_wanda).0, 200);
    assert!(wanda.run(&["get", "pods"]).refused().contains("(Forbidden)"));
    server.kubectl().run(&["get", "configmaps"]).ok();

    outside.files.write("authorization.yaml", authorization(&outside, "NoOpinion"));
    let binding = ["create", "rolebinding", "b", "--clusterrole=view", "--user=wanda"];
    server.kubectl().run(&binding).ok();
    until("the roles decide alone", || (curl(&server, list, &as_wanda).0 == 200).then_some(()));
}

#[test]
fn some_can_be_others_for_one_thing_only() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |scratch| {
        let tokens = scratch.write("tokens.csv", "alice-token,alice,u-1\n");
        vec![
            "--authorization-mode=RBAC".to_owned(),
            format!("--token-auth-file={tokens}"),
            format!("--audit-policy-file={}", scratch.write("policy.yaml", POLICY)),
            "--audit-log-path=-".to_owned(),
        ]
    });
    let (admin, alice) = (server.kubectl(), server.kubectl_with_token("alice", "alice-token"));
    let roles = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: be-bob}
rules:
- apiGroups: [authentication.k8s.io]
  resources: [users]
  resourceNames: [bob]
  verbs: ['impersonate:user-info']
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: list-as-others}
rules:
- {apiGroups: [''], resources: [pods], verbs: ['impersonate-on:user-info:list']}
";
    admin.run_with(&["create", "-f", "-"], roles).ok();
    for (name, role, user) in
        [("a", "be-bob", "alice"), ("b", "list-as-others", "alice"), ("c", "view", "bob")]
    {
        let (role, user) = (format!("--clusterrole={role}"), format!("--user={user}"));
        admin.run(&["create", "clusterrolebinding", name, &role, &user]).ok();
    }
    let pods = "/api/v1/namespaces/default/pods";
    let as_bob = |path: &str| alice.run(&["get", "--raw", path, "--as", "bob"]);
    until("alice lists pods as bob", || as_bob(pods).succeeded().then_some(()));
    assert_eq!(
        as_bob("/api/v1/namespaces/default/configmaps").refused(),
        "Error from server (Forbidden): configmaps is forbidden: User \"alice\" cannot \
         impersonate-on:user-info:list resource \"configmaps\" in API group \"\" in the namespace \
         \"default\"\n"
    );
    let other = alice.run(&["get", "--raw", pods, "--as", "carol"]).refused();
    assert!(
        other.contains(
            "users.authentication.k8s.io \"carol\" is forbidden: User \"alice\" cannot \
             impersonate:user-info resource \"users\" in API group \"authentication.k8s.io\" at \
             the cluster scope"
        ),
        "{other}"
    );
    assert!(alice.run(&["get", "--raw", pods]).refused().contains("(Forbidden)"));
    let said = server.process.as_ref().expect("it runs").said();
    let lines = said.lines().filter(|line| line.starts_with("{\"kind\":\"Event\""));
    let events = lines.map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    let by_bob = |event: &Value| event["impersonatedUser"]["username"] == "bob";
    let event =
        events.into_iter().find(|event| by_bob(event) && event["responseStatus"]["code"] == 200);
    assert_eq!(
        event.expect("it is told")["authenticationMetadata"]["impersonationConstraint"],
        "impersonate:user-info"
    );
}

const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ['/*']}
- {level: RequestResponse, namespaces: [kube-public], resources: [{group: '', resources: [configmaps]}]}
- {level: Metadata}
";

#[test]
fn audit_events_go_to_another_server() {
    let (etcd, outside) = (Cluster::start(Plan::ours(1)), Outside::start());
    let server = ApiServer::start_with(&etcd, |scratch| {
        vec![
            "--authorization-mode=RBAC".to_owned(),
            format!("--audit-policy-file={}", scratch.write("policy.yaml", POLICY)),
            format!("--audit-webhook-config-file={}", outside.kubeconfig("audit")),
            "--audit-webhook-batch-max-wait=200ms".to_owned(),
            "--audit-webhook-truncate-enabled".to_owned(),
            "--audit-webhook-truncate-max-event-size=4096".to_owned(),
        ]
    });
    let admin = server.kubectl();
    let make = |name: &str, value: &str| {
        let value = format!("--from-literal=a={value}");
        admin.run(&["create", "configmap", name, "-n", "kube-public", &value]).ok();
    };
    make("small", "shown");
    make("large", &"x".repeat(5000));
    let events = until("both are told", || {
        let lists = outside.sent("audit");
        let events: Vec<Value> = lists
            .iter()
            .inspect(|list| assert_eq!(list["kind"], "EventList"))
            .flat_map(|list| list["items"].as_array().cloned().unwrap_or_default())
            .filter(|event| event["verb"] == "create" && event["user"]["username"] == "admin")
            .collect();
        (events.len() == 2).then_some(events)
    });
    assert_eq!(events[0]["requestObject"]["data"]["a"], "shown");
    assert_eq!(events[0]["annotations"]["authorization.k8s.io/decision"], "allow");
    assert_eq!(events[1]["annotations"]["audit.k8s.io/truncated"], "true");
    assert!(events[1].get("requestObject").is_none() && events[1].get("kind").is_none());
}

/// What each kind of path answers: to who is wrong, unknown, known, and an administrator.
const PATHS: [(&str, [u16; 3]); 24] = [
    ("/", [401, 403, 403]),
    ("/api", [401, 403, 200]),
    ("/api/v1", [401, 403, 200]),
    ("/apis", [401, 403, 200]),
    ("/apis/apps/v1", [401, 403, 200]),
    ("/api/v1/namespaces", [401, 403, 403]),
    ("/api/v1/namespaces/default/pods", [401, 403, 403]),
    ("/api/v1/namespaces/default/pods/p", [401, 403, 403]),
    ("/api/v1/namespaces/default/pods/p/log", [401, 403, 403]),
    ("/api/v1/nodes/n/proxy/metrics", [401, 403, 403]),
    ("/apis/apps/v1/namespaces/default/deployments/d/scale", [401, 403, 403]),
    ("/apis/example.com/v1/things", [401, 403, 403]),
    ("/healthz", [401, 200, 200]),
    ("/livez", [401, 200, 200]),
    ("/readyz", [401, 200, 200]),
    ("/healthz/etcd", [401, 403, 403]),
    ("/version", [401, 200, 200]),
    ("/metrics", [401, 403, 403]),
    ("/openapi/v2", [401, 403, 200]),
    ("/openapi/v3", [401, 403, 200]),
    ("/.well-known/openid-configuration", [401, 403, 403]),
    ("/openid/v1/jwks", [401, 403, 403]),
    ("/debug/pprof/", [401, 403, 403]),
    ("/logs/", [401, 403, 403]),
];

#[test]
fn every_kind_of_path_is_guarded() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |scratch| {
        let tokens = "alice-token,alice,u-1\nadmin-token,root,u-2,\"system:masters\"\n";
        vec![
            "--authorization-mode=Node,RBAC".to_owned(),
            format!("--token-auth-file={}", scratch.write("tokens.csv", tokens)),
        ]
    });
    let ready = ["get", "--raw", "/readyz/poststarthook/rbac/bootstrap-roles"];
    until("the roles are there", || server.kubectl().run(&ready).succeeded().then_some(()));
    for (path, expected) in PATHS {
        let ask = |token: &str| match token {
            "" => curl(&server, path, &[]),
            token => curl(&server, path, &["--header", &bearer(token)]),
        };
        let answers = ["wrong-token", "", "alice-token"].map(ask);
        let codes = [0, 1, 2].map(|at: usize| answers[at].0);
        assert_eq!(codes, expected, "{path}");
        let (code, body) = ask("admin-token");
        assert!(![401, 403].contains(&code), "{path}: {code} {body}");
        let wrong: Value = serde_json::from_str(&answers[0].1).expect("a status");
        assert_eq!(
            wrong,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
            })
        );
        for ((code, body), name) in answers[1..].iter().zip(["system:anonymous", "alice"]) {
            if *code == 403 {
                let said: Value = serde_json::from_str(body).expect("a status");
                let message = said["message"].as_str().unwrap_or_default();
                let user = format!("forbidden: User {name:?} cannot ");
                assert!(message.contains(&user), "{path}: {message}");
                assert_eq!((&said["reason"], &said["code"]), (&json!("Forbidden"), &json!(403)));
            }
        }
    }
}

#[test]
fn flags_that_do_not_go_together_refuse_to_start() {
    let outside = Outside::start();
    let (authz, certificates) = (outside.kubeconfig("authz"), Authority::new("both"));
    let config = outside.files.write("chain.yaml", authorization(&outside, "Sometimes"));
    let both = ["--client-ca-file", "--requestheader-client-ca-file"];
    let both = both.map(|flag| format!("{flag}={}", certificates.cert));
    let cases: [(Vec<String>, &str); 9] = [
        (
            vec!["--oidc-issuer-url=https://a".into()],
            "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags \
             are set",
        ),
        (
            vec!["--oidc-client-id=a".into(), "--authentication-config=f".into()],
            "authentication-config file and oidc-* flags are mutually exclusive",
        ),
        (
            vec!["--authorization-mode=Webhook".into()],
            "authorization-mode Webhook's authorization config file not passed",
        ),
        (
            vec![format!("--authorization-webhook-config-file={authz}")],
            "cannot specify --authorization-webhook-config-file without mode Webhook",
        ),
        (
            vec!["--authorization-mode=RBAC".into(), format!("--authorization-config={config}")],
            "--authorization-config can not be specified when --authorization-mode or \
             --authorization-webhook-* flags are defined",
        ),
        (
            vec![format!("--authorization-config={config}")],
            "authorizers[0].failurePolicy: Unsupported value: \"Sometimes\": supported values: \
             \"NoOpinion\", \"Deny\"",
        ),
        (both.to_vec(), "--requestheader-client-ca-file and --client-ca-file contain overlapping"),
        (
            vec!["--audit-log-path=-".into(), "--audit-log-mode=eager".into()],
            "invalid audit log mode eager, allowed modes are \"batch,blocking,blocking-strict\"",
        ),
        (
            vec![
                format!("--authentication-token-webhook-config-file={authz}"),
                "--authentication-token-webhook-version=v2".into(),
            ],
            "unsupported authentication webhook version \"v2\", supported versions are \"v1\", \
             \"v1beta1\"",
        ),
    ];
    for (flags, why) in cases {
        let mut command = Command::new(binaries::ours("kube-apiserver"));
        command.args(["--etcd-servers=http://127.0.0.1:1", "--secure-port=0"]);
        command.arg(format!("--cert-dir={}", outside.files.file("made"))).args(&flags);
        let answer = Answer::of(command, "");
        assert_eq!(answer.code, Some(2), "{flags:?}: {answer:?}");
        assert!(answer.err.contains(why), "{}", answer.err);
    }
}
