//! Rounds over both kinds of etcd in alternation.

use crate::{
    case::{self, Case},
    cluster::{Cluster, Side},
    load,
    options::EtcdOptions,
    progress::say,
    report::Report,
};
use host::{Host, NoProbe};
use std::{io, path::Path, sync::Arc};

/// Measures everything that was asked for.
pub(crate) fn run(options: &EtcdOptions) -> io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.load_threads.into())
        .enable_all()
        .build()?;
    let host = linux::host("bench", runtime.handle(), Arc::new(NoProbe));
    runtime.block_on(async { Bench { host, options, report: Report::new(options) }.run().await })
}

struct Bench<'a> {
    host: Host,
    options: &'a EtcdOptions,
    report: Report,
}

impl<'a> Bench<'a> {
    async fn run(mut self) -> io::Result<Report> {
        let sides = self.sides()?;
        for round in 0..self.options.rounds {
            for &members in &self.options.members {
                let cases = case::cases(self.options, members, round);
                // Whoever is first meets another machine than whoever is second.
                let turned = sides.iter().rev().filter(|_| round % 2 == 1);
                let order = sides.iter().filter(|_| round % 2 == 0).chain(turned);
                for &(side, program) in order {
                    self.side(round, members, side, program, &cases).await?;
                }
            }
        }
        Ok(self.report)
    }

    fn sides(&self) -> io::Result<Vec<(Side, &'a Path)>> {
        let mut sides = Vec::new();
        for (side, path) in
            [(Side::Ours, &self.options.ours), (Side::Upstream, &self.options.upstream)]
        {
            if path.exists() {
                sides.push((side, path.as_path()));
            } else if side == Side::Ours {
                let why =
                    format!("{} is not there: cargo build --release -p binaries", path.display());
                return Err(io::Error::other(why));
            } else {
                say(&format!("{} is not there: only ours is measured", path.display()));
            }
        }
        Ok(sides)
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
