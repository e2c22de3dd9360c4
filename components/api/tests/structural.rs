//! What structural schemas prune, fill in and refuse, by cases; the texts are upstream's.

use api::structural::{Structural, defaults, lists, prune, validate};
use serde_json::{Value, json};

fn schema(properties: Value) -> Structural {
    Structural::parse(&json!({"type": "object", "properties": {"spec": {
        "type": "object", "properties": properties,
    }}}))
}

#[test]
fn what_no_schema_knows_is_pruned() {
    let known = schema(json!({
        "a": {"type": "string"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"inner": {"type": "object", "properties": {"x": {"type": "string"}}}}},
        "map": {"type": "object", "additionalProperties": {
            "type": "object", "properties": {"x": {"type": "string"}}}},
        "list": {"type": "array", "items": {
            "type": "object", "properties": {"x": {"type": "string"}}}},
        "embedded": {"type": "object", "x-kubernetes-embedded-resource": true,
            "properties": {"spec": {"type": "object"}}},
    }));
    let cases = [
        (json!({"a": "1", "b": "2"}), json!({"a": "1"}), vec!["spec.b"]),
        (
            json!({"free": {"y": {"z": 1}, "inner": {"x": "1", "y": 2}}}),
            json!({"free": {"y": {"z": 1}, "inner": {"x": "1"}}}),
            vec!["spec.free.inner.y"],
        ),
        (
            json!({"map": {"k": {"x": "1", "y": 2}}}),
            json!({"map": {"k": {"x": "1"}}}),
            vec!["spec.map.k.y"],
        ),
        (
            json!({"list": [{"y": 1}, {"x": "1"}]}),
            json!({"list": [{}, {"x": "1"}]}),
            vec!["spec.list[0].y"],
        ),
        (
            json!({"embedded": {"kind": "Pod", "apiVersion": "v1", "metadata": {"x": 1},
                "status": {}}}),
            json!({"embedded": {"kind": "Pod", "apiVersion": "v1", "metadata": {"x": 1}}}),
            vec!["spec.embedded.status"],
        ),
    ];
    for (before, after, gone) in cases {
        let identity = json!({"kind": "A", "apiVersion": "a/v1", "metadata": {"name": "a"}});
        let mut object = identity.clone();
        object["spec"] = before.clone();
        assert_eq!(prune::prune(&known, &mut object), gone, "{before}");
        assert_eq!(object["spec"], after, "{before}");
        assert_eq!(object["metadata"], identity["metadata"]);
    }
}

#[test]
fn what_is_absent_or_wrongly_null_gets_its_default() {
    let known = schema(json!({
        "a": {"type": "integer", "default": 3},
        "n": {"type": "integer", "default": 3, "nullable": true},
        "plain": {"type": "string"},
        "nullable": {"type": "string", "nullable": true},
        "deep": {"type": "object", "default": {}, "properties": {
            "x": {"type": "string", "default": "y"}}},
        "list": {"type": "array", "items": {"type": "object", "properties": {
            "protocol": {"type": "string", "default": "TCP"}}}},
        "map": {"type": "object", "additionalProperties": {"type": "integer", "default": 1}},
    }));
    let filled = json!({"a": 3, "n": 3, "deep": {"x": "y"}});
    let cases = [
        (json!({}), json!({})),
        (json!({"a": 0, "n": null}), json!({"a": 0, "n": null})),
        (json!({"a": null, "plain": null, "nullable": null}), json!({"nullable": null})),
        (json!({"deep": {"x": null}}), json!({})),
        (
            json!({"list": [{}, {"protocol": "UDP"}]}),
            json!({"list": [{"protocol": "TCP"}, {"protocol": "UDP"}]}),
        ),
        (json!({"map": {"k": null}}), json!({"map": {"k": 1}})),
    ];
    for (before, differs) in cases {
        let mut object = json!({"spec": before});
        defaults::apply(&known, &mut object);
        let mut expected = filled.clone();
        for (name, value) in differs.as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_eq!(object["spec"], expected, "{before}");
        let once = object.clone();
        defaults::apply(&known, &mut object);
        assert_eq!(object, once, "{before}");
    }
}

