//! Addresses and ranges of networks.
//!
//! Upstream: apimachinery/pkg/util/validation/ip.go, k8s.io/utils/net.

use super::{error::Errors, field::Field};
use std::net::{IpAddr, Ipv4Addr};

const NO_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const NO_RANGE: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// An address, or none. Zeros in front of a number are no octal: Go reads such addresses, we refuse
/// them, as upstream does for new fields.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// An address and the number of its bits that count.
pub(super) fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (head, bits) = text.split_once('/')?;
    let address = address(head)?;
    let plain = !bits.is_empty() && bits.bytes().all(|it| it.is_ascii_digit());
    let bits = bits.parse().ok().filter(|_| plain && (bits == "0" || !bits.starts_with('0')))?;
    (bits <= length(address)).then_some((address, bits))
}

fn length(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An address as a number of as many bits as it has.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// Whether a range begins at its first address.
pub(super) fn is_masked(address: IpAddr, bits: u32) -> bool {
    let rest = length(address) - bits;
    rest == 0 || number(address).trailing_zeros() >= rest
}

/// Whether a range has another one in it, which is not all of it.
pub(super) fn has_inside(outer: (IpAddr, u32), inner: (IpAddr, u32)) -> bool {
    let family = outer.0.is_ipv4() == inner.0.is_ipv4();
    let shift = length(outer.0) - outer.1;
    let head = |address| number(address).checked_shr(shift).unwrap_or(0);
    family && inner.1 > outer.1 && head(outer.0) == head(inner.0)
}

/// Whether two addresses, no more and no less, are of different families.
pub(super) fn is_dual<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let found: Vec<_> = texts.filter_map(|text| address(text).map(|it| it.is_ipv4())).collect();
    found.contains(&true) && found.contains(&false)
}

/// Complains of what is no address.
pub(super) fn need_address(field: &Field<'_>, errors: &mut Errors) {
    if address(field.text()).is_none() {
        errors.push(field.invalid_as(field.text(), NO_ADDRESS));
    }
}

/// Complains of what is no range.
pub(super) fn need_range(field: &Field<'_>, errors: &mut Errors) {
    if range(field.text()).is_none() {
        errors.push(field.invalid_as(field.text(), NO_RANGE));
    }
}

/// Complains of addresses that no endpoint has (ValidateNonSpecialIP).
pub(super) fn not_special(field: &Field<'_>, errors: &mut Errors) {
    let Some(address) = address(field.text()) else {
        errors.push(field.invalid_as(field.text(), "must be a valid IP address"));
        return;
    };
    if address.is_unspecified() {
        errors.push(field.invalid(format!("may not be unspecified ({})", field.text())));
    }
    if address.is_loopback() {
        let why = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        errors.push(field.invalid(why));
    }
    let (link, multicast) = local(address);
    if link {
        let why = "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        errors.push(field.invalid(why));
    }
    if multicast {
        let why = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        errors.push(field.invalid(why));
    }
}

/// Whether an address is of the link only, for one or for many.
fn local(address: IpAddr) -> (bool, bool) {
    match address {
        IpAddr::V4(address) => {
            let many = address.octets()[..3] == Ipv4Addr::new(224, 0, 0, 0).octets()[..3];
            (address.is_link_local(), many)
        }
        IpAddr::V6(address) => {
            let head = address.segments()[0];
            (head & 0xffc0 == 0xfe80, head & 0xff0f == 0xff02)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let cases = [
            ("10.0.0.0/8", Some(true)),
            ("10.0.0.1/8", Some(false)),
            ("0.0.0.0/0", Some(true)),
            ("::/0", Some(true)),
            ("fd00::1/128", Some(true)),
            ("10.0.0.0/33", None),
            ("10.0.0.0/08", None),
            ("10.0.0.0/+8", None),
            ("010.0.0.0/8", None),
            ("10.0.0.0", None),
        ];
        for (text, masked) in cases {
            assert_eq!(
                range(text).map(|(address, bits)| is_masked(address, bits)),
                masked,
                "{text}"
            );
        }
    }

    #[test]
    fn insides() {
        let cases = [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.0/16", false),
            ("0.0.0.0/0", "11.0.0.0/16", true),
            ("::/0", "11.0.0.0/16", false),
            ("::/0", "fd00::/8", true),
        ];
        for (outer, inner, expected) in cases {
            let (outer, inner) = (range(outer).unwrap(), range(inner).unwrap());
            assert_eq!(has_inside(outer, inner), expected, "{outer:?} {inner:?}");
        }
    }
}
