//! A closed loop of clients: each sends its next request when the last was answered.

use crate::latency::Latencies;
use bytes::Bytes;
use etcd_api::etcdserverpb::{PutRequest, RangeRequest, kv_client::KvClient};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tonic::Status;
use wire::client::Channel;

/// Before anything is counted: connections open, pages are faulted in.
const WARM_UP: Duration = Duration::from_millis(500);

/// What clients ask.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Puts of one value to keys spread over a space.
    Put(Bytes),
    /// Reads of one key of that space.
    Range { serializable: bool },
}

/// Keys that loads spread over.
pub(crate) const KEY_SPACE: u64 = 10_000;

/// Key number `number` of a space of any size.
pub(crate) fn key(number: u64) -> Bytes {
    Bytes::from(format!("bench/key/{number:012}"))
}

/// Answers and how long they took.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) latencies: Latencies,
    pub(crate) took: Duration,
}

/// Numbers that all clients of a load share, each given once.
type Turn = Arc<AtomicU64>;

async fn ask(client: &mut KvClient<Channel>, ask: &Ask, number: u64) -> Result<(), Status> {
    // A multiplicative walk: consecutive requests are far from each other in the space.
    let key = key(number.wrapping_mul(7_919) % KEY_SPACE);
    match ask {
        Ask::Put(value) => {
            let request = PutRequest { key, value: value.clone(), ..PutRequest::default() };
            client.put(request).await.map(drop)
        }
        Ask::Range { serializable } => {
            let serializable = *serializable;
            let request = RangeRequest { key, serializable, ..RangeRequest::default() };
            client.range(request).await.map(drop)
        }
    }
}

/// Keeps every channel busy for `lasts`, after a warm-up. `begin` is called between the two.
pub(crate) async fn run(
    channels: Vec<Channel>,
    what: Ask,
    lasts: Duration,
    begin: impl FnOnce() -> io::Result<()>,
) -> io::Result<Load> {
    let turn = Turn::default();
    let start = Instant::now() + WARM_UP;
    let end = start + lasts;
    let clients: Vec<_> = channels
        .into_iter()
        .map(|channel| tokio::spawn(client(channel, what.clone(), turn.clone(), start, end)))
        .collect();
    tokio::time::sleep_until(start.into()).await;
    begin()?;
    let mut latencies = Latencies::default();
    for client in clients {
        latencies.append(client.await.map_err(io::Error::other)?.map_err(io::Error::other)?);
    }
    Ok(Load { latencies, took: start.elapsed() })
}

async fn client(
    channel: Channel,
    what: Ask,
    turn: Turn,
    start: Instant,
    end: Instant,
) -> Result<Latencies, Status> {
    let mut client = KvClient::new(channel);
    let mut latencies = Latencies::default();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(latencies);
        }
        ask(&mut client, &what, turn.fetch_add(1, Ordering::Relaxed)).await?;
        if sent >= start {
            latencies.add(sent.elapsed());
        }
    }
}

/// Puts each of `count` keys once.
pub(crate) async fn fill(channels: Vec<Channel>, count: u64, value: Bytes) -> io::Result<Duration> {
    let turn = Turn::default();
    let began = Instant::now();
    let clients: Vec<_> = channels
        .into_iter()
        .map(|channel| {
            let (turn, value) = (turn.clone(), value.clone());
            tokio::spawn(async move {
                let mut client = KvClient::new(channel);
                loop {
                    let number = turn.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return Ok::<_, Status>(());
                    }
                    let (key, value) = (key(number), value.clone());
                    client.put(PutRequest { key, value, ..PutRequest::default() }).await?;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.map_err(io::Error::other)?.map_err(io::Error::other)?;
    }
    Ok(began.elapsed())
}
