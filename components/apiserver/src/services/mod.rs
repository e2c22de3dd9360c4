//! What services get from the cluster: addresses and ports, each of them only once.
//!
//! An address is taken by creating its `IPAddress` object, so that of two servers that want the same
//! one the second is refused by the storage. Ports are bits of one stored map, which is only written
//! over the version that it was read at. What services lose is found again by [`repair`].
//!
//! Upstream: pkg/registry/core/service, KEP-1880 for addresses as objects.

mod addresses;
mod cidr;
mod endpoints;
mod families;
mod kept;
mod ports;
mod ranges;
mod repair;
mod reserve;

pub(crate) use endpoints::{leave, run as keep_endpoints};
pub(crate) use kept::{carry_over, drop_unused};
pub(crate) use repair::run as repair;
pub(crate) use reserve::Outcome;

pub use cidr::{BadCidr, Cidr};

use cidr::Family;
use std::{net::IpAddr, time::Duration};

/// Where services are, for the whole cluster.
#[derive(Clone, Debug)]
pub struct Services {
    /// `--service-cluster-ip-range`: one range, or one of each family; the first is the default.
    pub ranges: Vec<Cidr>,
    /// `--service-node-port-range`: first and last.
    pub node_ports: (u16, u16),
    /// `--advertise-address`: where this server is reached by those in the cluster.
    pub advertise: IpAddr,
    /// The port that goes with it: the one that it listens on.
    pub port: u16,
    /// Between looks at whether every service has what it says, and nothing is held by none.
    pub repair_interval: Duration,
}

impl Services {
    /// Upstream's defaults for a server that is reached at an address.
    pub fn new(advertise: IpAddr, port: u16) -> Self {
        Self {
            ranges: vec![Cidr::DEFAULT],
            node_ports: (30_000, 32_767),
            advertise,
            port,
            repair_interval: Duration::from_secs(180),
        }
    }

    /// Whether the ranges fit: one, or two of different families.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), String> {
        match self.families()[..] {
            [_] => Ok(()),
            [one, other] if one != other => Ok(()),
            [_, _] => Err("the ranges must be of different IP families".into()),
            _ => Err("one range is needed, or one of each IP family".into()),
        }
    }

    /// The families of the ranges, the default first.
    fn families(&self) -> Vec<Family> {
        self.ranges.iter().map(Cidr::family).collect()
    }
}
