//! Where services are and how this server is reached, from flags.
//!
//! Upstream: cmd/kube-apiserver/app/options and apimachinery/pkg/util/net/interface.go.

use crate::kube_apiserver_flags::FlagError;
use apiserver::{Cidr, Services};
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// The flags about services.
#[derive(Debug, Args)]
pub struct ServiceFlags {
    /// Ranges that services' addresses come from: one, or one of each family, comma separated
    #[arg(long, default_value = "10.0.0.0/24", value_delimiter = ',', help_heading = "Services")]
    pub service_cluster_ip_range: Vec<String>,
    /// Ports of nodes that services may have, as 30000-32767
    #[arg(long, default_value = "30000-32767", help_heading = "Services")]
    pub service_node_port_range: String,
    /// Address that those in the cluster reach this server at; by default that of this machine
    #[arg(long, help_heading = "Services")]
    pub advertise_address: Option<IpAddr>,
}

impl ServiceFlags {
    /// What services get from a server that listens there.
    pub(crate) fn services(&self, listen: SocketAddr) -> Result<Services, FlagError> {
        let advertise = self.advertise_address.unwrap_or_else(|| own_address(listen.ip()));
        let mut services = Services::new(advertise, listen.port());
        let bad = |flag: &'static str, why: String| FlagError::Value { flag, why };
        let ranges = self.service_cluster_ip_range.iter().map(|text| text.trim().parse::<Cidr>());
        services.ranges = ranges
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bad("service-cluster-ip-range", error.to_string()))?;
        services.node_ports = ports(&self.service_node_port_range).ok_or_else(|| {
            bad("service-node-port-range", "expected a range as 30000-32767".into())
        })?;
        services.check().map_err(|why| bad("service-cluster-ip-range", why))?;
        Ok(services)
    }
}

/// `first-last`, or `first+count`.
fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = match (text.split_once('-'), text.split_once('+')) {
        (Some((first, last)), _) => (first.parse().ok()?, last.parse().ok()?),
        (None, Some((first, more))) => {
            let first: u16 = first.parse().ok()?;
            (first, first.checked_add(more.parse().ok()?)?)
        }
        (None, None) => (text.parse().ok()?, text.parse().ok()?),
    };
    (first > 0 && first <= last).then_some((first, last))
}

/// The address that others reach this machine at: the one that it listens at, or the one that it
/// would use to reach the world.
fn own_address(listen: IpAddr) -> IpAddr {
    if !listen.is_unspecified() && !listen.is_loopback() {
        return listen;
    }
    // Nothing is sent: the kernel only chooses a route.
    let found = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    found.map_or(listen, |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ports_have_two_forms() {
        let cases = [
            ("30000-32767", Some((30_000, 32_767))),
            ("30000+100", Some((30_000, 30_100))),
            ("8080", Some((8080, 8080))),
            ("2-1", None),
            ("0-1", None),
            ("x", None),
        ];
        for (text, range) in cases {
            assert_eq!(ports(text), range, "{text}");
        }
    }
}
