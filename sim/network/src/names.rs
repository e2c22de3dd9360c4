//! Name look-up: a table that all stations share, and how asking it can fail.

use crate::{
    rules::Effect,
    state::{RESOLVE, State},
};
use kernel::{Draw, NodeId, key_of};
use std::{collections::BTreeMap, io::ErrorKind, net::IpAddr, time::Duration};

/// What names mean.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) table: BTreeMap<String, Vec<IpAddr>>,
}

/// How a look-up ends, and after how long.
pub(crate) struct Answer {
    pub(crate) after: Duration,
    pub(crate) addresses: Result<Vec<IpAddr>, ErrorKind>,
}

impl State {
    pub(crate) fn look_up(&self, node: NodeId, name: &str) -> Answer {
        self.record(node, RESOLVE, key_of(name), 0);
        let limit = u64::try_from(self.config.lookup_max.as_nanos()).unwrap_or(u64::MAX);
        let mut draw = Draw::keyed(self.key(node), self.now().0);
        let after = Duration::from_nanos(draw.below(limit));
        let applies = |wanted| {
            self.rules.values().any(|rule| rule.effect == wanted && rule.from.contains(node))
        };
        if applies(Effect::NameTimeOut) {
            let after = self.config.lookup_timeout;
            return Answer { after, addresses: Err(ErrorKind::TimedOut) };
        }
        let known = self.names.table.get(name).filter(|_| !applies(Effect::NameNotFound));
        Answer { after, addresses: known.cloned().ok_or(ErrorKind::NotFound) }
    }
}
