//! A server that knows tokens and rights is cut off, answers nonsense, and comes back: those whom it
//! does not concern notice nothing, the others are refused or judged by the next, and nobody waits
//! for ever.

use ::apiserver::{
    ApiServer, AuthorizationConfiguration, Remote, TokenWebhook, User, config::Config,
};
use ::etcd::config::ClusterState;
use bytes::Bytes;
use cluster::{
    apiserver,
    etcd::{self, Place},
};
use host::{BoxFuture, Host, Open, stop_pair};
use http::StatusCode;
use http_body_util::BodyExt;
use machine::{MachineId, Stations, Time, World, WorldConfig};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use wire::{client::Endpoint, server::Limits};

const WEBHOOK_PORT: u16 = 8443;
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const PODS: &str = "/api/v1/namespaces/default/pods";
/// More than one server's calls to a webhook at once.
const CROWD: usize = 300;

fn seconds(seconds: u64) -> Time {
    Time::from(Duration::from_secs(seconds))
}

/// Knows wanda, and lets everybody at configmaps; answers nonsense while it is told to.
async fn webhook(host: Host, at: SocketAddr, wrong: Arc<AtomicBool>) {
    let listener = host.network.listen(at).await.unwrap();
    let service = Arc::new(move |request: wire::Request| {
        let wrong = wrong.load(Ordering::Relaxed);
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await;
            let sent = body.map(|it| it.to_bytes()).unwrap_or_default();
            let mut review: Value = serde_json::from_slice(&sent).unwrap_or_default();
            let spec = &review["spec"];
            review["status"] = match path.as_str() {
                "/authn" if spec["token"] == "wanda" => {
                    json!({"authenticated": true, "user": {"username": "wanda"}})
                }
                "/authn" => json!({"authenticated": false}),
                _ => json!({"allowed": spec["resourceAttributes"]["resource"] == "configmaps"}),
            };
            let text = if wrong { "nonsense".to_owned() } else { review.to_string() };
            let status = if wrong { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
            let mut response = http::Response::new(wire::full(text));
            *response.status_mut() = status;
            response
        }
    });
    let (_stopper, stop) = stop_pair();
    wire::server::serve(host.clone(), listener, None, service, Limits::default(), stop).await;
}

fn kubeconfig(path: &str) -> String {
    format!(
        "current-context: c\n\
         clusters: [{{name: c, cluster: {{server: 'http://webhook:{WEBHOOK_PORT}/{path}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n"
    )
}

fn chain(policy: &str) -> String {
    json!({
        "kind": "AuthorizationConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
        "authorizers": [
            {"type": "Webhook", "name": "webhook", "webhook": {
                "timeout": "2s", "subjectAccessReviewVersion": "v1", "failurePolicy": policy,
                "matchConditionSubjectAccessReviewVersion": "v1",
                "authorizedTTL": "1s", "unauthorizedTTL": "1s",
                "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": "/authz"},
                "matchConditions": [
                    {"expression": "request.?resourceAttributes.?resource.orValue('') == 'configmaps'"},
                ],
            }},
            {"type": "AlwaysAllow", "name": "alwaysallow"},
        ],
    })
    .to_string()
}

/// An API server that asks the webhook about tokens and configmaps.
async fn server(host: Host, listen: SocketAddr, etcd: String, policy: &'static str) {
    for (path, text) in [("/authn", kubeconfig("authn")), ("/authz", kubeconfig("authz"))] {
        let file = host.disk.open(path, Open::Truncate).unwrap();
        file.write_at(0, text.as_bytes()).unwrap();
    }
    let endpoints = vec![etcd.parse::<Endpoint>().unwrap()];
    let mut config = Config::new(listen, etcd_api::client::Config::new(endpoints));
    let alice = User { name: "alice".into(), ..User::default() };
    config.tokens = [("alice".to_owned(), alice)].into();
    config.token_webhook = Some(TokenWebhook {
        remote: Remote::from_kubeconfig(&host, "/authn").unwrap(),
        version: "v1".into(),
        cache: Duration::from_secs(1),
    });
    let chain = AuthorizationConfiguration::parse(&host, chain(policy).as_bytes()).unwrap();
    config.authorization = chain.modes(&host, &[]).unwrap();
    let (_stopper, stop) = stop_pair();
    ApiServer::new(host, config).run(stop).await.unwrap();
}

/// Status of an answer, and how long it took.
async fn ask(host: &Host, token: &str, path: &str) -> (u16, Duration) {
    let began = host.now();
    let server = apiserver::url(&apiserver::name(0)).parse().unwrap();
    let asked =
        http::Request::builder().uri(path).header("authorization", format!("Bearer {token}"));
    let asked = asked.body(Bytes::new()).unwrap();
    let limit = Duration::from_secs(120);
    let reply = wire::client::request(host, &server, None, asked, 1 << 20, limit).await;
    (reply.map_or(0, |reply| reply.status.as_u16()), host.now().since(began))
}

