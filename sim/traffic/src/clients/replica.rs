//! Stands for election with what every component stands for election with, and acts while it leads.

use super::User;
use client::election::{Elector, Timing};
use std::time::Duration;

/// The Lease that all replicas want.
const OFFICE: (&str, &str) = ("default", "office");
/// Between two acts of a leader, at most.
const ACT_MS: u64 = 400;
/// A replica that lost is started again.
const AGAIN: Duration = Duration::from_secs(1);
/// Shorter than upstream's, so that a run sees several terms; the proportions are the same.
const TIMING: Timing = Timing {
    lease: Duration::from_secs(6),
    renew: Duration::from_secs(4),
    retry: Duration::from_millis(800),
};

/// Until the machine stops.
pub(super) async fn run(user: &User) {
    let Some(client) = user.api_client() else { return };
    let identity = format!("replica-{}", user.station.number);
    loop {
        let Ok(elector) = Elector::new(&client, OFFICE, &identity, TIMING) else { return };
        let (stopper, stop) = host::stop_pair();
        let mut work = std::pin::pin!(elector.run(stop));
        host::select!(user.host(), {
            _ = &mut work => {},
            () = lead(user, &elector) => {
                // Nothing of what it did as a leader goes on: the office may be given back.
                stopper.stop();
                work.await;
            },
        });
        user.host().sleep(AGAIN).await;
    }
}

/// Acts whenever it leads; ends when it has had enough.
async fn lead(user: &User, elector: &Elector) {
    let mut term = None;
    loop {
        user.pause(ACT_MS).await;
        match (elector.leads(), &term) {
            (true, None) => {
                let begun = user.station.recorder.term(user.station.number);
                begun.acts();
                term = Some(begun);
            }
            (true, Some(term)) => {
                term.acts();
                if user.percent(1) {
                    return;
                }
            }
            (false, _) => term = None,
        }
    }
}
