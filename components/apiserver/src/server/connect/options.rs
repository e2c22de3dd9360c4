//! What a query asks of a door, as the object that admission sees.
//!
//! Upstream: the conversions of url.Values in pkg/apis/core/v1/zz_generated.conversion.go.

use super::{Door, Query};
use crate::failure::Failure;
use serde_json::{Map, Value, json};

/// What a terminal is made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Terminal {
    pub(super) container: String,
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) tty: bool,
    pub(super) command: Vec<String>,
}

/// Reads a query into the options of a door; `rest` is the path behind a proxy.
///
/// # Errors
/// A number is none.
pub(super) fn read(door: Door, query: &Query, rest: &str) -> Result<Value, Failure> {
    let mut options = Map::new();
    options.insert("kind".into(), door.kind().into());
    options.insert("apiVersion".into(), "v1".into());
    match door {
        Door::Exec | Door::Attach => {
            for name in ["stdin", "stdout", "stderr", "tty"] {
                if query.is_true(name) {
                    options.insert(name.into(), true.into());
                }
            }
            if let Some(container) = query.get("container").filter(|name| !name.is_empty()) {
                options.insert("container".into(), container.into());
            }
            if door == Door::Exec {
                options.insert("command".into(), json!(query.all("command")));
            }
        }
        Door::PortForward => {
            let ports = query.all("ports").iter().flat_map(|ports| ports.split(','));
            let ports: Result<Vec<i32>, _> = ports.map(|port| number(port.trim())).collect();
            options.insert("ports".into(), json!(ports?));
        }
        Door::PodProxy | Door::ServiceProxy | Door::NodeProxy if !rest.is_empty() => {
            options.insert("path".into(), rest.into());
        }
        Door::Log | Door::PodProxy | Door::ServiceProxy | Door::NodeProxy => {}
    }
    Ok(Value::Object(options))
}

fn number(text: &str) -> Result<i32, Failure> {
    let why = format!("strconv.ParseInt: parsing {text:?}: invalid syntax");
    text.parse().map_err(|_| Failure::bad_request(why))
}

impl Terminal {
    /// Reads options that admission has let through.
    pub(super) fn of(options: &Value) -> Self {
        let flag = |name: &str| options[name] == true;
        let command = options["command"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            container: text(&options["container"]),
            stdin: flag("stdin"),
            stdout: flag("stdout"),
            stderr: flag("stderr"),
            tty: flag("tty"),
            command: command.map(text).collect(),
        }
    }

    /// As kubelets are asked (streamParams in pkg/registry/core/pod/strategy.go).
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let flags = [
            ("input", self.stdin),
            ("output", self.stdout),
            ("error", self.stderr),
            ("tty", self.tty),
        ];
        let flags = flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| (name, "1".into()));
        flags.chain(self.command.iter().map(|word| ("command", word.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_become_options_and_options_parameters() {
        let query = Query::parse("command=ls&command=-l%20a&stdin=true&stdout=1&tty=false");
        let options = read(Door::Exec, &query, "").unwrap();
        assert_eq!(
            options,
            json!({"kind": "PodExecOptions", "apiVersion": "v1", "command": ["ls", "-l a"],
                   "stdin": true, "stdout": true})
        );
        let parameters = Terminal::of(&options).parameters();
        assert_eq!(super::super::encoded(&parameters), "command=ls&command=-l+a&input=1&output=1");
        let query = Query::parse("ports=80,443&ports=8080");
        assert_eq!(read(Door::PortForward, &query, "").unwrap()["ports"], json!([80, 443, 8080]));
        let failure = read(Door::PortForward, &Query::parse("ports=x"), "").unwrap_err();
        assert_eq!(failure.message, "strconv.ParseInt: parsing \"x\": invalid syntax");
        assert_eq!(read(Door::NodeProxy, &query, "a/b").unwrap()["path"], "a/b");
    }
}
