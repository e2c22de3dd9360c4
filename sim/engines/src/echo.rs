//! Echo: three clients, one server, one of the clients cut off for a while.

use crate::{Engine, program};
use host::{BoxStream, Host};
use parking_lot::Mutex;
use std::{collections::BTreeMap, io, net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CLIENTS: [&str; 3] = ["client-1", "client-2", "client-3"];
const ROUNDS: u64 = 50;
const PORT: u16 = 7;
const LIMIT: Duration = Duration::from_millis(500);

/// What came of it. Equal on all engines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Clients that had all of their rounds answered.
    pub finished: usize,
    /// Answers that were not what had been sent.
    pub wrong: usize,
    /// The client that was cut off made no progress meanwhile, and another did.
    pub partition_was_felt: bool,
}

impl Verdict {
    /// What it has to be.
    pub fn expected() -> Self {
        Self { finished: CLIENTS.len(), wrong: 0, partition_was_felt: true }
    }
}

#[derive(Debug, Default)]
struct Score {
    rounds: BTreeMap<&'static str, u64>,
    wrong: usize,
}

/// Tells the story to an engine: some 12 s of its time.
pub fn run(engine: &mut dyn Engine) -> Verdict {
    let score = Arc::new(Mutex::new(Score::default()));
    engine.install("server", program(serve));
    engine.run_for(Duration::from_millis(100));
    for name in CLIENTS {
        let score = score.clone();
        engine.install(name, program(move |host| ask(host, name, score.clone())));
    }
    let rounds = |name| score.lock().rounds.get(name).copied().unwrap_or(0);
    engine.run_for(Duration::from_millis(400));
    engine.isolate(CLIENTS[0]);
    // What is on its way may still arrive.
    engine.run_for(Duration::from_millis(50));
    let before = (rounds(CLIENTS[0]), rounds(CLIENTS[1]));
    engine.run_for(Duration::from_millis(500));
    let after = (rounds(CLIENTS[0]), rounds(CLIENTS[1]));
    engine.heal();
    engine.run_for(Duration::from_secs(11));
    let finished = CLIENTS.into_iter().filter(|name| rounds(name) == ROUNDS).count();
    let partition_was_felt = before.0 == after.0 && before.1 < after.1;
    let wrong = score.lock().wrong;
    Verdict { finished, wrong, partition_was_felt }
}

async fn serve(host: Host) {
    let at = (Ipv4Addr::UNSPECIFIED, PORT).into();
    let mut listener = host.network.listen(at).await.expect("a fresh machine's port is free");
    while let Ok(mut stream) = host.accept(&mut *listener).await {
        let one = async move {
            let mut buffer = [0; 8];
            while stream.read_exact(&mut buffer).await.is_ok() {
                if stream.write_all(&buffer).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        };
        host.spawn("echo/connection", one).detach();
    }
}

async fn ask(host: Host, name: &'static str, score: Arc<Mutex<Score>>) {
    let mut connection: Option<BoxStream> = None;
    while score.lock().rounds.get(name).copied().unwrap_or(0) < ROUNDS {
        let sent = host.random.next_u64();
        let asked = host.timeout(LIMIT, round(&host, connection.take(), sent)).await;
        if let Ok(Ok((stream, answer))) = asked {
            connection = Some(stream);
            let mut score = score.lock();
            score.wrong += usize::from(answer != sent);
            *score.rounds.entry(name).or_default() += 1;
        }
        host.sleep(Duration::from_millis(20)).await;
    }
}

async fn round(host: &Host, open: Option<BoxStream>, sent: u64) -> io::Result<(BoxStream, u64)> {
    let mut stream = match open {
        Some(stream) => stream,
        None => {
            let servers = host.network.resolve("server", PORT).await?;
            let server = servers.first().copied().ok_or(io::ErrorKind::NotFound)?;
            host.network.connect(server).await?
        }
    };
    stream.write_all(&sent.to_le_bytes()).await?;
    stream.flush().await?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).await?;
    Ok((stream, u64::from_le_bytes(answer)))
}
