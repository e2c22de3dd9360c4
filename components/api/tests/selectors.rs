//! What upstream says of selectors that are none.

use api::selector::LabelSelector;

#[test]
fn what_is_refused() {
    insta::assert_debug_snapshot!(
        [
            "a=b,",
            ",",
            "a b",
            "a in b",
            "a in (b",
            "a in (b c)",
            "=",
            "a=(",
            "!=a",
            "a b=c",
            "a/b/c=d",
            "a=-",
            "a>b",
            "a in",
            "a in (=)",
            "-a",
            "a in (-,-b)",
            "a=b c",
        ]
        .map(|text| (text, LabelSelector::parse(text).map_or_else(|e| e.0, |it| it.to_string())))
    );
}
