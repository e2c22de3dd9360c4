//! All levels and schemas of a server: which level a request goes to, and how the levels share the
//! server's seats and lend them to each other.
//!
//! Pure: it is told what happens and when, and answers who may run.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/apf_controller.go.

use super::{
    allocation::{self, Claim},
    bootstrap,
    dealer::flow_hash,
    demand::Demand,
    level::{Bounds, CATCH_ALL, EXEMPT, LevelConfig, whole},
    queue::About,
    queue_set::{Arrived, Overflow, QueueSet, Refusal},
    schema::FlowSchema,
    work::Work,
};
use crate::{authentication::User, request_info::RequestInfo};
use host::{Instant, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Everything that decides when requests run.
#[derive(Debug)]
pub(super) struct Flows {
    /// Seats of the server.
    total: u32,
    schemas: Vec<Arc<FlowSchema>>,
    levels: BTreeMap<Arc<str>, Level>,
    /// The sum of the levels' nominal seats.
    nominal: u32,
    /// What those got of their targets whom no bound stopped.
    proportion: f64,
    next: u64,
}

/// A level at work.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) config: Arc<LevelConfig>,
    pub(super) queues: QueueSet,
    pub(super) bounds: Bounds,
    pub(super) demand: Demand,
    /// What it was to get when seats were shared out last.
    pub(super) target: f64,
    /// Nobody is sent here any more; it goes when it is empty.
    pub(super) quiescing: bool,
}

/// Where a request was sent, and what became of it.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) schema: Arc<FlowSchema>,
    pub(super) level: Arc<LevelConfig>,
    pub(super) id: u64,
    pub(super) work: Work,
    pub(super) arrived: Arrived,
}

impl Flows {
    /// With nothing but what must always be there.
    pub(super) fn new(now: Instant, wall: Timestamp, total: u32) -> Self {
        let mut flows = Self {
            total,
            schemas: Vec::new(),
            levels: BTreeMap::new(),
            nominal: 0,
            proportion: 0.0,
            next: 0,
        };
        flows.configure(now, wall, Vec::new(), Vec::new());
        flows
    }

    /// Takes over what is configured now; returns who may run. What must be there and is not is
    /// imagined; a schema whose level is not there is left out.
    pub(super) fn configure(
        &mut self,
        now: Instant,
        wall: Timestamp,
        levels: Vec<LevelConfig>,
        schemas: Vec<FlowSchema>,
    ) -> Vec<u64> {
        let mut wanted: BTreeMap<Arc<str>, Arc<LevelConfig>> =
            levels.into_iter().map(|level| (level.name.clone(), Arc::new(level))).collect();
        let (imagined_levels, imagined_schemas) = bootstrap::imagined();
        for level in imagined_levels {
            wanted.entry(level.name.clone()).or_insert_with(|| Arc::new(level));
        }
        let mut schemas = schemas;
        for schema in imagined_schemas {
            if !schemas.iter().any(|one| one.name == schema.name) {
                schemas.push(schema);
            }
        }
        schemas.retain(|schema| wanted.contains_key(&schema.level));
        schemas.sort_by(|a, b| a.order().cmp(&b.order()));
        self.schemas = schemas.into_iter().map(Arc::new).collect();
        self.levels.retain(|name, level| {
            level.quiescing = !wanted.contains_key(name);
            !level.quiescing || !level.queues.is_idle()
        });
        for (name, config) in wanted {
            match self.levels.get_mut(&name) {
                Some(level) => level.config = config,
                None => {
                    self.levels.insert(name, Level::new(now, config));
                }
            }
        }
        self.share(now, wall)
    }

    /// Gives each level its nominal seats; returns who may run.
    fn share(&mut self, now: Instant, wall: Timestamp) -> Vec<u64> {
        let shares = self.levels.values().map(|level| level.config.shares).sum();
        self.nominal = 0;
        for level in self.levels.values_mut() {
            level.bounds = level.config.bounds(self.total, shares);
            self.nominal += level.bounds.nominal;
        }
        self.rebalance(now, wall)
    }

    /// Shares the seats out by what the levels have wanted since the last time; returns who may run.
    pub(super) fn rebalance(&mut self, now: Instant, wall: Timestamp) -> Vec<u64> {
        let claims: Vec<Claim> = self.levels.values_mut().map(|level| level.claim(now)).collect();
        let shares = allocation::share(f64::from(self.nominal), &claims);
        let mut started = Vec::new();
        if let Some(shares) = &shares {
            self.proportion = shares.proportion;
        }
        for (at, (level, claim)) in self.levels.values_mut().zip(&claims).enumerate() {
            level.target = claim.target;
            // Bounds that cannot be kept leave everybody what they have.
            let seats = match &shares {
                Some(shares) => whole(shares.parts[at].round()),
                None => level.queues.limit(),
            };
            let overflow = level.config.overflow;
            started.extend(level.queues.configure(now, wall, overflow, seats));
        }
        started
    }

