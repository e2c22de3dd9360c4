//! Kernel parameters of a pod, which must not be the host's.

use crate::validation::{error::Errors, field::Field};
use std::collections::BTreeSet;

const BYTES_MAX: usize = 253;
const EXPRESSION: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
/// What the kernel keeps by namespace of processes' messages.
const OF_MESSAGES: [&str; 3] = ["kernel.shm", "kernel.msg", "fs.mqueue."];

pub(super) fn sysctls(spec: &Field<'_>, list: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for one in list.items() {
        let name = one.get("name");
        if !name.need(errors) {
        } else if !is_name(name.text()) {
            let why =
                format!("must have at most {BYTES_MAX} characters and match regex {EXPRESSION}");
            errors.push(name.invalid(why));
        } else if seen.contains(name.text()) {
            errors.push(name.duplicate());
        }
        seen.insert(name.text());
        let dotted = dotted(name.text());
        let of_messages =
            dotted == "kernel.sem" || OF_MESSAGES.iter().any(|it| dotted.starts_with(it));
        if spec.get("hostNetwork").is_true() && dotted.starts_with("net.") {
            errors.push(name.invalid("may not be specified when 'hostNetwork' is true"));
        } else if spec.get("hostIPC").is_true() && of_messages {
            errors.push(name.invalid("may not be specified when 'hostIPC' is true"));
        }
    }
}

/// A name may be written with slashes between its parts, if the first sign between them is one.
fn dotted(name: &str) -> String {
    match name.find(['.', '/']).map(|at| name.as_bytes()[at]) {
        Some(b'/') => name
            .chars()
            .map(|it| {
                if it == '/' {
                    '.'
                } else if it == '.' {
                    '/'
                } else {
                    it
                }
            })
            .collect(),
        _ => name.to_owned(),
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let segment = |text: &str| {
        let bytes = text.as_bytes();
        let ends = bytes.first().zip(bytes.last()).is_some_and(|(a, b)| plain(*a) && plain(*b));
        ends && bytes.iter().all(|byte| plain(*byte) || b"-_".contains(byte))
    };
    name.len() <= BYTES_MAX && name.split(['.', '/']).all(segment)
}
