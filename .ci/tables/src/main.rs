//! Writes the table of Kubernetes' types from what package registries publish.
//!
//! ```sh
//! pip download kubernetes-validate==1.37.0 --no-deps --dest /tmp/kv
//! python3 -m zipfile -e /tmp/kv/kubernetes_validate-1.37.0-py3-none-any.whl /tmp/kv
//! cargo run -p tables -- /tmp/kv
//! ```
//!
//! | fact | from |
//! |---|---|
//! | fields, types, required, lists' and maps' types, merge keys, kinds | the wheel's OpenAPI definitions |
//! | numbers in protobuf, wrapping messages | the structs of the crate `k8s-pb` |
//! | allowed values, defaults, what empty values become, what is newer | `supplement.txt` |
//! | resources' names and scopes, which are only compared | the crate `k8s-openapi` |

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod binary;
mod openapi;
mod resources;
mod rows;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// The release that the table describes.
const RELEASE: &str = "v1.36.0-local";

/// Anything that keeps the table from being written, in words.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let Some(wheel) = std::env::args().nth(1) else {
        eprintln!("usage: tables FOLDER_OF_THE_UNPACKED_WHEEL");
        return ExitCode::from(2);
    };
    match write(Path::new(&wheel)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(wheel: &Path) -> Outcome<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../components/api/tables");
    let definitions = wheel
        .join("kubernetes_validate/kubernetes-json-schema")
        .join(RELEASE)
        .join("_definitions.json");
    let mut rows = openapi::rows(&fs::read_to_string(definitions)?)?;
    binary::number(&mut rows, &source("k8s-pb")?.join("src"))?;
    rows.amend(&fs::read_to_string(folder.join("supplement.txt"))?)?;
    for lonely in rows.without_number() {
        println!("no number in protobuf: {lonely}");
    }
    fs::write(folder.join("types.txt"), rows.print())?;
    let openapi = source("k8s-openapi")?.join("src/v1_36");
    let served = fs::read_to_string(folder.join("resources.txt")).unwrap_or_default();
    for difference in resources::differences(&served, &openapi)? {
        println!("{difference}");
    }
    Ok(())
}

/// Where cargo keeps a package's source.
fn source(package: &str) -> Outcome<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--features", "sources", "--manifest-path"])
        .arg(manifest)
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = packages.iter().find(|one| one["name"] == package);
    let path = found.and_then(|one| one["manifest_path"].as_str());
    let folder = path.and_then(|path| Path::new(path).parent());
    folder.map(Path::to_owned).ok_or_else(|| format!("cargo does not know {package}").into())
}
