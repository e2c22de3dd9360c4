//! Runs controllers while it leads.
//!
//! Upstream: cmd/kube-controller-manager/app/controllermanager.go.

use client::{
    Client, Informer,
    election::{Elector, Ended, Timing, TimingError},
    events::{Recorder, Source},
};
use host::{Children, Host, Stop, Task, event, stop_pair, watch};
use std::{collections::BTreeSet, time::Duration};

use telemetry::Registry;

use crate::{
    cleanup::garbage::Collector,
    controller::Controller,
    credentials,
    driver::{Driver, Hand, Informers, Office},
    kinds::Kind,
    serving::{self, Serving, ServingError},
    table::{self, What},
};

/// How long controllers may take to end what is under way.
const GRACE: Duration = Duration::from_secs(5);
const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-controller-manager";
/// As whom garbage is collected.
const COLLECTOR: &str = "generic-garbage-collector";

/// How a manager is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How servers are reached.
    pub client: client::Config,
    /// Which controllers run: `--controllers`.
    pub controllers: Vec<String>,
    /// How replicas elect one that works; none: this one works at once.
    pub election: Option<Timing>,
    /// Nobody else's in an election.
    pub identity: String,
    /// The authority that signed the servers' certificates, in PEM: `--root-ca-file`.
    pub root_authority: Option<String>,
    /// How servers are reached by whoever shows a token; with it each controller asks as a service
    /// account of its own: `--use-service-account-credentials`.
    pub by_token: Option<client::Config>,
    /// Where the manager tells how it is.
    pub serving: Option<Serving>,
}

impl Settings {
    /// Upstream's defaults.
    pub fn new(client: client::Config, identity: &str) -> Self {
        Self {
            client,
            controllers: vec!["*".to_owned()],
            election: Some(Timing::default()),
            identity: identity.to_owned(),
            root_authority: None,
            by_token: None,
            serving: None,
        }
    }
}

