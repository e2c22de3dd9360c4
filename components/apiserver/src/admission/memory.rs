//! What plugins remember from one write to the next.

use super::{
    compiling,
    event_rate_limit::Buckets,
    mutating_admission_policy::Mutation,
    validating_admission_policy::{Compiled, Expression},
};
use crate::cache::Entry;
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
    policies: Mutex<Policies<Compiled>>,
    mutations: Mutex<Policies<Mutation>>,
    /// By their texts.
    conditions: Mutex<BTreeMap<String, Arc<Conditions>>>,
}

/// Compiled policies by key, with the revision that was compiled.
type Policies<T> = BTreeMap<String, (u64, Arc<T>)>;

fn remembered<T>(known: &mut Policies<T>, policy: &Entry, compile: fn(&Value) -> T) -> Arc<T> {
    if let Some((_, compiled)) = known.get(&policy.key).filter(|(of, _)| *of == policy.revision) {
        return compiled.clone();
    }
    if known.len() >= POLICIES_MAX {
        known.clear();
    }
    let compiled = Arc::new(compile(policy.value()));
    known.insert(policy.key.clone(), (policy.revision, compiled.clone()));
    compiled
}

/// Match conditions, compiled, by their names.
type Conditions = Vec<(String, Expression)>;

impl Memory {
    /// A validating policy's expressions, compiled when they are first needed and after each change.
    pub(super) fn policy(&self, policy: &Entry) -> Arc<Compiled> {
        remembered(&mut self.policies.lock(), policy, Compiled::compile)
    }

    /// [`Memory::policy`] of a mutating one.
    pub(super) fn mutation(&self, policy: &Entry) -> Arc<Mutation> {
        remembered(&mut self.mutations.lock(), policy, Mutation::compile)
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
