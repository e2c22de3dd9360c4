//! Name look-up: a table that all stations share, and how asking it can fail.

use crate::{
    rules::Effect,
    state::{RESOLVE, State},
};
use host::BoxFuture;
use kernel::{Draw, NodeId, key_of};
use std::{collections::BTreeMap, io::ErrorKind, net::IpAddr, time::Duration};

/// What names mean.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) table: BTreeMap<String, Vec<IpAddr>>,
}

/// How a look-up ends, and after how long.
pub(crate) struct Answer {
    pub(crate) delay: BoxFuture<'static, ()>,
    pub(crate) addresses: Result<Vec<IpAddr>, ErrorKind>,
}

impl State {
    pub(crate) fn look_up(&self, node: NodeId, name: &str) -> Answer {
        self.record(node, RESOLVE, key_of(name), 0);
        self.kernel.note(|| name.to_owned());
        let limit = u64::try_from(self.config.lookup_max.as_nanos()).unwrap_or(u64::MAX);
        let mut draw = Draw::keyed(self.key(node), self.now().0);
        let after = Duration::from_nanos(draw.below(limit));
        let applies = |wanted| {
            self.rules.values().any(|rule| rule.effect == wanted && rule.from.contains(node))
        };
        if applies(Effect::NameTimeOut) {
            let delay = self.kernel.delay(node, self.config.lookup_timeout);
            return Answer { delay: Box::pin(delay), addresses: Err(ErrorKind::TimedOut) };
        }
        let known = self.names.table.get(name).filter(|_| !applies(Effect::NameNotFound));
        let delay = Box::pin(self.kernel.delay(node, after));
        Answer { delay, addresses: known.cloned().ok_or(ErrorKind::NotFound) }
    }
}
