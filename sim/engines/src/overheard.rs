//! Who leads, as overheard from the members' own facts: the same on every engine.

use host::{Event, Host, Level, Probe, Value};
use parking_lot::Mutex;
use std::sync::Arc;

/// The member that last said it leads, and its term.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leader(Arc<Mutex<(u64, Option<Arc<str>>)>>);

impl Leader {
    /// Its machine.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        self.0.lock().1.clone()
    }

    /// Listens to what a host's programs say, and passes it on.
    pub(crate) fn overhear(&self, mut host: Host) -> Host {
        let (heard, machine, inner) = (self.clone(), host.name.clone(), host.probe.clone());
        host.probe = Arc::new(Ear { heard, machine, inner });
        host
    }
}

struct Ear {
    heard: Leader,
    machine: Arc<str>,
    inner: Arc<dyn Probe>,
}

impl Probe for Ear {
    fn event(&self, event: Event<'_>) {
        let field = |name| event.fields.iter().find(|it| it.0 == name).map(|it| it.1);
        if event.name == "raft/state" && field("role") == Some(Value::Str("leader")) {
            let term = field("term").and_then(|it| it.as_u64()).unwrap_or(0);
            let mut heard = self.heard.0.lock();
            if term >= heard.0 {
                *heard = (term, Some(self.machine.clone()));
            }
        }
        if self.inner.wants(event.level) {
            self.inner.event(event);
        }
    }

    fn wants(&self, level: Level) -> bool {
        level == Level::Fact || self.inner.wants(level)
    }

    fn point(&self, name: &'static str) {
        self.inner.point(name);
    }

    fn sometimes(&self, name: &'static str) {
        self.inner.sometimes(name);
    }
}
