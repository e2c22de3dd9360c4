//! Small programs and observers that the tests share.

use host::{Event, Host, Value};
use machine::{Lifecycle, Observer, Program, Source, Time, World, WorldConfig};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const PORT: u16 = 7;

pub(crate) fn world(seed: u64) -> World {
    World::new(WorldConfig { seed, record: true, ..WorldConfig::default() })
}

pub(crate) fn program<F>(run: impl Fn(Host) -> F + Send + Sync + 'static) -> Program
where
    F: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |host| Box::pin(run(host)))
}

pub(crate) fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

/// Sends everything back that it gets, on every connection.
pub(crate) fn echo_server() -> Program {
    program(|host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        while let Ok(mut stream) = host.accept(&mut *listener).await {
            let serve = async move {
                let mut buffer = [0; 512];
                while let Ok(size @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..size]).await.is_err() {
                        return;
                    }
                }
            };
            host.spawn("echo", serve).detach();
        }
    })
}

/// Sends `rounds` messages to `server` and reports each answer that is right.
pub(crate) fn echo_client(server: &'static str, rounds: u64) -> Program {
    program(move |host| async move {
        let to = host.network.resolve(server, PORT).await.unwrap()[0];
        let mut stream = host.connect(to, Duration::from_secs(1)).await.unwrap();
        for round in 0..rounds {
            let message = host.random.next_u64().to_le_bytes();
            stream.write_all(&message).await.unwrap();
            let mut answer = [0; 8];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, message);
            host::event!(host, Fact, "echoed", round = round);
            host.sleep(Duration::from_millis(10)).await;
        }
    })
}

/// One line for everything that was told, with its time.
#[derive(Debug, Default)]
pub(crate) struct Diary(Mutex<Vec<(Time, String)>>);

impl Diary {
    pub(crate) fn of(world: &World) -> Arc<Self> {
        let diary = Arc::new(Self::default());
        world.observe(diary.clone());
        diary
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }

    pub(crate) fn times(&self, wanted: &str) -> Vec<Time> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(_, line)| line == wanted).map(|(at, _)| *at).collect()
    }

    /// When a line that begins so was last written.
    pub(crate) fn last(&self, beginning: &str) -> Time {
        let lines = self.0.lock().unwrap();
        let found = lines.iter().rev().find(|(_, line)| line.starts_with(beginning));
        found.map_or(Time::ZERO, |(at, _)| *at)
    }

    pub(crate) fn has(&self, wanted: &str) -> bool {
        !self.times(wanted).is_empty()
    }
}

impl Observer for Diary {
    fn event(&self, at: Time, source: &Source<'_>, event: &Event<'_>) {
        let mut line = format!("{}: {}", source.name, event.name);
        for (key, value) in event.fields {
            line += &match value {
                Value::U64(number) => format!(" {key}={number}"),
                Value::Str(text) => format!(" {key}={text}"),
                other => format!(" {key}={other:?}"),
            };
        }
        self.0.lock().unwrap().push((at, line));
    }

    fn lifecycle(&self, at: Time, source: &Source<'_>, change: &Lifecycle<'_>) {
        let line = format!("{}: {} {}", source.name, change.name(), change.process());
        self.0.lock().unwrap().push((at, line.trim_end().to_owned()));
    }
}

/// Puts a program on a machine and starts it.
pub(crate) fn run<F>(
    world: &World,
    machine: machine::MachineId,
    process: &str,
    work: impl Fn(Host) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    world.install(machine, process, program(work));
    assert!(world.start(machine, process), "{process} starts");
}

/// The address of port [`PORT`] of a machine.
pub(crate) fn door(world: &World, machine: machine::MachineId) -> SocketAddr {
    SocketAddr::new(world.address(machine), PORT)
}

pub(crate) fn seconds(seconds: u64) -> Time {
    Time::from(Duration::from_secs(seconds))
}
