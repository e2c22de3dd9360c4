//! Functions, a library a file.
//!
//! Upstream: apiserver `pkg/cel/environment/base.go` says which of them Kubernetes has.

mod arguments;
pub mod authorizer;
mod collections;
mod format;
mod json_patch;
mod lists;
mod math;
mod network;
mod optional;
mod quantity;
mod regex;
mod semver;
mod sets;
mod standard;
mod strings;
mod url;

pub(crate) use strings::format_complaint;

use crate::functions::Functions;

/// Every library of Kubernetes 1.36.
const KUBERNETES: [fn(&mut Functions); 14] = [
    standard::declare,
    collections::declare,
    optional::declare,
    strings::declare,
    lists::declare,
    sets::declare,
    regex::declare,
    url::declare,
    quantity::declare,
    network::declare,
    format::declare,
    json_patch::declare,
    semver::declare,
    authorizer::declare,
];

/// What CRD rules, admission policies and match conditions may call in Kubernetes 1.36.
pub fn kubernetes() -> Functions {
    let mut functions = Functions::default();
    KUBERNETES.iter().for_each(|declare| declare(&mut functions));
    functions
}

/// Kubernetes' functions, and those of cel-go's extensions that it does not offer: `math.…` and
/// `reverse` of strings.
pub fn extended() -> Functions {
    let mut functions = kubernetes();
    math::declare(&mut functions);
    strings::declare_later(&mut functions);
    functions
}
