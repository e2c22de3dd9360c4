//! Objects to protobuf and back.

mod arbitrary;

use api::{
    decode::{complete, decode},
    protobuf::{Codec, Envelope, ProtobufError, list, watch_event},
    schema::{Schemas, TypeId},
};
use arbitrary::Draw;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn of(schemas: &Schemas, name: &str) -> TypeId {
    schemas.named(&format!("io.k8s.{name}")).unwrap_or_else(|| panic!("no {name}"))
}

fn encoded(name: &str, object: &Value) -> Vec<u8> {
    let schemas = Schemas::built_in();
    let object = object.as_object().expect("an object");
    Codec::new(&schemas).encode(&schemas, of(&schemas, name), object)
}

fn decoded(name: &str, bytes: &[u8]) -> Result<Map<String, Value>, ProtobufError> {
    let schemas = Schemas::built_in();
    Codec::new(&schemas).decode(&schemas, of(&schemas, name), bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as `generated.proto` says.
#[test]
fn messages() {
    let cases = [
        ("api.core.v1.ContainerPort", json!({"name": "a", "containerPort": 80}), "0a01611850"),
        // Embedded structs: volumeSource is 2, emptyDir in it 2; the name is 1.
        ("api.core.v1.Volume", json!({"name": "a", "emptyDir": {}}), "0a016112021200"),
        ("api.core.v1.ConfigMapKeySelector", json!({"name": "a", "key": "b"}), "0a030a0161120162"),
        // Negative numbers take ten bytes.
        ("api.core.v1.Probe", json!({"timeoutSeconds": -1}), "0a0018ffffffffffffffffff01"),
        ("api.core.v1.ServicePort", json!({"targetPort": "a"}), "220708011000 1a0161"),
        ("api.core.v1.EmptyDirVolumeSource", json!({"sizeLimit": "1Gi"}), "12050a03314769"),
        (
            "apimachinery.pkg.apis.meta.v1.ObjectMeta",
            json!({"labels": {"a": "b"}}),
            "5a060a0161120162",
        ),
        (
            "apimachinery.pkg.apis.meta.v1.ObjectMeta",
            json!({"creationTimestamp": "2024-01-01T00:00:00Z"}),
            "4208088081c8ac061000",
        ),
        ("api.authentication.v1.UserInfo", json!({"extra": {"a": ["b"]}}), "22080a016112030a0162"),
        ("api.core.v1.Secret", json!({"data": {"a": "AAE="}}), "12070a016112020001"),
        ("apimachinery.pkg.apis.meta.v1.APIResource", json!({"verbs": ["get"]}), "22050a03676574"),
    ];
    for (name, object, bytes) in cases {
        let bytes = bytes.replace(' ', "");
        assert_eq!(hex(&encoded(name, &object)), bytes, "{name} {object}");
        let back = decoded(name, &encoded(name, &object)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(Value::Object(back), object, "{name}");
    }
}

/// Upstream's clients write every value that is no pointer, be it empty.
#[test]
fn what_clients_write_unasked_is_not_there() {
    // hostNetwork false, nodeName "", terminationGracePeriodSeconds 0 (a pointer).
    let spec = [0x58, 0, 0x52, 0, 0x20, 0];
    let found = decoded("api.core.v1.PodSpec", &spec).expect("a message");
    assert_eq!(Value::Object(found), json!({"terminationGracePeriodSeconds": 0}));
}

#[test]
fn schemas_of_custom_resources() {
    let name = "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let schema = json!({
        "type": "object",
        "default": {"a": [1, null]},
        "enum": [1, "a"],
        "minimum": 0.5,
        "items": {"type": "string"},
        "additionalProperties": false,
        "dependencies": {"a": ["b", "c"], "d": {"type": "string"}},
        "properties": {"x": {"items": [{"type": "string"}, {}], "additionalProperties": true},
            "y": {"additionalProperties": {"type": "integer"}, "x-kubernetes-preserve-unknown-fields": false}},
        "x-kubernetes-validations": [{"rule": "self.a > 0"}],
    });
    let back = decoded(name, &encoded(name, &schema)).expect("its own bytes");
    assert_eq!(Value::Object(back), schema);
}

#[test]
fn what_is_refused() {
    let cases = [
        (&[0x0a][..], "unexpected EOF"),
        (&[0x0a, 5, 1], "unexpected EOF"),
        (
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "proto: integer overflow",
        ),
        (&[0x07], "proto: illegal tag 0 (wire type 7)"),
        (&[0x50, 1], "proto: wrong wireType = 0 for field nodeName"),
        (&[0x5a, 1, 1], "proto: wrong wireType = 2 for field hostNetwork"),
    ];
    for (bytes, error) in cases {
        let found = decoded("api.core.v1.PodSpec", bytes).expect_err(error).to_string();
        assert_eq!(found, error);
    }
    // properties: {"": {properties: …}}, deeper than anybody goes.
    let name = "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let mut deep: Vec<u8> = Vec::new();
    for _ in 0..2_000 {
        let mut entry = vec![0x12];
        varint(&mut entry, deep.len());
        entry.extend(&deep);
        deep = vec![0xea, 0x01];
        varint(&mut deep, entry.len());
        deep.extend(entry);
    }
    assert_eq!(decoded(name, &deep), Err(ProtobufError::Depth));
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[test]
fn documents() {
    let envelope = Envelope { api_version: "v1".into(), kind: "Pod".into(), raw: b"\x0a\x00" };
    let bytes = envelope.encode();
    assert_eq!(hex(&bytes), "6b38730 00a090a0276311203506f6412020a001a002200".replace(' ', ""));
    assert_eq!(Envelope::decode(&bytes), Ok(envelope));
    assert_eq!(Envelope::decode(b"{}"), Err(ProtobufError::Magic));
    let pods = list(b"", [&b"\x0a\x00"[..], b""]);
    assert_eq!(
        decoded("api.core.v1.PodList", &pods).map(Value::from),
        Ok(json!({"metadata": {}, "items": [{"metadata": {}}, {}]}))
    );
    assert_eq!(hex(&watch_event("ADDED", b"k8s\0")), "0a05414444454412060a046b387300");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Of every kind, what JSON says is what protobuf says.
    #[test]
    fn there_and_back(seed in any::<u64>()) {
        let schemas = Schemas::built_in();
        let codec = Codec::new(&schemas);
        for kind in schemas.types() {
            let id = schemas.named(&kind.name).expect("it has a name");
            let object = Draw::new(&schemas, seed).object(id, 0);
            let text = serde_json::to_vec(&object).expect("it is JSON");
            let mut read = decode(&schemas, id, &text).expect("it fits");
            prop_assert_eq!(read.complaints.len(), 0);
            let mut read = std::mem::take(read.value.as_object_mut().expect("an object"));
            prop_assert_eq!(&read, &object, "{}", kind.name);
            let mut back = codec.decode(&schemas, id, &codec.encode(&schemas, id, &object))
                .expect("its own bytes");
            complete(&schemas, id, &mut read);
            complete(&schemas, id, &mut back);
            prop_assert_eq!(&back, &read, "{}", kind.name);
            // What is written unasked makes no difference.
            let again = codec.decode(&schemas, id, &codec.encode(&schemas, id, &read));
            let mut again = again.expect("its own bytes");
            complete(&schemas, id, &mut again);
            prop_assert_eq!(again, read, "{}", kind.name);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let schemas = Schemas::built_in();
        let codec = Codec::new(&schemas);
        for kind in schemas.types() {
            let id = schemas.named(&kind.name).expect("it has a name");
            let _ = codec.decode(&schemas, id, &bytes);
        }
        let _ = Envelope::decode(&bytes);
    }
}
