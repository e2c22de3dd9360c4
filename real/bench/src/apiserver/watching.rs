//! Many watchers of one object: a change, then a wait until every watcher has seen it.

use super::{load::Done, object::WRITTEN, server::Server};
use crate::{latency::Latencies, options::ApiserverOptions};
use client::Ask;
use http::{Method, header};
use http_body_util::BodyExt;
use serde_json::json;
use std::{
    io,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use wire::client::Channel;

/// An event that has not come after this long will not come.
const EVENT_WAIT: Duration = Duration::from_secs(30);
const NAME: &str = "watched";
const MERGE: &str = "application/merge-patch+json";

/// A latency is from before the change was sent until one watcher's client had the event.
pub(crate) async fn run(server: &Server, options: &ApiserverOptions) -> io::Result<Done> {
    let client = server.client()?;
    let made = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}});
    let maps = format!("/api/v1/namespaces/{WRITTEN}/configmaps");
    let create = Ask::new(Method::POST, maps.clone()).body("application/json", made.to_string());
    client.send(&create).await.map_err(io::Error::other)?;

    let (seen, mut all) = mpsc::unbounded_channel();
    for number in 0..options.watch_connections {
        let (channel, token) = server.channel()?;
        let share = options.watchers / options.watch_connections
            + u32::from(number < options.watchers % options.watch_connections);
        for _ in 0..share {
            tokio::spawn(watch(channel.clone(), token.clone(), seen.clone()));
        }
    }
    // Every watcher is told of the object that is there.
    drop(seen);
    await_all(&mut all, options.watchers).await?;

    let mut latencies = Latencies::default();
    let began = Instant::now();
    let mut number = 0_u64;
    while began.elapsed() < options.duration() {
        number += 1;
        // Its events are as big as those of a common small object.
        let change = json!({"data": {"number": number.to_string(), "text": "x".repeat(1_000)}});
        let patch = Ask::new(Method::PATCH, format!("{maps}/{NAME}"));
        let sent = Instant::now();
        client.send(&patch.body(MERGE, change.to_string())).await.map_err(io::Error::other)?;
        for at in await_all(&mut all, options.watchers).await? {
            latencies.add(at.saturating_duration_since(sent));
        }
    }
    Ok((latencies, began.elapsed()))
}

/// When each of the watchers had one more event.
async fn await_all(
    seen: &mut mpsc::UnboundedReceiver<Instant>,
    count: u32,
) -> io::Result<Vec<Instant>> {
    let mut times = Vec::new();
    for _ in 0..count {
        match tokio::time::timeout(EVENT_WAIT, seen.recv()).await {
            Ok(Some(at)) => times.push(at),
            Ok(None) => return Err(io::Error::other("the watches ended")),
            Err(_) => return Err(io::Error::other("an event did not come")),
        }
    }
    Ok(times)
}

/// Tells of each line until nobody listens.
async fn watch(
    channel: Channel,
    token: String,
    seen: mpsc::UnboundedSender<Instant>,
) -> Result<(), tonic::Status> {
    let target = format!(
        "/api/v1/namespaces/{WRITTEN}/configmaps?watch=true&fieldSelector=metadata.name%3D{NAME}"
    );
    let request = http::Request::get(target).header(header::AUTHORIZATION, token);
    let request =
        request.body(wire::empty()).map_err(|it| tonic::Status::internal(it.to_string()))?;
    let mut body = channel.send(request).await?.into_body();
    while let Some(frame) = body.frame().await {
        let at = Instant::now();
        let Ok(data) = frame?.into_data() else { continue };
        for _ in data.iter().filter(|byte| **byte == b'\n') {
            if seen.send(at).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
