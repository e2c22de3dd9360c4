//! Rows of leases.

use super::view::View;
use serde_json::{Value, json};

pub(super) fn lease(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.text("/spec/holderIdentity")), it.age()]
}
