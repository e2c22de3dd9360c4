//! Which form of an answer a client reads.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/negotiation.

use super::body;
use crate::failure::Failure;

/// The form of an answer about objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Form {
    /// The objects themselves.
    #[default]
    Whole,
    /// Rows for people to read.
    Table(Include),
    /// Metadata only.
    Metadata,
    /// The objects themselves, as protobuf.
    Binary,
    /// The objects themselves, as YAML.
    Yaml,
}

/// What of an object stands in its row (`includeObject`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

/// One thing that a client says it reads.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Offer<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

/// Media types that we write objects in.
const WRITTEN: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

impl<'a> Offer<'a> {
    /// What an `Accept` header lists, in the client's order: clients list what they like best
    /// first, and those that we know weigh all alike.
    fn all(accept: &'a str) -> impl Iterator<Item = Offer<'a>> {
        accept.split(',').map(|clause| {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters = parts.filter_map(|part| part.split_once('=')).collect();
            Offer { media, parameters }
        })
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn is_json(&self) -> bool {
        matches!(self.media, "application/json" | "application/*" | "*/*" | "")
    }

    /// The form, where it is one of ours.
    fn form(&self) -> Option<Form> {
        let ours = self.parameter("g").is_none_or(|group| group == "meta.k8s.io")
            && self.parameter("v").is_none_or(|version| matches!(version, "v1" | "v1beta1"));
        match self.parameter("as") {
            None => Some(Form::Whole),
            Some("Table") if ours => Some(Form::Table(Include::default())),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") if ours => {
                Some(Form::Metadata)
            }
            Some(_) => None,
        }
    }
}

/// The form that the client likes best of all that there are; `binary`: there is that.
///
/// # Errors
/// There is none that it reads.
pub(crate) fn any_form(accept: Option<&str>, binary: bool) -> Result<Form, Failure> {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
        return Ok(Form::Whole);
    };
    let form = |offer: Offer<'_>| match (offer.media, offer.parameter("as")) {
        (body::PROTOBUF, None) if binary => Some(Form::Binary),
        ("application/yaml", None) => Some(Form::Yaml),
        _ if offer.is_json() => offer.form(),
        _ => None,
    };
    Offer::all(accept).find_map(form).ok_or_else(|| Failure::not_acceptable(&WRITTEN))
}

/// The form that the client likes best of those that we write in JSON.
///
/// # Errors
/// There is none.
pub(crate) fn form(accept: Option<&str>) -> Result<Form, Failure> {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
        return Ok(Form::Whole);
    };
    Offer::all(accept)
        .filter(Offer::is_json)
        .find_map(|offer| offer.form())
        .ok_or_else(|| Failure::not_acceptable(&WRITTEN))
}

/// OpenAPI's binary form, by the names it has had.
const OPENAPI_BINARY: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
];

/// Whether the client reads OpenAPI's documents. We write JSON, which those read too who ask for
/// the binary form.
///
/// # Errors
/// It does not.
pub(crate) fn openapi(accept: Option<&str>) -> Result<(), Failure> {
    let reads = |offer: Offer<'_>| offer.is_json() || OPENAPI_BINARY.contains(&offer.media);
    match Offer::all(accept.unwrap_or_default()).any(reads) {
        true => Ok(()),
        false => Err(Failure::not_acceptable(&["application/json"])),
    }
}

/// The second version's binary form, and the name that it had before; it is answered under this one.
pub(crate) const SWAGGER_BINARY: &str =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const SWAGGER_BINARY_OLD: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// The form of OpenAPI's second version that the client likes best; none: it reads neither.
pub(crate) fn swagger(accept: Option<&str>) -> Option<&'static str> {
    Offer::all(accept.unwrap_or_default()).find_map(|offer| match offer.media {
        SWAGGER_BINARY | SWAGGER_BINARY_OLD => Some(SWAGGER_BINARY),
        _ => offer.is_json().then_some("application/json"),
    })
}

/// Whether the client reads aggregated discovery, in the version `v2`.
pub(crate) fn aggregated_discovery(accept: Option<&str>) -> bool {
    Offer::all(accept.unwrap_or_default()).any(|offer| {
        offer.is_json()
            && offer.parameter("as") == Some("APIGroupDiscoveryList")
            && offer.parameter("g") == Some("apidiscovery.k8s.io")
            && offer.parameter("v") == Some("v2")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_is_known_is_taken() {
        let cases = [
            (None, Some(Form::Whole)),
            (Some(""), Some(Form::Whole)),
            (Some("*/*"), Some(Form::Whole)),
            (
                Some("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
                Some(Form::Table(Include::Metadata)),
            ),
            (
                Some("application/json;as=Table;v=v9;g=meta.k8s.io, application/json"),
                Some(Form::Whole),
            ),
            (Some("application/vnd.kubernetes.protobuf,application/json"), Some(Form::Whole)),
            (
                Some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
                Some(Form::Metadata),
            ),
            (Some("application/cbor"), None),
            (Some("application/json;as=Other"), None),
        ];
        for (accept, expected) in cases {
            assert_eq!(form(accept).ok(), expected, "{accept:?}");
        }
    }

    #[test]
    fn protobuf_and_yaml_are_for_whole_objects() {
        let protobuf = "application/vnd.kubernetes.protobuf,application/json";
        let tables = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        let cases = [
            (protobuf, true, Some(Form::Binary)),
            (protobuf, false, Some(Form::Whole)),
            ("application/vnd.kubernetes.protobuf", false, None),
            ("application/vnd.kubernetes.protobuf;stream=watch", true, Some(Form::Binary)),
            ("application/yaml", false, Some(Form::Yaml)),
            (tables, true, Some(Form::Table(Include::Metadata))),
            ("*/*", true, Some(Form::Whole)),
        ];
        for (accept, binary, expected) in cases {
            assert_eq!(any_form(Some(accept), binary).ok(), expected, "{accept}");
        }
    }

    #[test]
    fn the_second_version_of_openapi_has_two_forms() {
        let json = Some("application/json");
        let cases = [
            (None, json),
            (Some("*/*"), json),
            (Some(SWAGGER_BINARY_OLD), Some(SWAGGER_BINARY)),
            (
                Some("text/html, application/com.github.proto-openapi.spec.v2.v1.0+protobuf"),
                Some(SWAGGER_BINARY),
            ),
            (Some("text/html"), None),
        ];
        for (accept, expected) in cases {
            assert_eq!(swagger(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn aggregated_discovery_must_be_asked_for() {
        let kubectl = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                       application/json";
        assert!(aggregated_discovery(Some(kubectl)));
        assert!(!aggregated_discovery(Some("application/json")));
        assert!(!aggregated_discovery(None));
    }
}
