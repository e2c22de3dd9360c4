//! Finds scenarios by name, file or folder.

use scenario::{Invalid, Scenario, System};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A scenario and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// What to write on a command line to get it again.
    pub(crate) path: String,
    /// What it says.
    pub(crate) scenario: Scenario,
}

/// A command that cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no scenario '{0}'; 'seaworthy list scenarios' names them all")]
    NoScenario(String),
    #[error("{path}: {error}")]
    BadScenario { path: String, error: Invalid },
    #[error("cannot {doing} {path}: {error}")]
    File { doing: &'static str, path: String, error: io::Error },
    #[error("there is no exhibit '{0}'; 'seaworthy list exhibits' names them all")]
    NoExhibit(String),
    #[error("{0}")]
    Other(String),
}

impl Refusal {
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Refusal::File { doing, path, error }
    }
}

/// The folder of all stories: here, or where this program was built.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from("scenarios");
    if here.is_dir() {
        return here;
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

/// The one scenario of this name or file.
pub(crate) fn find(name: &str) -> Result<Story, Refusal> {
    let file = Path::new(name);
    if file.is_file() {
        return read(file);
    }
    let wanted = |path: &PathBuf| stem(path) == name || path.ends_with(format!("{name}.yaml"));
    match files(&root())?.into_iter().find(wanted) {
        Some(path) => read(&path),
        None => Err(Refusal::NoScenario(name.to_owned())),
    }
}

/// All scenarios of these names, files and folders; the general hunt when there is none.
pub(crate) fn find_all(names: &[String]) -> Result<Vec<Story>, Refusal> {
    if names.is_empty() {
        return Scenario::general_hunt().into_iter().map(|(name, _)| find(name)).collect();
    }
    let mut all = Vec::new();
    for name in names {
        match folder(name) {
            Some(folder) => {
                for file in files(&folder)? {
                    all.push(read(&file)?);
                }
            }
            None => all.push(find(name)?),
        }
    }
    Ok(all)
}

fn folder(name: &str) -> Option<PathBuf> {
    let tries = [PathBuf::from(name), root().join(name)];
    tries.into_iter().find(|path| path.is_dir())
}

/// Every scenario file below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(Refusal::file("list", folder))?;
    for entry in entries {
        let path = entry.map_err(Refusal::file("list", folder))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads one file and checks every name in it.
pub(crate) fn read(path: &Path) -> Result<Story, Refusal> {
    let text = fs::read_to_string(path).map_err(Refusal::file("read", path))?;
    let bad = |error| Refusal::BadScenario { path: path.display().to_string(), error };
    let scenario = Scenario::parse(&text).map_err(bad)?;
    scenario.check_oracles(&oracle_names()).map_err(bad)?;
    Ok(Story { name: stem(path).to_owned(), path: path.display().to_string(), scenario })
}

/// The names that promises may use.
pub(crate) fn oracle_names() -> Vec<&'static str> {
    let echo = System::Echo.own_oracles().iter().map(|(name, _)| *name);
    oracles::ALL.iter().map(|entry| entry.name).chain(echo).collect()
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}
