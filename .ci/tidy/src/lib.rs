//! Reads the source, so that tests can hold it to the project's rules.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Folders that hold no source of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the project.
#[derive(Debug)]
pub struct File {
    /// Relative to the root, with `/` between parts.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Every file below a folder of the root whose name ends so, sorted by path.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn files(folder: &str, ending: &str) -> io::Result<Vec<File>> {
    let (root, mut found) = (root(), Vec::new());
    walk(&root, Path::new(folder), ending, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(root: &Path, folder: &Path, ending: &str, found: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = folder.join(name);
        let full = root.join(&path);
        if full.is_dir() {
            if !SKIPPED.contains(&name) {
                walk(root, &path, ending, found)?;
            }
        } else if name.ends_with(ending) {
            let parts: Vec<_> =
                path.components().filter_map(|it| it.as_os_str().to_str()).collect();
            let path = parts.into_iter().filter(|part| *part != ".").collect::<Vec<_>>().join("/");
            found.push(File { path, text: fs::read_to_string(full)? });
        }
    }
    Ok(())
}

/// Fails with every complaint at once, so that one run shows all that is wrong.
///
/// # Panics
/// When there is a complaint.
pub fn refuse(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
