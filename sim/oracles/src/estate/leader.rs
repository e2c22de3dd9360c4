//! Never two leaders at once.

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{Term, Time},
};

/// While a replica acts as leader, from the first act of a term to the last, no other acts.
#[derive(Debug, Default)]
pub struct OneLeader;

impl Oracle for OneLeader {
    const NAME: &'static str = "one_leader";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "Leader election over Lease objects: at most one replica believes \
        that it leads, as long as the rates of clocks agree (client-go/tools/leaderelection)";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Observation::History(record) = observation else { return Ok(()) };
        let span = |term: &Term| Some((*term.acts.first()?, *term.acts.last()?, term.client));
        let mut spans: Vec<(Time, Time, u32)> =
            record.history.estate.terms.iter().filter_map(span).collect();
        spans.sort_unstable();
        for pair in spans.windows(2) {
            let [(_, last, one), (first, _, other)] = *pair else { continue };
            if first <= last && one != other {
                let text = format!("replica {other} leads while replica {one} still acts");
                return Err(Broken::new(first, text).with(format!("{pair:?}")));
            }
        }
        Ok(())
    }
}
