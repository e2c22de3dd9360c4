//! A namespace goes when it is empty, and nothing is born in one that is not there.

use super::{Deeds, EstatePromise, broken, line};
use crate::{Broken, history::History};
use std::collections::BTreeSet;

/// Nothing is in a namespace when it vanishes, and nothing is created in one that is not there.
#[derive(Debug, Default)]
pub struct NamespacesEmptied;

const NAMESPACES: &str = "namespaces/";
/// Kinds in namespaces that users keep there, by what their keys begin with.
const WITHIN: [&str; 4] = ["configmaps/", "secrets/", "services/specs/", "deployments/"];

impl EstatePromise for NamespacesEmptied {
    const NAME: &'static str = "namespaces_emptied";
    const PROMISE: &'static str = "Deleting a namespace deletes everything in it; NamespaceLifecycle \
        enforces that a namespace that is undergoing termination cannot have new objects created in \
        it, and rejects requests in a non-existent namespace (admission controllers)";

    fn judge(_: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let (mut namespaces, mut objects) = (BTreeSet::new(), BTreeSet::<(&str, &str)>::new());
        for deed in deeds.unbroken() {
            let key = &*deed.change.key;
            if let Some(name) = key.strip_prefix(NAMESPACES) {
                if deed.after().is_some() {
                    namespaces.insert(name);
                    continue;
                }
                namespaces.remove(name);
                if let Some((_, left)) = objects.iter().find(|(own, _)| *own == name) {
                    return Err(broken(deed.change, format!("vanishes with {left} in it")));
                }
            }
            let Some(namespace) = namespace(key) else { continue };
            match deed.after() {
                None => drop(objects.remove(&(namespace, key))),
                Some(_) => drop(objects.insert((namespace, key))),
            }
            let born = deed.before.is_none() && deed.after().is_some();
            if born && !namespaces.contains(namespace) {
                let text = "born in a namespace that is not there";
                return Err(broken(deed.change, text).with(line(deed.change)));
            }
        }
        Ok(())
    }
}

fn namespace(key: &str) -> Option<&str> {
    let rest = WITHIN.iter().find_map(|kind| key.strip_prefix(kind))?;
    Some(rest.split_once('/')?.0)
}
