//! Addresses with a length of prefix.

use std::{fmt, net::IpAddr};

/// A range of addresses, and one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Prefix {
    pub(super) address: IpAddr,
    pub(super) bits: u8,
}

impl Prefix {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, length) = text.rsplit_once('/').ok_or("no '/'")?;
        if address.contains('%') {
            return Err("IPv6 zones cannot be present in a prefix");
        }
        let address: IpAddr = address.parse().map_err(|_| "unable to parse IP")?;
        if matches!(address, IpAddr::V6(it) if it.to_ipv4_mapped().is_some()) {
            return Err("IPv4-mapped IPv6 address is not allowed");
        }
        let plain = length.len() == 1 || !length.starts_with('0');
        let digits = !length.is_empty() && length.bytes().all(|it| it.is_ascii_digit());
        let bits: u8 = length.parse().map_err(|_| "bad bits after slash")?;
        if !plain || !digits {
            return Err("bad bits after slash");
        }
        if bits > width(address) {
            return Err("prefix length out of range");
        }
        Ok(Self { address, bits })
    }

    /// Whether an address is among those of the range.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && cut(number(address), address, self.bits)
                == cut(number(self.address), self.address, self.bits)
    }

    /// Whether every address of another is.
    pub(super) fn covers(&self, other: &Prefix) -> bool {
        other.bits >= self.bits && self.holds(other.address)
    }

    /// With the first address of its range.
    pub(super) fn masked(&self) -> Self {
        let first = cut(number(self.address), self.address, self.bits);
        let address = match self.address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(first).unwrap_or_default().into()),
            IpAddr::V6(_) => IpAddr::V6(first.into()),
        };
        Self { address, bits: self.bits }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => u128::from(u32::from(it)),
        IpAddr::V6(it) => u128::from(it),
    }
}

/// Everything behind the prefix made zero.
fn cut(number: u128, of: IpAddr, bits: u8) -> u128 {
    let behind = u32::from(width(of) - bits);
    number.checked_shr(behind).and_then(|it| it.checked_shl(behind)).unwrap_or_default()
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
