//! Priority levels: how many seats one has by its configuration, and what becomes of those who find
//! none.
//!
//! Upstream: flowcontrol/apf_controller.go (queueSetCompleterForPL, finishQueueSetReconfigsLocked).

use super::{dealer::Dealer, queue_set::Overflow};
use serde_json::Value;
use std::sync::Arc;

/// The level whose requests nothing limits.
pub(super) const EXEMPT: &str = "exempt";
/// The level, and the schema, of what no other takes.
pub(super) const CATCH_ALL: &str = "catch-all";

/// A part of a level's seats that one request may take at most (priorityLevelMaxSeatsPercent).
const REQUEST_PART_MAX: f64 = 0.15;

/// A priority level's configuration, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LevelConfig {
    pub(super) name: Arc<str>,
    pub(super) uid: Arc<str>,
    pub(super) overflow: Overflow,
    pub(super) shares: u32,
    lendable_percent: u32,
    /// None: as much as there is.
    borrowing_percent: Option<u32>,
}

/// Seats of a level: those of its part, those that it always keeps, those that it may have at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bounds {
    pub(super) nominal: u32,
    pub(super) low: u32,
    pub(super) high: u32,
}

impl LevelConfig {
    /// Reads an object of the kind; none: it contradicts itself.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let name = metadata["name"].as_str()?;
        let (limited, exempt) = (&spec["limited"], &spec["exempt"]);
        let is_exempt = match spec["type"].as_str()? {
            "Exempt" => true,
            "Limited" => false,
            _ => return None,
        };
        if is_exempt != (name == EXEMPT) || limited.is_null() != is_exempt {
            return None;
        }
        let common = if is_exempt { exempt } else { limited };
        let number = |name: &str| common[name].as_u64().and_then(|value| u32::try_from(value).ok());
        Some(Self {
            name: name.into(),
            uid: metadata["uid"].as_str().unwrap_or_default().into(),
            overflow: match is_exempt {
                true => Overflow::Exempt,
                false => overflow(&limited["limitResponse"])?,
            },
            shares: number("nominalConcurrencyShares").unwrap_or(if is_exempt { 0 } else { 30 }),
            lendable_percent: number("lendablePercent").unwrap_or(0),
            borrowing_percent: number("borrowingLimitPercent"),
        })
    }

    pub(super) fn is_exempt(&self) -> bool {
        self.overflow == Overflow::Exempt
    }

    /// Its seats of a server that has `total`, which all levels' `shares` share.
    pub(super) fn bounds(&self, total: u32, shares: u32) -> Bounds {
        // Rounded up: the sum may be a little more than there is.
        let nominal = f64::from(total) * f64::from(self.shares) / f64::from(shares.max(1));
        let nominal = whole(nominal.ceil());
        let percent =
            |percent: u32| whole((f64::from(nominal) * f64::from(percent) / 100.0).round());
        let borrowed = self.borrowing_percent.map_or(total, percent);
        Bounds {
            nominal,
            low: nominal - percent(self.lendable_percent).min(nominal),
            high: nominal.saturating_add(borrowed),
        }
    }

    /// Seats that one request may take; none: the level does not say.
    pub(super) fn request_seats_max(&self, nominal: u32) -> Option<u32> {
        let Overflow::Queue { hand, .. } = self.overflow else { return None };
        let part = whole((f64::from(nominal) * REQUEST_PART_MAX).ceil());
        Some(part.min(nominal / hand.max(1)).max(1))
    }
}

/// What `limitResponse` says; none: it contradicts itself.
fn overflow(response: &Value) -> Option<Overflow> {
    let queuing = &response["queuing"];
    match response["type"].as_str()? {
        "Reject" if queuing.is_null() => Some(Overflow::Reject),
        "Queue" if queuing.is_object() => {
            let number = |name: &str, default: u32| match queuing[name].as_u64() {
                Some(value) => u32::try_from(value).ok(),
                None => Some(default),
            };
            let (queues, hand) = (number("queues", 64)?, number("handSize", 8)?);
            Dealer::new(queues, hand)?;
            Some(Overflow::Queue { queues, hand, length: number("queueLengthLimit", 50)? })
        }
        _ => None,
    }
}

/// A number of seats.
pub(super) fn whole(seats: f64) -> u32 {
    // `as` saturates, and takes what is no number for zero.
    seats as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn level(name: &str, spec: Value) -> Option<LevelConfig> {
        LevelConfig::read(&json!({"metadata": {"name": name}, "spec": spec}))
    }

    #[test]
    fn a_level_that_contradicts_itself_is_none() {
        let queuing = json!({"queues": 64, "handSize": 6, "queueLengthLimit": 50});
        let limited =
            |response: Value| json!({"type": "Limited", "limited": {"limitResponse": response}});
        for (name, spec, good) in [
            ("a", limited(json!({"type": "Reject"})), true),
            ("a", limited(json!({"type": "Queue", "queuing": queuing})), true),
            ("a", limited(json!({"type": "Queue"})), false),
            ("a", limited(json!({"type": "Reject", "queuing": queuing})), false),
            (
                "a",
                limited(json!({"type": "Queue", "queuing": {"queues": 2, "handSize": 3}})),
                false,
            ),
            ("a", json!({"type": "Exempt", "exempt": {}}), false),
            ("exempt", json!({"type": "Exempt", "exempt": {}}), true),
            ("exempt", limited(json!({"type": "Reject"})), false),
            ("a", json!({"type": "Limited"}), false),
        ] {
            assert_eq!(level(name, spec.clone()).is_some(), good, "{name} {spec}");
        }
    }

    #[test]
    fn seats_follow_shares() {
        let spec = json!({"type": "Limited", "limited": {
            "nominalConcurrencyShares": 40, "lendablePercent": 50,
            "limitResponse": {"type": "Queue", "queuing": {"queues": 128, "handSize": 6}},
        }});
        let mut config = level("workload-high", spec).unwrap();
        // Upstream's defaults: 245 shares and 600 seats.
        assert_eq!(config.bounds(600, 245), Bounds { nominal: 98, low: 49, high: 698 });
        assert_eq!(config.request_seats_max(98), Some(15));
        assert_eq!(config.request_seats_max(6), Some(1));
        config.borrowing_percent = Some(10);
        assert_eq!(config.bounds(600, 245).high, 108);
    }
}
