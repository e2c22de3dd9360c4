//! Amounts of the resources that nodes have and pods ask for.
//!
//! Upstream: pkg/scheduler/framework/types.go (Resource).

use api::quantity::Quantity;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What is counted of a node or a pod.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    /// Thousandths of a processor.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Pods that a node takes; zero for a pod.
    pub pods: i64,
    /// Huge pages and extended resources, in units of their own.
    pub others: BTreeMap<Arc<str>, i64>,
}

/// Names as users write them.
pub const CPU: &str = "cpu";
/// Bytes of memory.
pub const MEMORY: &str = "memory";
/// Bytes of a node's own disk.
pub const EPHEMERAL_STORAGE: &str = "ephemeral-storage";

/// An amount as a list of resources has it; nothing where it is malformed.
pub(crate) fn quantity(value: &Value) -> Quantity {
    let read = |text: &str| Quantity::parse(text).unwrap_or(Quantity::ZERO);
    match value {
        Value::String(text) => read(text),
        Value::Number(number) => read(&number.to_string()),
        _ => Quantity::ZERO,
    }
}

impl Resources {
    /// Reads a `v1.ResourceList`.
    pub fn read(list: &Value) -> Self {
        let mut all = Self::default();
        for (name, amount) in list.as_object().into_iter().flatten() {
            let amount = quantity(amount);
            match name.as_str() {
                CPU => all.milli_cpu = amount.milli_value(),
                MEMORY => all.memory = amount.value(),
                EPHEMERAL_STORAGE => all.ephemeral_storage = amount.value(),
                "pods" => all.pods = amount.value(),
                _ => {
                    all.others.insert(name.as_str().into(), amount.value());
                }
            }
        }
        all
    }

    /// An amount by its name.
    pub fn get(&self, name: &str) -> i64 {
        match name {
            CPU => self.milli_cpu,
            MEMORY => self.memory,
            EPHEMERAL_STORAGE => self.ephemeral_storage,
            _ => self.others.get(name).copied().unwrap_or(0),
        }
    }

    /// Sets an amount by its name.
    pub(crate) fn set(&mut self, name: &str, amount: i64) {
        match name {
            CPU => self.milli_cpu = amount,
            MEMORY => self.memory = amount,
            EPHEMERAL_STORAGE => self.ephemeral_storage = amount,
            _ => {
                self.others.insert(name.into(), amount);
            }
        }
    }

    /// Adds another's amounts.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, i64::saturating_add);
    }

    /// Takes another's amounts away.
    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, i64::saturating_sub);
        self.others.retain(|_, amount| *amount != 0);
    }

    /// Raises each amount to another's, where that is more.
    pub fn raise_to(&mut self, other: &Self) {
        self.combine(other, i64::max);
    }

    /// No amount is above zero.
    pub fn is_nothing(&self) -> bool {
        let fixed = [self.milli_cpu, self.memory, self.ephemeral_storage];
        fixed.iter().all(|amount| *amount == 0) && self.others.values().all(|amount| *amount == 0)
    }

    fn combine(&mut self, other: &Self, with: fn(i64, i64) -> i64) {
        self.milli_cpu = with(self.milli_cpu, other.milli_cpu);
        self.memory = with(self.memory, other.memory);
        self.ephemeral_storage = with(self.ephemeral_storage, other.ephemeral_storage);
        for (name, amount) in &other.others {
            let own = self.others.entry(name.clone()).or_insert(0);
            *own = with(*own, *amount);
        }
    }
}