/// What was seen, by a name for each look.
type Seen = Arc<Mutex<Vec<(&'static str, u16, Duration)>>>;

/// A look: when, its name, the token, the path.
const LOOKS: [(u64, &str, &str, &str); 8] = [
    (20, "wanda is known", "wanda", CONFIG_MAPS),
    (45, "wanda while it is cut off", "wanda", PODS),
    (45, "alice at what it does not judge", "alice", PODS),
    (45, "alice at what it judges", "alice", CONFIG_MAPS),
    (150, "wanda when it is back", "wanda", CONFIG_MAPS),
    (180, "wanda while it is wrong", "wanda", PODS),
    (180, "alice beside nonsense", "alice", PODS),
    (230, "wanda at the end", "wanda", CONFIG_MAPS),
];

async fn look(host: Host, seen: Seen) {
    let began = host.now();
    let mut tasks = Vec::new();
    for (at, name, token, path) in LOOKS {
        let (on, seen) = (host.clone(), seen.clone());
        tasks.push(host.spawn("test/look", async move {
            on.sleep(began + Duration::from_secs(at) - on.now()).await;
            let (code, took) = ask(&on, token, path).await;
            seen.lock().unwrap().push((name, code, took));
        }));
    }
    for number in 0..CROWD {
        let (on, seen) = (host.clone(), seen.clone());
        tasks.push(host.spawn("test/crowd", async move {
            on.sleep(began + Duration::from_secs(50) - on.now()).await;
            let (code, took) = ask(&on, &format!("stranger-{number}"), PODS).await;
            seen.lock().unwrap().push(("one of a crowd", code, took));
        }));
    }
    for task in tasks {
        let _ = task.await;
    }
}

fn install<F: Future<Output = ()> + Send + 'static>(
    world: &World,
    machine: MachineId,
    process: &'static str,
    work: impl Fn(Host) -> F + Send + Sync + 'static,
) {
    let program = move |host: Host| Box::pin(work(host)) as BoxFuture<'static, ()>;
    world.install(machine, process, Arc::new(program));
    world.start(machine, process);
}

fn run(seed: u64, policy: &'static str) -> Vec<(&'static str, u16, Duration)> {
    let world = World::new(WorldConfig { seed, ..WorldConfig::default() });
    let member = world.add_machine("etcd-0");
    let place = Place { name: "etcd-0".into(), machine: member, tls: false };
    let config = etcd::config(&world, &place, std::slice::from_ref(&place), ClusterState::New);
    world.install(member, etcd::PROCESS, etcd::program(config));
    world.start(member, etcd::PROCESS);
    let (asked, wrong) = (world.add_machine("webhook"), Arc::new(AtomicBool::new(false)));
    let at = SocketAddr::new(world.address(asked), WEBHOOK_PORT);
    let nonsense = wrong.clone();
    install(&world, asked, "webhook", move |host| webhook(host, at, nonsense.clone()));
    let machine = world.add_machine(&apiserver::name(0));
    let listen = SocketAddr::new(world.address(machine), apiserver::PORT);
    let url = place.client_url();
    install(&world, machine, apiserver::PROCESS, move |host| {
        server(host, listen, url.clone(), policy)
    });
    let seen = Seen::default();
    let (user, board) = (world.add_machine("user"), seen.clone());
    install(&world, user, "user", move |host| look(host, board.clone()));
    world.at(seconds(35), move |world| {
        let rule = world.network().partition(Stations::only([machine]), Stations::only([asked]));
        world.at(seconds(110), move |world| world.network().remove_rule(rule));
    });
    world.at(seconds(170), {
        let wrong = wrong.clone();
        move |_| wrong.store(true, Ordering::Relaxed)
    });
    world.at(seconds(210), move |_| wrong.store(false, Ordering::Relaxed));
    world.run_until(seconds(260)).unwrap();
    seen.lock().unwrap().clone()
}

#[test]
fn a_webhook_that_fails_concerns_those_it_is_asked_about() {
    let soon = Duration::from_secs(3);
    for (policy, judged) in [("Deny", 500), ("NoOpinion", 200)] {
        let seen = run(7, policy);
        let of = |name: &str| {
            let found = seen.iter().find(|(look, ..)| *look == name);
            found.unwrap_or_else(|| panic!("{name} was not answered"))
        };
        for (name, code, quick) in [
            ("wanda is known", 200, true),
            ("wanda while it is cut off", 401, false),
            ("alice at what it does not judge", 200, true),
            ("alice at what it judges", judged, true),
            ("wanda when it is back", 200, true),
            ("wanda while it is wrong", 401, false),
            ("alice beside nonsense", 200, true),
            ("wanda at the end", 200, true),
        ] {
            let (_, was, took) = of(name);
            assert_eq!(*was, code, "{policy}: {name} after {took:?}");
            assert!(!quick || *took < soon, "{policy}: {name} took {took:?}");
        }
        let crowd: Vec<_> = seen.iter().filter(|(look, ..)| *look == "one of a crowd").collect();
        assert_eq!(crowd.len(), CROWD, "{policy}");
        for (_, code, took) in crowd {
            assert_eq!(*code, 401, "{policy}");
            assert!(*took < Duration::from_secs(62), "{policy}: one of a crowd waited {took:?}");
        }
    }
}

#[test]
fn the_same_seed_sees_the_same() {
    assert_eq!(run(11, "Deny"), run(11, "Deny"));
}
