//! Objects as clients send them: what is kept, what is complained of, what is refused.

use api::{
    decode::{DEPTH_MAX, DecodeError, Decoded, complete, decode, decode_any, type_meta},
    schema::{GroupVersionKind, Schemas, TypeId},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn of(schemas: &Schemas, api_version: &str, kind: &str) -> TypeId {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() };
    schemas.of(&kind).unwrap_or_else(|| panic!("no {kind}"))
}

fn read(kind: (&str, &str), text: &str) -> Result<Decoded, DecodeError> {
    let schemas = Schemas::built_in();
    decode(&schemas, of(&schemas, kind.0, kind.1), text.as_bytes())
}

const POD: (&str, &str) = ("v1", "Pod");
const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

#[test]
fn what_is_kept() {
    let cases = [
        // Empty values of fields that lose them.
        (POD, r#"{"spec":{"hostNetwork":false,"nodeName":"","volumes":[]}}"#, r#"{"spec":{}}"#),
        // Zero behind a pointer.
        (DEPLOYMENT, r#"{"spec":{"replicas":0,"paused":false}}"#, r#"{"spec":{"replicas":0}}"#),
        (POD, r#"{"spec":{"volumes":[{"name":"a","emptyDir":{}}]}}"#, ""),
        // Null is nothing; in a list or map it is a zero value.
        (
            POD,
            r#"{"metadata":{"creationTimestamp":null,"labels":{"a":null}},"spec":null}"#,
            r#"{"metadata":{"labels":{"a":""}}}"#,
        ),
        (
            POD,
            r#"{"metadata":{"finalizers":[null,"b"]}}"#,
            r#"{"metadata":{"finalizers":["","b"]}}"#,
        ),
        // Canonical forms.
        (
            POD,
            r#"{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":0.5,"memory":"1024Mi"}}}]}}"#,
            r#"{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}]}}"#,
        ),
        (
            POD,
            r#"{"metadata":{"creationTimestamp":"2024-01-01T01:00:00.5+01:00"}}"#,
            r#"{"metadata":{"creationTimestamp":"2024-01-01T00:00:00Z"}}"#,
        ),
        // Escapes and what is no Unicode.
        (
            POD,
            r#"{"metadata":{"name":"\u0041\ud83d\ude00\ud800"}}"#,
            "{\"metadata\":{\"name\":\"A😀\u{fffd}\"}}",
        ),
        // Numbers or text.
        (
            ("v1", "Service"),
            r#"{"spec":{"ports":[{"port":1,"targetPort":"http"},{"port":2,"targetPort":8}]}}"#,
            "",
        ),
        // Embedded objects are kept as they came.
        (
            ("apps/v1", "ControllerRevision"),
            r#"{"data":{"any":[1,2.5,null,{"x":{}}]},"revision":1}"#,
            "",
        ),
    ];
    for (kind, text, kept) in cases {
        let decoded = read(kind, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let kept: Value = serde_json::from_str(if kept.is_empty() { text } else { kept }).unwrap();
        assert_eq!(decoded.value, kept, "{text}");
        assert_eq!(decoded.complaints, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_a_strict_decoder_complains_of() {
    let cases = [
        (r#"{"spec":{"foo":1,"foo":{"bar":2}}}"#, r#"unknown field "spec.foo""#),
        (r#"{"foo":1}"#, r#"unknown field "foo""#),
        (
            r#"{"spec":{"containers":[{},{"imagee":"a","name":"b","name":"c"}]}}"#,
            r#"unknown field "spec.containers[1].imagee", duplicate field "spec.containers[1].name""#,
        ),
        (r#"{"metadata":{"labels":{"a":"1","a":"2"}}}"#, r#"duplicate field "metadata.labels.a""#),
        // A struct that comes twice is filled further.
        (r#"{"spec":{"nodeName":"a"},"spec":{"hostname":"b"}}"#, r#"duplicate field "spec""#),
    ];
    for (text, complaints) in cases {
        let decoded = read(POD, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let error = decoded.complaints.join(", ");
        assert_eq!(error, complaints, "{text}");
    }
    let twice = read(POD, r#"{"spec":{"nodeName":"a"},"spec":{"hostname":"b"}}"#).unwrap();
    assert_eq!(twice.value, json!({"spec": {"nodeName": "a", "hostname": "b"}}));
}

#[test]
fn complaints_are_counted() {
    let many: Vec<String> = (0..200).map(|at| format!("\"f{at}\":1")).collect();
    let decoded = read(POD, &format!("{{{}}}", many.join(","))).unwrap();
    assert_eq!(decoded.complaints.len(), 100);
}

#[test]
fn what_is_refused() {
    let cases = [
        (
            DEPLOYMENT,
            r#"{"spec":{"replicas":"3"}}"#,
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            DEPLOYMENT,
            r#"{"spec":{"replicas":3000000000}}"#,
            "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            DEPLOYMENT,
            r#"{"spec":{"replicas":1.5}}"#,
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            POD,
            r#"{"spec":{"containers":[{"name":1}]}}"#,
            "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string",
        ),
        (
            POD,
            r#"{"spec":{"containers":{}}}"#,
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            POD,
            r#"{"metadata":{"labels":{"a":true}}}"#,
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            POD,
            r#"{"metadata":[]}"#,
            "json: cannot unmarshal array into Go struct field Pod.metadata of type v1.ObjectMeta",
        ),
        (POD, "[]", "json: cannot unmarshal array into Go value of type v1.Pod"),
        (
            POD,
            r#"{"spec":{"containers":[{"resources":{"limits":{"cpu":"much"}}}]}}"#,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            POD,
            r#"{"metadata":{"creationTimestamp":"now"}}"#,
            r#"parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006""#,
        ),
        (("v1", "Secret"), r#"{"data":{"a":"b"}}"#, "illegal base64 data at input byte 1"),
        // The text is looked at whole before its meaning is.
        (POD, r#"{"metadata":[]"#, "unexpected end of JSON input"),
        (POD, "", "unexpected end of JSON input"),
        (POD, "{a}", "invalid character 'a' looking for beginning of object key string"),
        (POD, r#"{"a" 1}"#, "invalid character '1' after object key"),
        (POD, r#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
        (POD, r#"{"a":[1 2]}"#, "invalid character '2' after array element"),
        (POD, r#"{"a":[1,]}"#, "invalid character ']' looking for beginning of value"),
        (POD, r#"{"a":tru}"#, "invalid character '}' in literal true (expecting 'e')"),
        (POD, r#"{"a":1.}"#, "invalid character '}' after decimal point in numeric literal"),
        (POD, r#"{"a":-}"#, "invalid character '}' in numeric literal"),
        (POD, r#"{"a":1e}"#, "invalid character '}' in exponent of numeric literal"),
        (POD, r#"{"a":01}"#, "invalid character '1' after object key:value pair"),
        (POD, "{\"a\":\"\n\"}", r"invalid character '\n' in string literal"),
        (POD, r#"{"a":"\x"}"#, "invalid character 'x' in string escape code"),
        (POD, r#"{"a":"\u00zz"}"#, r"invalid character 'z' in \u hexadecimal character escape"),
        (POD, "{}{}", "invalid character '{' after top-level value"),
    ];
    for (kind, text, error) in cases {
        let found = read(kind, text).expect_err(text).to_string();
        assert_eq!(found, error, "{text}");
    }
}

#[test]
fn depth_has_an_end() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(decode_any(nested(DEPTH_MAX).as_bytes()).is_ok());
        let error = decode_any(nested(100_000).as_bytes()).expect_err("too deep").to_string();
        assert!(error.ends_with("exceeded max depth"), "{error}");
        // Unknown fields count as well.
        let text = format!(r#"{{"foo":{}}}"#, nested(DEPTH_MAX));
        assert!(read(POD, &text).is_err());
    }
    let level = r#"{"properties":{"a":"#;
    let deep = |levels: usize| {
        let schema = level.repeat(levels) + "{}" + &"}}".repeat(levels);
        let version = format!(r#"{{"name":"v1","schema":{{"openAPIV3Schema":{schema}}}}}"#);
        let text = format!(r#"{{"spec":{{"versions":[{version}]}}}}"#);
        read(("apiextensions.k8s.io/v1", "CustomResourceDefinition"), &text)
    };
    assert!(deep(DEPTH_MAX / 2 - 10).is_ok());
    assert!(deep(DEPTH_MAX).is_err());
}

#[test]
fn what_structs_write_unasked() {
    let schemas = Schemas::built_in();
    let cases = [
        (
            DEPLOYMENT,
            json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}),
            json!({"metadata": {}, "status": {}, "spec": {"selector": null, "strategy": {}, "template":
                {"metadata": {}, "spec": {"containers": [{"name": "a", "resources": {}}]}}}}),
        ),
        (
            ("v1", "ConfigMap"),
            json!({"data": {"a": "b"}}),
            json!({"metadata": {}, "data": {"a": "b"}}),
        ),
        (
            ("rbac.authorization.k8s.io/v1", "ClusterRole"),
            json!({}),
            json!({"metadata": {}, "rules": null}),
        ),
        (
            ("v1", "Service"),
            json!({"spec": {"ports": [{"port": 1}]}}),
            json!({"metadata": {}, "spec": {"ports": [{"port": 1, "targetPort": 0}]},
                "status": {"loadBalancer": {}}}),
        ),
        (
            ("v1", "Event"),
            json!({"count": 1}),
            json!({"metadata": {}, "count": 1, "eventTime": null,
            "firstTimestamp": null, "lastTimestamp": null, "involvedObject": {}, "source": {},
            "reportingComponent": "", "reportingInstance": ""}),
        ),
    ];
    for (kind, sparse, whole) in cases {
        let mut found = sparse.as_object().unwrap().clone();
        for _ in 0..2 {
            complete(&schemas, of(&schemas, kind.0, kind.1), &mut found);
            let mut whole = whole.clone();
            // A selector is a pointer, hence not among what is written.
            if kind == DEPLOYMENT {
                whole["spec"].as_object_mut().unwrap().remove("selector");
            }
            assert_eq!(Value::Object(found.clone()), whole, "{sparse}");
        }
    }
}

#[test]
fn what_kind_it_is() {
    let cases = [
        (r#"{"kind":"Pod","apiVersion":"v1","spec":[[]]}"#, Ok(("v1".into(), "Pod".into()))),
        ("{}", Ok((String::new(), String::new()))),
        ("{", Err("couldn't get version/kind; json parse error: unexpected end of JSON input")),
        (
            r#"{"kind":1}"#,
            Err("couldn't get version/kind; json parse error: json: cannot \
            unmarshal number into Go struct field .kind of type string"),
        ),
    ];
    for (text, found) in cases {
        assert_eq!(type_meta(text.as_bytes()), found.map_err(str::to_owned), "{text}");
    }
}

#[test]
fn types_have_fewer_fields_than_a_walk_can_tell_apart() {
    assert!(Schemas::built_in().types().iter().all(|one| one.fields.len() <= 128));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let schemas = Schemas::built_in();
        let _ = decode(&schemas, of(&schemas, "v1", "Pod"), &bytes);
        let _ = (decode_any(&bytes), type_meta(&bytes));
    }

    #[test]
    fn text_like_json_is_read_as_serde_reads_it(text in r#"[\[\]{}",:0-9a-e.\\u tfn-]{0,60}"#) {
        let ours = decode_any(text.as_bytes());
        let theirs = serde_json::from_str::<Value>(&text);
        // Go takes half a pair of surrogates; serde does not.
        if !text.contains("\\u") {
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        }
    }
}
