//! Who stands where: members, clients and the operator on their machines.

use crate::settings;
use ::etcd::config::{ClusterState, Config};
use bytes::Bytes;
use cluster::{
    apiserver,
    etcd::{self as members, PROCESS, Place},
};
use faults::Machine;
use machine::{MachineId, Program, World};
use record::{Lane, LaneKind, Timeline};
use scenario::{Scenario, Settings};
use std::{net::SocketAddr, sync::Arc};
use traffic::{Auth, Recorder, Station};

/// The process name of clients.
const CLIENT: &str = "client";

/// Machines by the number that faults and lanes know them by.
#[derive(Debug)]
pub(crate) struct Placement {
    machines: Vec<(MachineId, Option<Place>)>,
    settings: Settings,
    /// Members speak TLS.
    tls: bool,
    /// Machines with an API server.
    apiservers: Vec<MachineId>,
    /// Who plays the operator.
    operator: Option<MachineId>,
}

impl Placement {
    /// Places founders, clients and the operator. Nothing runs yet.
    pub(crate) fn new(
        world: &World,
        scenario: &Scenario,
        timeline: &mut Timeline,
        recorder: &Recorder,
        operator: Program,
    ) -> Self {
        let settings = scenario.cluster.settings.clone();
        let tls = scenario.cluster.tls;
        let (machines, apiservers) = (Vec::new(), Vec::new());
        let mut placement = Self { machines, settings, tls, apiservers, operator: None };
        for _ in 0..scenario.cluster.members {
            placement.add_member(world, timeline);
        }
        let founders: Vec<Place> = placement.members().map(|(_, place)| place.clone()).collect();
        for place in &founders {
            let config = placement.config(world, place, &founders, ClusterState::New);
            let program = match placement.settings.pre_vote_later {
                Some(true) => {
                    let first = Config { pre_vote: false, ..config.clone() };
                    members::upgraded_program(first, config)
                }
                Some(false) | None => members::program(config),
            };
            world.install(place.machine, PROCESS, program);
        }
        for _ in 0..scenario.cluster.learners {
            placement.add_joining(world, timeline, true);
        }
        let endpoints: Vec<String> = founders.iter().map(Place::client_url).collect();
        let servers = placement.add_apiservers(world, scenario, timeline, &endpoints);
        let profile = Arc::new(settings::profile(&scenario.traffic));
        for (number, role) in profile.roles() {
            let id = placement.add(world, timeline, &format!("client-{number}"), LaneKind::Client);
            let station = (profile.clone(), recorder.clone(), endpoints.clone(), servers.clone());
            let program: Program = Arc::new(move |host| {
                let (profile, recorder, endpoints, servers) = station.clone();
                let tls = cluster::tls::trust(&host, &endpoints);
                let parsed =
                    |urls: &[String]| urls.iter().filter_map(|url| url.parse().ok()).collect();
                let (endpoints, apiservers) = (parsed(&endpoints), parsed(&servers));
                role.run(Station { host, number, endpoints, tls, apiservers, profile, recorder })
            });
            world.install(id, CLIENT, program);
        }
        let id = placement.add(world, timeline, "operator", LaneKind::Client);
        world.install(id, CLIENT, operator);
        placement.operator = Some(id);
        placement
    }

    /// Places the API servers; returns where clients reach them.
    fn add_apiservers(
        &mut self,
        world: &World,
        scenario: &Scenario,
        timeline: &mut Timeline,
        etcd: &[String],
    ) -> Vec<String> {
        let names: Vec<String> = (0..scenario.cluster.apiservers).map(apiserver::name).collect();
        for name in &names {
            let id = self.add(world, timeline, name, LaneKind::Member);
            let listen = SocketAddr::new(world.address(id), apiserver::PORT);
            world.install(id, apiserver::PROCESS, apiserver::program(listen, etcd.to_vec()));
            self.apiservers.push(id);
        }
        names.iter().map(|name| apiserver::url(name)).collect()
    }

    fn add(
        &mut self,
        world: &World,
        timeline: &mut Timeline,
        name: &str,
        kind: LaneKind,
    ) -> MachineId {
        let id = world.add_machine(name);
        if let Some(bytes) = self.settings.disk_bytes.filter(|_| kind == LaneKind::Member) {
            world.disk(id, |disk| disk.faults.capacity_bytes = bytes);
        }
        self.machines.push((id, None));
        timeline.lanes.push(Lane { name: name.to_owned(), kind });
        id
    }

    fn add_member(&mut self, world: &World, timeline: &mut Timeline) -> Place {
        let name = format!("etcd-{}", self.members().count());
        let machine = self.add(world, timeline, &name, LaneKind::Member);
        let place = Place { name, machine, tls: self.tls };
        if let Some(last) = self.machines.last_mut() {
            last.1 = Some(place.clone());
        }
        place
    }

    /// A new machine whose member has itself added. It is not started yet.
    pub(crate) fn add_joining(
        &mut self,
        world: &World,
        timeline: &mut Timeline,
        learner: bool,
    ) -> MachineId {
        let place = self.add_member(world, timeline);
        self.join(world, &place, learner);
        place.machine
    }

    /// Lets the machine's next start be that of a member that joins.
    pub(crate) fn join(&self, world: &World, place: &Place, learner: bool) {
        let all: Vec<Place> = self.members().map(|(_, place)| place.clone()).collect();
        let others = all.iter().filter(|other| *other != place).map(Place::client_url).collect();
        let config = self.config(world, place, &all, ClusterState::Existing);
        world.install(
            place.machine,
            PROCESS,
            members::joining_program(config, others, Auth::ROOT, learner),
        );
    }

    /// The program of a member that starts again from a snapshot, with all the others.
    pub(crate) fn restored(&self, world: &World, place: &Place, snapshot: &Bytes) -> Program {
        let all: Vec<Place> = self.members().map(|(_, place)| place.clone()).collect();
        let config = self.config(world, place, &all, ClusterState::New);
        members::restored_program(config, snapshot.clone())
    }

    fn config(&self, world: &World, place: &Place, all: &[Place], state: ClusterState) -> Config {
        let mut config = members::config(world, place, all, state);
        settings::apply(&self.settings, &mut config);
        config
    }

    /// Members with their numbers.
    pub(crate) fn members(&self) -> impl Iterator<Item = (Machine, &Place)> {
        let numbered = (0..).map(Machine).zip(&self.machines);
        numbered.filter_map(|(number, (_, place))| place.as_ref().map(|place| (number, place)))
    }

    /// A member by its number.
    pub(crate) fn member(&self, machine: Machine) -> Option<&Place> {
        self.machines.get(usize::from(machine.0))?.1.as_ref()
    }

    /// The world's name of a machine.
    pub(crate) fn id(&self, machine: Machine) -> MachineId {
        self.machines[usize::from(machine.0)].0
    }

    /// All machines with their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Machine, MachineId)> {
        (0..).map(Machine).zip(self.machines.iter().map(|(id, _)| *id))
    }

    /// Whether an API server runs on the machine.
    pub(crate) fn is_apiserver(&self, id: MachineId) -> bool {
        self.apiservers.contains(&id)
    }

    /// Machines of those who use the cluster.
    pub(crate) fn clients(&self) -> impl Iterator<Item = MachineId> {
        let plain = self.machines.iter().filter(|(_, place)| place.is_none());
        let plain = plain.map(|(id, _)| *id).filter(|id| !self.is_apiserver(*id));
        plain.filter(|id| Some(*id) != self.operator)
    }
}
