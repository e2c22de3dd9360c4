//! What plugins remember from one write to the next.

use super::{
    compiling,
    event_rate_limit::Buckets,
    validating_admission_policy::{Compiled, Expression},
};
use cel::environment::kubernetes::Admission;
use parking_lot::Mutex;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Namespaces whose quotas are being charged; those that nobody charges are forgotten beyond it.
const TURNS_MAX: usize = 1000;

/// Policies whose compiled form is kept.
const POLICIES_MAX: usize = 1000;

/// All that plugins remember. It is lost at a restart, which costs nothing but time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) event_rates: Mutex<Buckets>,
    /// By the policy's key, with the revision that was compiled.
    policies: Mutex<BTreeMap<String, (u64, Arc<Compiled>)>>,
    /// By their texts.
    conditions: Mutex<BTreeMap<String, Arc<Conditions>>>,
}

/// Match conditions, compiled, by their names.
type Conditions = Vec<(String, Expression)>;

impl Memory {
    /// A policy's expressions, compiled when they are first needed and after each change.
    pub(super) fn policy(&self, key: &str, revision: u64, policy: &Value) -> Arc<Compiled> {
        let mut policies = self.policies.lock();
        if let Some((_, compiled)) = policies.get(key).filter(|(of, _)| *of == revision) {
            return compiled.clone();
        }
        if policies.len() >= POLICIES_MAX {
            policies.clear();
        }
        let compiled = Arc::new(Compiled::compile(policy));
        policies.insert(key.to_owned(), (revision, compiled.clone()));
        compiled
    }

    /// A webhook's match conditions, compiled when they are first needed.
    pub(super) fn conditions(&self, list: &Value) -> Arc<Conditions> {
        let (mut known, text) = (self.conditions.lock(), list.to_string());
        if known.len() >= POLICIES_MAX {
            known.clear();
        }
        let compile = || {
            let options = Admission { authorizer: true, ..Admission::default() };
            Arc::new(compiling::conditions(options, list))
        };
        known.entry(text).or_insert_with(compile).clone()
    }

    /// Whoever holds it charges a namespace's quotas.
    pub(super) fn quota_turn(&self, namespace: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock();
        if turns.len() > TURNS_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(namespace.to_owned()).or_default().clone()
    }
}
