//! Compares `resources.txt` with the resources that the crate `k8s-openapi` knows.

use crate::Outcome;
use std::{collections::BTreeSet, fs, path::Path};

/// `apps v1 Deployment deployments namespaced`, for every resource of the crate.
fn known(folder: &Path, found: &mut BTreeSet<String>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            known(&path, found)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for part in text.split("impl crate::Resource for ").skip(1) {
            found.extend(resource(part.split("\n}").next().unwrap_or_default()));
        }
    }
    Ok(())
}

/// `None` for what is no resource of its own: lists and subresources' kinds.
fn resource(body: &str) -> Option<String> {
    let constant = |name: &str| {
        let line = body.lines().find(|line| line.contains(&format!("const {name}:")))?;
        line.split('"').nth(1)
    };
    let scope = body.lines().find(|line| line.contains("type Scope"))?;
    let scope = match scope {
        it if it.contains("NamespaceResource") => "namespaced",
        it if it.contains("ClusterResource") => "cluster",
        _ => return None,
    };
    let (version, plural) = (constant("VERSION")?, constant("URL_PATH_SEGMENT")?);
    if plural.is_empty() || version.contains("alpha") || version.contains("beta") {
        return None;
    }
    let group = constant("GROUP").filter(|group| !group.is_empty()).unwrap_or("-");
    Some(format!("{group} {version} {} {plural} {scope}", constant("KIND")?))
}

/// What one of the two has and the other has not.
pub(crate) fn differences(served: &str, folder: &Path) -> Outcome<Vec<String>> {
    let mut theirs = BTreeSet::new();
    known(folder, &mut theirs)?;
    let line = |line: &str| {
        let words: Vec<&str> = line.strip_prefix("resource ")?.split(' ').collect();
        Some(words.get(..5)?.join(" "))
    };
    let ours: BTreeSet<String> = served.lines().filter_map(line).collect();
    let only = |who: &str, a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.difference(b).map(|one| format!("only {who}: {one}")).collect()
    };
    Ok([only("k8s-openapi", &theirs, &ours), only("resources.txt", &ours, &theirs)].concat())
}
