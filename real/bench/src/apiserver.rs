//! Rounds over API servers, each over an etcd of one member.

mod case;
mod load;
mod object;
mod server;
mod watching;

use crate::{options::ApiserverOptions, progress::say, report::Report, side::Side};
use case::Case;
use host::{Host, NoProbe};
use server::Server;
use std::{io, path::Path, sync::Arc};

/// Measures everything that was asked for.
pub(crate) fn run(options: &ApiserverOptions) -> io::Result<Report<Case>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.load_threads.into())
        .enable_all()
        .build()?;
    let host = linux::host("bench", runtime.handle(), Arc::new(NoProbe));
    let setting = format!(
        "TLS, HTTP/2, one etcd member ({}); {} pods, {} watchers on {} connections, {} s a load",
        options.etcd.display(),
        options.pods,
        options.watchers,
        options.watch_connections,
        options.seconds
    );
    let report = Report::new(&setting, options.rounds);
    runtime.block_on(async { Bench { host, options, report }.run().await })
}

struct Bench<'a> {
    host: Host,
    options: &'a ApiserverOptions,
    report: Report<Case>,
}

impl Bench<'_> {
    async fn run(mut self) -> io::Result<Report<Case>> {
        let options = self.options;
        let sides = Side::there(&options.ours, options.upstream.as_deref())?;
        for round in 0..options.rounds {
            for (side, program) in Side::in_turn(&sides, round) {
                self.side(round, side, program).await?;
            }
        }
        Ok(self.report)
    }

    async fn side(&mut self, round: u16, side: Side, program: &Path) -> io::Result<()> {
        let dir = self.options.dir.join(format!("{}-{side:?}-{round}", std::process::id()));
        let server = Server::start(&self.host, program, dir, self.options).await?;
        for case in case::cases(self.options) {
            let figures = case::measure(case, &server, self.options).await?;
            let text: Vec<_> =
                figures.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
            let of = format!("round {} of {}", round + 1, self.options.rounds);
            say(&format!("{of}, {side:?}: {case}: {}", text.join(", ")));
            self.report.add(1, case, side, figures);
        }
        Ok(())
    }
}
