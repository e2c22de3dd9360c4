//! Formats of texts.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/validation/formats.go (which formats count) and
//! kube-openapi's pkg/validation/strfmt (what they are).

use crate::{names, time::Moment};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a text is of a format; none where the format says nothing.
pub(super) fn holds(format: &str, text: &str) -> Option<bool> {
    Some(match format {
        "byte" => BASE64_STANDARD.decode(text).is_ok(),
        "date" => is_date(text),
        "date-time" | "datetime" => {
            Moment::parse(text).is_ok() || Moment::parse_micro(text).is_ok()
        }
        "duration" => is_duration(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => is_mac(text),
        "uuid" => is_uuid(text, None),
        "uuid3" => is_uuid(text, Some('3')),
        "uuid4" => is_uuid(text, Some('4')),
        "uuid5" => is_uuid(text, Some('5')),
        "hostname" => is_hostname(text),
        "email" => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)
        }),
        "uri" => is_uri(text),
        "hexcolor" => is_hex_color(text),
        "bsonobjectid" => text.len() == 24 && is_hex(text),
        "k8s-short-name" => names::dns_label(text).is_empty(),
        "k8s-long-name" => names::dns_subdomain(text).is_empty(),
        _ => return None,
    })
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Moment::parse(&format!("{text}T00:00:00Z")).is_ok()
}

/// Go's own form, or a number and a unit's name.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 9] = ["ns", "us", "µs", "ms", "s", "m", "h", "d", "w"];
    const WORDS: [&str; 7] = ["nano", "micro", "milli", "second", "minute", "hour", "day"];
    let mut rest = text.trim().trim_start_matches(['-', '+']);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(|one: char| one.is_ascii_digit() || one == '.');
        if digits.len() == rest.len() {
            return false;
        }
        let digits = digits.trim_start();
        let after = digits.trim_start_matches(|one: char| one.is_alphabetic() || one == 'µ');
        let unit = &digits[..digits.len() - after.len()];
        let known = UNITS.contains(&unit) || WORDS.iter().any(|word| unit.starts_with(word));
        if !known {
            return false;
        }
        (rest, parts) = (after, parts + 1);
    }
    parts > 0
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn is_mac(text: &str) -> bool {
    let of = |separator| {
        let parts: Vec<&str> = text.split(separator).collect();
        matches!(parts.len(), 6 | 8 | 20)
            && parts.iter().all(|part| part.len() == 2 && is_hex(part))
    };
    of(':') || of('-')
}

/// With or without dashes; the first digit of the third group tells the version.
fn is_uuid(text: &str, version: Option<char>) -> bool {
    let digits: String = text.chars().filter(|one| *one != '-').collect();
    let dashes = text.char_indices().filter(|(_, one)| *one == '-').map(|(at, _)| at);
    let dashes: Vec<usize> = dashes.collect();
    let placed = dashes.is_empty() || dashes == [8, 13, 18, 23];
    let told = version.is_none_or(|version| digits.chars().nth(12) == Some(version));
    digits.len() == 32 && is_hex(&digits) && placed && told
}

fn is_hostname(text: &str) -> bool {
    let label = |one: &str| {
        (1..=63).contains(&one.len())
            && one.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
            && !one.starts_with('-')
            && !one.ends_with('-')
    };
    text.len() <= 255 && text.trim_end_matches('.').split('.').all(label)
}

/// An absolute address, or an absolute path (Go's url.ParseRequestURI).
fn is_uri(text: &str) -> bool {
    let clean = !text.contains(|one: char| one.is_whitespace() || one.is_control());
    let scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|one: char| one.is_ascii_alphabetic())
            && scheme.chars().all(|one| one.is_ascii_alphanumeric() || "+-.".contains(one))
            && !rest.is_empty()
    });
    clean && (text.starts_with('/') || scheme)
}

fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && is_hex(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_format() {
        let cases = [
            ("date-time", "2024-02-29T01:02:03Z", "2024-02-30T01:02:03Z"),
            ("date", "2024-02-29", "2023-02-29"),
            ("duration", "1h30m", "1 parsec"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "fe80::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "01:02:03:04:05:ab", "01:02:03"),
            ("uuid", "a987fbc9-4bed-3078-cf07-9141ba07c9f3", "a987fbc9-4bed"),
            (
                "uuid4",
                "57b73598-8764-4ad0-a76a-679bb6640eb1",
                "a987fbc9-4bed-3078-cf07-9141ba07c9f3",
            ),
            ("hostname", "a.example.com", "-a"),
            ("email", "a@b.example", "a"),
            ("uri", "https://example.com/a", "not an address"),
            ("byte", "aGk=", "a"),
            ("hexcolor", "#fff", "#ff"),
        ];
        for (format, good, bad) in cases {
            assert_eq!(holds(format, good), Some(true), "{format} {good}");
            assert_eq!(holds(format, bad), Some(false), "{format} {bad}");
        }
        assert_eq!(holds("int32", "x"), None);
    }
}
