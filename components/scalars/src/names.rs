//! What may be called how: names of objects, keys and values of labels, ports, variables.
//!
//! Upstream: `apimachinery/pkg/util/validation`, `pkg/api/validate/content` and
//! `pkg/api/validation/path`. Each function gives what is wrong with a text, in upstream's words;
//! nothing where it is right.

/// What is wrong with a text; empty where nothing is.
pub type Faults = Vec<String>;

/// Bytes of a DNS label, of a label's value, and of a qualified name's last part.
pub const LABEL_BYTES_MAX: usize = 63;
/// Bytes of a DNS subdomain, and of a key in a config map.
pub const SUBDOMAIN_BYTES_MAX: usize = 253;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

/// "Too long" in upstream's words.
pub fn too_long(bytes: usize) -> String {
    format!("must be no more than {bytes} bytes")
}

/// "Out of range" in upstream's words.
pub fn out_of_range(least: i64, most: i64) -> String {
    format!("must be between {least} and {most}, inclusive")
}

/// "Of another form" in upstream's words.
pub fn malformed(message: &str, expression: &str, examples: &[&str]) -> String {
    let mut text = format!("{message} (");
    for (place, example) in examples.iter().enumerate() {
        text += if place == 0 { "e.g. '" } else { " or '" };
        text += example;
        text += "', ";
    }
    format!("{text}regex used for validation is '{expression}')")
}

/// Letters and digits as told, `inner` between them too, and at least one.
fn framed(text: &str, outer: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| outer(*first) && outer(*last))
        && bytes.iter().all(|byte| outer(*byte) || inner(*byte))
}

fn small(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether a text is what [`dns_label`] asks for, however long.
pub fn is_label(text: &str) -> bool {
    framed(text, small, |byte| byte == b'-')
}

/// Whether a text is what [`dns_subdomain`] asks for, however long.
pub fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_qualified(text: &str) -> bool {
    framed(text, |byte| byte.is_ascii_alphanumeric(), |byte| b"-_.".contains(&byte))
}

fn length(text: &str, most: usize) -> Faults {
    if text.len() > most { vec![too_long(most)] } else { Vec::new() }
}

/// A DNS label of RFC 1123: `my-name`.
pub fn dns_label(text: &str) -> Faults {
    let mut faults = length(text, LABEL_BYTES_MAX);
    if !is_label(text) {
        let dots = is_subdomain(text);
        let message = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
                       characters or '-', and must start and end with an alphanumeric character";
        let malformed = || malformed(message, LABEL, &["my-name", "123-abc"]);
        faults.push(if dots { "must not contain dots".into() } else { malformed() });
    }
    faults
}

/// A DNS subdomain of RFC 1123: `example.com`.
pub fn dns_subdomain(text: &str) -> Faults {
    let mut faults = length(text, SUBDOMAIN_BYTES_MAX);
    if !is_subdomain(text) {
        let message = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                       characters, '-' or '.', and must start and end with an alphanumeric \
                       character";
        faults.push(malformed(message, SUBDOMAIN, &["example.com"]));
    }
    faults
}

/// A DNS label of RFC 1035, which starts with a letter: a service's name.
pub fn dns_1035_label(text: &str) -> Faults {
    let mut faults = length(text, LABEL_BYTES_MAX);
    if !is_label(text) || text.starts_with(|it: char| it.is_ascii_digit()) {
        let message = "a DNS-1035 label must consist of lower case alphanumeric characters or \
                       '-', start with an alphabetic character, and end with an alphanumeric \
                       character";
        let expression = "[a-z]([-a-z0-9]*[a-z0-9])?";
        faults.push(malformed(message, expression, &["my-name", "abc-123"]));
    }
    faults
}

/// A subdomain whose first label is `*`: a host of an ingress.
pub fn wildcard_subdomain(text: &str) -> Faults {
    let mut faults = length(text, SUBDOMAIN_BYTES_MAX);
    if !text.strip_prefix("*.").is_some_and(is_subdomain) {
        let message = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid \
                       DNS subdomain, which must consist of lower case alphanumeric characters, \
                       '-' or '.' and end with an alphanumeric character";
        faults.push(malformed(message, &format!(r"\*\.{SUBDOMAIN}"), &["*.example.com"]));
    }
    faults
}

/// A qualified name, with or without a subdomain before it: a label's key.
pub fn qualified_name(text: &str) -> Faults {
    let message = "must consist of alphanumeric characters, '-', '_' or '.', and must start and \
                   end with an alphanumeric character";
    let wrong = || malformed(message, QUALIFIED, &["MyName", "my.name", "123-abc"]);
    let mut faults = Faults::new();
    let mut parts = text.split('/');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => name,
        (Some(""), Some(name), None) => {
            faults.push("prefix part must be non-empty".into());
            name
        }
        (Some(prefix), Some(name), None) => {
            let told = dns_subdomain(prefix);
            faults.extend(told.into_iter().map(|fault| format!("prefix part {fault}")));
            name
        }
        _ => {
            let form = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a qualified name {} {form}", wrong())];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".into());
    } else if name.len() > LABEL_BYTES_MAX {
        faults.push(format!("name part {}", too_long(LABEL_BYTES_MAX)));
    }
    if !is_qualified(name) {
        faults.push(format!("name part {}", wrong()));
    }
    faults
}

