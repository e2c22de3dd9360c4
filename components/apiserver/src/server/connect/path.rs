//! Paths behind a proxy: put together and escaped as Go does.

/// A path from the root, without empty segments and dots, with a slash at its end if it had one.
/// Nothing leads above the root.
pub(super) fn cleaned(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let slash = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{slash}", kept.join("/"))
}

/// A path as it stands in a URL (Go's url.URL.EscapedPath).
pub(super) fn escaped(path: &str) -> String {
    escape(path, |byte| b"$&+,/:;=@-_.~".contains(&byte), false)
}

/// A value as it stands in a query (Go's url.QueryEscape).
pub(super) fn escaped_query(value: &str) -> String {
    escape(value, |byte| b"-_.~".contains(&byte), true)
}

fn escape(text: &str, plain: impl Fn(u8) -> bool, plus: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' if plus => escaped.push('+'),
            byte if byte.is_ascii_alphanumeric() || plain(byte) => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root_and_are_escaped() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("healthz", "/healthz"),
            ("a//b/./c/", "/a/b/c/"),
            ("a/../../b", "/b"),
            ("../..", "/"),
        ] {
            assert_eq!(cleaned(path), expected, "{path}");
        }
        assert_eq!(escaped("/a b/é?#[x]:1@$&+,;="), "/a%20b/%C3%A9%3F%23%5Bx%5D:1@$&+,;=");
        assert_eq!(escaped_query("a b/&"), "a+b%2F%26");
    }
}
