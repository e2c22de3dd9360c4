//! JSONPath and the columns of custom resources.

use api::{
    json_path::JsonPath,
    printing::{CustomColumn, custom_cells},
    time::Moment,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn find(path: &str, value: &Value) -> Value {
    let path = JsonPath::parse(path).unwrap_or_else(|why| panic!("{path}: {why}"));
    json!(path.find(value))
}

#[test]
fn paths_lead_to_values() {
    let value = json!({
        "a": {"b.c": 1, "d": [1, 2, 3]},
        "conditions": [
            {"type": "Ready", "status": "True", "count": 2},
            {"type": "Other", "status": "False", "count": 5, "message": "]"},
        ],
    });
    let cases = [
        (".", json!([value])),
        (".a.d", json!([[1, 2, 3]])),
        (".a.d[0]", json!([1])),
        (".a.d[-1]", json!([3])),
        (".a.d[5]", json!([])),
        (".a.d[-5]", json!([])),
        (".a.d[*]", json!([1, 2, 3])),
        (".a.*", json!([1, [1, 2, 3]])),
        (".a.b\\.c", json!([1])),
        (".a['b.c']", json!([1])),
        ("$.a[\"b.c\"]", json!([1])),
        (".none.x", json!([])),
        ("..status", json!(["True", "False"])),
        (".conditions[?(@.type==\"Ready\")].status", json!(["True"])),
        (".conditions[?(@.type=='Other')].status", json!(["False"])),
        (".conditions[?(@.type != 'Other')].count", json!([2])),
        (".conditions[?(@.count>2)].count", json!([5])),
        (".conditions[?(@.count<=2)].count", json!([2])),
        (".conditions[?(@.message==\"]\")].count", json!([5])),
        (".conditions[?(@.message)].count", json!([5])),
        (".conditions[?(@.count==\"2\")].count", json!([])),
    ];
    for (path, wanted) in cases {
        assert_eq!(find(path, &value), wanted, "{path}");
    }
}

#[test]
fn what_is_no_path_is_refused() {
    let cases = [".a[", ".a[x]", ".a[?(b==1)]", ".a[?(@.b==c)]", &".a".repeat(101)];
    for path in cases {
        assert!(JsonPath::parse(path).is_err(), "{path}");
    }
}

#[test]
fn columns_hold_values_of_their_types() {
    let object = json!({
        "metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"n": 3, "f": 2.5, "b": true, "t": "text", "o": {"a": [1]}},
    });
    let cases = [
        ("integer", ".spec.n", json!(3)),
        ("integer", ".spec.f", json!(2)),
        ("integer", ".spec.t", json!(null)),
        ("number", ".spec.f", json!(2.5)),
        ("boolean", ".spec.b", json!(true)),
        ("boolean", ".spec.n", json!(null)),
        ("string", ".spec.t", json!("text")),
        ("string", ".spec.b", json!("true")),
        ("string", ".spec.o", json!("{\"a\":[1]}")),
        ("string", ".spec.none", json!(null)),
        ("date", ".metadata.creationTimestamp", json!("2m5s")),
        ("date", ".spec.t", json!("<invalid>")),
        ("date", ".spec.n", json!(null)),
    ];
    let now = Moment::parse("2026-01-01T00:02:05Z").expect("a moment");
    for (kind, path, wanted) in cases {
        let path = JsonPath::parse(path).expect(path);
        let column = CustomColumn { kind: kind.to_owned(), path };
        assert_eq!(custom_cells(&[column], &object, now), [json!("x"), wanted], "{kind}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[.a*0@?()\\[\\]'\"=<!\\\\$-]{0,30}") {
        if let Ok(path) = JsonPath::parse(&text) {
            path.find(&json!({"a": [{"a": 0}, {"0": {"a": []}}]}));
        }
    }
}
