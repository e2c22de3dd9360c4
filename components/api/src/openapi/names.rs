//! Names that operations are made of.
//!
//! Upstream: `apiserver/pkg/endpoints/openapi/openapi.go`, which every generated client repeats.

/// A word with its first letter made large.
pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A group's part of an operation's name: `RbacAuthorization`, and `Core` for the group without one.
pub(super) fn group(group: &str) -> String {
    if group.is_empty() {
        return "Core".into();
    }
    group.trim_end_matches(".k8s.io").split('.').map(capitalized).collect()
}

/// The tag of a group's operations, `rbacAuthorization_v1`; without a version that of the group.
pub(super) fn tag(group: &str, version: &str) -> String {
    let name = self::group(group);
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let name: String = first.into_iter().chain(letters).collect();
    if version.is_empty() { name } else { format!("{name}_{version}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_lose_their_domain() {
        let cases = [
            ("", "Core", "core_v1"),
            ("apps", "Apps", "apps_v1"),
            ("rbac.authorization.k8s.io", "RbacAuthorization", "rbacAuthorization_v1"),
            ("flowcontrol.apiserver.k8s.io", "FlowcontrolApiserver", "flowcontrolApiserver_v1"),
        ];
        for (name, expected, tagged) in cases {
            assert_eq!((group(name), tag(name, "v1")), (expected.into(), tagged.into()));
        }
    }
}
