//! `ConversionReview`: what a conversion webhook is sent, and what of its answer is believed. Pure.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/conversion/webhook_converter.go.

use crate::object;
use api::validation::{annotation_errors, label_errors};
use serde_json::{Map, Value, json};

const GROUP: &str = "apiextensions.k8s.io";
const KIND: &str = "ConversionReview";
/// Versions of reviews that we write.
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// Objects of one kind that are to be in another version.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) objects: &'a [Value],
    /// `stable.example.com/v2`.
    pub(super) wanted: &'a str,
    /// Of the review.
    pub(super) uid: &'a str,
    /// The version of the review.
    version: &'static str,
}

impl<'a> Asked<'a> {
    /// A review in the first of a definition's versions of reviews that we know.
    pub(super) fn new(
        webhook: &Value,
        objects: &'a [Value],
        wanted: &'a str,
        uid: &'a str,
    ) -> Result<Self, String> {
        let read = webhook["conversionReviewVersions"].as_array().into_iter().flatten();
        let known = |said: &Value| VERSIONS.into_iter().find(|version| said == version);
        let version = read.filter_map(known).next();
        let version = version.ok_or("no supported conversion review versions")?;
        Ok(Self { objects, wanted, uid, version })
    }

    /// What is sent.
    pub(super) fn request(&self) -> Value {
        json!({
            "kind": KIND, "apiVersion": format!("{GROUP}/{}", self.version),
            "request": {
                "uid": self.uid, "desiredAPIVersion": self.wanted, "objects": self.objects,
            },
        })
    }

    /// How failures begin: they name the kind that was to be converted.
    pub(super) fn told(&self, why: &str) -> String {
        format!(
            "conversion webhook for {} {why}",
            self.objects.first().map_or_else(String::new, kind)
        )
    }

    /// The converted objects, in order.
    ///
    /// # Errors
    /// The webhook failed, or says what cannot be.
    pub(super) fn converted(&self, answer: &Value) -> Result<Vec<Value>, String> {
        let failed = |why: String| self.told(&format!("failed: {why}"));
        let objects = self.objects_of(answer).map_err(failed)?;
        let (count, expected) = (objects.len(), self.objects.len());
        if count != expected {
            return Err(self.told(&format!("returned {count} objects, expected {expected}")));
        }
        let pairs = self.objects.iter().zip(objects).enumerate();
        pairs.map(|(at, (before, after))| self.checked(at, before, after.clone())).collect()
    }

    fn objects_of<'v>(&self, answer: &'v Value) -> Result<&'v [Value], String> {
        let response = &answer["response"];
        // The first version of reviews was never held to them.
        if self.version != "v1beta1" {
            let (version, kind) = (text(answer, "apiVersion"), text(answer, "kind"));
            if version != format!("{GROUP}/{}", self.version) || kind != KIND {
                let expected = format!("{GROUP}/{}, Kind={KIND}", self.version);
                let said = self::kind(answer);
                return Err(format!("expected webhook response of {expected}, got {said}"));
            }
        }
        if !response.is_object() {
            return Err("no response provided".into());
        }
        let said = text(response, "uid");
        if self.version != "v1beta1" && said != self.uid {
            return Err(format!("expected response.uid={:?}, got {said:?}", self.uid));
        }
        let result = &response["result"];
        match (text(result, "status"), text(result, "message")) {
            ("Success", _) => {}
            (status, "") => {
                return Err(format!("response.result.status was '{status}', not 'Success'"));
            }
            (_, message) => return Err(message.to_owned()),
        }
        Ok(response["convertedObjects"].as_array().map_or(&[], Vec::as_slice))
    }

    /// One object: of the version that was asked for, and otherwise who it was.
    fn checked(&self, at: usize, before: &Value, mut after: Value) -> Result<Value, String> {
        let alone = self.objects.len() == 1;
        let what = match alone {
            true => format!("invalid object at index {at}"),
            false => format!("invalid converted object at index {at}"),
        };
        let (version, kind) = (text(&after, "apiVersion"), text(&after, "kind"));
        if version != self.wanted {
            let why = format!("(expected {}, received {version})", self.wanted);
            return Err(self.told(&format!("returned {what}: invalid groupVersion {why}")));
        }
        let expected = text(before, "kind");
        if kind != expected {
            let why = format!("(expected {expected}, received {kind})");
            return Err(self.told(&format!("returned {what}: invalid kind {why}")));
        }
        let (object, metadata) = match alone {
            true => ("invalid object".to_owned(), "invalid metadata".to_owned()),
            false => (what, format!("invalid metadata in object at index {at}")),
        };
        same(before, &after).map_err(|why| self.told(&format!("returned {object}: {why}")))?;
        restore(before, &mut after)
            .map_err(|why| self.told(&format!("returned {metadata}: {why}")))?;
        Ok(after)
    }
}

/// It is still the same object.
fn same(before: &Value, after: &Value) -> Result<(), String> {
    for (name, told) in [("name", "name"), ("namespace", "namespace"), ("uid", "UID")] {
        let (was, is) = (object::meta(before, name), object::meta(after, name));
        if was != is {
            return Err(format!("must have the same {told}: {was} != {is}"));
        }
    }
    Ok(())
}

/// A webhook may change labels and annotations; all other metadata is as it was.
fn restore(before: &Value, after: &mut Value) -> Result<(), String> {
    let said = after.get("metadata").ok_or("missing metadata in converted object")?;
    let Value::Object(said) = said else {
        return Err(format!("invalid metadata of type {} in converted object", go_type(said)));
    };
    let mut metadata = before["metadata"].as_object().cloned().unwrap_or_default();
    for name in ["labels", "annotations"] {
        match said.get(name) {
            None | Some(Value::Null) => drop(metadata.remove(name)),
            Some(Value::Object(texts)) => {
                if metadata.get(name).and_then(Value::as_object) != Some(texts) {
                    check_texts(name, texts)?;
                }
                metadata.insert(name.into(), texts.clone().into());
            }
            Some(other) => {
                let found = go_type(other);
                return Err(format!("invalid metadata.{name} of type {found} in converted object"));
            }
        }
    }
    after["metadata"] = metadata.into();
    Ok(())
}

fn check_texts(name: &str, texts: &Map<String, Value>) -> Result<(), String> {
    if let Some((key, value)) = texts.iter().find(|(_, value)| !value.is_string()) {
        let found = go_type(value);
        return Err(format!(
            "metadata.{name}[{key}] must be a string, but is {found} in converted object"
        ));
    }
    let texts = Value::Object(texts.clone());
    let errors = match name {
        "labels" => label_errors(&texts, "metadata.labels"),
        _ => annotation_errors(&texts, "metadata.annotation"),
    };
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    match &told[..] {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}

/// `stable.example.com/v1, Kind=CronTab`.
fn kind(object: &Value) -> String {
    format!("{}, Kind={}", text(object, "apiVersion"), text(object, "kind"))
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// Go's name of a value's type.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests;
