//! Ports of nodes: a bit each in one map, and which of them a service wants.
//!
//! Upstream: pkg/registry/core/service/{allocator,portallocator} and storage/alloc.go
//! (initNodePorts, updateNodePorts). The map is upstream's: bytes of a big number, the highest
//! first, whose lowest bit is the range's first port.

use super::{
    families::invalid,
    kept::{has_health_check, has_node_ports},
};
use crate::failure::Cause;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The lower part of the range is for those who ask for a port of their choice (KEP-3668).
const RESERVED_PART: u64 = 32;
const RESERVED_MIN: u64 = 16;
const RESERVED_MAX: u64 = 128;

/// Which ports of a range are taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ports {
    first: u16,
    last: u16,
    taken: BTreeSet<u16>,
}

impl Ports {
    pub(super) fn new((first, last): (u16, u16)) -> Self {
        Self { first, last, taken: BTreeSet::new() }
    }

    /// Reads a stored `RangeAllocation`; one of another range counts as far as the two overlap.
    pub(super) fn decode(range: (u16, u16), stored: &Value) -> Self {
        let mut ports = Self::new(range);
        let first = stored["range"].as_str().and_then(|text| text.split_once('-')?.0.parse().ok());
        let bytes = STANDARD.decode(stored["data"].as_str().unwrap_or_default());
        let (first, bytes): (u16, _) = (first.unwrap_or(range.0), bytes.unwrap_or_default());
        for (place, byte) in bytes.iter().rev().enumerate() {
            for bit in (0..8).filter(|bit| byte >> bit & 1 == 1) {
                let port = u64::from(first) + place as u64 * 8 + bit;
                ports.taken.extend(u16::try_from(port).ok().filter(|port| ports.offers(*port)));
            }
        }
        ports
    }

    /// The object to store.
    pub(super) fn encode(&self) -> Value {
        let mut bytes: Vec<u8> = Vec::new();
        for port in &self.taken {
            let at = usize::from(port - self.first);
            bytes.resize(bytes.len().max(at / 8 + 1), 0);
            bytes[at / 8] |= 1 << (at % 8);
        }
        bytes.reverse();
        json!({
            "kind": "RangeAllocation", "apiVersion": "v1", "metadata": {"creationTimestamp": null},
            "range": format!("{}-{}", self.first, self.last), "data": STANDARD.encode(bytes),
        })
    }

    pub(super) fn offers(&self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    pub(super) fn has(&self, port: u16) -> bool {
        self.taken.contains(&port)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = u16> {
        self.taken.iter().copied()
    }

    /// Takes a port; the error says why it cannot be had.
    pub(super) fn take(&mut self, port: u16) -> Result<(), String> {
        if !self.offers(port) {
            let (first, last) = (self.first, self.last);
            return Err(format!(
                "provided port is not in the valid range. The range of valid ports is {first}-{last}"
            ));
        }
        match self.taken.insert(port) {
            true => Ok(()),
            false => Err("provided port is already allocated".into()),
        }
    }

    /// Takes a free port; `chance` says where to begin to look.
    pub(super) fn take_any(&mut self, chance: u64) -> Result<u16, String> {
        let size = u64::from(self.last - self.first) + 1;
        let reserved = match size {
            size if size <= RESERVED_MIN => 0,
            size => (size / RESERVED_PART).clamp(RESERVED_MIN, RESERVED_MAX),
        };
        let around = |from: u64, to: u64| {
            let size = to - from;
            let start = if size == 0 { 0 } else { chance % size };
            (0..size).map(move |step| from + (start + step) % size)
        };
        let all = around(reserved, size).chain(around(0, reserved));
        let mut ports = all.filter_map(|offset| u16::try_from(u64::from(self.first) + offset).ok());
        let free = ports.find(|port| !self.has(*port)).ok_or("range is full")?;
        self.taken.insert(free);
        Ok(free)
    }

    pub(super) fn give_back(&mut self, port: u16) {
        self.taken.remove(&port);
    }
}

/// Why a service does not get its ports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NoPorts {
    /// It asks for what it cannot have.
    Invalid(Cause),
    /// There are none left.
    Full(String),
}

/// All ports of nodes that a service has.
pub(super) fn of(service: &Value) -> BTreeSet<u16> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let ports =
        ports.map(|port| &port["nodePort"]).chain([&service["spec"]["healthCheckNodePort"]]);
    ports.filter_map(number).collect()
}

fn number(port: &Value) -> Option<u16> {
    u16::try_from(port.as_u64()?).ok().filter(|port| *port != 0)
}

