//! Which definitions are refused, and what the rules of the others say of objects; the texts are
//! upstream's.

use api::{
    definition::{check, rows},
    schema::Schemas,
};
use serde_json::{Value, json};

fn definition(schema: Value) -> Value {
    json!({
        "metadata": {"name": "foos.a.example"},
        "spec": {
            "group": "a.example", "scope": "Namespaced",
            "names": {"plural": "foos", "singular": "foo", "kind": "Foo", "listKind": "FooList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema},
            }],
        },
        "status": {
            "acceptedNames": {"plural": "foos", "singular": "foo", "kind": "Foo",
                "listKind": "FooList"},
            "conditions": [{"type": "Established", "status": "True"}],
        },
    })
}

fn told(definition: &Value, present: Option<&Value>) -> Vec<String> {
    check(definition, present).iter().map(ToString::to_string).collect()
}

/// The root of a schema with one property, `x`.
fn with(property: Value) -> Value {
    json!({"type": "object", "properties": {"x": property}})
}

#[test]
fn schemas_that_are_not_structural_are_refused() {
    const ROOT: &str = "spec.validation.openAPIV3Schema";
    let cases = [
        (json!({}), "type: Required value: must not be empty at the root"),
        (
            with(json!({"properties": {}})),
            "properties[x].type: Required value: must not be empty for specified object fields",
        ),
        (
            with(json!({"type": "array", "items": {}})),
            "properties[x].items.type: Required value: must not be empty for specified array items",
        ),
        (with(json!({"type": "array"})), "properties[x].items: Required value: must be specified"),
        (
            with(json!({"type": "string", "anyOf": [{"type": "string"}]})),
            "properties[x].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            with(json!({"type": "object", "not": {"properties": {"y": {"enum": [1]}}}})),
            "properties[x].properties[y]: Required value: because it is defined in \
             spec.validation.openAPIV3Schema.properties[x].not.properties[y]",
        ),
        (
            with(json!({"type": "string", "pattern": "("})),
            "properties[x].pattern: Invalid value: \"(\": must be a valid regular expression, but \
             isn't: error parsing regexp: invalid syntax: `(`",
        ),
        (
            with(json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true})),
            "properties[x].uniqueItems: Forbidden: uniqueItems cannot be set to true since the \
             runtime complexity becomes quadratic",
        ),
        (
            with(json!({"type": "array", "items": {"type": "object", "properties": {
                "k": {"type": "string"}}}, "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"]})),
            "properties[x].items.properties[k].default: Required value: this property is in \
             x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
        (
            with(json!({"type": "integer", "default": "a"})),
            "properties[x].default: Invalid value: \"string\":  in body must be of type integer: \
             \"string\"",
        ),
        (
            with(json!({"$ref": "#/a", "type": "string"})),
            "properties[x].$ref: Forbidden: $ref is not supported",
        ),
        (
            json!({"type": "object", "properties": {"metadata": {"type": "object",
                "properties": {"labels": {"type": "object"}}}}}),
            "properties[metadata]: Forbidden: must not specify anything other than name and \
             generateName, but metadata is implicitly specified",
        ),
    ];
    for (schema, expected) in cases {
        assert_eq!(
            told(&definition(schema.clone()), None),
            [format!("{ROOT}.{expected}")],
            "{schema}"
        );
    }
    let numbers = json!({"x-kubernetes-int-or-string": true,
        "anyOf": [{"type": "integer"}, {"type": "string"}]});
    assert_eq!(told(&definition(with(numbers)), None), Vec::<String>::new());
}

#[test]
fn names_and_versions_are_checked_and_some_never_change() {
    let good = definition(json!({"type": "object"}));
    let cases = [
        (
            "/spec/group",
            json!("example"),
            "spec.group: Invalid value: \"example\": should be a domain with at least one dot",
        ),
        (
            "/spec/scope",
            json!("All"),
            "spec.scope: Unsupported value: \"All\": supported values: \"Cluster\", \"Namespaced\"",
        ),
        (
            "/spec/names/listKind",
            json!("Foo"),
            "spec.names.listKind: Invalid value: \"Foo\": kind and listKind may not be the same",
        ),
        (
            "/metadata/name",
            json!("foos"),
            "metadata.name: Invalid value: \"foos\": must be spec.names.plural+\".\"+spec.group",
        ),
    ];
    for (path, value, expected) in cases {
        let mut wrong = good.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        assert!(told(&wrong, None).contains(&expected.to_owned()), "{:?}", told(&wrong, None));
    }
    let mut changed = good.clone();
    changed["spec"]["scope"] = json!("Cluster");
    changed["status"]["storedVersions"] = json!(["v0"]);
    let faults = told(&changed, Some(&good));
    assert_eq!(faults[0], "spec.scope: Invalid value: \"Cluster\": field is immutable");
    assert!(faults[1].starts_with("status.storedVersions[0]: Invalid value: \"v0\": missing from"));
    assert_eq!(told(&good, Some(&good)), Vec::<String>::new());
}

