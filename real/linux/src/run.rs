//! The life of a process: a runtime, a host, signals, an exit code.

use crate::{Format, Log};
use host::{Host, Level, Probe, Stop, Stopper, stop_pair};
use std::{io, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Handle},
    signal::unix::{Signal, SignalKind, signal},
};

/// What a process is told about itself before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The process's name in its log.
    pub name: String,
    /// The least grave events that are logged.
    pub log_level: Level,
    /// How log lines look.
    pub log_format: Format,
    /// Threads that run tasks; none: as many as the machine has cores.
    pub worker_threads: Option<usize>,
}

impl Config {
    /// Logs from `Info` up as JSON, on as many threads as there are cores.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            log_level: Level::Info,
            log_format: Format::Json,
            worker_threads: None,
        }
    }
}

/// How long blocking jobs that still run when the component has ended may hold the process up.
const JOBS_LINGER_MAX: Duration = Duration::from_secs(5);

/// Runs a component to its end.
///
/// SIGINT and SIGTERM say stop; a second one ends the process at once with status 1.
pub fn run<F>(config: Config, start: impl FnOnce(Host, Stop) -> F) -> ExitCode
where
    F: Future<Output = ExitCode> + Send + 'static,
{
    let probe = Arc::new(Log::new(&config.name, config.log_level, config.log_format));
    match try_run(&config, probe.clone(), start) {
        Ok(code) => code,
        Err(error) => {
            let why = error.to_string();
            probe.event(host::Event {
                level: Level::Error,
                name: "the process cannot run",
                fields: &[("error", host::Value::Str(&why))],
            });
            ExitCode::FAILURE
        }
    }
}

fn try_run<F>(
    config: &Config,
    probe: Arc<dyn Probe>,
    start: impl FnOnce(Host, Stop) -> F,
) -> io::Result<ExitCode>
where
    F: Future<Output = ExitCode> + Send + 'static,
{
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    crate::heaps::limit(config.worker_threads.unwrap_or_else(cores));
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_name(&config.name);
    if let Some(count) = config.worker_threads {
        builder.worker_threads(count);
    }
    let runtime = builder.build()?;
    let (stopper, stop) = stop_pair();
    watch_signals(runtime.handle(), stopper)?;

    let host = crate::host(&config.name, runtime.handle(), probe);
    // On a worker rather than on this thread, which would hand every wake-up to another thread.
    let ended = runtime.block_on(runtime.spawn(start(host, stop)));
    runtime.shutdown_timeout(JOBS_LINGER_MAX);
    ended.map_err(io::Error::other)
}

fn watch_signals(handle: &Handle, stopper: Stopper) -> io::Result<()> {
    let _inside = handle.enter();
    let interrupt = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    handle.spawn(first_stops_second_exits(interrupt, terminate, stopper));
    Ok(())
}

async fn first_stops_second_exits(mut interrupt: Signal, mut terminate: Signal, stopper: Stopper) {
    let mut either = async move || {
        std::future::poll_fn(|cx| match interrupt.poll_recv(cx) {
            std::task::Poll::Pending => terminate.poll_recv(cx),
            ready => ready,
        })
        .await
    };
    either().await;
    stopper.stop();
    either().await;
    std::process::exit(1);
}
