//! `metav1.Condition`: what several kinds tell of themselves.
//!
//! Upstream: apimachinery/pkg/apis/meta/v1/validation/validation.go.

use super::{error::Errors, field::Field};
use crate::names::{self, Faults};
use std::collections::BTreeSet;

const REASON_BYTES_MAX: usize = 1024;
const MESSAGE_BYTES_MAX: usize = 32 * 1024;

pub(super) fn conditions(list: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for one in list.items() {
        let kind = one.get("type");
        if !seen.insert(kind.text()) {
            errors.push(kind.duplicate());
        }
        condition(&one, errors);
    }
}

fn condition(one: &Field<'_>, errors: &mut Errors) {
    one.get("type").check(names::qualified_name, errors);
    one.get("status").one_of(&["False", "True", "Unknown"], errors);
    let generation = one.get("observedGeneration");
    if generation.number() < 0 {
        errors.push(generation.invalid("must be greater than or equal to zero"));
    }
    if !one.get("lastTransitionTime").is_set() {
        errors.push(one.get("lastTransitionTime").required("must be set"));
    }
    let (reason, message) = (one.get("reason"), one.get("message"));
    match reason.is_empty() {
        true => errors.push(reason.required("must be set")),
        false => reason.check(reason_faults, errors),
    }
    if reason.len() > REASON_BYTES_MAX {
        errors.push(reason.too_long(REASON_BYTES_MAX));
    }
    if message.len() > MESSAGE_BYTES_MAX {
        errors.push(message.too_long(MESSAGE_BYTES_MAX));
    }
}

fn reason_faults(text: &str) -> Faults {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    let first = bytes.first().is_some_and(u8::is_ascii_alphabetic);
    let last = bytes.last().is_some_and(|byte| word(*byte));
    if first && last && bytes.iter().all(|byte| word(*byte) || b",:".contains(byte)) {
        return Faults::new();
    }
    let message = "a condition reason must start with alphabetic character, optionally followed by \
                   a string of alphanumeric characters or '_,:', and must end with an alphanumeric \
                   character or '_'";
    let examples = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];
    vec![names::malformed(message, "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", &examples)]
}
