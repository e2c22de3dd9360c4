//! Rows of priority classes.

use super::view::View;
use serde_json::{Value, json};

pub(super) fn priority_class(it: View<'_>) -> Vec<Value> {
    vec![
        it.name(),
        json!(it.int("/value")),
        json!(it.flag_or("/globalDefault", false)),
        it.age(),
        json!(it.text("/preemptionPolicy")),
    ]
}
