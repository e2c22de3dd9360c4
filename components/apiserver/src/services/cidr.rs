//! Ranges of addresses, and the order in which a new one is looked for.
//!
//! Upstream: pkg/registry/core/service/ipallocator/ipallocator.go.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// The lower part of a range is for those who ask for an address of their choice: a sixteenth of
/// it, within these bounds (KEP-3070).
const RESERVED_PART: u128 = 16;
const RESERVED_MIN: u128 = 16;
const RESERVED_MAX: u128 = 256;

/// A family of addresses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// As services name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::V4, Self::V6].into_iter().find(|family| family.name() == name)
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }
}

/// A range of addresses: `10.96.0.0/16`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cidr {
    base: IpAddr,
    bits: u8,
}

/// A text that is no range for services.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("invalid CIDR address: {0}")]
pub struct BadCidr(String);

impl FromStr for Cidr {
    type Err = BadCidr;

    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let bad = || BadCidr(text.to_owned());
        let (base, bits) = text.split_once('/').ok_or_else(bad)?;
        let base: IpAddr = base.parse().map_err(|_| bad())?;
        let bits: u8 = bits.parse().map_err(|_| bad())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        if bits > most {
            return Err(bad());
        }
        let host = u32::from(most - bits);
        let mask = if host == 128 { 0 } else { !0_u128 << host };
        Ok(Self { base: address(Family::of(base), number(base) & mask), bits })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

impl Cidr {
    /// `--service-cluster-ip-range`'s default.
    pub(crate) const DEFAULT: Self =
        Self { base: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), bits: 24 };

    pub(super) fn family(&self) -> Family {
        Family::of(self.base)
    }

    /// The address of the range itself, which nobody gets.
    pub(super) fn base(&self) -> IpAddr {
        self.base
    }

    /// All addresses of the range.
    fn size(&self) -> u128 {
        let most: u8 = if self.base.is_ipv4() { 32 } else { 128 };
        1_u128.checked_shl(u32::from(most - self.bits)).unwrap_or(u128::MAX)
    }

    /// The first and the last that can be had: not the range's own, and of IPv4 not the broadcast's.
    fn bounds(&self) -> (u128, u128) {
        let base = number(self.base);
        let broadcast = u128::from(self.base.is_ipv4());
        (base + 1, base + (self.size() - 1).saturating_sub(broadcast))
    }

    /// The first address that can be had, which is the API server's own.
    pub(super) fn first(&self) -> IpAddr {
        address(self.family(), self.bounds().0)
    }

    /// Whether the address can be had.
    pub(super) fn offers(&self, wanted: IpAddr) -> bool {
        let (first, last) = self.bounds();
        Family::of(wanted) == self.family() && (first..=last).contains(&number(wanted))
    }

    /// All addresses that can be had, in the order in which they are tried: the upper part of the
    /// range from somewhere on and around, then the lower part. `chance` says from where.
    pub(super) fn candidates(&self, chance: u64) -> impl Iterator<Item = IpAddr> + use<> {
        let ((first, last), family) = (self.bounds(), self.family());
        let reserved = match self.size() {
            size if size <= RESERVED_MIN => 0,
            size => (size / RESERVED_PART).clamp(RESERVED_MIN, RESERVED_MAX),
        };
        let middle = first + reserved;
        let around = move |from: u128, to: u128| {
            let size = (to + 1).saturating_sub(from);
            let start = if size == 0 { 0 } else { u128::from(chance) % size };
            (0..size).map(move |step| from + (start + step) % size)
        };
        let all = around(middle, last).chain(around(first, middle - 1));
        all.map(move |number| address(family, number))
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => u128::from(six),
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn range(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn every_address_is_tried_once_and_the_upper_ones_first() {
        for (text, count) in [("10.0.0.0/24", 254), ("10.0.0.0/28", 14), ("10.0.0.0/30", 2)] {
            let range = range(text);
            let all: Vec<IpAddr> = range.candidates(7).collect();
            let different: BTreeSet<&IpAddr> = all.iter().collect();
            assert_eq!((all.len(), different.len()), (count, count), "{text}");
            assert!(all.iter().all(|one| range.offers(*one)), "{text}");
        }
        let upper: Vec<IpAddr> = range("10.0.0.0/24").candidates(u64::MAX).take(238).collect();
        assert!(upper.iter().all(|one| *one >= "10.0.0.17".parse::<IpAddr>().unwrap()));
        assert_eq!(range("fd00::/64").candidates(3).next(), "fd00::104".parse().ok());
    }

    #[test]
    fn a_range_is_written_without_what_is_behind_it() {
        let cases = [
            ("10.96.1.7/16", Some("10.96.0.0/16")),
            ("fd00::1/108", Some("fd00::/108")),
            ("10.0.0.0/33", None),
            ("10.0.0.0", None),
            ("x/8", None),
        ];
        for (text, expected) in cases {
            let read = text.parse::<Cidr>().ok().map(|range| range.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        assert_eq!(range("10.96.0.0/12").first().to_string(), "10.96.0.1");
        assert!(!range("10.0.0.0/24").offers("10.0.0.255".parse().unwrap()));
        assert!(!range("10.0.0.0/24").offers("10.0.0.0".parse().unwrap()));
    }
}
