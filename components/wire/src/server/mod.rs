//! Accepts connections and answers both HTTP versions on each.

mod authority;
mod connection;
mod huffman;
mod limits;
mod preface;

pub use connection::serve_stream;
pub use limits::Limits;

use crate::{Service, tls::ServerTls};
use host::{Backoff, BoxStream, Children, Host, Listener, Stop, event};
use std::{io, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Between failed accepts, as Go's `http.Server.Serve` waits.
const ACCEPT_BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(5), max: Duration::from_secs(1) };

/// Serves `listener` until `stop`, then drains.
///
/// At most [`Limits::connections_max`] are open at once; more wait in the listener's backlog. A
/// failed accept is logged and tried again. After `stop` no connection is accepted, each open one
/// is told to go away and has [`Limits::drain`] for the requests that it is working on; what is
/// left then is cut. Dropping the future cuts everything at once.
pub async fn serve(
    host: Host,
    mut listener: Box<dyn Listener>,
    tls: Option<ServerTls>,
    service: Arc<dyn Service>,
    limits: Limits,
    mut stop: Stop,
) {
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = Children::default();
    let mut failures = 0;
    while let Some((accepted, place)) = next(&host, &mut *listener, &room, &mut stop).await {
        match accepted {
            Ok(stream) => {
                failures = 0;
                let work = serve_stream(
                    host.clone(),
                    stream,
                    tls.clone(),
                    service.clone(),
                    limits.clone(),
                    stop.clone(),
                );
                connections.adopt(host.spawn("wire/connection", async move {
                    work.await;
                    drop(place);
                }));
            }
            Err(error) => {
                let wait = ACCEPT_BACKOFF.delay(failures, host.random.next_u64());
                failures = failures.saturating_add(1);
                event!(host, Warn, "accept failed, retrying", error = &error.to_string());
                host.sleep(wait).await;
            }
        }
    }
    drop(listener);
    drain(&host, &room, &limits).await;
}

/// The next connection and its place among the open ones; none: it is time to stop.
async fn next(
    host: &Host,
    listener: &mut dyn Listener,
    room: &Arc<Semaphore>,
    stop: &mut Stop,
) -> Option<(io::Result<BoxStream>, OwnedSemaphorePermit)> {
    let accept = async {
        let place = room.clone().acquire_owned().await.ok()?;
        Some((host.accept(listener).await, place))
    };
    host::select!(host, {
        accepted = accept => accepted,
        () = stop.stopped() => None,
    })
}

/// Waits until every place is free again, or the time for it is over.
async fn drain(host: &Host, room: &Semaphore, limits: &Limits) {
    let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    if host.timeout(limits.drain, room.acquire_many(all)).await.is_err() {
        event!(host, Warn, "connections cut: requests outlived the time to drain");
    }
}
