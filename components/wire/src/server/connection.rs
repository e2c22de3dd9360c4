//! One accepted connection, from its first byte to its last.

use super::{Limits, authority, preface};
use crate::{
    GoAway, Peer, Request, Response, Service,
    io::Io,
    rt::{Executor, Timer},
    status::chain,
    tls::ServerTls,
    upgrade::{self, Takeover},
};
use host::{BoxFuture, BoxStream, Host, Stop, event};
use hyper::{
    server::conn::{http1, http2},
    upgrade::OnUpgrade,
};
use parking_lot::Mutex;
use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Serves one connection until its client, its limits or `stop` end it.
///
/// The protocol is what TLS negotiated (ALPN), else what the first bytes say. What goes wrong is
/// logged at debug level: clients come and go.
pub async fn serve_stream(
    host: Host,
    stream: BoxStream,
    tls: Option<ServerTls>,
    service: Arc<dyn Service>,
    limits: Limits,
    stop: Stop,
) {
    let remote = stream.peer_addr();
    match host.timeout(limits.handshake, open(stream, tls)).await {
        Err(host::Elapsed) => {
            event!(host, Debug, "handshake timed out", remote_addr = &remote.to_string());
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {}
        Ok(Err(error)) => event!(
            host,
            Warn,
            "rejected connection",
            remote_addr = &remote.to_string(),
            error = &error.to_string()
        ),
        Ok(Ok(opened)) => {
            let result = speak(&host, opened, service, &limits, stop).await;
            if let Err(error) = result {
                event!(
                    host,
                    Debug,
                    "connection ended",
                    remote_addr = &remote.to_string(),
                    error = &chain(&error)
                );
            }
        }
    }
}

struct Opened {
    stream: BoxStream,
    http2: bool,
    peer: Peer,
}

async fn open(stream: BoxStream, tls: Option<ServerTls>) -> io::Result<Opened> {
    let (remote, local) = (stream.peer_addr(), stream.local_addr());
    let Some(tls) = tls else {
        let (http2, stream) = preface::peek(stream).await?;
        let peer = Peer { remote, local, tls: false, certificate: None };
        return Ok(Opened { stream, http2, peer });
    };
    let (stream, session) = tls.accept(stream).await?;
    let peer = Peer { remote, local, tls: true, certificate: session.certificate };
    let (http2, stream) = match session.http2 {
        Some(http2) => (http2, stream),
        None => preface::peek(stream).await?,
    };
    Ok(Opened { stream, http2, peer })
}

async fn speak(
    host: &Host,
    opened: Opened,
    service: Arc<dyn Service>,
    limits: &Limits,
    mut stop: Stop,
) -> hyper::Result<()> {
    let (switch, away) = (Switch::default(), Arc::new(Notify::new()));
    let answer = Answer { service, peer: opened.peer, switch: switch.clone(), away: away.clone() };
    if opened.http2 {
        let io = Io(authority::mend(opened.stream));
        let mut connection = pin!(http2(host, limits).serve_connection(io, answer));
        host::select!(host, {
            ended = connection.as_mut() => return ended,
            () = stop.stopped() => connection.as_mut().graceful_shutdown(),
            () = away.notified() => connection.as_mut().graceful_shutdown(),
        });
        connection.await
    } else {
        let io = Io(opened.stream);
        let mut connection = pin!(http1(host, limits).serve_connection(io, answer).with_upgrades());
        host::select!(host, {
            ended = connection.as_mut() => {
                ended?;
                return leave(host, switch, stop).await;
            },
            () = stop.stopped() => connection.as_mut().graceful_shutdown(),
            () = away.notified() => connection.as_mut().graceful_shutdown(),
        });
        connection.await
    }
}

/// What was HTTP goes on as something else, until that ends or the server stops.
async fn leave(host: &Host, switch: Switch, mut stop: Stop) -> hyper::Result<()> {
    let switched = switch.0.lock().take();
    let Some((upgrade, takeover)) = switched else { return Ok(()) };
    let Ok(stream) = upgrade::stream(upgrade.await?) else { return Ok(()) };
    host::select!(host, {
        () = takeover.run(stream) => (),
        () = stop.stopped() => (),
    });
    Ok(())
}

/// `Date` would be the ambient clock's; nothing that we serve needs it.
fn http2(host: &Host, limits: &Limits) -> http2::Builder<Executor> {
    let mut builder = http2::Builder::new(Executor(host.clone()));
    builder
        .timer(Timer::new(host))
        .auto_date_header(false)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(limits.header_bytes_max)
        .max_frame_size(limits.frame_bytes_max)
        .initial_stream_window_size(limits.window_bytes)
        .initial_connection_window_size(limits.window_bytes)
        .max_send_buf_size(limits.send_buffer_bytes_max)
        .keep_alive_timeout(limits.keepalive_timeout);
    if limits.keepalive_interval > Duration::ZERO {
        builder.keep_alive_interval(limits.keepalive_interval);
    }
    builder
}

fn http1(host: &Host, limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(Timer::new(host))
        .auto_date_header(false)
        .header_read_timeout(limits.handshake)
        .max_header_size(limits.header_bytes_max as usize);
    builder
}

/// Whether a connection leaves HTTP, and for what.
#[derive(Clone, Default)]
struct Switch(Arc<Mutex<Option<(OnUpgrade, Takeover)>>>);

/// Gives each request its peer, and hands it on.
struct Answer {
    service: Arc<dyn Service>,
    peer: Peer,
    switch: Switch,
    /// An answer says that the connection is to end.
    away: Arc<Notify>,
}

struct Answering {
    answer: BoxFuture<'static, Response>,
    /// What the connection becomes if the answer says that it leaves HTTP.
    upgrade: Option<(OnUpgrade, Switch)>,
    away: Arc<Notify>,
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;
    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let mut response = std::task::ready!(self.answer.as_mut().poll(cx));
        let takeover = response.extensions_mut().remove::<Takeover>();
        if let (Some(takeover), Some((upgrade, switch))) = (takeover, self.upgrade.take()) {
            *switch.0.lock() = Some((upgrade, takeover));
        }
        if response.extensions().get::<GoAway>().is_some() {
            self.away.notify_one();
        }
        std::task::Poll::Ready(Ok(response))
    }
}

impl hyper::service::Service<Request> for Answer {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, mut request: Request) -> Answering {
        request.extensions_mut().insert(self.peer.clone());
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = upgrade.map(|upgrade| (upgrade, self.switch.clone()));
        Answering { answer: self.service.call(request), upgrade, away: self.away.clone() }
    }
}
