//! A closed loop of clients: each sends its next request when the last was answered.

use super::{
    object::{LISTED, WRITTEN, applied, pod},
    server::Server,
};
use crate::{latency::Latencies, options::ApiserverOptions};
use bytes::Bytes;
use client::{Ask, Client};
use http::Method;
use serde_json::{Value, json};
use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const APPLY: &str = "application/apply-patch+yaml";
/// Pods that exist before anything but creating is measured.
const POOL: u64 = 500;
/// Clients that make what is missing.
const FILLERS: u16 = 32;

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Create,
    Get,
    Update,
    Apply,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::Update => "update",
            Self::Apply => "apply",
        })
    }
}

/// Requests answered and how long they took.
pub(crate) type Done = (Latencies, Duration);

fn all(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods")
}

fn one(name: &str) -> String {
    format!("{}/{name}", all(WRITTEN))
}

/// A pod of the pool.
fn pooled(number: u64) -> String {
    format!("pool-{:05}", number % POOL)
}

fn creation(namespace: &str, name: &str) -> Ask {
    Ask::new(Method::POST, all(namespace)).body(JSON, pod(namespace, name).to_string())
}

/// Asks for as long as was said.
pub(crate) async fn run(
    server: &Server,
    what: What,
    clients: u16,
    options: &ApiserverOptions,
) -> io::Result<Done> {
    if what != What::Create {
        fill(server, WRITTEN, "pool-", POOL).await?;
    }
    let turn = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let end = began + options.duration();
    let mut tasks = Vec::new();
    for number in 0..clients {
        let (client, turn) = (server.client()?, turn.clone());
        // Each has pods of its own: what is measured is not conflicts.
        let mine = format!("{what}-{clients}-{number}-");
        tasks.push(tokio::spawn(async move {
            let mut latencies = Latencies::default();
            while Instant::now() < end {
                let next = turn.fetch_add(1, Ordering::Relaxed);
                latencies.add(ask(&client, what, &mine, next).await?);
            }
            Ok::<_, client::Error>(latencies)
        }));
    }
    let mut latencies = Latencies::default();
    for task in tasks {
        latencies.append(task.await.map_err(io::Error::other)?.map_err(io::Error::other)?);
    }
    Ok((latencies, began.elapsed()))
}

/// How long one request took.
async fn ask(
    client: &Client,
    what: What,
    mine: &str,
    number: u64,
) -> Result<Duration, client::Error> {
    let ask = match what {
        What::Create => creation(WRITTEN, &format!("{mine}{number}")),
        What::Get => Ask::new(Method::GET, one(&pooled(number))),
        What::Update => {
            let name = pooled(number);
            let read = client.send(&Ask::new(Method::GET, one(&name))).await?;
            Ask::new(Method::PUT, one(&name)).body(JSON, changed(&read, number))
        }
        What::Apply => {
            let name = pooled(number);
            Ask::new(Method::PATCH, one(&name))
                .query("fieldManager", "bench")
                .query("force", "true")
                .body(APPLY, applied(&name, number).to_string())
        }
    };
    let sent = Instant::now();
    match client.send(&ask).await {
        // Another client was between reading and writing: an answer like any other.
        Err(error) if what == What::Update && error.is_conflict() => {}
        answer => drop(answer?),
    }
    Ok(sent.elapsed())
}

/// The pod with another label.
fn changed(read: &Bytes, number: u64) -> Bytes {
    let mut pod: Value = serde_json::from_slice(read).unwrap_or_default();
    pod["metadata"]["labels"]["changed"] = number.to_string().into();
    pod.to_string().into()
}

/// Creates pods until there are so many whose names start so.
async fn fill(
    server: &Server,
    namespace: &'static str,
    prefix: &'static str,
    count: u64,
) -> io::Result<()> {
    let turn = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..FILLERS {
        let (client, turn) = (server.client()?, turn.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                let number = turn.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok::<_, client::Error>(());
                }
                match client.send(&creation(namespace, &format!("{prefix}{number:05}"))).await {
                    // An earlier measurement made it.
                    Err(error) if error.is_already_exists() => {}
                    answer => drop(answer?),
                }
            }
        }));
    }
    for task in tasks {
        task.await.map_err(io::Error::other)?.map_err(io::Error::other)?;
    }
    Ok(())
}

/// Lists as many pods as was said, one list after the other.
pub(crate) async fn list(
    server: &Server,
    protobuf: bool,
    options: &ApiserverOptions,
) -> io::Result<Done> {
    let client = server.client()?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LISTED}});
    let create = Ask::new(Method::POST, "/api/v1/namespaces").body(JSON, namespace.to_string());
    match client.send(&create).await {
        // An earlier measurement made it, and its pods.
        Err(error) if error.is_already_exists() => {}
        answer => {
            answer.map_err(io::Error::other)?;
            fill(server, LISTED, "pod-", options.pods.into()).await?;
        }
    }
    let ask = Ask::new(Method::GET, all(LISTED));
    let ask = if protobuf { ask.accept(PROTOBUF) } else { ask };
    let mut latencies = Latencies::default();
    let began = Instant::now();
    while began.elapsed() < options.duration() {
        let sent = Instant::now();
        client.send(&ask).await.map_err(io::Error::other)?;
        latencies.add(sent.elapsed());
    }
    Ok((latencies, began.elapsed()))
}