    /// A request arrives; its work is estimated once it is known how many seats it may take. Returns
    /// what becomes of it, and who else may run.
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        wall: Timestamp,
        (user, info): (&Arc<User>, &Arc<RequestInfo>),
        estimate: impl FnOnce(Option<u32>) -> Work,
    ) -> (Started, Vec<u64>) {
        let schema = self.classify(user, info);
        let (level, id) = (self.levels.get_mut(&schema.level), self.next);
        let level = level.expect("schemas are kept only with their levels");
        self.next += 1;
        let config = level.config.clone();
        let queues = matches!(config.overflow, Overflow::Queue { queues: 2.., .. });
        let flow = if queues { schema.flow(user, info) } else { "" };
        let hash = if queues { flow_hash(&schema.name, flow) } else { 0 };
        let work = estimate(config.request_seats_max(level.bounds.nominal));
        let about = Arc::new(About {
            schema: schema.name.clone(),
            distinguisher: flow.to_owned(),
            arrived: wall,
            user: user.clone(),
            info: info.clone(),
        });
        let (arrived, started) = level.queues.arrive(now, id, (about, work), hash);
        (Started { schema, level: config, id, work, arrived }, started)
    }

    /// The schema that takes a request: the first that matches.
    fn classify(&self, user: &User, info: &RequestInfo) -> Arc<FlowSchema> {
        let matching = self.schemas.iter().find(|schema| schema.matches(user, info));
        let rest = || self.schemas.iter().find(|schema| &*schema.name == CATCH_ALL);
        matching.or_else(rest).expect("what catches all is imagined where it is not there").clone()
    }

    /// A request of a level is done, or goes before it has run; returns who may run.
    pub(super) fn leave(
        &mut self,
        now: Instant,
        wall: Timestamp,
        level: &str,
        id: u64,
    ) -> Vec<u64> {
        let Some(level) = self.levels.get_mut(level) else { return Vec::new() };
        let given_up = level.queues.give_up(now, wall, id, Refusal::Cancelled);
        given_up.unwrap_or_else(|| level.queues.finish(now, wall, id))
    }

    /// A request has waited long enough; returns who may run, none where it runs itself.
    pub(super) fn time_out(
        &mut self,
        now: Instant,
        wall: Timestamp,
        level: &str,
        id: u64,
    ) -> Option<Vec<u64>> {
        self.levels.get_mut(level)?.queues.give_up(now, wall, id, Refusal::TimedOut)
    }

    /// Frees seats that nobody needs any more; returns who may run.
    pub(super) fn wake(&mut self, now: Instant, wall: Timestamp) -> Vec<u64> {
        self.levels.values_mut().flat_map(|level| level.queues.wake(now, wall)).collect()
    }

    /// When [`Flows::wake`] has something to do.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.levels.values().filter_map(|level| level.queues.next_wake()).min()
    }

    /// Whether a level has nothing left to do but go; the next configuration lets it.
    pub(super) fn has_leftovers(&self) -> bool {
        self.levels.values().any(|level| level.quiescing && level.queues.is_idle())
    }

    pub(super) fn levels(&self) -> &BTreeMap<Arc<str>, Level> {
        &self.levels
    }

    /// The schemas that are in use, by name.
    pub(super) fn schemas(&self) -> BTreeSet<(&Arc<str>, &Arc<str>)> {
        self.schemas.iter().map(|schema| (&schema.name, &schema.level)).collect()
    }

    /// What those get of their targets whom no bound stops.
    pub(super) fn proportion(&self) -> f64 {
        self.proportion
    }

    /// The name of the level that nothing limits is not a user's to choose.
    pub(super) fn is_exempt(level: &LevelConfig) -> bool {
        level.is_exempt() && &*level.name == EXEMPT
    }
}

impl Level {
    fn new(now: Instant, config: Arc<LevelConfig>) -> Self {
        Self {
            config,
            queues: QueueSet::new(now),
            bounds: Bounds::default(),
            demand: Demand::default(),
            target: 0.0,
            quiescing: false,
        }
    }

