//! What runs on the machines of the echo world.

use faults::Span;
use host::{Host, Open, event};
use machine::Program;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The server's process.
pub(super) const SERVER: &str = "echo";
/// A client's process.
pub(super) const CLIENT: &str = "client";

/// A defect by which the echo world proves its own oracle: a server that was started again forgets
/// the first byte of what it is sent.
const FORGETS: &str = "X01";

/// Another: a server that was started again hears and says nothing.
const DEAF: &str = "X15";

const PORT: u16 = 7;
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends everything back that it gets, on every connection.
pub(super) fn server() -> Program {
    Arc::new(|host: Host| {
        Box::pin(async move {
            let all = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
            let Ok(mut listener) = host.network.listen(all).await else { return };
            let forgets = host.defects.has(FORGETS) && restarted(&host).await;
            if host.defects.has(DEAF) && restarted(&host).await {
                return;
            }
            while let Ok(mut stream) = host.accept(&mut *listener).await {
                let serve = async move {
                    let mut buffer = [0; 512];
                    while let Ok(size @ 1..) = stream.read(&mut buffer).await {
                        if forgets {
                            buffer[0] = 0;
                        }
                        if stream.write_all(&buffer[..size]).await.is_err() {
                            return;
                        }
                    }
                };
                host.spawn("echo", serve).detach();
            }
        })
    })
}

/// True from the second start on, as far as the disk remembers.
async fn restarted(host: &Host) -> bool {
    host.disk_job(|disk| disk.open("started", Open::CreateNew).is_err()).await
}

/// Asks so many times, then once a second for ever; connects anew after every failure.
pub(super) fn client(to: String, operations: u32, pause: Span) -> Program {
    Arc::new(move |host: Host| {
        let to = to.clone();
        Box::pin(async move {
            let mut asked = 0;
            loop {
                if let Err(error) = talk(&host, &to, operations, pause, &mut asked).await {
                    let kind = error.kind().to_string();
                    event!(host, Fact, "echo/failed", error = kind.as_str());
                    host.sleep(Duration::from_millis(200)).await;
                }
            }
        })
    })
}

async fn talk(
    host: &Host,
    to: &str,
    operations: u32,
    pause: Span,
    asked: &mut u32,
) -> io::Result<()> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    let found = host.timeout(PATIENCE, host.network.resolve(to, PORT)).await.map_err(late)??;
    let first = *found.first().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = host.connect(first, PATIENCE).await?;
    loop {
        let message = host.random.next_u64().to_le_bytes();
        let exchange = async {
            stream.write_all(&message).await?;
            let mut answer = [0; 8];
            stream.read_exact(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        };
        let answer = host.timeout(PATIENCE, exchange).await.map_err(late)??;
        event!(host, Fact, "echo/answer", same = answer == message);
        *asked = asked.saturating_add(1);
        let pause = if *asked < operations { pause } else { Span::secs(1) };
        host.sleep(Duration::from_nanos(host.random.below(pause.0.max(1)))).await;
    }
}
