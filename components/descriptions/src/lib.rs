//! What Kubernetes says of its types and their fields, in its own words, for `kubectl explain`.
//!
//! The words are those of the package `k8s-openapi`: at build time `build.rs` asks it for them. They
//! lie in the program compressed, and in memory only for as long as somebody holds them.

use flate2::read::DeflateDecoder;
use std::{collections::BTreeMap, io::Read};

static COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptions.deflate"));

/// All descriptions, by types' names as OpenAPI has them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Descriptions(BTreeMap<String, Described>);

/// What is said of a type and its fields.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Described {
    own: String,
    fields: BTreeMap<String, String>,
}

impl Descriptions {
    /// Unpacks them: half a megabyte of text.
    pub fn unpack() -> Self {
        let mut text = String::new();
        let unpacked = DeflateDecoder::new(COMPRESSED).read_to_string(&mut text);
        unpacked.expect("the build wrote it");
        let mut all = Self::default();
        let mut current = Described::default();
        let mut name = "";
        for line in text.lines() {
            if let Some((field, words)) = line.strip_prefix('\t').and_then(|it| it.split_once('\t'))
            {
                current.fields.insert(field.to_owned(), plain(words));
            } else if let Some((next, words)) = line.split_once('\t') {
                let fresh = Described { own: plain(words), fields: BTreeMap::new() };
                all.0.insert(name.to_owned(), std::mem::replace(&mut current, fresh));
                name = next;
            }
        }
        all.0.insert(name.to_owned(), current);
        all
    }

    /// What is said of a type; nothing where it is unknown or nothing is said.
    pub fn of_type(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|it| it.own.as_str()).filter(|words| !words.is_empty())
    }

    /// What is said of a type's field.
    pub fn of_field(&self, name: &str, field: &str) -> Option<&str> {
        let words = self.0.get(name)?.fields.get(field)?;
        Some(words.as_str()).filter(|words| !words.is_empty())
    }
}

fn plain(words: &str) -> String {
    words.replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_fields_are_described() {
        let all = Descriptions::unpack();
        let pod = "io.k8s.api.core.v1.Pod";
        assert!(all.of_type(pod).is_some_and(|words| words.starts_with("Pod is a collection")));
        assert!(all.of_field(pod, "spec").is_some_and(|words| words.contains("desired behavior")));
        // Several lines stay several.
        let event = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";
        let words = all.of_type(event).unwrap_or_default();
        assert!(words.lines().count() > 3, "{words}");
        for unknown in ["", "io.k8s.api.core.v1.Nothing"] {
            assert_eq!((all.of_type(unknown), all.of_field(unknown, "a")), (None, None));
        }
        assert_eq!((all.of_field(pod, ""), all.of_field(pod, "nothing")), (None, None));
    }
}