#[test]
fn values_are_refused_in_upstreams_words() {
    let cases = [
        (
            json!({"type": "integer"}),
            json!("1"),
            r#"spec.x: Invalid value: "string": spec.x in body must be of type integer: "string""#,
        ),
        (
            json!({"type": "string"}),
            Value::Null,
            r#"spec.x: Invalid value: "null": spec.x in body must be of type string: "null""#,
        ),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            r#"spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean""#,
        ),
        (
            json!({"type": "integer", "minimum": 1}),
            json!(0),
            "spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1",
        ),
        (
            json!({"type": "number", "maximum": 1.5, "exclusiveMaximum": true}),
            json!(1.5),
            "spec.x: Invalid value: 1.5: spec.x in body should be less than 1.5",
        ),
        (
            json!({"type": "integer", "multipleOf": 5}),
            json!(7),
            "spec.x: Invalid value: 7: spec.x in body should be a multiple of 5",
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("c"),
            r#"spec.x: Unsupported value: "c": supported values: "a", "b""#,
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            json!("abc"),
            "spec.x: Too long: may not be more than 2 bytes",
        ),
        (
            json!({"type": "string", "minLength": 1}),
            json!(""),
            r#"spec.x: Invalid value: "": spec.x in body should be at least 1 chars long"#,
        ),
        (
            json!({"type": "string", "pattern": "^a+$"}),
            json!("b"),
            r#"spec.x: Invalid value: "b": spec.x in body should match '^a+$'"#,
        ),
        (
            json!({"type": "string", "format": "ipv4"}),
            json!("b"),
            r#"spec.x: Invalid value: "b": spec.x in body must be of type ipv4: "b""#,
        ),
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "string"}}),
            json!(["a", "b"]),
            "spec.x: Too many: 2: must have at most 1 items",
        ),
        (
            json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
            json!([]),
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        (
            json!({"type": "object", "minProperties": 1}),
            json!({}),
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 properties",
        ),
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}),
            json!({}),
            "spec.x.a: Required value",
        ),
        (
            json!({"type": "array", "items": {"type": "object", "properties": {
                "a": {"type": "boolean"}}}}),
            json!([{"a": 1}]),
            r#"spec.x[0].a: Invalid value: "integer": spec.x[0].a in body must be of type boolean: "integer""#,
        ),
        (
            json!({"type": "integer", "not": {"enum": [1]}}),
            json!(1),
            r#"<nil>: Invalid value: "": "spec.x" must not validate the schema (not)"#,
        ),
    ];
    for (of, value, expected) in cases {
        let known = schema(json!({"x": of}));
        let faults = validate(&known, &json!({"spec": {"x": value}}));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told, [expected], "{of}");
    }
}

#[test]
fn alternatives_are_told_with_the_one_that_fits_best() {
    let known = schema(json!({"x": {"type": "object", "oneOf": [
        {"required": ["a"]}, {"required": ["b"]},
    ], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}}));
    let cases = [
        (json!({"a": "1"}), vec![]),
        (
            json!({"a": "1", "b": "2"}),
            vec![
                r#"<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,
            ],
        ),
        (
            json!({}),
            vec![
                r#"<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid"#,
                "spec.x.a: Required value",
            ],
        ),
    ];
    for (value, expected) in cases {
        let faults = validate(&known, &json!({"spec": {"x": value}}));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{value}");
    }
}

#[test]
fn sets_and_maps_hold_every_item_once() {
    let known = schema(json!({
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {"type": "object", "properties": {
                "port": {"type": "integer"},
                "protocol": {"type": "string", "default": "TCP"}}}},
    }));
    let cases = [
        (json!({"set": ["a", "b"], "map": [{"port": 1}, {"port": 1, "protocol": "UDP"}]}), vec![]),
        (json!({"set": ["a", "b", "a", "a"]}), vec![r#"spec.set[2]: Duplicate value: "a""#]),
        (
            json!({"map": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}),
            vec![r#"spec.map[1]: Duplicate value: {"port":1,"protocol":"TCP"}"#],
        ),
    ];
    for (value, expected) in cases {
        let faults = lists::check(&known, &json!({"spec": value}));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{value}");
    }
}
