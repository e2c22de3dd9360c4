//! How full nodes would be, and what is thought of it.
//!
//! Upstream: plugins/noderesources/{resource_allocation,least_allocated,most_allocated,
//! requested_to_capacity_ratio}.go.

use super::arguments::number;
use crate::{
    cluster::NodeState,
    framework::SCORE_MAX,
    objects::{
        pod::Pod,
        resources::{CPU, EPHEMERAL_STORAGE, MEMORY},
    },
};
use serde_json::{Value, json};

/// A resource that counts, and how much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Counted {
    pub(super) name: String,
    pub(super) weight: i64,
}

/// The resources that arguments name; processors and memory where they name none.
pub(super) fn counted(list: &Value) -> Result<Vec<Counted>, String> {
    let default = json!([{"name": CPU, "weight": 1}, {"name": MEMORY, "weight": 1}]);
    let list = if list.as_array().is_none_or(Vec::is_empty) { &default } else { list };
    let one = |value: &Value| {
        let name = value["name"].as_str().unwrap_or_default().to_owned();
        let weight = match number(value, "weight", 1)? {
            0 => 1,
            weight @ 1..=100 => weight,
            bad => return Err(format!("resources.weight: Invalid value: {bad}: not in [1, 100]")),
        };
        Ok(Counted { name, weight })
    };
    list.as_array().into_iter().flatten().map(one).collect()
}

/// What a node has of a resource, and what would be asked of it with the pod there; none: it does
/// not matter there.
pub(super) fn use_of(node: &NodeState, pod: &Pod, name: &str) -> Option<(i64, i64)> {
    let own = pod.requests.weighed.get(name);
    let extended = !matches!(name, CPU | MEMORY | EPHEMERAL_STORAGE);
    if extended && own == 0 {
        return None;
    }
    let has = node.allocatable()?.get(name);
    (has != 0).then(|| (has, node.weighed.get(name) + own))
}

/// What is thought of a node's fullness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Strategy {
    /// The emptier, the better.
    Least,
    /// The fuller, the better.
    Most,
    /// As a line through these points says: hundredths that are used, and a score.
    Shape(Vec<(i64, i64)>),
}

impl Strategy {
    /// Reads `scoringStrategy`.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        match value["type"].as_str().unwrap_or("LeastAllocated") {
            "LeastAllocated" => Ok(Self::Least),
            "MostAllocated" => Ok(Self::Most),
            "RequestedToCapacityRatio" => {
                shape(&value["requestedToCapacityRatio"]["shape"]).map(Self::Shape)
            }
            other => Err(format!("scoringStrategy.type: Unsupported value: {other:?}")),
        }
    }

    /// A node's score.
    pub(super) fn score(&self, node: &NodeState, pod: &Pod, counted: &[Counted]) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for resource in counted {
            let Some((has, used)) = use_of(node, pod, &resource.name) else { continue };
            let score = self.of_one(has, used);
            if !matches!(self, Self::Shape(_)) || score > 0 {
                sum += score * resource.weight;
                weights += resource.weight;
            }
        }
        match (self, weights) {
            (_, 0) => 0,
            // Rounded to the nearest; the others down.
            (Self::Shape(_), _) => (2 * sum + weights) / (2 * weights),
            _ => sum / weights,
        }
    }

    fn of_one(&self, has: i64, used: i64) -> i64 {
        let percent = |part: i64| scaled(part, has);
        match self {
            Self::Least if used > has => 0,
            Self::Least => percent(has - used),
            Self::Most => percent(used.min(has)),
            Self::Shape(points) if used > has => line(points, SCORE_MAX),
            Self::Shape(points) => line(points, percent(used)),
        }
    }
}

/// Hundredths of a whole, without overflow.
fn scaled(part: i64, whole: i64) -> i64 {
    match part.checked_mul(SCORE_MAX) {
        Some(product) => product / whole,
        None => i64::try_from(i128::from(part) * i128::from(SCORE_MAX) / i128::from(whole))
            .unwrap_or(i64::MAX),
    }
}

/// The points of a line, with scores stretched from ten to the best.
fn shape(list: &Value) -> Result<Vec<(i64, i64)>, String> {
    let one = |value: &Value| {
        let (x, y) = (number(value, "utilization", 0)?, number(value, "score", 0)?);
        match (0..=100).contains(&x) && (0..=10).contains(&y) {
            true => Ok((x, y * SCORE_MAX / 10)),
            false => Err(format!("shape: Invalid value: utilization {x}, score {y}")),
        }
    };
    let points: Vec<(i64, i64)> =
        list.as_array().into_iter().flatten().map(one).collect::<Result<_, String>>()?;
    if points.is_empty() {
        return Err("shape: Required value: at least one point must be specified".to_owned());
    }
    match points.windows(2).all(|two| two[0].0 < two[1].0) {
        true => Ok(points),
        false => Err("shape: Invalid value: utilization values must be sorted".to_owned()),
    }
}

/// The height of a line at some place; flat beyond its ends.
fn line(points: &[(i64, i64)], at: i64) -> i64 {
    let next = points.iter().position(|(x, _)| at <= *x);
    match next {
        Some(0) => points[0].1,
        Some(next) => {
            let ((x0, y0), (x1, y1)) = (points[next - 1], points[next]);
            y0 + (y1 - y0) * (at - x0) / (x1 - x0)
        }
        None => points.last().map_or(0, |(_, y)| *y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_judge_fullness() {
        let shape = Strategy::read(&json!({"type": "RequestedToCapacityRatio",
            "requestedToCapacityRatio": {"shape": [{"utilization": 0, "score": 0},
                {"utilization": 50, "score": 10}, {"utilization": 100, "score": 5}]}}));
        for (strategy, used, expected) in [
            (Strategy::Least, 250, 75),
            (Strategy::Least, 1001, 0),
            (Strategy::Most, 250, 25),
            (Strategy::Most, 2000, 100),
            (shape.clone().unwrap(), 250, 50),
            (shape.clone().unwrap(), 500, 100),
            (shape.clone().unwrap(), 750, 75),
            (shape.unwrap(), 2000, 50),
        ] {
            assert_eq!(strategy.of_one(1000, used), expected, "{strategy:?} {used}");
        }
        assert!(Strategy::read(&json!({"type": "Fanciful"})).is_err());
        assert_eq!(scaled(i64::MAX / 2, i64::MAX), 49);
    }
}
