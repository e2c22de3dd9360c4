//! URLs as Go's `net/url` reads them (`ParseRequestURI`, then `Parse`).

/// A URL that is absolute or begins with a slash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Url {
    pub(super) scheme: String,
    user: Option<String>,
    /// With its port.
    pub(super) host: String,
    path: String,
    raw_query: String,
    fragment: String,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let failed = |why: &str| format!("parse {}: {why}", crate::escape::quoted(text));
        if text.bytes().any(|it| it < 0x20 || it == 0x7f) {
            return Err(failed("net/url: invalid control character in URL"));
        }
        if text.is_empty() {
            return Err(failed("empty url"));
        }
        let (whole, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, rest) = scheme(whole).map_err(failed)?;
        if scheme.is_empty() && !rest.starts_with('/') {
            return Err(failed("invalid URI for request"));
        }
        let (rest, raw_query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Url {
            scheme: scheme.to_ascii_lowercase(),
            user: None,
            host: String::new(),
            path: rest.to_owned(),
            raw_query: raw_query.to_owned(),
            fragment: fragment.to_owned(),
        };
        if let Some(after) = rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, path) = after.split_at(end);
            url.path = path.to_owned();
            url.set_authority(authority).map_err(|it| failed(&it))?;
        }
        unescape(&url.path, false).map_err(|it| failed(&it))?;
        unescape(fragment, false).map_err(|it| failed(&it))?;
        Ok(url)
    }

    fn set_authority(&mut self, authority: &str) -> Result<(), String> {
        let host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                let allowed =
                    |it: char| it.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(it);
                if !user.chars().all(allowed) {
                    return Err("net/url: invalid userinfo".into());
                }
                unescape(user, false)?;
                self.user = Some(user.to_owned());
                host
            }
            None => authority,
        };
        let port = match host.strip_prefix('[') {
            Some(inner) => match inner.split_once(']') {
                Some((_, port)) => port,
                None => return Err("missing ']' in host".into()),
            },
            None => host.find(':').map_or("", |at| host.get(at..).unwrap_or_default()),
        };
        let digits = port.strip_prefix(':').unwrap_or(port);
        let valid = port.is_empty() || port.starts_with(':');
        if !valid || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return Err(format!("invalid port {} after host", crate::escape::quoted(port)));
        }
        if let Some(bad) = host.chars().find(|it| " <>\"\\^`{|}".contains(*it)) {
            let bad = crate::escape::quoted(bad.encode_utf8(&mut [0; 4]));
            return Err(format!("invalid character {bad} in host name"));
        }
        self.host = unescape(host, false)?;
        Ok(())
    }

    /// Without brackets and port.
    pub(super) fn hostname(&self) -> &str {
        match self.host.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((inner, _)) => inner,
            None => self.host.split_once(':').map_or(&self.host, |it| it.0),
        }
    }

    /// Empty if there is none.
    pub(super) fn port(&self) -> &str {
        let behind = self.host.rsplit_once(']').map_or(&*self.host, |it| it.1);
        behind.rsplit_once(':').map_or("", |it| it.1)
    }

    /// As it was written, if that is a valid way to write it.
    pub(super) fn escaped_path(&self) -> String {
        let plain = |it: char| it.is_ascii_alphanumeric() || "-_.~$&+,/:;=@!'()*[]%".contains(it);
        if self.path.chars().all(plain) {
            return self.path.clone();
        }
        let path = unescape(&self.path, false).unwrap_or_default();
        let mut out = String::with_capacity(path.len());
        for it in path.bytes() {
            let it_char = char::from(it);
            if it.is_ascii_alphanumeric() || "-_.~$&+,/:;=@".contains(it_char) {
                out.push(it_char);
            } else {
                out.push_str(&format!("%{it:02X}"));
            }
        }
        out
    }

    /// Names and values; what cannot be read is left out.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        let parts = self.raw_query.split('&').filter(|it| !it.is_empty() && !it.contains(';'));
        let parts = parts.map(|it| it.split_once('=').unwrap_or((it, "")));
        let parts = parts.filter_map(|(name, value)| {
            Some((unescape(name, true).ok()?, unescape(value, true).ok()?))
        });
        parts.collect()
    }
}

/// The scheme, if there is one, and what follows its colon.
fn scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (at, it) in text.char_indices() {
        match it {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme"),
            ':' => {
                let (scheme, rest) = text.split_at(at);
                return Ok((scheme, rest.get(1..).unwrap_or_default()));
            }
            _ => break,
        }
    }
    Ok(("", text))
}

/// Percent signs undone; in a query, a plus is a blank.
fn unescape(text: &str, query: bool) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '%' {
            let digits = rest.get(1..3).and_then(|it| u8::from_str_radix(it, 16).ok());
            let plain =
                rest.get(1..3).is_some_and(|it| it.bytes().all(|it| it.is_ascii_hexdigit()));
            let Some(byte) = digits.filter(|_| plain) else {
                let shown: String = rest.chars().take(3).collect();
                return Err(format!("invalid URL escape {}", crate::escape::quoted(&shown)));
            };
            bytes.push(byte);
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        let shown = if query && first == '+' { ' ' } else { first };
        bytes.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
