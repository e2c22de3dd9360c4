//! When something happens, and what.

use crate::Condition;
use faults::{Fault, Span};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use std::fmt;

/// One step of a story: `{ at: 12s, fault: { crash: { target: etcd/leader, lasts: 8s } } }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub what: What,
}

/// When a step happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time since the run began.
    At(Span),
    /// As soon as this holds, after every step before it in the file has happened.
    Once(Condition),
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A fault strikes.
    Fault(Fault),
    /// Clients are told something.
    Traffic(Traffick),
    /// Every strike so far ends.
    Heal,
}

/// What clients may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffick {
    /// Ask nothing new.
    Pause,
    /// Go on.
    Resume,
}

const KEYS: &[&str] = &["at", "once", "fault", "traffic", "heal"];

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        match &self.when {
            When::At(at) => map.serialize_entry("at", at)?,
            When::Once(condition) => map.serialize_entry("once", condition)?,
        }
        match &self.what {
            What::Fault(fault) => map.serialize_entry("fault", fault)?,
            What::Traffic(traffic) => map.serialize_entry("traffic", traffic)?,
            What::Heal => map.serialize_entry("heal", "all")?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OneStep)
    }
}

struct OneStep;

impl<'de> de::Visitor<'de> for OneStep {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step, such as { at: 12s, heal: all }")
    }

    // Written by hand: a derived one under `flatten` names neither the wrong word nor its line.
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
        let (mut when, mut what) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "at" => once(&mut when, When::At(map.next_value()?), "time")?,
                "once" => once(&mut when, When::Once(map.next_value()?), "time")?,
                "fault" => once(&mut what, What::Fault(map.next_value()?), "verb")?,
                "traffic" => once(&mut what, What::Traffic(map.next_value()?), "verb")?,
                "heal" => {
                    map.next_value::<All>()?;
                    once(&mut what, What::Heal, "verb")?;
                }
                other => {
                    let list = KEYS.join(", ");
                    let text = format!("unknown word '{other}' in a step; there are: {list}");
                    return Err(de::Error::custom(text));
                }
            }
        }
        let when = when.ok_or_else(|| de::Error::custom("a step needs 'at' or 'once'"))?;
        let what =
            what.ok_or_else(|| de::Error::custom("a step needs 'fault', 'traffic' or 'heal'"))?;
        Ok(Step { when, what })
    }
}

fn once<T, E: de::Error>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), E> {
    if slot.replace(value).is_some() {
        return Err(E::custom(format!("a step has one {what}, this one has two")));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum All {
    All,
}