    /// What it wants of the seats: what it is used to, at least what it wanted lately of its own.
    fn claim(&mut self, now: Instant) -> Claim {
        let period = self.queues.demand().reset(now);
        self.demand.update(period);
        let own = f64::from(self.bounds.nominal).min(self.demand.high);
        let low = f64::from(self.bounds.low).max(own);
        Claim { target: low.max(self.demand.smoothed), low, high: f64::from(self.bounds.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use http::Method;
    use std::time::Duration;

    fn at(seconds: u64) -> Instant {
        Instant::default() + Duration::from_secs(seconds)
    }

    fn flows() -> Flows {
        let mut flows = Flows::new(at(0), Timestamp(0), 600);
        let (levels, schemas) = bootstrap::all();
        let levels = levels.iter().filter_map(LevelConfig::read).collect();
        let schemas = schemas.iter().filter_map(FlowSchema::read).collect();
        flows.configure(at(0), Timestamp(0), levels, schemas);
        flows
    }

    fn arrive(flows: &mut Flows, now: u64, user: &str, groups: &[&str], path: &str) -> Started {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let user = Arc::new(User { name: user.into(), groups, ..User::default() }.authenticated());
        let info = Arc::new(RequestInfo::of(&Method::GET, path, &Query::default()));
        flows.arrive(at(now), Timestamp(0), (&user, &info), |_| Work::of(1)).0
    }

    #[test]
    fn requests_find_the_schema_that_upstream_finds() {
        let mut flows = flows();
        let pods = "/api/v1/pods";
        let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n";
        for (user, groups, path, schema, level) in [
            ("admin", &["system:masters"][..], pods, "exempt", "exempt"),
            ("alice", &[], "/readyz", "probes", "exempt"),
            ("system:kube-scheduler", &[], pods, "kube-scheduler", "workload-high"),
            ("system:kube-scheduler", &[], lease, "system-leader-election", "leader-election"),
            ("system:node:n", &["system:nodes"], lease, "system-node-high", "node-high"),
            ("system:node:n", &["system:nodes"], pods, "system-nodes", "system"),
            (
                "system:serviceaccount:kube-system:x",
                &["system:serviceaccounts"],
                pods,
                "kube-system-service-accounts",
                "workload-high",
            ),
            (
                "system:serviceaccount:a:x",
                &["system:serviceaccounts"],
                pods,
                "service-accounts",
                "workload-low",
            ),
            ("alice", &[], pods, "global-default", "global-default"),
        ] {
            let started = arrive(&mut flows, 0, user, groups, path);
            assert_eq!(
                (&*started.schema.name, &*started.level.name),
                (schema, level),
                "{user} {path}"
            );
            assert_eq!(started.arrived, Arrived::Runs);
        }
    }

    #[test]
    fn nominal_seats_are_those_of_upstream() {
        let flows = flows();
        let seats = |name: &str| flows.levels()[name].bounds;
        assert_eq!(seats("workload-low"), Bounds { nominal: 245, low: 24, high: 845 });
        assert_eq!(seats("catch-all"), Bounds { nominal: 13, low: 13, high: 613 });
        assert_eq!(seats("exempt"), Bounds { nominal: 0, low: 0, high: 600 });
    }

    #[test]
    fn a_level_borrows_what_others_do_not_want_and_gives_it_back() {
        let mut flows = flows();
        let limit = |flows: &Flows, name: &str| flows.levels()[name].queues.limit();
        let mut busy = Vec::new();
        for number in 0..200 {
            let user = format!("user-{number}");
            busy.push(arrive(&mut flows, 1, &user, &[], "/api/v1/pods"));
        }
        let own = flows.levels()["global-default"].bounds.nominal;
        flows.rebalance(at(11), Timestamp(0));
        let borrowed = limit(&flows, "global-default");
        assert!(borrowed > own, "{borrowed} of {own}");
        assert!(limit(&flows, "workload-low") < 245);
        let sum: u32 = flows.levels().values().map(|level| level.queues.limit()).sum();
        assert!(sum.abs_diff(flows.nominal) <= 4, "{sum} of {}", flows.nominal);
        for one in busy {
            flows.leave(at(12), Timestamp(0), "global-default", one.id);
        }
        for period in 0..60 {
            flows.rebalance(at(20 + 10 * period), Timestamp(0));
        }
        assert!(limit(&flows, "global-default") < borrowed);
    }

    #[test]
    fn a_level_that_is_not_wanted_any_more_stays_until_it_is_empty() {
        let mut flows = flows();
        let one = arrive(&mut flows, 0, "alice", &[], "/api/v1/pods");
        flows.configure(at(1), Timestamp(0), Vec::new(), Vec::new());
        assert!(flows.levels()["global-default"].quiescing);
        assert_eq!(&*arrive(&mut flows, 1, "alice", &[], "/api/v1/pods").level.name, "catch-all");
        flows.leave(at(2), Timestamp(0), "global-default", one.id);
        assert!(flows.has_leftovers());
        flows.configure(at(3), Timestamp(0), Vec::new(), Vec::new());
        assert_eq!(flows.levels().len(), 2);
    }
}