#[test]
fn expressions_must_compile_and_cost_little() {
    let rule = |rule: Value| {
        with(json!({"type": "array", "items": {"type": "string"},
            "x-kubernetes-validations": [rule]}))
    };
    let cases = [
        (json!({"rule": "self.size() > 0"}), None),
        (json!({"rule": ""}), Some("[0].rule: Required value: rule is not specified")),
        (json!({"rule": "1"}), Some("cel expression must evaluate to a bool")),
        (json!({"rule": "self > 1"}), Some("compilation failed: ERROR: <input>:1:6: found no")),
        (json!({"rule": "true", "messageExpression": "1"}), Some("must evaluate to a string")),
        (json!({"rule": "true", "reason": "Bad"}), Some("[0].reason: Unsupported value: \"Bad\"")),
        (json!({"rule": "true", "fieldPath": ".y"}), Some("does not refer to a valid field")),
        (
            json!({"rule": "self.all(x, self.all(y, x.contains(y)))"}),
            Some("[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than"),
        ),
    ];
    for (one, expected) in cases {
        let faults = told(&definition(rule(one.clone())), None);
        match expected {
            None => assert_eq!(faults, Vec::<String>::new(), "{one}"),
            Some(part) => assert!(faults[0].contains(part), "{one}: {faults:?}"),
        }
    }
}

#[test]
fn rules_judge_objects_and_their_changes() {
    let schema = json!({"type": "object", "properties": {"spec": {
        "type": "object",
        "properties": {
            "replicas": {"type": "integer"},
            "image": {"type": "string", "x-kubernetes-validations": [
                {"rule": "self == oldSelf", "reason": "FieldValueForbidden", "message": "fixed"}]},
            "list": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"], "items": {
                    "type": "object", "required": ["name"], "properties": {
                        "name": {"type": "string"}, "size": {"type": "integer"}},
                    "x-kubernetes-validations": [
                        {"rule": "self.size >= oldSelf.size", "message": "never less"}]}},
        },
        "x-kubernetes-validations": [
            {"rule": "self.replicas < 10", "messageExpression": "'not ' + string(self.replicas)"},
            {"rule": "oldSelf.hasValue() || self.replicas == 1", "optionalOldSelf": true},
        ],
    }}});
    let made = rows(&definition(schema), &Schemas::built_in());
    let custom = made[0].custom.as_ref().unwrap();
    let cases = [
        (json!({"replicas": 1}), None, vec![]),
        (
            json!({"replicas": 11}),
            None,
            vec![
                r#"spec: Invalid value: "object": not 11"#,
                r#"spec: Invalid value: "object": failed rule: oldSelf.hasValue() || self.replicas == 1"#,
            ],
        ),
        (json!({}), Some(json!({})), vec![]),
        (
            json!({"replicas": 2, "image": "b"}),
            Some(json!({"replicas": 1, "image": "a"})),
            vec!["spec.image: Forbidden: fixed"],
        ),
        (
            json!({"replicas": 2, "list": [{"name": "b", "size": 1}, {"name": "a", "size": 1}]}),
            Some(json!({"replicas": 2, "list": [{"name": "a", "size": 2}]})),
            vec![r#"spec.list[1]: Invalid value: "object": never less"#],
        ),
    ];
    for (new, old, expected) in cases {
        let object = json!({"spec": new});
        let present = old.map(|old| json!({"spec": old}));
        let faults = custom.faults(&object, present.as_ref());
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{object}");
    }
}

#[test]
fn what_was_wrong_may_stay_while_nobody_touches_it() {
    let schema = with(json!({"type": "object", "properties": {
        "old": {"type": "string", "maxLength": 1}, "new": {"type": "string", "maxLength": 1}}}));
    let made = rows(&definition(schema), &Schemas::built_in());
    let custom = made[0].custom.as_ref().unwrap();
    let present = json!({"x": {"old": "long"}});
    let touched = json!({"x": {"old": "longer", "new": "a"}});
    let untouched = json!({"x": {"old": "long", "new": "a"}});
    assert_eq!(custom.faults(&untouched, Some(&present)), vec![]);
    assert_eq!(custom.faults(&touched, Some(&present)).len(), 1);
    assert_eq!(custom.faults(&untouched, None).len(), 1);
}
