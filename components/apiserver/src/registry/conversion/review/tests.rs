//! What webhooks may say, and what is said of them that say something else.

use super::*;

const START: &str = "conversion webhook for example.com/v1, Kind=Lamp ";

fn webhook(version: &str) -> Value {
    json!({"conversionReviewVersions": ["v9", version]})
}

fn lamp(version: &str, metadata: Value) -> Value {
    json!({"apiVersion": format!("example.com/{version}"), "kind": "Lamp", "metadata": metadata})
}

fn before() -> Vec<Value> {
    vec![lamp("v1", json!({"name": "a", "uid": "1", "labels": {"x": "y"}, "generation": 3}))]
}

fn answer(objects: Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "response": {"uid": "u", "result": {"status": "Success"}, "convertedObjects": objects},
    })
}

fn said(version: &str, answer: &Value) -> Result<Vec<Value>, String> {
    let (webhook, before) = (webhook(version), before());
    Asked::new(&webhook, &before, "example.com/v2", "u").unwrap().converted(answer)
}

#[test]
fn a_review_is_written_in_a_version_that_both_know() {
    let (webhook, before) = (webhook("v1beta1"), before());
    let asked = Asked::new(&webhook, &before, "example.com/v2", "u").unwrap();
    let request = asked.request();
    assert_eq!(request["apiVersion"], "apiextensions.k8s.io/v1beta1");
    assert_eq!(request["request"]["desiredAPIVersion"], "example.com/v2");
    let none = json!({"conversionReviewVersions": ["v9"]});
    let refused = Asked::new(&none, &before, "example.com/v2", "u").unwrap_err();
    assert_eq!(refused, "no supported conversion review versions");
}

#[test]
fn labels_and_annotations_may_change_and_nothing_else_of_the_metadata() {
    let changed = json!({"name": "a", "uid": "1", "annotations": {"k": "v"}, "generation": 9});
    let converted = said("v1", &answer(json!([lamp("v2", changed)]))).unwrap();
    let kept = json!({"name": "a", "uid": "1", "annotations": {"k": "v"}, "generation": 3});
    assert_eq!(converted, [lamp("v2", kept)]);
}

#[test]
fn answers_that_cannot_be_are_refused_in_upstreams_words() {
    let whole = json!({"name": "a", "uid": "1"});
    let with = |name: &str, value: Value| {
        let mut metadata = whole.clone();
        metadata[name] = value;
        answer(json!([lamp("v2", metadata)]))
    };
    let mut refused = answer(json!([]));
    refused["response"]["result"] = json!({"status": "Failed", "message": "no lamps"});
    let mut silent = refused.clone();
    silent["response"]["result"] = json!({"status": "Failed"});
    let mut other = answer(json!([]));
    other["response"]["uid"] = "w".into();
    for (answer, expected) in [
        (
            json!({}),
            "failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, \
             got , Kind=",
        ),
        (other, "failed: expected response.uid=\"u\", got \"w\""),
        (refused, "failed: no lamps"),
        (silent, "failed: response.result.status was 'Failed', not 'Success'"),
        (answer(json!([])), "returned 0 objects, expected 1"),
        (
            answer(json!([lamp("v3", whole.clone())])),
            "returned invalid object at index 0: invalid groupVersion (expected example.com/v2, \
             received example.com/v3)",
        ),
        (
            answer(json!([{"apiVersion": "example.com/v2", "kind": "Lump"}])),
            "returned invalid object at index 0: invalid kind (expected Lamp, received Lump)",
        ),
        (with("name", "b".into()), "returned invalid object: must have the same name: a != b"),
        (with("uid", "2".into()), "returned invalid object: must have the same UID: 1 != 2"),
        (
            with("labels", json!([])),
            "returned invalid metadata: invalid metadata.labels of type []interface {} in \
             converted object",
        ),
        (
            with("labels", json!({"k": 1})),
            "returned invalid metadata: metadata.labels[k] must be a string, but is int64 in \
             converted object",
        ),
    ] {
        assert_eq!(said("v1", &answer), Err(format!("{START}{expected}")));
    }
    let wrong = said("v1", &with("labels", json!({"-": "x"}))).unwrap_err();
    let start =
        format!("{START}returned invalid metadata: metadata.labels: Invalid value: \"-\": ");
    assert!(wrong.starts_with(&start), "{wrong}");
}

#[test]
fn the_first_version_of_reviews_is_not_held_to_identities() {
    let metadata = json!({"name": "a", "uid": "1"});
    let answer = json!({"response": {
        "result": {"status": "Success"}, "convertedObjects": [lamp("v2", metadata)],
    }});
    assert_eq!(said("v1beta1", &answer).unwrap().len(), 1);
    let none = said("v1beta1", &json!({})).unwrap_err();
    assert_eq!(none, format!("{START}failed: no response provided"));
}
