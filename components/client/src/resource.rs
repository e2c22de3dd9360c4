//! A resource as paths name it.

/// A collection's group, version and plural name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Resource {
    /// Empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// `deployments`.
    pub plural: String,
}

impl Resource {
    /// A resource of a named group.
    pub fn new(group: &str, version: &str, plural: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), plural: plural.to_owned() }
    }

    /// A resource of the core group's `v1`.
    pub fn core(plural: &str) -> Self {
        Self::new("", "v1", plural)
    }

    /// What objects of it say in `apiVersion`.
    pub fn api_version(&self) -> String {
        match self.group.is_empty() {
            true => self.version.clone(),
            false => format!("{}/{}", self.group, self.version),
        }
    }

    /// The path of all of them, or of those of one namespace.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api/" } else { "/apis/" };
        let of = namespace.map(|namespace| format!("namespaces/{}/", escaped(namespace)));
        format!("{root}{}/{}{}", self.api_version(), of.unwrap_or_default(), self.plural)
    }
}

/// For one segment of a path, or one side of a query's equation.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_group_version_and_namespace() {
        let deployments = Resource::new("apps", "v1", "deployments");
        for (resource, namespace, expected) in [
            (&Resource::core("nodes"), None, "/api/v1/nodes"),
            (&Resource::core("pods"), Some("a"), "/api/v1/namespaces/a/pods"),
            (&deployments, None, "/apis/apps/v1/deployments"),
            (&deployments, Some("a/b"), "/apis/apps/v1/namespaces/a%2Fb/deployments"),
        ] {
            assert_eq!(resource.path(namespace), expected);
        }
        assert_eq!(escaped("a=b,c in (d)é"), "a%3Db%2Cc%20in%20%28d%29%C3%A9");
    }
}