/// What stands for a name that is generated from `prefix`: a dash at its end, behind which letters
/// will come, is covered by one.
pub fn masked_dash(prefix: &str) -> String {
    let mut chars: Vec<char> = prefix.chars().collect();
    if let [.., covered, '-'] = chars.as_mut_slice() {
        *covered = 'a';
        chars.pop();
    }
    chars.into_iter().collect()
}

/// A label's value, which may be empty.
pub fn label_value(text: &str) -> Faults {
    let mut faults = length(text, LABEL_BYTES_MAX);
    if !text.is_empty() && !is_qualified(text) {
        let message = "a valid label must be an empty string or consist of alphanumeric \
                       characters, '-', '_' or '.', and must start and end with an alphanumeric \
                       character";
        faults.push(malformed(message, VALUE, &["MyValue", "my_value", "12345"]));
    }
    faults
}

/// A part of a path: what an object is called whose kind has no stricter rule.
pub fn path_segment(text: &str) -> Faults {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    let told = ["/", "%"].into_iter().filter(|sign| text.contains(sign));
    told.map(|sign| format!("may not contain '{sign}'")).collect()
}

/// An identifier of C.
pub fn c_identifier(text: &str) -> Faults {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let right = text.bytes().next().is_some_and(letter)
        && text.bytes().all(|byte| letter(byte) || byte.is_ascii_digit());
    if right {
        return Faults::new();
    }
    let message = "a valid C identifier must start with alphabetic character or '_', followed by \
                   a string of alphanumeric characters or '_'";
    vec![malformed(message, "[A-Za-z_][A-Za-z0-9_]*", &["my_name", "MY_NAME", "MyName"])]
}

/// The name of an environment variable, as containers may have it since 1.34.
pub fn environment_variable(text: &str) -> Faults {
    if text.is_empty() {
        return vec!["environment variable name must be non-empty".into()];
    }
    let printable = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    match text.bytes().all(printable) {
        true => Faults::new(),
        false => vec![
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .into(),
        ],
    }
}

/// A key of a config map or a secret: a file's name.
pub fn config_key(text: &str) -> Faults {
    let mut faults = length(text, SUBDOMAIN_BYTES_MAX);
    let right = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || !text.bytes().all(right) {
        let message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        let examples = ["key.name", "KEY_NAME", "key-name"];
        faults.push(malformed(message, "[-._a-zA-Z0-9]+", &examples));
    }
    match text {
        "." => faults.push("must not be '.'".into()),
        ".." => faults.push("must not be '..'".into()),
        _ if text.starts_with("..") => faults.push("must not start with '..'".into()),
        _ => {}
    }
    faults
}

/// The number of a port.
pub fn port_number(number: i64) -> Faults {
    match number {
        1..=65_535 => Faults::new(),
        _ => vec![out_of_range(1, 65_535)],
    }
}

/// The name of a port, as IANA names services.
pub fn port_name(text: &str) -> Faults {
    let mut faults = length(text, 15);
    let is = |byte: u8| small(byte) || byte == b'-';
    if !text.bytes().all(is) || text.is_empty() {
        let told = "must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)";
        faults.push(told.into());
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        faults.push("must contain at least one letter (a-z)".into());
    }
    if text.contains("--") {
        faults.push("must not contain consecutive hyphens".into());
    }
    if text.starts_with('-') || text.ends_with('-') {
        faults.push("must not begin or end with a hyphen".into());
    }
    faults
}

/// The name of an HTTP header.
pub fn header_name(text: &str) -> Faults {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !text.is_empty() && text.bytes().all(right) {
        return Faults::new();
    }
    let message = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![malformed(message, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// A share in hundredths: `25%`.
pub fn percent(text: &str) -> Faults {
    let digits = text.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Faults::new();
    }
    let message = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![malformed(message, "[0-9]+%", &["1%", "93%"])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn right_ones() {
        let long = "a".repeat(63);
        for text in ["a", "my-name", "123-abc", "0", long.as_str()] {
            assert_eq!((dns_label(text), dns_subdomain(text)), (vec![], vec![]), "{text}");
        }
        for text in ["a", "A", "a.b/c", "example.com/My_Name.1", "a-b_c.d"] {
            assert_eq!(qualified_name(text), Faults::new(), "{text}");
        }
        assert_eq!((label_value(""), label_value("A_b")), (vec![], vec![]));
        assert_eq!((port_name("http"), port_name("h2")), (vec![], vec![]));
        assert_eq!((config_key("a.b"), wildcard_subdomain("*.a.b")), (vec![], vec![]));
        assert_eq!((percent("25%"), c_identifier("_a1")), (vec![], vec![]));
        assert_eq!((environment_variable("a b"), dns_1035_label("a-1")), (vec![], vec![]));
        assert_eq!((path_segment("system:a"), header_name("X-A")), (vec![], vec![]));
    }

    proptest! {
        #[test]
        fn a_label_is_a_subdomain_and_a_value(text in "[-a-z0-9.A_]{0,70}") {
            if dns_label(&text).is_empty() {
                prop_assert!(dns_subdomain(&text).is_empty());
                prop_assert!(label_value(&text).is_empty());
                prop_assert!(qualified_name(&text).is_empty());
            }
            let _ = (port_name(&text), config_key(&text), wildcard_subdomain(&text));
        }
    }
}
