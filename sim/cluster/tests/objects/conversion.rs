//! A conversion webhook that is slow, talks nonsense or is dead hurts only those who need it: they
//! are told why, and soon; everybody else goes on; and once it is well again all is as it should be.

use crate::place::{Cluster, USER, seconds};
use base64::{Engine, engine::general_purpose::STANDARD};
use client::{
    Api, Client, Config, Error, Informer, ListOptions, Resource, Selection, WriteOptions,
};
use cluster::apiserver;
use host::{Host, stop_pair};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use wire::{
    server::Limits,
    tls::{ClientAuth, Identity, ServerTls},
};

const PORT: u16 = 8443;
/// The certificates of simulated members name machines so.
const NAME: &str = "etcd-9";
const AUTHORITY: &[u8] = include_bytes!("../../src/tls/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../src/tls/member.pem");
const KEY: &[u8] = include_bytes!("../../src/tls/member.key");

/// How the webhook is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// It answers after a minute.
    Slow,
    /// Objects have other names afterwards.
    Wrong,
}

/// When it is how: from a second on.
const MOODS: [(u64, Mood); 3] = [(40, Mood::Slow), (80, Mood::Wrong), (120, Mood::Well)];
/// The webhook's machine has no power in between.
const DEAD: [u64; 2] = [100, 120];
const END: u64 = 200;

/// The webhook: the second version of a lamp calls its watts power.
async fn convert(host: Host, address: SocketAddr, mood: Arc<Mutex<Mood>>) {
    let identity = Identity::from_pem(&host, CERTIFICATE, KEY).unwrap();
    let tls = ServerTls::new(&host, &identity, ClientAuth::None).unwrap();
    let listener = host.network.listen(address).await.unwrap();
    let (_stopper, stop) = stop_pair();
    let on = host.clone();
    let service = move |request: wire::Request| {
        let (host, mood) = (on.clone(), mood.clone());
        let mood = move || *mood.lock().unwrap();
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let review: Value = serde_json::from_slice(&body).unwrap();
            if mood() == Mood::Slow {
                host.sleep(Duration::from_secs(60)).await;
            }
            let answer = answered(&review["request"], mood());
            http::Response::new(wire::full(answer.to_string()))
        }
    };
    wire::server::serve(host, listener, Some(tls), Arc::new(service), Limits::default(), stop)
        .await;
}

fn answered(request: &Value, mood: Mood) -> Value {
    let version = request["desiredAPIVersion"].as_str().unwrap();
    let objects = request["objects"].as_array().unwrap().iter().map(|lamp| {
        let mut lamp = lamp.clone();
        let (from, to) =
            if version.ends_with("v2") { ("watts", "power") } else { ("power", "watts") };
        if let Some(value) = lamp["spec"].as_object_mut().and_then(|spec| spec.remove(from)) {
            lamp["spec"][to] = value;
        }
        if mood == Mood::Wrong {
            lamp["metadata"]["name"] = "other".into();
        }
        lamp["apiVersion"] = version.into();
        lamp
    });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "response": {
            "uid": request["uid"], "result": {"status": "Success"},
            "convertedObjects": objects.collect::<Vec<_>>(),
        },
    })
}

fn definition() -> Value {
    let version = |name: &str, field: &str| {
        let spec = json!({"type": "object", "properties": {field: {"type": "integer"}}});
        json!({"name": name, "served": true, "storage": name == "v1", "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": spec}},
        }})
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "lamps.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"},
            "versions": [version("v1", "watts"), version("v2", "power")],
            "conversion": {"strategy": "Webhook", "webhook": {
                "conversionReviewVersions": ["v1"],
                "clientConfig": {
                    "url": format!("https://{NAME}:{PORT}/"), "caBundle": STANDARD.encode(AUTHORITY),
                },
            }},
        },
    })
}

fn lamps(client: &Client, version: &str) -> Api {
    client.resource(Resource::new("example.com", version, "lamps")).within("default")
}

/// A client that waits longer than a server waits for a webhook.
fn patient(host: &Host) -> Client {
    let servers = (0..2).map(|index| apiserver::url(&apiserver::name(index)).parse().unwrap());
    let timeout = Duration::from_secs(60);
    Client::new(host, Config { rate: None, timeout, ..Config::new(servers.collect()) }).unwrap()
}

/// What users saw.
#[derive(Default)]
struct Seen {
    /// Why lamps were not to be had in their second version.
    failures: Vec<String>,
    /// Reads of it that succeeded.
    successes: usize,
    /// The longest write of something else.
    longest: Duration,
    writes: usize,
}

