//! Many watchers of one key: a put, then a wait until every watcher has seen it.

use crate::{
    latency::Latencies,
    load::{Load, key},
};
use bytes::Bytes;
use etcd_api::etcdserverpb::{
    PutRequest, WatchCreateRequest, WatchRequest, kv_client::KvClient, watch_client::WatchClient,
    watch_request::RequestUnion,
};
use std::{
    io,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use wire::client::Channel;

/// An event that has not come after this long will not come.
const EVENT_WAIT: Duration = Duration::from_secs(30);

/// One watcher is ready, or has seen one more event.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Created,
    Event(Instant),
}

/// Spreads `watchers` over the channels but the first, which puts, for `lasts`.
///
/// A latency is from before the put was sent until one watcher's client had the event.
pub(crate) async fn run(
    mut channels: Vec<Channel>,
    watchers: u32,
    value: Bytes,
    lasts: Duration,
    begin: impl FnOnce() -> io::Result<()>,
) -> io::Result<Load> {
    let writer = channels.swap_remove(0);
    let (sender, mut seen) = mpsc::unbounded_channel();
    let streams = u32::try_from(channels.len()).unwrap_or(1);
    for (number, channel) in (0..streams).zip(channels) {
        let count = watchers / streams + u32::from(number < watchers % streams);
        tokio::spawn(watch(channel, count, sender.clone()));
    }
    drop(sender);
    await_all(&mut seen, watchers, |_| ()).await?;
    let mut client = KvClient::new(writer);
    let mut latencies = Latencies::default();
    begin()?;
    let began = Instant::now();
    while began.elapsed() < lasts {
        let sent = Instant::now();
        let request = PutRequest { key: key(0), value: value.clone(), ..PutRequest::default() };
        client.put(request).await.map_err(io::Error::other)?;
        await_all(&mut seen, watchers, |at| latencies.add(at - sent)).await?;
    }
    Ok(Load { latencies, took: began.elapsed() })
}

async fn await_all(
    seen: &mut mpsc::UnboundedReceiver<Seen>,
    count: u32,
    mut event: impl FnMut(Instant),
) -> io::Result<()> {
    for _ in 0..count {
        match tokio::time::timeout(EVENT_WAIT, seen.recv()).await {
            Ok(Some(Seen::Created)) => {}
            Ok(Some(Seen::Event(at))) => event(at),
            Ok(None) => return Err(io::Error::other("the watch streams ended")),
            Err(_) => return Err(io::Error::other("an event did not come")),
        }
    }
    Ok(())
}

/// One stream with `count` watchers of the same key.
async fn watch(
    channel: Channel,
    count: u32,
    seen: mpsc::UnboundedSender<Seen>,
) -> Result<(), tonic::Status> {
    let create = WatchCreateRequest { key: key(0), ..WatchCreateRequest::default() };
    let request = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    let requests = Requests { request, left: count };
    let mut answers = WatchClient::new(channel).watch(requests).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        let at = Instant::now();
        let news = answer.events.iter().map(|_| Seen::Event(at));
        for news in news.chain(answer.created.then_some(Seen::Created)) {
            // The measurement is over when nobody listens.
            if seen.send(news).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The same request a number of times, then a stream that stays open.
struct Requests {
    request: WatchRequest,
    left: u32,
}

impl tonic::codegen::tokio_stream::Stream for Requests {
    type Item = WatchRequest;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<WatchRequest>> {
        if self.left == 0 {
            return std::task::Poll::Pending;
        }
        self.left -= 1;
        std::task::Poll::Ready(Some(self.request.clone()))
    }
}
