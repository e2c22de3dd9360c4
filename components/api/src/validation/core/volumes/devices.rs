//! Block devices over iSCSI and Fibre Channel.

use super::needs;
use crate::validation::{error::Errors, field::Field};

const FORM: &str = "must be valid format";
const START: &str = "must be valid format starting with iqn, eui, or naa";
const PORTAL: &str = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters \
                      if iscsi.initiatorName is specified.";
const NAME_AND_PORTAL_MAX: usize = 64;

fn unit(unit: &Field<'_>, errors: &mut Errors) {
    unit.within(0, 255, errors);
}

/// In a pod.
pub(crate) fn iscsi(source: &Field<'_>, errors: &mut Errors) {
    any_iscsi(source, START, errors);
}

/// In a persistent volume.
pub(crate) fn iscsi_of_cluster(source: &Field<'_>, errors: &mut Errors) {
    any_iscsi(source, FORM, errors);
    let secret = source.get("secretRef");
    if secret.is_set() {
        needs(&secret, &["name"], errors);
    }
}

fn any_iscsi(source: &Field<'_>, start: &str, errors: &mut Errors) {
    needs(source, &["targetPortal"], errors);
    let name = source.get("iqn");
    if name.need(errors) {
        device_name(&name, start, errors);
    }
    unit(&source.get("lun"), errors);
    let asked = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|it| source.get(it).is_true());
    if asked && !source.get("secretRef").is_set() {
        errors.push(source.get("secretRef").required(""));
    }
    let initiator = source.get("initiatorName");
    if initiator.is_set() {
        device_name(&initiator.renamed(source.get("initiatorname").path), start, errors);
    }
}

/// The name of the volume and its portal together, where the initiator has a name.
pub(crate) fn portal(source: &Field<'_>, volume: &str, told: &Field<'_>, errors: &mut Errors) {
    let bytes = volume.len() + 1 + source.get("targetPortal").len();
    if source.get("initiatorName").is_set() && bytes > NAME_AND_PORTAL_MAX {
        errors.push(told.invalid_as(told.text(), PORTAL));
    }
}

fn device_name(name: &Field<'_>, start: &str, errors: &mut Errors) {
    let text = name.text();
    let digits = |prefix: &str, length: usize| {
        let rest = text.strip_prefix(prefix).unwrap_or_default();
        let mut rest = rest.chars();
        // Any sign stands between, as in upstream's expression.
        rest.next().is_some()
            && rest.clone().count() == length
            && rest.all(|it| it.is_ascii_alphanumeric())
    };
    let right = match text.get(..3) {
        Some("iqn") => is_qualified(text),
        Some("eui") => digits("eui", 16),
        Some("naa") => digits("naa", 32),
        _ => {
            errors.push(name.invalid(start));
            return;
        }
    };
    if !right {
        errors.push(name.invalid(FORM));
    }
}

/// `iqn.2001-04.com.example:storage`: a date, a name, a colon and what is unique.
fn is_qualified(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("iqn.") else { return false };
    let date = rest.as_bytes();
    let shaped = date.len() > 8
        && date[..7]
            .iter()
            .enumerate()
            .all(|(at, it)| if at == 4 { *it == b'-' } else { it.is_ascii_digit() })
        && date[7] == b'.';
    let Some((name, own)) = rest.get(8..).filter(|_| shaped).and_then(|it| it.split_once(':'))
    else {
        return false;
    };
    let plain = |it: char| it.is_ascii_alphanumeric() || "-.".contains(it);
    let ends = |it: char| ",;*&$|".contains(it) || it.is_whitespace();
    !name.is_empty() && name.chars().all(plain) && !own.is_empty() && !own.contains(ends)
}

pub(crate) fn fibre_channel(source: &Field<'_>, errors: &mut Errors) {
    let (targets, ids) = (source.get("targetWWNs"), source.get("wwids"));
    match (targets.is_empty(), ids.is_empty()) {
        (true, true) => {
            let why = "must specify either targetWWNs or wwids, but not both";
            errors.push(targets.required(why));
        }
        (false, false) => {
            let why = "targetWWNs and wwids can not be specified simultaneously";
            errors.push(targets.invalid(why));
        }
        _ => {}
    }
    let lun = source.get("lun");
    match targets.is_empty() {
        true => {}
        false if !lun.is_set() => {
            errors.push(lun.required("lun is required if targetWWNs is specified"));
        }
        false => unit(&lun, errors),
    }
}
