//! Taints of nodes and what pods tolerate.
//!
//! Upstream: component-helpers/scheduling/corev1/helpers.go, api/core/v1/toleration.go.

use super::{items, text};
use serde_json::Value;

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// They are not placed there.
    NoSchedule,
    /// They had better not be placed there.
    PreferNoSchedule,
    /// They are not placed there and do not stay.
    NoExecute,
}

impl Effect {
    fn read(text: &str) -> Option<Self> {
        match text {
            "NoSchedule" => Some(Self::NoSchedule),
            "PreferNoSchedule" => Some(Self::PreferNoSchedule),
            "NoExecute" => Some(Self::NoExecute),
            _ => None,
        }
    }
}

/// A node's mark.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Taint {
    /// `node.kubernetes.io/not-ready`
    pub key: String,
    /// Often nothing.
    pub value: String,
    /// What it does.
    pub effect: Effect,
}

/// A pod's answer to taints.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Toleration {
    key: String,
    operator: Operator,
    value: String,
    /// None: any effect.
    effect: Option<Effect>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Operator {
    Exists,
    Equal,
    Less,
    Greater,
    /// No taint: none that upstream knows.
    Unknown,
}

impl Toleration {
    /// Tolerates any taint of this key.
    pub fn of_key(key: &str) -> Self {
        let value = String::new();
        Self { key: key.to_owned(), operator: Operator::Exists, value, effect: None }
    }

    fn read(value: &Value) -> Self {
        let operator = match text(value, "operator") {
            "" | "Equal" => Operator::Equal,
            "Exists" => Operator::Exists,
            "Lt" => Operator::Less,
            "Gt" => Operator::Greater,
            _ => Operator::Unknown,
        };
        Self {
            key: text(value, "key").to_owned(),
            operator,
            value: text(value, "value").to_owned(),
            effect: Effect::read(text(value, "effect")),
        }
    }

    /// Whether it is about this taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let compared = || Some((taint.value.parse::<i64>().ok()?, self.value.parse::<i64>().ok()?));
        self.effect.is_none_or(|effect| effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && match self.operator {
                Operator::Exists => true,
                Operator::Equal => self.value == taint.value,
                Operator::Less => compared().is_some_and(|(taint, own)| taint < own),
                Operator::Greater => compared().is_some_and(|(taint, own)| taint > own),
                Operator::Unknown => false,
            }
    }

    /// It is about taints that only ask for preference.
    pub fn concerns_preference(&self) -> bool {
        self.effect.is_none_or(|effect| effect == Effect::PreferNoSchedule)
    }
}

/// A node's taints.
pub fn taints(spec: &Value) -> Vec<Taint> {
    let one = |value: &Value| {
        let effect = Effect::read(text(value, "effect"))?;
        let (key, value) = (text(value, "key").to_owned(), text(value, "value").to_owned());
        Some(Taint { key, value, effect })
    };
    items(spec, "taints").filter_map(one).collect()
}

/// A pod's tolerations.
pub fn tolerations(spec: &Value) -> Vec<Toleration> {
    items(spec, "tolerations").map(Toleration::read).collect()
}

/// Some toleration is about the taint.
pub fn tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// The first taint that keeps such a pod away.
pub fn keeps_away<'a>(taints: &'a [Taint], tolerations: &[Toleration]) -> Option<&'a Taint> {
    let hard = |taint: &&Taint| taint.effect != Effect::PreferNoSchedule;
    taints.iter().filter(hard).find(|taint| !tolerated(taint, tolerations))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tolerations_match_by_key_value_and_effect() {
        let taint = Taint { key: "k".into(), value: "5".into(), effect: Effect::NoSchedule };
        for (toleration, expected) in [
            (json!({"key": "k", "value": "5", "effect": "NoSchedule"}), true),
            (json!({"key": "k", "value": "5"}), true),
            (json!({"key": "k", "value": "6"}), false),
            (json!({"key": "k", "operator": "Exists"}), true),
            (json!({"operator": "Exists"}), true),
            (json!({"operator": "Exists", "effect": "NoExecute"}), false),
            (json!({"key": "l", "operator": "Exists"}), false),
            (json!({"key": "k", "operator": "Lt", "value": "6"}), true),
            (json!({"key": "k", "operator": "Gt", "value": "6"}), false),
        ] {
            assert_eq!(Toleration::read(&toleration).tolerates(&taint), expected, "{toleration}");
        }
    }
}
