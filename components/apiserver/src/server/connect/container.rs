//! Which container of a pod is meant.
//!
//! Upstream: validateContainer in pkg/registry/core/pod/strategy.go.

use crate::failure::Failure;
use serde_json::Value;

/// Lists of containers in the order in which upstream visits them.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The container that is named, or the only one.
///
/// # Errors
/// There is no such container, or there are several to choose from.
pub(super) fn chosen(pod: &Value, name: &str) -> Result<String, Failure> {
    let of = pod["metadata"]["name"].as_str().unwrap_or_default();
    let spec = &pod["spec"];
    let names = |list: &str| {
        let all = spec[list].as_array().into_iter().flatten();
        all.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let all: Vec<String> = LISTS.into_iter().flat_map(names).collect();
    if !name.is_empty() {
        let there = all.iter().any(|one| one == name);
        let why = format!("container {name} is not valid for pod {of}");
        return there.then(|| name.to_owned()).ok_or_else(|| Failure::bad_request(why));
    }
    let must = format!("a container name must be specified for pod {of}");
    match names("containers").as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::bad_request(must)),
        _ => {
            let why = format!("{must}, choose one of: [{}]", all.join(" "));
            Err(Failure::bad_request(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_is_named_or_the_only_one() {
        let pod = |containers: Value, inits: Value| {
            json!({"metadata": {"name": "p"},
                   "spec": {"containers": containers, "initContainers": inits}})
        };
        let one = pod(json!([{"name": "a"}]), json!([{"name": "i"}]));
        let two = pod(json!([{"name": "a"}, {"name": "b"}]), json!([{"name": "i"}]));
        for (pod, name, expected) in [
            (&one, "", Ok("a")),
            (&one, "i", Ok("i")),
            (&two, "b", Ok("b")),
            (&one, "x", Err("container x is not valid for pod p")),
            (&two, "", Err("a container name must be specified for pod p, choose one of: [i a b]")),
            (&pod(json!([]), json!([])), "", Err("a container name must be specified for pod p")),
        ] {
            let found = chosen(pod, name).map_err(|failure| failure.message);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
        }
    }
}
