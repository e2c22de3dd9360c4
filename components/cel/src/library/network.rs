//! `ip`, `cidr` and what can be asked of addresses.
//!
//! Upstream: apiserver `pkg/cel/library/ip.go`, `cidr.go`; addresses are those of Go's `net/netip`,
//! without zones and without IPv4 inside of IPv6.

mod prefix;

use super::arguments::{opaque, text};
use crate::{
    escape,
    functions::Functions,
    types::Type,
    value::{EvalError, Opaque, Value},
};
use prefix::Prefix;
use std::{any::Any, net::IpAddr};

const IP: &str = "net.IP";
const CIDR: &str = "net.CIDR";

/// An address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ip(IpAddr);

impl Opaque for Ip {
    fn type_name(&self) -> &'static str {
        IP
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Ip>() == Some(self)
    }

    fn size(&self) -> u64 {
        if self.0.is_ipv4() { 4 } else { 16 }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for Prefix {
    fn type_name(&self) -> &'static str {
        CIDR
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Prefix>() == Some(self)
    }

    fn size(&self) -> u64 {
        u64::from(self.bits.div_ceil(8))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn parse_ip(text: &str) -> Result<Ip, EvalError> {
    let shown = escape::quoted(text);
    if text.contains('%') {
        return Err(EvalError::new(format!("IP address {shown} with zone value is not allowed")));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(it)) if it.to_ipv4_mapped().is_some() => {
            Err(EvalError::new(format!("IPv4-mapped IPv6 address {shown} is not allowed")))
        }
        Ok(it) => Ok(Ip(it)),
        Err(_) => Err(EvalError::new(format!(
            "IP Address {shown} parse error during conversion from string: ParseAddr({shown}): \
             unable to parse IP"
        ))),
    }
}

fn parse_cidr(text: &str) -> Result<Prefix, EvalError> {
    let failed = |why: &str| {
        let shown = escape::quoted(text);
        let message = format!(
            "network address parse error during conversion from string: netip.ParsePrefix({shown}): {why}"
        );
        EvalError::new(message)
    };
    Prefix::parse(text).map_err(failed)
}

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, Int, String};
    let ip = || Type::opaque(IP);
    f.named_type(IP);
    f.named_type(CIDR);
    f.global("ip", "string_to_ip", &[String], ip(), |args| {
        Ok(Value::opaque(parse_ip(text(args, 0)?)?))
    });
    f.global("isIP", "is_ip", &[String], Bool, |args| {
        Ok(Value::Bool(parse_ip(text(args, 0)?).is_ok()))
    });
    f.global("ip.isCanonical", "ip_is_canonical", &[String], Bool, |args| {
        let text = text(args, 0)?;
        Ok(Value::Bool(parse_ip(text)?.0.to_string() == text))
    });
    f.global("string", "ip_to_string", &[ip()], String, |args| {
        Ok(Value::string(opaque::<Ip>(args, 0)?.0.to_string()))
    });
    f.member("family", "ip_family", &[ip()], Int, |args| {
        Ok(Value::Int(if opaque::<Ip>(args, 0)?.0.is_ipv4() { 4 } else { 6 }))
    });
    macro_rules! test {
        ($name:literal, $id:literal, $test:expr) => {
            f.member($name, $id, &[ip()], Bool, |args| {
                let test: fn(&IpAddr) -> bool = $test;
                Ok(Value::Bool(test(&opaque::<Ip>(args, 0)?.0)))
            });
        };
    }
    test!("isUnspecified", "ip_is_unspecified", IpAddr::is_unspecified);
    test!("isLoopback", "ip_is_loopback", IpAddr::is_loopback);
    test!("isLinkLocalMulticast", "ip_is_link_local_multicast", link_local_multicast);
    test!("isLinkLocalUnicast", "ip_is_link_local_unicast", link_local_unicast);
    test!("isGlobalUnicast", "ip_is_global_unicast", global_unicast);
    declare_cidr(f);
}

fn declare_cidr(f: &mut Functions) {
    use Type::{Bool, Int, String};
    let (ip, cidr) = (|| Type::opaque(IP), || Type::opaque(CIDR));
    f.global("cidr", "string_to_cidr", &[String], cidr(), |args| {
        Ok(Value::opaque(parse_cidr(text(args, 0)?)?))
    });
    f.global("isCIDR", "is_cidr", &[String], Bool, |args| {
        Ok(Value::Bool(parse_cidr(text(args, 0)?).is_ok()))
    });
    f.global("string", "cidr_to_string", &[cidr()], String, |args| {
        Ok(Value::string(opaque::<Prefix>(args, 0)?.to_string()))
    });
    f.member("containsIP", "cidr_contains_ip_string", &[cidr(), String], Bool, |args| {
        Ok(Value::Bool(opaque::<Prefix>(args, 0)?.holds(parse_ip(text(args, 1)?)?.0)))
    });
    f.member("containsIP", "cidr_contains_ip_ip", &[cidr(), ip()], Bool, |args| {
        Ok(Value::Bool(opaque::<Prefix>(args, 0)?.holds(opaque::<Ip>(args, 1)?.0)))
    });
    f.member("containsCIDR", "cidr_contains_cidr_string", &[cidr(), String], Bool, |args| {
        Ok(Value::Bool(opaque::<Prefix>(args, 0)?.covers(&parse_cidr(text(args, 1)?)?)))
    });
    f.member("containsCIDR", "cidr_contains_cidr", &[cidr(), cidr()], Bool, |args| {
        Ok(Value::Bool(opaque::<Prefix>(args, 0)?.covers(opaque(args, 1)?)))
    });
    f.member("ip", "cidr_ip", &[cidr()], ip(), |args| {
        Ok(Value::opaque(Ip(opaque::<Prefix>(args, 0)?.address)))
    });
    f.member("masked", "cidr_masked", &[cidr()], cidr(), |args| {
        Ok(Value::opaque(opaque::<Prefix>(args, 0)?.masked()))
    });
    f.member("prefixLength", "cidr_prefix_length", &[cidr()], Int, |args| {
        Ok(Value::Int(i64::from(opaque::<Prefix>(args, 0)?.bits)))
    });
}

fn link_local_multicast(it: &IpAddr) -> bool {
    match it {
        IpAddr::V4(it) => it.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(it) => it.segments().first().is_some_and(|it| it & 0xff0f == 0xff02),
    }
}

fn link_local_unicast(it: &IpAddr) -> bool {
    match it {
        IpAddr::V4(it) => it.is_link_local(),
        IpAddr::V6(it) => it.is_unicast_link_local(),
    }
}

fn global_unicast(it: &IpAddr) -> bool {
    let broadcast = matches!(it, IpAddr::V4(it) if it.is_broadcast());
    let other = it.is_unspecified() || it.is_loopback() || it.is_multicast();
    !broadcast && !other && !link_local_unicast(it)
}
