//! The storage is restored from an older backup under API servers that know of a later time: what
//! they show becomes what the storage has, and not what never was.

use crate::place::{Cluster, client, seconds};
use ::etcd::config::ClusterState;
use bytes::Bytes;
use client::{Api, Informer, ListOptions, Match, Resource, Selection, WriteOptions};
use cluster::etcd::{self, Place};
use etcd_api::client as storage;
use host::{Host, stop_pair};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn config_maps(host: &Host) -> Api {
    client(host).resource(Resource::core("configmaps")).within("default")
}

/// Creates objects with these numbers, one every 200 ms, whatever it takes.
async fn create(host: &Host, numbers: std::ops::Range<u32>) {
    let api = config_maps(host);
    for number in numbers {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": format!("map-{number}")}});
        while api.create(&map, &WriteOptions::default()).await.is_err() {
            host.sleep(Duration::from_millis(200)).await;
        }
        host.sleep(Duration::from_millis(200)).await;
    }
}

/// What `etcdctl snapshot save` would write.
async fn backup(host: &Host, endpoint: &str) -> Bytes {
    let endpoints = vec![endpoint.parse().unwrap()];
    let one = storage::Client::new(host, storage::Config::new(endpoints));
    let mut parts = one.snapshot().await.unwrap();
    let mut data = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        data.extend_from_slice(&part.blob);
    }
    data.into()
}

type Names = Arc<Mutex<Vec<String>>>;

/// Reads all objects: what is there now, or anything that a cache has.
async fn read(host: &Host, any: bool, into: &Names) {
    let (resource_version, resource_version_match) = match any {
        true => ("0".to_owned(), Some(Match::NotOlderThan)),
        false => (String::new(), None),
    };
    let options =
        ListOptions { resource_version, resource_version_match, ..ListOptions::default() };
    let list = config_maps(host).list(&options).await.unwrap();
    *into.lock().unwrap() = list.items.iter().map(|it| client::name(it).to_owned()).collect();
}

#[test]
fn caches_forget_what_never_was() {
    for seed in 0..2 {
        let cluster = Cluster::start(seed);
        let (world, machine) = (&cluster.world, cluster.etcd);
        cluster.user("writer", |host: Host| async move {
            create(&host, 0..10).await;
            host.sleep(Duration::from_secs(10)).await;
            create(&host, 10..40).await;
        });
        let kept = Arc::new(Mutex::new(None));
        let keep = kept.clone();
        cluster.user("follower", move |host| {
            let informer = Informer::new(config_maps(&host), Selection::default(), &[]);
            *keep.lock().unwrap() = Some(informer.clone());
            async move {
                let (_stopper, stop) = stop_pair();
                informer.run(stop).await;
            }
        });
        world.run_until(seconds(9)).unwrap();
        let place = Place { name: "etcd-0".into(), machine, tls: false };
        let (saved, url) = (Arc::new(Mutex::new(Bytes::new())), place.client_url());
        let save = saved.clone();
        cluster.user("operator", move |host| {
            let (save, url) = (save.clone(), url.clone());
            async move { *save.lock().unwrap() = backup(&host, &url).await }
        });
        world.run_until(seconds(35)).unwrap();
        assert_eq!(kept.lock().unwrap().as_ref().unwrap().store().len(), 40, "seed {seed}");
        let snapshot = saved.lock().unwrap().clone();
        assert!(!snapshot.is_empty(), "seed {seed}: there is a backup");
        let config = etcd::config(world, &place, std::slice::from_ref(&place), ClusterState::New);
        world.reimage(machine);
        world.install(machine, etcd::PROCESS, etcd::restored_program(config, snapshot));
        world.power_on(machine);
        world.run_until(seconds(75)).unwrap();
        let expected: Vec<String> = (0..10).map(|number| format!("map-{number}")).collect();
        for any in [false, true] {
            let found = Names::default();
            let write = found.clone();
            cluster.user(if any { "any" } else { "newest" }, move |host| {
                let write = write.clone();
                async move { read(&host, any, &write).await }
            });
            world.run_until(seconds(if any { 85 } else { 80 })).unwrap();
            assert_eq!(*found.lock().unwrap(), expected, "seed {seed}, any: {any}");
        }
    }
}
