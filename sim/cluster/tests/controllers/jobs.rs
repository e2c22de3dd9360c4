//! A Job counts each pod once and runs none too many, whatever fails between two writes.

use crate::{
    place::{Cluster, seconds},
    world::{Hand, History, follow, managers, pods, trouble},
};
use ::client::{Resource, name};
use host::Host;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn jobs() -> Resource {
    Resource::new("batch", "v1", "jobs")
}

fn job(name: &str, spec: Value) -> Value {
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": "default"}, "spec": spec});
    job["spec"]["template"] = json!({"spec": {"restartPolicy": "Never",
        "containers": [{"name": "c", "image": "i"}]}});
    job
}

/// Ends pods that are there for a while, as kubelets whose containers end would.
async fn nodes(host: Host) {
    let hand = Hand(host);
    loop {
        hand.0.sleep(Duration::from_secs(2)).await;
        for pod in hand.list(&pods()).await {
            if pod["status"]["phase"] != "Pending" {
                continue;
            }
            let fails = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "bad";
            let phase = if fails { "Failed" } else { "Succeeded" };
            hand.say(name(&pod), json!({"phase": phase})).await;
        }
    }
}

#[test]
fn completions_are_counted_once() {
    for seed in 0..2 {
        let cluster = Cluster::start(seed);
        let (history, told) = (History::default(), Arc::new(Mutex::new(Vec::new())));
        let managers = managers(&cluster, 2);
        let seen = history.clone();
        cluster.user("witness", move |host| follow(host, pods(), seen.clone()));
        cluster.user("nodes", nodes);
        let note = told.clone();
        cluster.user("user", move |host| {
            let (hand, note) = (Hand(host), note.clone());
            async move {
                hand.0.sleep(Duration::from_secs(10)).await;
                let spec = json!({"completions": 12, "parallelism": 3});
                hand.create(&jobs(), job("plain", spec)).await;
                let spec = json!({"completions": 7, "parallelism": 4, "completionMode": "Indexed"});
                hand.create(&jobs(), job("indexed", spec)).await;
                let spec = json!({"completions": 2, "parallelism": 2, "backoffLimit": 2});
                hand.create(&jobs(), job("bad", spec)).await;
                hand.0.sleep(Duration::from_secs(230)).await;
                *note.lock().unwrap() = hand.list(&jobs()).await;
            }
        });
        trouble(&cluster, &managers, seed);
        cluster.world.run_until(seconds(260)).unwrap();
        let told = told.lock().unwrap();
        let status = |name: &str| {
            let job = told.iter().find(|job| ::client::name(job) == name).unwrap();
            job["status"].clone()
        };
        let all = history.lock().unwrap();
        let pods_of = |job: &str| {
            let of_job =
                |pod: &Value| pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == job;
            all.values().filter(|(pod, _)| of_job(pod)).count()
        };
        assert_eq!(status("plain")["succeeded"], 12, "seed {seed}: {}", status("plain"));
        assert_eq!(pods_of("plain"), 12, "seed {seed}");
        assert_eq!(status("indexed")["completedIndexes"], "0-6", "seed {seed}");
        assert_eq!((status("indexed")["succeeded"].clone(), pods_of("indexed")), (json!(7), 7));
        let failed =
            status("bad")["failed"].as_u64().unwrap_or_else(|| panic!("{}", status("bad")));
        assert_eq!(pods_of("bad"), usize::try_from(failed).unwrap());
        let ends = |name: &str| {
            let status = status(name);
            let last = status["conditions"].as_array().and_then(|all| all.last());
            let last = last.unwrap_or_else(|| panic!("{name} has no conditions: {status}"));
            last["type"].as_str().unwrap().to_owned()
        };
        assert_eq!(["plain", "indexed", "bad"].map(ends), ["Complete", "Complete", "Failed"]);
        let tracked = all.values().filter(|(pod, there)| {
            *there && pod["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty())
        });
        assert_eq!(tracked.count(), 0, "seed {seed}: finalizers are left");
    }
}
