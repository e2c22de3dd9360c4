//! A small cluster: one member of etcd, two API servers, and machines for who uses them.

use ::etcd::config::ClusterState;
use client::{Client, Config};
use cluster::{
    apiserver,
    etcd::{self, Place},
};
use host::{BoxFuture, Host};
use machine::{MachineId, Time, World, WorldConfig};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// The name of a user's process on its machine.
pub(crate) const USER: &str = "user";

pub(crate) struct Cluster {
    pub(crate) world: World,
    #[allow(dead_code, reason = "not every test that takes this module strikes it")]
    pub(crate) etcd: MachineId,
    pub(crate) servers: [MachineId; 2],
}

pub(crate) fn seconds(seconds: u64) -> Time {
    Time::from(Duration::from_secs(seconds))
}

/// A client of both servers, the first of them first.
pub(crate) fn client(host: &Host) -> Client {
    let servers = (0..2).map(|index| apiserver::url(&apiserver::name(index)).parse().unwrap());
    let patience = Duration::from_secs(5);
    let config = Config { rate: None, timeout: patience, ..Config::new(servers.collect()) };
    Client::new(host, Config { connect_timeout: patience, ..config }).unwrap()
}

impl Cluster {
    pub(crate) fn start(seed: u64) -> Self {
        let world = World::new(WorldConfig { seed, ..WorldConfig::default() });
        let etcd = world.add_machine("etcd-0");
        let place = Place { name: "etcd-0".into(), machine: etcd, tls: false };
        let config = etcd::config(&world, &place, std::slice::from_ref(&place), ClusterState::New);
        world.install(etcd, etcd::PROCESS, etcd::program(config));
        world.start(etcd, etcd::PROCESS);
        let servers = [0, 1].map(|index| {
            let machine = world.add_machine(&apiserver::name(index));
            let listen = SocketAddr::new(world.address(machine), apiserver::PORT);
            let program = apiserver::program(listen, vec![place.client_url()]);
            world.install(machine, apiserver::PROCESS, program);
            world.start(machine, apiserver::PROCESS);
            machine
        });
        Self { world, etcd, servers }
    }

    /// Starts somebody who uses the servers, on a machine of their own.
    pub(crate) fn user<F>(
        &self,
        name: &str,
        work: impl Fn(Host) -> F + Send + Sync + 'static,
    ) -> MachineId
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let machine = self.world.add_machine(name);
        let program = move |host: Host| Box::pin(work(host)) as BoxFuture<'static, ()>;
        self.world.install(machine, USER, Arc::new(program));
        self.world.start(machine, USER);
        machine
    }
}