type Board = Arc<Mutex<Seen>>;

/// Defines lamps, and makes one each few seconds; reads them in their second version.
async fn use_lamps(host: Host, board: Board) {
    let client = patient(&host);
    let options = WriteOptions::default();
    let definitions = Resource::new("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    while client.resource(definitions.clone()).create(&definition(), &options).await.is_err() {
        host.sleep(Duration::from_secs(1)).await;
    }
    for number in 0_u64.. {
        let lamp = json!({
            "apiVersion": "example.com/v1", "kind": "Lamp",
            "metadata": {"name": format!("lamp-{number}")}, "spec": {"watts": number},
        });
        drop(lamps(&client, "v1").create(&lamp, &options).await);
        let read = lamps(&client, "v2").list(&ListOptions::default()).await;
        match read {
            Ok(_) => board.lock().unwrap().successes += 1,
            Err(Error::Refused(status)) => board.lock().unwrap().failures.push(status.message),
            Err(_) => {}
        }
        host.sleep(Duration::from_secs(2)).await;
    }
}

/// Writes what needs no webhook.
async fn use_others(host: Host, board: Board) {
    let api = patient(&host).resource(Resource::core("configmaps")).within("default");
    host.sleep(Duration::from_secs(10)).await;
    for number in 0_u64.. {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("map-{number}")},
        });
        let began = host.now();
        if api.create(&map, &WriteOptions::default()).await.is_ok() {
            let mut seen = board.lock().unwrap();
            seen.longest = seen.longest.max(host.now().since(began));
            seen.writes += 1;
        }
        host.sleep(Duration::from_secs(1)).await;
    }
}

#[test]
fn a_webhook_in_trouble_hurts_only_those_who_need_it() {
    let (cluster, board) = (Cluster::start(1), Board::default());
    let machine = cluster.world.add_machine(NAME);
    let address = SocketAddr::new(cluster.world.address(machine), PORT);
    let mood = Arc::new(Mutex::new(Mood::Well));
    for (from, next) in MOODS {
        let mood = mood.clone();
        cluster.world.at(seconds(from), move |_| *mood.lock().unwrap() = next);
    }
    let program = move |host: Host| -> host::BoxFuture<'static, ()> {
        Box::pin(convert(host, address, mood.clone()))
    };
    cluster.world.install(machine, USER, Arc::new(program));
    cluster.world.start(machine, USER);
    let [off, on] = DEAD;
    cluster.world.at(seconds(off), move |world| assert!(world.power_off(machine)));
    cluster.world.at(seconds(on), move |world| {
        assert!(world.power_on(machine));
        world.start(machine, USER);
    });
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    cluster.user("follower", move |host| {
        let informer = Informer::new(lamps(&patient(&host), "v2"), Selection::default(), &[]);
        *keep.lock().unwrap() = Some(informer.clone());
        async move {
            let (_stopper, stop) = stop_pair();
            informer.run(stop).await;
        }
    });
    for (name, of_lamps) in [("lamps", true), ("others", false)] {
        let board = board.clone();
        cluster.user(name, move |host| -> host::BoxFuture<'static, ()> {
            match of_lamps {
                true => Box::pin(use_lamps(host, board.clone())),
                false => Box::pin(use_others(host, board.clone())),
            }
        });
    }
    cluster.world.run_until(seconds(END)).unwrap();
    let seen = board.lock().unwrap();
    assert!(seen.writes > 120, "only {} others were written", seen.writes);
    assert!(seen.longest < Duration::from_secs(5), "others waited {:?}", seen.longest);
    assert!(seen.successes > 30, "only {} reads", seen.successes);
    let told = |what: &str| seen.failures.iter().any(|why| why.contains(what));
    assert!(told("must have the same name: lamp-"), "{:?}", seen.failures);
    let start = "conversion webhook for example.com/v1, Kind=Lamp ";
    let strange: Vec<_> = seen.failures.iter().filter(|why| !why.starts_with(start)).collect();
    assert!(strange.iter().all(|why| why.contains("could not find")), "{strange:?}");
    let informer: Option<Informer> = kept.lock().unwrap().take();
    let informer = informer.unwrap();
    let store = informer.store();
    assert!(store.len() > 40, "only {} lamps are followed", store.len());
    assert!(store.all().all(|lamp| lamp["spec"]["power"].is_u64()), "all in the second version");
}
