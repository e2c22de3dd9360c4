//! One link, changed so that it leads through the proxy.

use http::Uri;

/// What links are changed by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::server::connect) struct Links {
    /// Host and port of the server that answered.
    pub(in crate::server::connect) backend: String,
    /// What the client calls us.
    pub(in crate::server::connect) host: String,
    /// The proxy's path, which links are to begin with.
    pub(in crate::server::connect) prefix: String,
}

impl Links {
    /// A link that leads through the proxy, if it leads to the server's root; any other stays.
    pub(super) fn rewritten(&self, link: &str) -> String {
        let (rest, fragment) = match link.find('#') {
            Some(at) => link.split_at(at),
            None => (link, ""),
        };
        let Ok(parsed) = rest.trim().parse::<Uri>() else { return link.to_owned() };
        let host = parsed.authority().map_or("", |authority| authority.as_str());
        let elsewhere = !host.is_empty() && host != self.backend && host != self.host;
        let path = if host.is_empty() { rest.trim() } else { after_host(rest) };
        if elsewhere || !path.starts_with('/') || path.starts_with("//") {
            return link.to_owned();
        }
        // One that the client can reach as it stands keeps its host.
        let named = host == self.host && !host.is_empty();
        let origin = match (named, parsed.scheme_str()) {
            (true, Some(scheme)) => format!("{scheme}://{host}"),
            (true, None) => format!("//{host}"),
            (false, _) => String::new(),
        };
        let prefix = self.prefix.trim_end_matches('/');
        let there =
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let prefix = if there { "" } else { prefix };
        format!("{origin}{prefix}{path}{fragment}")
    }
}

/// What follows the host in a URL that has one.
fn after_host(url: &str) -> &str {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_servers_root_lead_through_the_proxy() {
        let links = Links {
            backend: "10.0.0.1:80".into(),
            host: "localhost:8001".into(),
            prefix: "/api/v1/namespaces/n/services/s/proxy/".into(),
        };
        let through = "/api/v1/namespaces/n/services/s/proxy";
        for (link, expected) in [
            ("/a?b=c#d", format!("{through}/a?b=c#d")),
            ("/", format!("{through}/")),
            ("http://10.0.0.1:80/a/", format!("{through}/a/")),
            ("http://localhost:8001/a", format!("http://localhost:8001{through}/a")),
            ("relative", "relative".into()),
            ("../up", "../up".into()),
            ("#top", "#top".into()),
            ("https://example.com/a", "https://example.com/a".into()),
            ("//example.com/a", "//example.com/a".into()),
            ("mailto:a@b", "mailto:a@b".into()),
            (&format!("{through}/a"), format!("{through}/a")),
            ("", String::new()),
        ] {
            assert_eq!(links.rewritten(link), expected, "{link}");
        }
    }
}
