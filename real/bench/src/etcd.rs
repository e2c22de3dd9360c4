//! Rounds over both kinds of etcd in alternation.

use crate::{
    case::{self, Case},
    cluster::Cluster,
    load,
    options::EtcdOptions,
    progress::say,
    report::Report,
    side::Side,
};
use host::{Host, NoProbe};
use std::{io, path::Path, sync::Arc};

/// Measures everything that was asked for.
pub(crate) fn run(options: &EtcdOptions) -> io::Result<Report<Case>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.load_threads.into())
        .enable_all()
        .build()?;
    let host = linux::host("bench", runtime.handle(), Arc::new(NoProbe));
    let setting = format!(
        "{} B values, {} s a load, {} keys, {} watchers on {} connections",
        options.value_bytes,
        options.seconds,
        options.keys,
        options.watchers,
        options.watch_connections
    );
    let report = Report::new(&setting, options.rounds);
    runtime.block_on(async { Bench { host, options, report }.run().await })
}

struct Bench<'a> {
    host: Host,
    options: &'a EtcdOptions,
    report: Report<Case>,
}

impl Bench<'_> {
    async fn run(mut self) -> io::Result<Report<Case>> {
        let sides = Side::there(&self.options.ours, Some(&self.options.upstream))?;
        for round in 0..self.options.rounds {
            for &members in &self.options.members {
                let cases = case::cases(self.options, members, round);
                for (side, program) in Side::in_turn(&sides, round) {
                    self.side(round, members, side, program, &cases).await?;
                }
            }
        }
        Ok(self.report)
    }

    async fn side(
        &mut self,
        round: u16,
        members: u16,
        side: Side,
        program: &Path,
        cases: &[Case],
    ) -> io::Result<()> {
        if cases.is_empty() {
            return Ok(());
        }
        let dir =
            self.options.dir.join(format!("{}-{side:?}-{round}-{members}", std::process::id()));
        let mut cluster =
            Cluster::start(&self.host, program, dir, members, self.options.keep).await?;
        // Reads find their keys, and the first put measured is not the first ever.
        let channels = cluster.channels(100).await?;
        load::fill(channels, load::KEY_SPACE, self.options.value()).await?;
        for &case in cases {
            let figures = case::measure(case, &mut cluster, self.options).await?;
            let figures_text: Vec<_> =
                figures.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
            say(&format!(
                "round {} of {}, {members} member(s), {side:?}: {case}: {}",
                round + 1,
                self.options.rounds,
                figures_text.join(", ")
            ));
            self.report.add(members, case, side, figures);
        }
        Ok(())
    }
}