/// Why a manager ended.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// No server can be asked so.
    #[error("the client cannot be made: {0}")]
    Client(#[from] client::Error),
    /// The times of the election do not fit together.
    #[error(transparent)]
    Timing(#[from] TimingError),
    /// Its port cannot be served.
    #[error(transparent)]
    Serving(#[from] ServingError),
    /// It led, and leads no more: what it believes may be old.
    #[error("leaderelection lost")]
    Deposed,
}

/// kube-controller-manager.
#[derive(Debug)]
pub struct ControllerManager {
    host: Host,
    settings: Settings,
}

impl ControllerManager {
    /// Builds; starts nothing.
    pub fn new(host: Host, settings: Settings) -> Self {
        Self { host, settings }
    }

    /// Runs until it is told to stop, or leads no more.
    ///
    /// # Errors
    /// [`Fatal`].
    pub async fn run(self, mut stop: Stop) -> Result<(), Fatal> {
        let client = Client::new(&self.host, self.settings.client.clone())?;
        let mut background = Children::default();
        let registry = Registry::new();
        if let Some(serving) = &self.settings.serving {
            let stop = stop.clone();
            let server =
                serving::listen(&self.host, serving, client.clone(), registry.clone(), stop)
                    .await?;
            background.adopt(self.host.spawn("serving", server));
        }
        let Some(timing) = self.settings.election else {
            let (_always, leading) = watch::channel(true);
            let work = self.start(&client, leading, &registry)?;
            stop.stopped().await;
            work.end(&self.host).await;
            return Ok(());
        };
        let office = (NAMESPACE, NAME);
        let elector = Elector::new(&client, office, &self.settings.identity, timing)?;
        let mut leading = elector.leading();
        // It renews until all that needs a leader has ended.
        let (resign, resigned) = stop_pair();
        let mut election = self.host.spawn("election", async move { elector.run(resigned).await });
        if !elected(&self.host, &mut leading, &mut stop).await {
            resign.stop();
            let _ = election.await;
            return Ok(());
        }
        let work = self.start(&client, leading.clone(), &registry)?;
        let lost = host::select!(self.host, {
            () = stop.stopped() => false,
            ended = &mut election => !matches!(ended, Ok(Ended::Stopped)),
        });
        if lost {
            // Nothing more is written: what runs is dropped where it stands.
            return Err(Fatal::Deposed);
        }
        work.end(&self.host).await;
        resign.stop();
        let _ = election.await;
        Ok(())
    }

    fn start(
        &self,
        client: &Client,
        leading: watch::Receiver<bool>,
        registry: &Registry,
    ) -> Result<Work, Fatal> {
        let wanted =
            |entry: &&table::Entry| table::is_wanted(entry.name, &self.settings.controllers);
        let (mut controllers, mut collects) = (Vec::new(), false);
        for entry in table::ALL.iter().filter(wanted) {
            match entry.what {
                What::Controller(make) => controllers.extend(make(&self.settings)),
                What::Collector => collects = true,
            }
        }
        let kinds: BTreeSet<Kind> = controllers
            .iter()
            .flat_map(|controller| controller.watches().iter().copied())
            .collect();
        let mut work = Work::new(&self.host, Informers::new(client, kinds), registry.clone());
        for controller in controllers {
            let client = self.client_of(client, controller.name(), &mut work)?;
            let office = work.office(&client, controller.name(), &leading);
            work.drive(office, controller);
        }
        if collects {
            let client = self.client_of(client, COLLECTOR, &mut work)?;
            let office = work.office(&client, COLLECTOR, &leading);
            work.collect(office);
        }
        work.follow();
        event!(self.host, Info, "controllers were started", count = work.drivers.len());
        Ok(work)
    }
}

impl ControllerManager {
    /// As whom a controller asks.
    fn client_of(
        &self,
        main: &Client,
        name: &'static str,
        work: &mut Work,
    ) -> Result<Client, Fatal> {
        let Some(config) = &self.settings.by_token else { return Ok(main.clone()) };
        let (client, refresh) = credentials::client_for(main, config, name)?;
        work.background.adopt(self.host.spawn("credentials", refresh));
        Ok(client)
    }
}

/// Waits until this replica leads; false: it was stopped before.
async fn elected(host: &Host, leading: &mut watch::Receiver<bool>, stop: &mut Stop) -> bool {
    loop {
        if *leading.borrow_and_update() {
            return true;
        }
        let changed = host::select!(host, {
            changed = leading.changed() => changed.is_ok(),
            () = stop.stopped() => false,
        });
        if !changed {
            return false;
        }
    }
}

/// All that runs while this replica leads.
struct Work {
    host: Host,
    informers: Informers,
    registry: Registry,
    /// What drivers need until they have ended.
    background: Children,
    drivers: Vec<Task<()>>,
    stopper: host::Stopper,
    stop: Stop,
    /// For the background, which ends last.
    last_stopper: host::Stopper,
    last_stop: Stop,
}

impl Work {
    fn new(host: &Host, informers: Informers, registry: Registry) -> Self {
        let ((stopper, stop), (last_stopper, last_stop)) = (stop_pair(), stop_pair());
        let (background, drivers) = (Children::default(), Vec::new());
        Self {
            host: host.clone(),
            informers,
            registry,
            background,
            drivers,
            stopper,
            stop,
            last_stopper,
            last_stop,
        }
    }

    /// What a controller of this name works with.
    fn office(&mut self, client: &Client, name: &str, leading: &watch::Receiver<bool>) -> Office {
        let source = Source { component: name.to_owned(), host: String::new() };
        let (recorder, writer) = Recorder::new(client, source, self.last_stop.clone());
        self.background.adopt(self.host.spawn("events", writer));
        let hand = Hand { client: client.clone(), recorder, leading: leading.clone() };
        Office { informers: self.informers.clone(), hand, registry: self.registry.clone() }
    }

    fn drive(&mut self, office: Office, controller: Box<dyn Controller>) {
        let (driver, stop) = (Driver::new(office, controller), self.stop.clone());
        self.drivers.push(self.host.spawn("controller", driver.run(stop)));
    }

    fn collect(&mut self, office: Office) {
        let (collector, stop) = (Collector::new(office), self.stop.clone());
        self.drivers.push(self.host.spawn("garbage-collector", collector.run(stop)));
    }

    /// Starts the informers, after everybody has said what they want to hear.
    fn follow(&mut self) {
        let informers: Vec<Informer> =
            self.informers.all().map(|(_, informer)| informer.clone()).collect();
        for informer in informers {
            let stop = self.last_stop.clone();
            let work = async move { informer.run(stop).await };
            self.background.adopt(self.host.spawn("informer", work));
        }
    }

    /// Ends what is under way, and then everything.
    async fn end(self, host: &Host) {
        self.stopper.stop();
        let all = async {
            for driver in self.drivers {
                let _ = driver.await;
            }
        };
        let _ = host.timeout(GRACE, all).await;
        self.last_stopper.stop();
    }
}
