//! Rows of endpoint slices.

use super::{
    texts::first_or_unset,
    view::{View, texts},
};
use serde_json::{Value, json};

pub(super) fn endpoint_slice(it: View<'_>) -> Vec<Value> {
    let port = |port: &Value| match (port["port"].as_i64(), port["name"].as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    };
    let ports: Vec<_> = it.list("/ports").iter().map(port).collect();
    let addresses = it.list("/endpoints").iter().flat_map(|it| texts(it, "/addresses"));
    let addresses: Vec<_> = addresses.map(str::to_owned).collect();
    vec![
        it.name(),
        json!(it.text("/addressType")),
        json!(first_or_unset(&ports)),
        json!(first_or_unset(&addresses)),
        it.age(),
    ]
}
