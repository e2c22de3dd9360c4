//! Expressions and what must come of them, as data: `tests/cases/*.yaml`, a topic a file.
//!
//! The topics are those of cel-spec's conformance tests and of Kubernetes' libraries.

mod support;

use support::check;

macro_rules! topics {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("cases/", stringify!($name), ".yaml")));
        })+
    };
}

topics!(
    authorizer,
    basic,
    comparisons,
    conversions,
    costs,
    estimates,
    fields,
    floats,
    formats,
    integers,
    lists,
    logic,
    macros,
    macros2,
    namespace,
    network,
    optionals,
    parse,
    quantities,
    refused,
    regexes,
    schemas,
    semver,
    sets,
    strings,
    timestamps,
    urls,
);