/// Gives a service the ports that it wants and has not had before; what it has no more stays taken.
/// Returns what it took.
pub(super) fn give(
    ports: &mut Ports,
    service: &mut Value,
    had: &BTreeSet<u16>,
    mut chance: impl FnMut() -> u64,
) -> Result<BTreeSet<u16>, NoPorts> {
    let mut taken = BTreeSet::new();
    let wants = has_node_ports(service);
    let nodes = matches!(service["spec"]["type"].as_str(), Some("NodePort" | "LoadBalancer"));
    let list = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let mut given: Vec<Value> = list.clone();
    for (at, port) in list.iter().enumerate().filter(|_| nodes) {
        // The same port over TCP and UDP has one number.
        let same = |one: &&Value| one["port"] == port["port"] && number(&one["nodePort"]).is_some();
        let sibling = given.iter().find(same).and_then(|one| number(&one["nodePort"]));
        let wanted = number(&port["nodePort"]).or(sibling.filter(|_| wants));
        let got = match wanted {
            None if !wants => continue,
            None => {
                let any = ports.take_any(chance());
                let any = any.map_err(|why| {
                    NoPorts::Full(format!("failed to allocate a nodePort: {why}"))
                })?;
                taken.insert(any);
                any
            }
            Some(own) if had.contains(&own) || taken.contains(&own) => own,
            Some(own) => {
                ports.take(own).map_err(|why| {
                    let field = format!("spec.ports[{at}].nodePort");
                    NoPorts::Invalid(invalid(&field, &own.into(), &why))
                })?;
                taken.insert(own);
                own
            }
        };
        given[at]["nodePort"] = got.into();
    }
    if nodes {
        service["spec"]["ports"] = given.into();
    }
    if has_health_check(service) {
        let got = health_check(ports, service, had, chance)?;
        if !had.contains(&got) {
            taken.insert(got);
        }
        service["spec"]["healthCheckNodePort"] = got.into();
    }
    Ok(taken)
}

/// The port at which nodes tell whether they have endpoints of a service.
fn health_check(
    ports: &mut Ports,
    service: &Value,
    had: &BTreeSet<u16>,
    mut chance: impl FnMut() -> u64,
) -> Result<u16, NoPorts> {
    match number(&service["spec"]["healthCheckNodePort"]) {
        Some(own) if had.contains(&own) => Ok(own),
        Some(own) => ports.take(own).map(|()| own).map_err(|why| {
            NoPorts::Full(format!("failed to allocate requested HealthCheck NodePort {own}: {why}"))
        }),
        None => ports.take_any(chance()).map_err(|why| {
            NoPorts::Full(format!("failed to allocate a HealthCheck NodePort 0: {why}"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: (u16, u16) = (30_000, 32_767);

    #[test]
    fn a_map_is_stored_as_upstream_stores_it() {
        let mut ports = Ports::new(RANGE);
        ports.take(30_000).unwrap();
        ports.take(30_009).unwrap();
        // 0x0201: the ninth bit and the first.
        assert_eq!(ports.encode()["data"], STANDARD.encode([2, 1]));
        assert_eq!(Ports::decode(RANGE, &ports.encode()), ports);
        let moved = Ports::decode((30_005, 30_100), &ports.encode());
        assert_eq!(moved.all().collect::<Vec<_>>(), [30_009]);
    }

    #[test]
    fn a_port_is_given_once_and_the_upper_ones_first() {
        let mut ports = Ports::new(RANGE);
        assert_eq!(ports.take_any(0), Ok(30_086));
        assert_eq!(ports.take_any(0), Ok(30_087));
        let taken = ports.take(30_086).unwrap_err();
        assert_eq!(taken, "provided port is already allocated");
        let outside = ports.take(80).unwrap_err();
        assert!(outside.ends_with("The range of valid ports is 30000-32767"));
        let mut few = Ports::new((1, 3));
        let all: BTreeSet<u16> = (0..3).map(|_| few.take_any(5).unwrap()).collect();
        assert_eq!(all, BTreeSet::from([1, 2, 3]));
        assert_eq!(few.take_any(5), Err("range is full".into()));
    }

    #[test]
    fn a_service_gets_a_port_for_each_of_its_own() {
        let service = |kind: &str, ports: Value| json!({"spec": {"type": kind, "ports": ports}});
        let dns = json!([
            {"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}, {"port": 80},
        ]);
        let mut ports = Ports::new(RANGE);
        let mut plain = service("ClusterIP", dns.clone());
        assert_eq!(give(&mut ports, &mut plain, &BTreeSet::new(), || 0), Ok(BTreeSet::new()));
        let mut both = service("NodePort", dns);
        let taken = give(&mut ports, &mut both, &BTreeSet::new(), || 0).unwrap();
        assert_eq!(taken, BTreeSet::from([30_086, 30_087]));
        assert_eq!(both["spec"]["ports"][0]["nodePort"], both["spec"]["ports"][1]["nodePort"]);
        assert_eq!(of(&both), taken);

        let mut late = service("NodePort", json!([{"port": 1, "nodePort": 30_086}]));
        let refused = give(&mut ports, &mut late.clone(), &BTreeSet::new(), || 0).unwrap_err();
        assert!(
            matches!(refused, NoPorts::Invalid(cause) if cause.field == "spec.ports[0].nodePort")
        );
        assert_eq!(give(&mut ports, &mut late, &taken, || 0), Ok(BTreeSet::new()));

        let mut local = service("LoadBalancer", json!([{"port": 1}]));
        local["spec"]["externalTrafficPolicy"] = "Local".into();
        let taken = give(&mut ports, &mut local, &BTreeSet::new(), || 0).unwrap();
        assert_eq!((taken.len(), of(&local)), (2, taken));
    }
}
