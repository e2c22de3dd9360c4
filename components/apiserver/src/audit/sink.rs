//! One who is told events: they wait in a line of limited length, and are written in batches.
//!
//! Upstream: apiserver/plugin/pkg/audit/{buffered,log,webhook}.

use super::{
    file,
    settings::{AuditMode, AuditSink, AuditTarget},
    throttle::Throttle,
    truncate,
};
use crate::remote::Remote;
use host::{Children, Host, Task, event};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Lines that wait where requests wait for them; further requests wait to get into the line.
const WAITING_MAX: usize = 10_000;
/// Lines that are written at once where requests wait for them.
const BLOCKING_BATCH_MAX: usize = 400;
/// Lists that are under way to another server.
const CALLS_MAX: usize = 10;
/// One attempt to send may take so long.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// An event could not be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost;

/// An event's text, and who waits until it is written.
#[derive(Debug)]
struct Line {
    text: String,
    written: Option<oneshot::Sender<Result<(), Lost>>>,
}

/// Takes events. Dropping it ends the writing.
#[derive(Debug)]
pub(super) struct Sink {
    mode: AuditMode,
    event_max: Option<usize>,
    lines: mpsc::Sender<Line>,
    _writer: Task<()>,
}

impl Sink {
    pub(super) fn new(host: &Host, settings: AuditSink) -> Self {
        let mode = settings.mode;
        let waiting = if mode == AuditMode::Batch { settings.batches.buffer } else { WAITING_MAX };
        let (lines, receiver) = mpsc::channel(waiting.max(1));
        let event_max = settings.truncate.map(|limits| limits.event_max);
        let writer = Writer::new(host, settings).run(receiver);
        let writer = host.spawn("apiserver/audit", writer);
        Self { mode, event_max, lines, _writer: writer }
    }

    /// Tells an event, and waits for it where the mode says so.
    ///
    /// # Errors
    /// It is lost, and requests of which that is so are refused.
    pub(super) async fn tell(&self, event: &Value) -> Result<(), Lost> {
        let Some(text) = self.text(event) else { return Ok(()) };
        if self.mode == AuditMode::Batch {
            let _ = self.lines.try_send(Line { text, written: None });
            return Ok(());
        }
        let (written, wait) = oneshot::channel();
        // Nobody takes lines any more: the server is ending.
        let came = match self.lines.send(Line { text, written: Some(written) }).await {
            Ok(()) => wait.await.unwrap_or(Err(Lost)),
            Err(_) => Err(Lost),
        };
        if self.mode == AuditMode::BlockingStrict { came } else { Ok(()) }
    }

    /// Tells an event some time; it is lost where too many wait.
    pub(super) fn tell_later(&self, event: &Value) {
        if let Some(text) = self.text(event) {
            let _ = self.lines.try_send(Line { text, written: None });
        }
    }

    fn text(&self, event: &Value) -> Option<String> {
        let text = event.to_string();
        match self.event_max {
            Some(max) => truncate::event(event, &text, max),
            None => Some(text),
        }
    }
}

/// The other end of the line.
struct Writer {
    host: Host,
    target: Arc<AuditTarget>,
    size_max: usize,
    wait_max: Duration,
    throttle: Option<Throttle>,
    batch_bytes_max: usize,
    calls: Arc<Semaphore>,
}

impl Writer {
    fn new(host: &Host, settings: AuditSink) -> Self {
        let batches = settings.batches;
        let (size_max, wait_max, throttle) = match settings.mode {
            AuditMode::Batch => (batches.size_max.max(1), batches.wait_max, batches.throttle),
            AuditMode::Blocking | AuditMode::BlockingStrict => {
                (BLOCKING_BATCH_MAX, Duration::ZERO, None)
            }
        };
        // Lines of a file stand in their order.
        let calls = match settings.target {
            AuditTarget::File(_) | AuditTarget::Lines(_) => 1,
            AuditTarget::Webhook { .. } => CALLS_MAX,
        };
        Self {
            host: host.clone(),
            target: Arc::new(settings.target),
            size_max,
            wait_max,
            throttle: throttle.map(|limits| Throttle::new(limits, host.now())),
            batch_bytes_max: settings.truncate.map_or(usize::MAX, |limits| limits.batch_max),
            calls: Arc::new(Semaphore::new(calls)),
        }
    }

    async fn run(mut self, mut lines: mpsc::Receiver<Line>) {
        let mut sending = Children::default();
        while let Some(batch) = self.collect(&mut lines).await {
            if let Some(throttle) = &mut self.throttle {
                let wait = throttle.take(self.host.now());
                self.host.sleep(wait).await;
            }
            let Ok(turn) = self.calls.clone().acquire_owned().await else { return };
            let (host, target, max) =
                (self.host.clone(), self.target.clone(), self.batch_bytes_max);
            sending.adopt(self.host.spawn("apiserver/audit-send", async move {
                send(&host, &target, batch, max).await;
                drop(turn);
            }));
        }
    }

    /// The next batch: what waits, and what comes within the time that is given to it.
    async fn collect(&self, lines: &mut mpsc::Receiver<Line>) -> Option<Vec<Line>> {
        let mut batch = Vec::new();
        if lines.recv_many(&mut batch, self.size_max).await == 0 {
            return None;
        }
        let end = self.host.now() + self.wait_max;
        while batch.len() < self.size_max && self.host.now() < end {
            let room = self.size_max - batch.len();
            let more = self.host.timeout(end - self.host.now(), lines.recv_many(&mut batch, room));
            match more.await {
                Ok(1..) => {}
                Ok(0) | Err(host::Elapsed) => break,
            }
        }
        Some(batch)
    }
}

async fn send(host: &Host, target: &AuditTarget, batch: Vec<Line>, bytes_max: usize) {
    let (texts, waiting): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|line| (line.text, line.written)).unzip();
    let came = match target {
        AuditTarget::File(to) => {
            let (to, lines, now) = (to.clone(), lined(&texts), host.clock.wall().seconds());
            let work = move |disk: &dyn host::Disk| file::append(disk, &to, &lines, now);
            host.disk_job(work).await.map_err(|error| error.to_string())
        }
        AuditTarget::Lines(to) => to.write(&lined(&texts)).map_err(|error| error.to_string()),
        AuditTarget::Webhook { remote, first_wait } => {
            post(host, remote, truncate::batches(texts, bytes_max), *first_wait).await
        }
    };
    if let Err(why) = &came {
        event!(host, Warn, "cannot write the audit log", why = &**why);
    }
    for written in waiting.into_iter().flatten() {
        let _ = written.send(came.clone().map_err(|_| Lost));
    }
}

/// A line each, in which an event also says what it is.
fn lined(texts: &[String]) -> String {
    let mut lines = String::new();
    for text in texts {
        lines += "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",";
        lines += text.trim_start_matches('{');
        lines.push('\n');
    }
    lines
}

async fn post(
    host: &Host,
    remote: &Remote,
    batches: Vec<Vec<String>>,
    first_wait: Duration,
) -> Result<(), String> {
    for batch in batches {
        let list = format!(
            "{{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{{}},\
             \"items\":[{}]}}",
            batch.join(",")
        );
        let sent = remote.tell(host, list, SEND_LIMIT, first_wait).await;
        sent.map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_says_what_it_is() {
        let lines = lined(&[json!({"level": "Metadata"}).to_string(), "{\"a\":{}}".into()]);
        let read: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(read[0]["kind"], "Event");
        assert_eq!(
            (&read[1]["apiVersion"], &read[1]["a"]),
            (&json!("audit.k8s.io/v1"), &json!({}))
        );
    }
}
