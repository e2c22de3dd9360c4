//! What plugins remember from one write to the next.

use super::event_rate_limit::Buckets;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// Namespaces whose quotas are being charged; those that nobody charges are forgotten beyond it.
const TURNS_MAX: usize = 1000;

/// All that plugins remember. It is lost at a restart, which costs nothing but time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) event_rates: Mutex<Buckets>,
}

impl Memory {
    /// Whoever holds it charges a namespace's quotas.
    pub(super) fn quota_turn(&self, namespace: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock();
        if turns.len() > TURNS_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(namespace.to_owned()).or_default().clone()
    }
}
