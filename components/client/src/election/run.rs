//! Carries out what the election's core wants, and tells whether this replica leads.

use super::{Election, Input, Next, Timing, TimingError};
use crate::{Api, Client, Error, Resource, WriteOptions};
use host::{Host, Instant, Stop, event, watch};
use parking_lot::Mutex;

/// How an election ended for this replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It led and could not renew in time: upstream's components end their process then.
    Lost,
    /// It was told to stop.
    Stopped,
}

/// A replica's part in an election.
#[derive(Debug)]
pub struct Elector {
    api: Api,
    namespace: String,
    name: String,
    identity: String,
    timing: Timing,
    leading: watch::Sender<bool>,
    /// Until when by our clock, where we lead.
    until: Mutex<Option<Instant>>,
}

impl Elector {
    /// A candidate for the Lease of this name. `identity` must be nobody else's.
    ///
    /// # Errors
    /// The times do not fit together.
    pub fn new(
        client: &Client,
        (namespace, name): (&str, &str),
        identity: &str,
        timing: Timing,
    ) -> Result<Self, TimingError> {
        let leases = Resource::new("coordination.k8s.io", "v1", "leases");
        Ok(Self {
            api: client.resource(leases).within(namespace),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            timing: timing.check()?,
            leading: watch::channel(false).0,
            until: Mutex::default(),
        })
    }

    /// Whether this replica leads, and word of each change. It is taken back in time: by the
    /// deadline of the last renewal that succeeded.
    pub fn leading(&self) -> watch::Receiver<bool> {
        self.leading.subscribe()
    }

    /// Whether this replica leads at this very moment. Word of a loss comes when this process gets to
    /// it; who was stopped for a while and acts then asks here.
    pub fn leads(&self) -> bool {
        self.until.lock().is_some_and(|until| self.host().now() < until)
    }

    /// Takes part until the lease is lost or `stop` is said; then the lease is given back.
    ///
    /// Say stop only after everything that needs a leader has ended.
    pub async fn run(&self, mut stop: Stop) -> Ended {
        let host = self.host();
        let lease = (&*self.namespace, &*self.name);
        let (mut election, mut next) =
            Election::begin(host.now(), &self.identity, lease, self.timing, true);
        election.with_defects(host.defects.clone());
        let mut stopped = false;
        while next != Next::End {
            let input = self.carry_out(&election, next, &mut stop).await;
            stopped |= input == Input::Stop;
            let (now, wall) = (host.now(), host.clock.wall());
            next = election.step(now, wall, host.random.next_u64(), input);
            self.tell(election.leads(now), election.leads_until());
        }
        if stopped { Ended::Stopped } else { Ended::Lost }
    }

    fn host(&self) -> &Host {
        self.api.client().host()
    }

    async fn carry_out(&self, election: &Election, next: Next, stop: &mut Stop) -> Input {
        if let Next::Wait(time) = next {
            return host::select!(self.host(), {
                () = self.host().sleep(time) => Input::Waited,
                () = stop.stopped() => Input::Stop,
            });
        }
        // A leader must notice its deadline; a candidate has as long.
        let limit = match election.leads_until() {
            Some(until) => until.since(self.host().now()),
            None => self.timing.renew,
        };
        let asked = Box::pin(self.ask(next));
        match self.host().timeout(limit, asked).await {
            Ok(Ok(input)) => input,
            Ok(Err(error)) => {
                self.failed(&error.to_string());
                Input::Failed
            }
            Err(elapsed) => {
                self.failed(&elapsed.to_string());
                Input::Failed
            }
        }
    }

    async fn ask(&self, next: Next) -> Result<Input, Error> {
        let options = WriteOptions::default();
        Ok(match next {
            Next::Create(lease) => Input::Written(self.api.create(&lease, &options).await?),
            Next::Update(lease) => Input::Written(self.api.update(&lease, "", &options).await?),
            Next::Read | Next::Wait(_) | Next::End => match self.api.get(&self.name).await {
                Ok(lease) => Input::Read(Some(lease)),
                Err(error) if error.is_not_found() => Input::Read(None),
                Err(error) => return Err(error),
            },
        })
    }

    fn failed(&self, why: &str) {
        event!(self.host(), Info, "a lease was not renewed", name = &self.name, error = why);
    }

    fn tell(&self, leads: bool, until: Option<Instant>) {
        *self.until.lock() = until.filter(|_| leads);
        let changed = self.leading.send_if_modified(|told| std::mem::replace(told, leads) != leads);
        if changed {
            event!(
                self.host(),
                Info,
                "leadership changed",
                name = &self.name,
                identity = &self.identity,
                leads = leads
            );
        }
    }
}
