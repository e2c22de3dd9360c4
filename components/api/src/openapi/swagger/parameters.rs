//! Parameters that many operations take, said once.
//!
//! Upstream: `kube-openapi/pkg/builder/parameters.go`.

use super::PARAMETERS;
use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha224};

/// Bytes of a parameter's hash that its name ends with.
const HASH_BYTES: usize = 6;

/// All that have been seen, by their names.
#[derive(Debug, Default)]
pub(super) struct Shared(Map<String, Value>);

impl Shared {
    /// What stands in a parameter's place: a reference to it. The name of an object in a path is no
    /// other's, as upstream has it.
    pub(super) fn refer(&mut self, parameter: Value) -> Value {
        if parameter["in"] == "path" && parameter["name"] == "name" {
            return parameter;
        }
        let hash = Sha224::digest(parameter.to_string());
        let name = parameter["name"].as_str().unwrap_or_default();
        let name = format!("{name}-{}", URL_SAFE.encode(&hash[..HASH_BYTES]));
        let reference = json!({"$ref": format!("{PARAMETERS}{name}")});
        self.0.insert(name, parameter);
        reference
    }

    pub(super) fn definitions(self) -> Map<String, Value> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once() {
        let mut shared = Shared::default();
        let pretty = json!({"in": "query", "name": "pretty", "type": "string"});
        let first = shared.refer(pretty.clone());
        assert_eq!(shared.refer(pretty.clone()), first);
        let other = shared.refer(json!({"in": "query", "name": "pretty", "type": "boolean"}));
        assert_ne!(other, first);
        let name = json!({"in": "path", "name": "name", "required": true, "type": "string"});
        assert_eq!(shared.refer(name.clone()), name);
        let all = shared.definitions();
        assert_eq!(all.len(), 2);
        let target = first["$ref"].as_str().and_then(|it| it.strip_prefix(PARAMETERS));
        assert_eq!(target.map(|it| (it.len(), &all[it])), Some((15, &pretty)));
    }
}
