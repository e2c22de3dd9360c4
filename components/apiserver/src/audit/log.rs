//! The audit log: a file with an event on each line, and the files before it.
//!
//! Upstream: apiserver/plugin/pkg/audit/log, and lumberjack for the files before.

use super::AuditLog;
use host::{Disk, Host, Open, Task, event};
use std::io;
use tokio::sync::{mpsc, oneshot};

/// Lines that wait to be written; requests wait when there are more.
const WAITING_MAX: usize = 10_000;
/// Lines that are written at once.
const BATCH_MAX: usize = 400;

/// A line, and who waits until it is written.
type Line = (String, Option<oneshot::Sender<()>>);

/// Takes lines. Dropping it ends the writing.
#[derive(Debug)]
pub(super) struct Log {
    lines: mpsc::Sender<Line>,
    _writer: Task<()>,
}

impl Log {
    pub(super) fn new(host: &Host, config: AuditLog) -> Self {
        let (lines, receiver) = mpsc::channel(WAITING_MAX);
        let writer = host.spawn("apiserver/audit-log", run(host.clone(), config, receiver));
        Self { lines, _writer: writer }
    }

    /// Writes a line, and returns when it is with the machine (`--audit-log-mode=blocking`).
    pub(super) async fn write(&self, line: String) {
        let (written, wait) = oneshot::channel();
        // Nobody takes lines any more: the server is ending.
        if self.lines.send((line, Some(written))).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// Writes a line some time; it is lost where too many wait.
    pub(super) fn write_later(&self, line: String) {
        let _ = self.lines.try_send((line, None));
    }
}

async fn run(host: Host, config: AuditLog, mut lines: mpsc::Receiver<Line>) {
    let mut batch = Vec::new();
    while lines.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let mut text = String::new();
        let mut waiting = Vec::new();
        for (line, written) in batch.drain(..) {
            text += &line;
            text.push('\n');
            waiting.extend(written);
        }
        let (to, now) = (config.clone(), host.clock.wall().seconds());
        let done = host.disk_job(move |disk| append(disk, &to, &text, now)).await;
        if let Err(error) = done {
            let why = error.to_string();
            event!(host, Warn, "cannot write the audit log", why = &why);
        }
        for written in waiting {
            let _ = written.send(());
        }
    }
}

fn append(disk: &dyn Disk, config: &AuditLog, text: &str, now: u64) -> io::Result<()> {
    let mut file = disk.open(&config.path, Open::Create)?;
    let mut end = file.len()?;
    let max = config.size_max_bytes;
    if max > 0 && end > 0 && end + text.len() as u64 > max {
        drop(file);
        put_aside(disk, config, now)?;
        file = disk.open(&config.path, Open::Create)?;
        end = 0;
    }
    file.write_at(end, text.as_bytes())
}

/// Gives the full file another name, and removes the oldest where there are too many.
fn put_aside(disk: &dyn Disk, config: &AuditLog, now: u64) -> io::Result<()> {
    let (directory, name) = config.path.rsplit_once('/').unwrap_or((".", &config.path));
    let (stem, ending) = name.rsplit_once('.').map_or((name, ""), |(stem, end)| (stem, end));
    let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    let seconds = i64::try_from(now).unwrap_or(i64::MAX);
    let at = api::time::Moment { seconds, nanos: 0 }.to_second();
    let at = at.trim_end_matches('Z').replace(':', "-");
    let aside = |at: &str| format!("{directory}/{stem}-{at}.000{ending}");
    disk.rename(&config.path, &aside(&at))?;
    let prefix = format!("{stem}-");
    let old = disk.list(directory)?.into_iter();
    // In order of their names is in order of their times.
    let old: Vec<_> =
        old.filter(|one| one.starts_with(&prefix) && one.ends_with(&ending)).collect();
    let surplus =
        if config.files_max == 0 { 0 } else { old.len().saturating_sub(config.files_max) };
    for one in &old[..surplus] {
        disk.remove(&format!("{directory}/{one}"))?;
    }
    Ok(())
}
