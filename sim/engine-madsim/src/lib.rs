//! madsim as an engine: its executor, time, chance and network, under the traits of `host`.
//!
//! A second simulator, by other people, for differential runs. Only the disk is our model: madsim's
//! keeps what was not synced. What madsim's network does not do is listed in [`UNKEPT`]. It stands in
//! for libc's clock and random calls, as our kernel's feature `interpose` does, so the two cannot be
//! in one binary: nothing here may import `kernel`.

mod machine;
mod network;
mod time;

use engines::{Engine, Program};
use machine::Machine;
use madsim::{Config, net::NetSim, runtime::Runtime, task::NodeId};
use network::Names;
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

/// The cases of `host::conformance` that madsim 0.2.34's network does not pass, with the reason.
pub const UNKEPT: &[(&str, &str)] = &[
    ("network::bytes_arrive_in_order_both_ways", "needs an end of one direction"),
    (
        "network::a_shutdown_is_an_end_for_the_reader_and_final_for_the_writer",
        "TcpStream::poll_shutdown does nothing",
    ),
    ("network::a_writer_waits_for_a_reader", "streams hold any number of bytes"),
    (
        "network::nobody_listening_is_refused",
        "who connects is given the port just freed, and meets itself",
    ),
    ("network::datagrams_arrive_whole_with_their_sender", "not carried over"),
];

/// A world run by madsim.
pub struct Madsim {
    runtime: Runtime,
    seed: u64,
    nodes: BTreeMap<String, NodeId>,
    names: Arc<Names>,
}

impl fmt::Debug for Madsim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Madsim").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

impl Madsim {
    /// An empty world. Each wants a thread of its own: the keys of hash tables are a thread's.
    pub fn new(seed: u64) -> Self {
        let runtime = Runtime::with_seed_and_config(seed, Config::default());
        Self { runtime, seed, nodes: BTreeMap::new(), names: Arc::default() }
    }

    fn node(&self, machine: &str) -> NodeId {
        *self.nodes.get(machine).expect("the machine was installed")
    }

    /// The address of a machine.
    pub fn address(&self, machine: &str) -> Option<IpAddr> {
        self.names.look_up(machine)
    }
}

impl Engine for Madsim {
    fn install(&mut self, machine: &str, program: Program) {
        let last = u8::try_from(self.nodes.len() + 1).expect("a handful of machines");
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        self.names.add(machine, address);
        let disk = Machine::new(machine, address, self.seed, self.names.clone());
        let node = self.runtime.create_node().name(machine).ip(address).init(move || {
            let (program, machine) = (program.clone(), disk.clone());
            // The host is made within the task: madsim finds its runtime by the thread.
            async move { program(machine.host()).await }
        });
        self.nodes.insert(machine.to_owned(), node.build().id());
    }

    fn kill(&mut self, machine: &str) {
        self.runtime.handle().kill(self.node(machine));
    }

    fn start(&mut self, machine: &str) {
        self.runtime.handle().restart(self.node(machine));
    }

    fn isolate(&mut self, machine: &str) {
        let node = self.node(machine);
        self.runtime.block_on(async move { NetSim::current().clog_node(node) });
    }

    fn heal(&mut self) {
        let nodes: Vec<NodeId> = self.nodes.values().copied().collect();
        self.runtime.block_on(async move {
            nodes.into_iter().for_each(|node| NetSim::current().unclog_node(node));
        });
    }

    fn run_for(&mut self, duration: Duration) {
        self.runtime.block_on(async move { madsim::time::sleep(duration).await });
    }
}
