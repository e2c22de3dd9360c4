//! Which admission plugins run, from flags and from the file that configures them.
//!
//! Upstream: apiserver/pkg/admission/config.go.

use crate::kube_apiserver_flags::{FlagError, Flags, read};
use apiserver::AdmissionSettings;
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

const FLAG: &str = "admission-control-config-file";
const KIND: &str = "AdmissionConfiguration";
const VERSIONS: [&str; 2] = ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"];

/// What the flags say.
pub(crate) fn settings(flags: &Flags) -> Result<AdmissionSettings, FlagError> {
    let file = &flags.admission_control_config_file;
    let configurations = match file.is_empty() {
        true => BTreeMap::new(),
        false => configurations(file)?,
    };
    AdmissionSettings::new(
        &flags.enable_admission_plugins,
        &flags.disable_admission_plugins,
        configurations,
    )
    .map_err(|error| FlagError::Value { flag: "enable-admission-plugins", why: error.to_string() })
}

fn configurations(path: &str) -> Result<BTreeMap<String, Value>, FlagError> {
    let file = yaml(path)?;
    let version = file["apiVersion"].as_str().unwrap_or_default();
    if file["kind"] != KIND || !VERSIONS.contains(&version) {
        return Err(bad(path, format!("it is no {KIND} of {}", VERSIONS[0])));
    }
    let mut all = BTreeMap::new();
    for plugin in file["plugins"].as_array().into_iter().flatten() {
        let name = plugin["name"].as_str().unwrap_or_default().to_owned();
        let configuration = match plugin["path"].as_str().filter(|path| !path.is_empty()) {
            Some(other) => {
                // Relative to the file that names it.
                let folder = Path::new(path).parent().unwrap_or(Path::new("."));
                yaml(&folder.join(other).to_string_lossy())?
            }
            None => plugin["configuration"].clone(),
        };
        all.insert(name, configuration);
    }
    Ok(all)
}

fn yaml(path: &str) -> Result<Value, FlagError> {
    serde_yaml_ng::from_slice(&read(FLAG, path)?).map_err(|error| bad(path, error.to_string()))
}

fn bad(path: &str, why: String) -> FlagError {
    FlagError::File { flag: FLAG, path: path.to_owned(), why }
}
