//! Rows of disruption budgets.

use super::{texts::int_or_string, view::View};
use serde_json::{Value, json};

pub(super) fn disruption_budget(it: View<'_>) -> Vec<Value> {
    vec![
        it.name(),
        json!(int_or_string(it.at("/spec/minAvailable"), "N/A")),
        json!(int_or_string(it.at("/spec/maxUnavailable"), "N/A")),
        json!(it.int("/status/disruptionsAllowed")),
        it.age(),
    ]
}
